/* ---- weights: values at the end of this file ---- */

static const float layer_first_weights[32];
static const float layer_first_bias[16];
static const float layer_second_weights[256];
static const float layer_second_bias[16];
static const float layer_third_weights[512];
static const float layer_third_bias[16];
static const float layer_product_weights[64];
static const float layer_product_bias[16];

/* ---- layers ---- */

/* Not inlined into run(): optimizing all of them as one function takes some compilers minutes. */
#define STEP static __attribute__((noinline))

/* Input x 1x2x6x4 */
STEP void load_tensor_x(unsigned char *restrict arena, const void *input)
{
    unpack_plain((float *)(arena + 2368), (const int64_t[]){48, 24, 4, 1}, input,
                 (const int64_t[]){1, 2, 6, 4}, 4, 4);
}

/* Pack x */
STEP void send_tensor_x(unsigned char *restrict arena)
{
    /* to device 1: [0:1, 0:2, 3:6, 0:4] */
    pack_plain(arena + 5824, (float *)(arena + 2368) + 12, (const int64_t[]){48, 24, 4, 1},
               (const int64_t[]){1, 2, 3, 4}, 4, 4);
}

static const struct conv_direct layer_first_shape = {
    .x = PLAIN(2, 6, 4), .y = BLOCKED(1, 3, 4),
    .batch = 1, .channels = 2, .outputs = 16, .panel = 16, .rows = 1, .columns = 12,
    .kernel_rows = 1, .kernel_columns = 1, .stride_rows = 1, .stride_columns = 1,
    .dilation_rows = 1, .dilation_columns = 1};
CONV_DIRECT_TILES(layer_first, WHOLE_PANELS)
CONV_LOOP(conv_direct, layer_first, layer_first)

/* Conv 'first' (conv_direct)
 * a [0:1, 0:16, 0:3, 0:4]
 *   from x [0:1, 0:2, 0:3, 0:4] */
STEP void layer_first(unsigned char *restrict arena)
{
    layer_first_loop((float *)(arena + 2368),
        layer_first_weights, layer_first_bias, NULL,
        (float *)(arena + 64));
}

static const struct conv_direct layer_second_shape = {
    .x = BLOCKED(1, 3, 4), .y = BLOCKED(1, 3, 4),
    .batch = 1, .channels = 16, .outputs = 16, .panel = 16, .rows = 1, .columns = 12,
    .kernel_rows = 1, .kernel_columns = 1, .stride_rows = 1, .stride_columns = 1,
    .dilation_rows = 1, .dilation_columns = 1};
CONV_DIRECT_TILES(layer_second, WHOLE_PANELS)
CONV_LOOP(conv_direct, layer_second, layer_second)

/* Conv 'second' (conv_direct)
 * b [0:1, 0:16, 0:3, 0:4]
 *   from a [0:1, 0:16, 0:3, 0:4] */
STEP void layer_second(unsigned char *restrict arena)
{
    layer_second_loop((float *)(arena + 64),
        layer_second_weights, layer_second_bias, NULL,
        (float *)(arena + 832));
}

/* Concat 'both' (move_blocked)
 * ab [0:1, 0:32, 0:3, 0:4]
 *   from a [0:1, 0:16, 0:3, 0:4]
 *   from b [0:1, 0:16, 0:3, 0:4]
 *   axis=1 */
STEP void layer_both(unsigned char *restrict arena)
{
    (void)arena; /* all of it lies there already */
}

static const struct conv_direct layer_third_shape = {
    .x = BLOCKED(2, 3, 4), .y = BLOCKED(1, 3, 4),
    .batch = 1, .channels = 32, .outputs = 16, .panel = 16, .rows = 1, .columns = 12,
    .kernel_rows = 1, .kernel_columns = 1, .stride_rows = 1, .stride_columns = 1,
    .dilation_rows = 1, .dilation_columns = 1};
CONV_DIRECT_TILES(layer_third, WHOLE_PANELS)
CONV_LOOP(conv_direct, layer_third, layer_third)

/* Conv 'third' (conv_direct)
 * c [0:1, 0:16, 0:3, 0:4]
 *   from ab [0:1, 0:32, 0:3, 0:4] */
STEP void layer_third(unsigned char *restrict arena)
{
    layer_third_loop((float *)(arena + 64),
        layer_third_weights, layer_third_bias, NULL,
        (float *)(arena + 1600));
}

/* Concat 'all' (move_blocked)
 * abc [0:1, 0:48, 0:3, 0:4]
 *   from a [0:1, 0:16, 0:3, 0:4]
 *   from b [0:1, 0:16, 0:3, 0:4]
 *   from c [0:1, 0:16, 0:3, 0:4]
 *   axis=1 */
STEP void layer_all(unsigned char *restrict arena)
{
    (void)arena; /* all of it lies there already */
}

static const struct elementwise_blocked layer_gate_shape = {
    .batch = 1, .rows = 3, .columns = 4, .cut = 0, .y = BLOCKED(1, 3, 4),
    .a = {.view = BLOCKED(1, 3, 4), .along = ALONG_ALL, .is_read = 1}};
ELEMENTWISE_LOOP(layer_gate_loop, layer_gate_shape, function_sigmoid)

/* Sigmoid 'gate' (elementwise_blocked)
 * g [0:1, 0:48, 0:3, 0:4]
 *   from abc [0:1, 0:48, 0:3, 0:4] */
STEP void layer_gate(unsigned char *restrict arena)
{
    layer_gate_loop(48, (float *)(arena + 64),
                    (float *)(arena + 64), NULL, NULL, NULL);
}

