/* ---- weights: values at the end of this file ---- */

static const float constant_w1[18];

/* ---- layers ---- */

/* Not inlined into run(): optimizing all of them as one function takes some compilers minutes. */
#define STEP static __attribute__((noinline))

/* Unpack x */
STEP void receive_tensor_x(unsigned char *restrict arena)
{
    /* from device 0: [0:1, 0:1, 1:3, 0:3] */
    unpack_plain((float *)(arena + 64), (const int64_t[]){6, 6, 3, 1}, arena + 128,
                 (const int64_t[]){1, 1, 2, 3}, 4, 4);
}

static const struct conv_grouped layer_only_shape = {
    .batch = 1, .outputs = 2, .first_output = 0,
    .group_outputs = 2, .group_channels = 1, .x_first_channel = 0,
    .w_first = 0, .bias_first = 0,
    .x_batch = 6, .x_channel = 6, .x_axis = {0, 3, 1},
    .y_batch = 6, .y_channel = 3, .y_axis = {0, 3, 1},
    .axis = {{1, 1, 1, 1, 0, 0, 1},
             {.outputs = 1, .kernel = 3, .stride = 1, .dilation = 1,
              .first = 0, .low = 0, .high = 2},
             {.outputs = 3, .kernel = 3, .stride = 1, .dilation = 1,
              .first = -1, .low = 0, .high = 3}}};

/* Conv 'only' (conv_grouped)
 * y [0:1, 0:2, 2:3, 0:3]
 *   from x [0:1, 0:1, 1:3, 0:3]
 *   kernel_shape=3,3 pads=1,1,1,1 */
STEP void layer_only(unsigned char *restrict arena)
{
    conv_grouped(&layer_only_shape, (float *)(arena + 64), constant_w1, NULL,
                 NULL, (float *)(arena + 128));
}

/* Pack y */
STEP void send_tensor_y(unsigned char *restrict arena)
{
    /* to device 0: [0:1, 0:2, 2:3, 0:3] */
    pack_plain(arena + 64, (float *)(arena + 128), (const int64_t[]){6, 3, 3, 1},
               (const int64_t[]){1, 2, 1, 3}, 4, 4);
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
    {1, 0, 64, 24}, /* y */
};
/* exchange, peer, offset in the arena, bytes */
static const struct mednn_message frames_received[] = {
    {0, 0, 128, 24}, /* x */
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
    {"layer_only", "conv_grouped", 54, 120, 1},
};
static const unsigned char fingerprint[MEDNN_FINGERPRINT_BYTES];

const struct mednn_program more_devices_than_rows_device4 = {
    .model = "more_devices_than_rows",
    .device = 4,
    .devices = 5,
    .float_mode = MEDNN_COMPILED_FLOAT_MODE,
    .fingerprint = fingerprint,
    .arena_bytes = 192,
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
