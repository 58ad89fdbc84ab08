/* ---- weights: values at the end of this file ---- */

static const float layer_first_weights[2304];
static const float layer_first_bias[48];
static const float layer_second_weights[2304];
static const float layer_second_bias[48];
static const float layer_last_weights[1536];
static const float layer_last_bias[32];
static const float layer_product_weights[2304];
static const float layer_product_bias[48];
static const float layer_again_weights[2304];
static const float layer_again_bias[48];

/* ---- layers ---- */

/* Not inlined into run(): optimizing all of them as one function takes some compilers minutes. */
#define STEP static __attribute__((noinline))

/* Input x 1x48x6x5 */
STEP void load_tensor_x(unsigned char *restrict arena, const void *input)
{
    unpack_region((float *)(arena + 64), (struct view)BLOCKED(3, 6, 5), (const float *)(input),
                  BOX(0, 1, 0, 48, 0, 6, 0, 5));
}

/* Input z 4x48 */
STEP void load_tensor_z(unsigned char *restrict arena, const void *input)
{
    unpack_plain((float *)(arena + 11584), (const int64_t[]){48, 1}, input,
                 (const int64_t[]){4, 48}, 2, 4);
}

static const struct conv_direct layer_first_shape = {
    .x = BLOCKED(3, 6, 5), .y = BLOCKED(3, 6, 5),
    .batch = 1, .channels = 48, .outputs = 48, .panel = 32, .rows = 1, .columns = 30,
    .kernel_rows = 1, .kernel_columns = 1, .stride_rows = 1, .stride_columns = 1,
    .dilation_rows = 1, .dilation_columns = 1};
CONV_DIRECT_TILES(layer_first, HALF_PANEL)
CONV_LOOP(conv_direct, layer_first, layer_first)

/* Conv 'first' (conv_direct)
 * a [0:1, 0:48, 0:6, 0:5]
 *   from x [0:1, 0:48, 0:6, 0:5] */
STEP void layer_first(unsigned char *restrict arena)
{
    layer_first_loop((float *)(arena + 64),
        layer_first_weights, layer_first_bias, NULL,
        (float *)(arena + 5824));
}

/* Conv 'second' (conv_direct)
 * b [0:1, 0:48, 0:6, 0:5]
 *   from a [0:1, 0:48, 0:6, 0:5] */
STEP void layer_second(unsigned char *restrict arena)
{
    layer_first_loop((float *)(arena + 5824),
        layer_second_weights, layer_second_bias, NULL,
        (float *)(arena + 64));
}

static const struct conv_direct layer_last_shape = {
    .x = BLOCKED(3, 6, 5), .y = BLOCKED(2, 6, 5),
    .batch = 1, .channels = 48, .outputs = 32, .panel = 32, .rows = 1, .columns = 30,
    .kernel_rows = 1, .kernel_columns = 1, .stride_rows = 1, .stride_columns = 1,
    .dilation_rows = 1, .dilation_columns = 1};
CONV_DIRECT_TILES(layer_last, WHOLE_PANELS)
CONV_LOOP(conv_direct, layer_last, layer_last)

/* Conv 'last' (conv_direct)
 * y [0:1, 0:32, 0:6, 0:5]
 *   from b [0:1, 0:48, 0:6, 0:5] */
STEP void layer_last(unsigned char *restrict arena)
{
    layer_last_loop((float *)(arena + 64),
        layer_last_weights, layer_last_bias, NULL,
        (float *)(arena + 5824));
}

static const struct gemm layer_product_shape = {
    .rows = 4, .depth = 48, .outputs = 48, .panel = 32,
    .x_row = 48, .x_depth = 1, .y_row = 48, .residual_row = 0};
GEMM_TILES(layer_product, HALF_PANEL)
GEMM_LOOP(layer_product)

/* MatMul 'product' (gemm_matmul)
 * c [0:4, 0:48]
 *   from z [0:4, 0:48] */