static const struct layout layer_g_plain_shape = {
    .x = BLOCKED(3, 3, 4), .y = PLAIN(48, 3, 4),
    .batch = 1, .channels = 48, .rows = 3, .columns = 4};

/* Layout 'g.plain' (layout_to_plain)
 * g.plain [0:1, 0:48, 0:3, 0:4]
 *   from g [0:1, 0:48, 0:3, 0:4] */
STEP void layer_g_plain(unsigned char *restrict arena)
{
    layout_to_plain(&layer_g_plain_shape, (float *)(arena + 3520),
                    (float *)(arena + 64));
}

static const struct gemm layer_product_shape = {
    .rows = 3, .depth = 4, .outputs = 3, .panel = 16,
    .x_row = 4, .x_depth = 1, .y_row = 3, .residual_row = 0};
GEMM_TILES(layer_product, WHOLE_PANELS)
GEMM_LOOP(layer_product)

/* MatMul 'product' (gemm_matmul)
 * y [0:1, 0:48, 0:3, 0:3]
 *   from g.plain [0:1, 0:48, 0:3, 0:4] */
STEP void layer_product(unsigned char *restrict arena)
{
    for (int64_t i0 = 0; i0 < 48; i0++)
        layer_product_loop((float *)(arena + 3520) + i0 * 12, layer_product_weights, layer_product_bias, NULL,
            (float *)(arena + 64) + i0 * 18, NULL);
}

/* Unpack y */
STEP void receive_tensor_y(unsigned char *restrict arena)
{
    /* from device 1: [0:1, 0:48, 3:6, 0:3] */
    unpack_plain((float *)(arena + 64) + 9, (const int64_t[]){864, 18, 3, 1}, arena + 3520,
                 (const int64_t[]){1, 48, 3, 3}, 4, 4);
}

/* Output y 1x48x6x3 */
STEP void store_tensor_y_0(unsigned char *restrict arena, void *output)
{
    pack_plain(output, (float *)(arena + 64), (const int64_t[]){864, 18, 3, 1},
               (const int64_t[]){1, 48, 6, 3}, 4, 4);
}

/* ---- schedule ---- */

static int run(struct mednn_session *session, unsigned char *arena, const void *const *inputs, void *const *outputs)
{
    (void)session, (void)arena, (void)inputs, (void)outputs;
    load_tensor_x(arena, inputs[0]);
    mednn_done(session, 0, 0);
    send_tensor_x(arena);
    if (mednn_exchange_begin(session, 0))
        return -1;
    mednn_done(session, 1, 2);
    layer_first(arena);
    mednn_done(session, 2, 0);
    layer_second(arena);
    mednn_done(session, 3, 0);
    layer_both(arena);
    mednn_done(session, 4, 0);
    layer_third(arena);
    mednn_done(session, 5, 0);
    layer_all(arena);
    mednn_done(session, 6, 0);
    layer_gate(arena);
    mednn_done(session, 7, 0);
    layer_g_plain(arena);
    mednn_done(session, 8, 0);
    layer_product(arena);
    mednn_done(session, 9, 0);
    if (mednn_exchange_begin(session, 1))
        return -1;
    mednn_done(session, 1, 3);
    if (mednn_exchange_end(session, 1))
        return -1;
    receive_tensor_y(arena);
    mednn_done(session, 1, 1);
    store_tensor_y_0(arena, outputs[0]);
    mednn_done(session, 10, 0);
    return 0;
}

/* exchange, peer, offset in the arena, bytes */
static const struct mednn_message frames_sent[] = {
    {0, 1, 5824, 96}, /* x */
};
/* exchange, peer, offset in the arena, bytes */
static const struct mednn_message frames_received[] = {
    {1, 1, 3520, 1728}, /* y */
};
static const struct mednn_tensor inputs_of_model[1] = {
    {"x", 1, 4, {1, 2, 6, 4}, 192},
};
static const struct mednn_tensor outputs_of_model[1] = {
    {"y", 1, 4, {1, 48, 6, 3}, 3456},
};
/* name, kernel, multiply-accumulates, bytes, pieces: see mednn_done() */
static const struct mednn_layer layers[] = {
    {"load_tensor_x", "copy", 0, 384, 1},
    {"exchanges", "exchange", 0, 1824, 4},
    {"layer_first", "conv_direct", 384, 992, 1},
    {"layer_second", "conv_direct", 3072, 2560, 1},
    {"layer_both", "move_blocked", 0, 3072, 1},
    {"layer_third", "conv_direct", 6144, 4352, 1},
    {"layer_all", "move_blocked", 0, 4608, 1},
    {"layer_gate", "elementwise_blocked", 0, 4608, 1},
    {"layer_g_plain", "layout_to_plain", 0, 4608, 1},
    {"layer_product", "gemm_matmul", 1728, 4092, 1},
    {"store_tensor_y_0", "copy", 0, 6912, 1},
};
static const unsigned char fingerprint[MEDNN_FINGERPRINT_BYTES];

const struct mednn_program concat_in_place_device0 = {
    .model = "concat_in_place",
    .device = 0,
    .devices = 2,
    .float_mode = MEDNN_COMPILED_FLOAT_MODE,
    .fingerprint = fingerprint,
    .arena_bytes = 5952,
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
    .layer_count = 11,
    .run = run,
};

static const unsigned char fingerprint[MEDNN_FINGERPRINT_BYTES] = {
