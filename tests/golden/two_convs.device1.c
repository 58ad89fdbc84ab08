/* ---- weights: values at the end of this file ---- */

static const float layer_first_weights[288];
static const float layer_first_bias[16];
static const float layer_second_weights[576];
static const float layer_second_bias[16];

/* ---- layers ---- */

/* Not inlined into run(): optimizing all of them as one function takes some compilers minutes. */
#define STEP static __attribute__((noinline))

/* Unpack x */
STEP void receive_tensor_x(unsigned char *restrict arena)
{
    clear_border((float *)(arena + 3904), (struct view)PLAIN(2, 6, 10), 1,
                 BOX(0, 1, 0, 2, 0, 5, 1, 9));
    /* from device 0: [0:1, 0:2, 3:8, 0:8] */
    unpack_plain((float *)(arena + 3904) + 1, (const int64_t[]){120, 60, 10, 1}, arena + 64,
                 (const int64_t[]){1, 2, 5, 8}, 4, 4);
}

static const struct conv_direct layer_first_shape = {
    .x = PLAIN(2, 6, 10), .y = BLOCKED(1, 6, 10),
    .batch = 1, .channels = 2, .outputs = 4, .panel = 16, .rows = 4, .columns = 8,
    .kernel_rows = 3, .kernel_columns = 3, .stride_rows = 1, .stride_columns = 1,
    .dilation_rows = 1, .dilation_columns = 1,
    .activation = ACTIVATION_RELU, .alpha = 0.0f, .beta = 0.0f};
CONV_DIRECT_TILES(layer_first, WHOLE_PANELS)
CONV_LOOP(conv_direct, layer_first, layer_first)

/* Conv 'first' (conv_direct)
 * r [0:1, 0:4, 4:8, 0:8]
 *   from x [0:1, 0:2, 3:8, 0:8]
 *   kernel_shape=3,3 pads=1,1,1,1
 *   then Relu(0, 0) */
STEP void layer_first(unsigned char *restrict arena)
{
    clear_border((float *)(arena + 64), (struct view)BLOCKED(1, 6, 10), 1,
                 BOX(0, 1, 0, 16, 0, 5, 1, 9));
    layer_first_loop((float *)(arena + 3904),
        layer_first_weights, layer_first_bias, NULL,
        (float *)(arena + 64) + AT(BLOCKED(1, 6, 10), 0, 0, 1, 1));
}

/* Pack r */
STEP void send_tensor_r(unsigned char *restrict arena)
{
    /* to device 0: [0:1, 0:4, 4:5, 0:8] */
    pack_region((float *)(arena + 5952), (float *)(arena + 64), (struct view)BLOCKED(1, 6, 10),
                BOX(0, 1, 0, 4, 1, 2, 1, 9));
}

/* Unpack r */
STEP void receive_tensor_r(unsigned char *restrict arena)
{
    /* from device 0: [0:1, 0:4, 3:4, 0:8] */
    unpack_region((float *)(arena + 64), (struct view)BLOCKED(1, 6, 10), (const float *)(arena + 3904),
                  BOX(0, 1, 0, 4, 0, 1, 1, 9));
    clear_lanes((float *)(arena + 64), (struct view)BLOCKED(1, 6, 10),
                BOX(0, 1, 0, 4, 0, 1, 1, 9));
}

static const struct conv_direct layer_second_shape = {
    .x = BLOCKED(1, 6, 10), .y = BLOCKED(1, 4, 8),
    .batch = 1, .channels = 4, .outputs = 3, .panel = 16, .rows = 4, .columns = 8,
    .kernel_rows = 3, .kernel_columns = 3, .stride_rows = 1, .stride_columns = 1,
    .dilation_rows = 1, .dilation_columns = 1};
CONV_DIRECT_TILES(layer_second, WHOLE_PANELS)
CONV_LOOP(conv_direct, layer_second, layer_second)

/* Conv 'second' (conv_direct)
 * y [0:1, 0:3, 4:8, 0:8]
 *   from r [0:1, 0:4, 3:8, 0:8]
 *   kernel_shape=3,3 pads=1,1,1,1 */
STEP void layer_second(unsigned char *restrict arena)
{
    layer_second_loop((float *)(arena + 64),
        layer_second_weights, layer_second_bias, NULL,
        (float *)(arena + 3904));
}

/* Pack y */
STEP void send_tensor_y(unsigned char *restrict arena)
{
    /* to device 0: [0:1, 0:3, 4:8, 0:8] */
    pack_region((float *)(arena + 64), (float *)(arena + 3904), (struct view)BLOCKED(1, 4, 8),
                BOX(0, 1, 0, 3, 0, 4, 0, 8));
}

/* ---- schedule ---- */

static int run(struct mednn_session *session, unsigned char *arena, const void *const *inputs, void *const *outputs)
{
    (void)session, (void)arena, (void)inputs, (void)outputs;
    if (mednn_exchange_begin(session, 0))
        return -1;
    mednn_done(session, 0, 3);
    if (mednn_exchange_end(session, 0))
        return -1;
    receive_tensor_x(arena);
    mednn_done(session, 0, 0);
    layer_first(arena);
    mednn_done(session, 1, 0);
    send_tensor_r(arena);
    if (mednn_exchange_begin(session, 1))
        return -1;
    mednn_done(session, 0, 4);
    if (mednn_exchange_end(session, 1))
        return -1;
    receive_tensor_r(arena);
    mednn_done(session, 0, 1);
    layer_second(arena);
    mednn_done(session, 2, 0);
    send_tensor_y(arena);
    if (mednn_exchange_begin(session, 2))
        return -1;
    mednn_done(session, 0, 5);
    return 0;
}

/* exchange, peer, offset in the arena, bytes */
static const struct mednn_message frames_sent[] = {
    {1, 0, 5952, 128}, /* r */
    {2, 0, 64, 384}, /* y */
};
/* exchange, peer, offset in the arena, bytes */
static const struct mednn_message frames_received[] = {
    {0, 0, 64, 320}, /* x */
    {1, 0, 3904, 128}, /* r */
};
static const struct mednn_tensor inputs_of_model[1] = {
    {"x", 1, 4, {1, 2, 8, 8}, 512},
};
static const struct mednn_tensor outputs_of_model[1] = {
    {"y", 1, 4, {1, 3, 8, 8}, 768},
};
/* name, kernel, multiply-accumulates, bytes, pieces: see mednn_done() */
static const struct mednn_layer layers[] = {
    {"exchanges", "exchange", 0, 960, 6},
    {"layer_first", "conv_direct", 2304, 1136, 1},
    {"layer_second", "conv_direct", 3456, 1456, 1},
};
static const unsigned char fingerprint[MEDNN_FINGERPRINT_BYTES];

const struct mednn_program two_convs_device1 = {
    .model = "two_convs",
    .device = 1,
    .devices = 2,
    .float_mode = MEDNN_COMPILED_FLOAT_MODE,
    .fingerprint = fingerprint,
    .arena_bytes = 6080,
    .inputs = inputs_of_model,
    .outputs = outputs_of_model,
    .input_count = 1,
    .output_count = 1,
    .sends = frames_sent,
    .receives = frames_received,
    .send_count = 2,
    .receive_count = 2,
    .exchange_count = 3,
    .layers = layers,
    .layer_count = 3,
    .run = run,
};

static const unsigned char fingerprint[MEDNN_FINGERPRINT_BYTES] = {