STEP void layer_product(unsigned char *restrict arena)
{
    layer_product_loop((float *)(arena + 11584), layer_product_weights, layer_product_bias, NULL,
        (float *)(arena + 64), NULL);
}

/* MatMul 'again' (gemm_matmul)
 * v [0:4, 0:48]
 *   from c [0:4, 0:48] */
STEP void layer_again(unsigned char *restrict arena)
{
    layer_product_loop((float *)(arena + 64), layer_again_weights, layer_again_bias, NULL,
        (float *)(arena + 832), NULL);
}

/* Output y 1x32x6x5 */
STEP void store_tensor_y_0(unsigned char *restrict arena, void *output)
{
    pack_region((float *)(output), (float *)(arena + 5824), (struct view)BLOCKED(2, 6, 5),
                BOX(0, 1, 0, 32, 0, 6, 0, 5));
}

/* Output v 4x48 */
STEP void store_tensor_v_1(unsigned char *restrict arena, void *output)
{
    pack_plain(output, (float *)(arena + 832), (const int64_t[]){48, 1},
               (const int64_t[]){4, 48}, 2, 4);
}

/* ---- schedule ---- */

static int run(struct mednn_session *session, unsigned char *arena, const void *const *inputs, void *const *outputs)
{
    (void)session, (void)arena, (void)inputs, (void)outputs;
    load_tensor_x(arena, inputs[0]);
    mednn_done(session, 0, 0);
    load_tensor_z(arena, inputs[1]);
    mednn_done(session, 1, 0);
    layer_first(arena);
    mednn_done(session, 2, 0);
    layer_second(arena);
    mednn_done(session, 3, 0);
    layer_last(arena);
    mednn_done(session, 4, 0);
    layer_product(arena);
    mednn_done(session, 5, 0);
    layer_again(arena);
    mednn_done(session, 6, 0);
    store_tensor_y_0(arena, outputs[0]);
    mednn_done(session, 7, 0);
    store_tensor_v_1(arena, outputs[1]);
    mednn_done(session, 8, 0);
    return 0;
}

static const struct mednn_tensor inputs_of_model[2] = {
    {"x", 1, 4, {1, 48, 6, 5}, 5760},
    {"z", 1, 2, {4, 48}, 768},
};
static const struct mednn_tensor outputs_of_model[2] = {
    {"y", 1, 4, {1, 32, 6, 5}, 3840},
    {"v", 1, 2, {4, 48}, 768},
};
/* name, kernel, multiply-accumulates, bytes, pieces: see mednn_done() */
static const struct mednn_layer layers[] = {
    {"load_tensor_x", "copy", 0, 11520, 1},
    {"load_tensor_z", "copy", 0, 1536, 1},
    {"layer_first", "conv_direct", 69120, 20736, 1},
    {"layer_second", "conv_direct", 69120, 20736, 1},
    {"layer_last", "conv_direct", 46080, 15744, 1},
    {"layer_product", "gemm_matmul", 9216, 10752, 1},
    {"layer_again", "gemm_matmul", 9216, 10752, 1},
    {"store_tensor_y_0", "copy", 0, 7680, 1},
    {"store_tensor_v_1", "copy", 0, 1536, 1},
};
static const unsigned char fingerprint[MEDNN_FINGERPRINT_BYTES];

const struct mednn_program twins_device0 = {
    .model = "twins",
    .device = 0,
    .devices = 1,
    .float_mode = MEDNN_COMPILED_FLOAT_MODE,
    .fingerprint = fingerprint,
    .arena_bytes = 12352,
    .inputs = inputs_of_model,
    .outputs = outputs_of_model,
    .input_count = 2,
    .output_count = 2,
    .sends = NULL,
    .receives = NULL,
    .send_count = 0,
    .receive_count = 0,
    .exchange_count = 0,
    .layers = layers,
    .layer_count = 9,
    .run = run,
};

static const unsigned char fingerprint[MEDNN_FINGERPRINT_BYTES] = {
