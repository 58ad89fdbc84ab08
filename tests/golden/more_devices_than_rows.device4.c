/* ---- weights: values at the end of this file ---- */

static const float layer_only_weights[144];
static const float layer_only_bias[16];

/* ---- layers ---- */

/* Not inlined into run(): optimizing all of them as one function takes some compilers minutes. */
#define STEP static __attribute__((noinline))

/* Unpack x */
STEP void receive_tensor_x(unsigned char *restrict arena)
{
    clear_border((float *)(arena + 256), (struct view)PLAIN(1, 3, 5), 1,
                 BOX(0, 1, 0, 1, 0, 2, 1, 4));
    /* from device 0: [0:1, 0:1, 1:3, 0:3] */
    unpack_plain((float *)(arena + 256) + 1, (const int64_t[]){15, 15, 5, 1}, arena + 64,
                 (const int64_t[]){1, 1, 2, 3}, 4, 4);
}

static const struct conv_direct layer_only_shape = {
    .x = PLAIN(1, 3, 5), .y = BLOCKED(1, 1, 3),
    .batch = 1, .channels = 1, .outputs = 2, .panel = 16, .rows = 1, .columns = 3,
    .kernel_rows = 3, .kernel_columns = 3, .stride_rows = 1, .stride_columns = 1,
    .dilation_rows = 1, .dilation_columns = 1};
CONV_DIRECT_TILES(layer_only, WHOLE_PANELS)
CONV_LOOP(conv_direct, layer_only, layer_only)

/* Conv 'only' (conv_direct)
 * y [0:1, 0:2, 2:3, 0:3]
 *   from x [0:1, 0:1, 1:3, 0:3]
 *   kernel_shape=3,3 pads=1,1,1,1 */
STEP void layer_only(unsigned char *restrict arena)
{
    layer_only_loop((float *)(arena + 256),
        layer_only_weights, layer_only_bias, NULL,
        (float *)(arena + 64));
}

/* Pack y */
STEP void send_tensor_y(unsigned char *restrict arena)
{
    /* to device 0: [0:1, 0:2, 2:3, 0:3] */
    pack_region((float *)(arena + 256), (float *)(arena + 64), (struct view)BLOCKED(1, 1, 3),
                BOX(0, 1, 0, 2, 0, 1, 0, 3));
}

/* ---- schedule ---- */

static int run(struct mednn_session *session, unsigned char *arena, const void *const *inputs, void *const *outputs)
{
    (void)session, (void)arena, (void)inputs, (void)outputs;
    if (mednn_exchange_begin(session, 0))
        return -1;
    mednn_done(session, 0, 2);
    if (mednn_exchange_end(session, 0))
        return -1;
    receive_tensor_x(arena);
    mednn_done(session, 0, 0);
    layer_only(arena);
    mednn_done(session, 1, 0);
    send_tensor_y(arena);
    if (mednn_exchange_begin(session, 1))
        return -1;
    mednn_done(session, 0, 3);
    return 0;
}

/* exchange, peer, offset in the arena, bytes */
static const struct mednn_message frames_sent[] = {
    {1, 0, 256, 24}, /* y */
};
/* exchange, peer, offset in the arena, bytes */
static const struct mednn_message frames_received[] = {
    {0, 0, 64, 24}, /* x */
};
static const struct mednn_tensor inputs_of_model[1] = {
    {"x", 1, 4, {1, 1, 3, 3}, 36},
};
static const struct mednn_tensor outputs_of_model[1] = {
    {"y", 1, 4, {1, 2, 3, 3}, 72},
};
/* name, kernel, multiply-accumulates, bytes, pieces: see mednn_done() */
static const struct mednn_layer layers[] = {
    {"exchanges", "exchange", 0, 48, 4},
    {"layer_only", "conv_direct", 54, 120, 1},
};
static const unsigned char fingerprint[MEDNN_FINGERPRINT_BYTES];

const struct mednn_program more_devices_than_rows_device4 = {
    .model = "more_devices_than_rows",
    .device = 4,
    .devices = 5,
    .float_mode = MEDNN_COMPILED_FLOAT_MODE,
    .fingerprint = fingerprint,
    .arena_bytes = 320,
    .inputs = inputs_of_model,
    .outputs = outputs_of_model,
    .input_count = 1,
    .output_count = 1,
    .sends = frames_sent,
    .receives = frames_received,
    .send_count = 1,
    .receive_count = 1,
    .exchange_count = 2,
    .layers = layers,
    .layer_count = 2,
    .run = run,
};

static const unsigned char fingerprint[MEDNN_FINGERPRINT_BYTES] = {
