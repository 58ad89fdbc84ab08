/* ---- weights: values at the end of this file ---- */

static const float layer_first_weights[432];
static const float layer_first_bias[16];
static const float layer_second_interior0_weights[9216];
static const float layer_second_interior0_bias[16];

/* ---- layers ---- */

/* Not inlined into run(): optimizing all of them as one function takes some compilers minutes. */
#define STEP static __attribute__((noinline))

/* Input x 1x3x64x96 */
STEP void load_tensor_x(unsigned char *restrict arena, const void *input)
{
    clear_border((float *)(arena + 64), (struct view)PLAIN(3, 65, 98), 1,
                 BOX(0, 1, 0, 3, 1, 65, 1, 97));
    unpack_plain((float *)(arena + 64) + 99, (const int64_t[]){19110, 6370, 98, 1}, input,
                 (const int64_t[]){1, 3, 64, 96}, 4, 4);
}

/* Pack x part 1 of 2 for device 1 */
STEP void send_tensor_x_part1_of_device1(unsigned char *restrict arena)
{
    /* to device 1: [0:1, 0:3, 31:47, 0:96] */
    pack_plain(arena + 965568, (float *)(arena + 64) + 3137, (const int64_t[]){19110, 6370, 98, 1},
               (const int64_t[]){1, 3, 16, 96}, 4, 4);
}

/* Pack x part 2 of 2 for device 1 */
STEP void send_tensor_x_part2_of_device1(unsigned char *restrict arena)
{
    /* to device 1: [0:1, 0:3, 47:64, 0:96] */
    pack_plain(arena + 945984, (float *)(arena + 64) + 4705, (const int64_t[]){19110, 6370, 98, 1},
               (const int64_t[]){1, 3, 17, 96}, 4, 4);
}

static const struct conv_direct layer_first_shape = {
    .x = PLAIN(3, 65, 98), .y = BLOCKED(1, 34, 98),
    .batch = 1, .channels = 3, .outputs = 16, .panel = 16, .rows = 4, .columns = 96,
    .kernel_rows = 3, .kernel_columns = 3, .stride_rows = 1, .stride_columns = 1,
    .dilation_rows = 1, .dilation_columns = 1};
CONV_DIRECT_TILES(layer_first, WHOLE_PANELS)
CONV_LOOP(conv_direct, layer_first, layer_first)

/* Conv 'first' (conv_direct)
 * a [0:1, 0:16, 28:32, 0:96]
 *   from x [0:1, 0:3, 27:33, 0:96]
 *   pads=1,1,1,1 */
STEP void layer_first(unsigned char *restrict arena)
{
    clear_border((float *)(arena + 393280), (struct view)BLOCKED(1, 34, 98), 1,
                 BOX(0, 1, 0, 16, 1, 34, 1, 97));
    layer_first_loop((float *)(arena + 64) + AT(PLAIN(3, 65, 98), 0, 0, 28, 0),
        layer_first_weights, layer_first_bias, NULL,
        (float *)(arena + 393280) + AT(BLOCKED(1, 34, 98), 0, 0, 29, 1));
}

static const struct conv_direct layer_first_interior0_shape = {
    .x = PLAIN(3, 65, 98), .y = BLOCKED(1, 34, 98),
    .batch = 1, .channels = 3, .outputs = 16, .panel = 16, .rows = 7, .columns = 96,
    .kernel_rows = 3, .kernel_columns = 3, .stride_rows = 1, .stride_columns = 1,
    .dilation_rows = 1, .dilation_columns = 1};
CONV_LOOP(conv_direct, layer_first_interior0, layer_first)

/* Conv 'first' (conv_direct)
 * a [0:1, 0:16, 0:7, 0:96]
 *   from x [0:1, 0:3, 0:8, 0:96]
 *   pads=1,1,1,1 */
STEP void layer_first_interior0(unsigned char *restrict arena)
{
    layer_first_interior0_loop((float *)(arena + 64),
        layer_first_weights, layer_first_bias, NULL,
        (float *)(arena + 393280) + AT(BLOCKED(1, 34, 98), 0, 0, 1, 1));
}

/* Conv 'first' (conv_direct)
 * a [0:1, 0:16, 7:14, 0:96]
 *   from x [0:1, 0:3, 6:15, 0:96]
 *   pads=1,1,1,1 */
STEP void layer_first_interior1(unsigned char *restrict arena)
{
    layer_first_interior0_loop((float *)(arena + 64) + AT(PLAIN(3, 65, 98), 0, 0, 7, 0),
        layer_first_weights, layer_first_bias, NULL,
        (float *)(arena + 393280) + AT(BLOCKED(1, 34, 98), 0, 0, 8, 1));
}

/* Conv 'first' (conv_direct)
 * a [0:1, 0:16, 14:21, 0:96]
 *   from x [0:1, 0:3, 13:22, 0:96]
 *   pads=1,1,1,1 */
STEP void layer_first_interior2(unsigned char *restrict arena)
{
    layer_first_interior0_loop((float *)(arena + 64) + AT(PLAIN(3, 65, 98), 0, 0, 14, 0),
        layer_first_weights, layer_first_bias, NULL,
        (float *)(arena + 393280) + AT(BLOCKED(1, 34, 98), 0, 0, 15, 1));
}

/* Conv 'first' (conv_direct)
 * a [0:1, 0:16, 21:28, 0:96]
 *   from x [0:1, 0:3, 20:29, 0:96]
 *   pads=1,1,1,1 */
STEP void layer_first_interior3(unsigned char *restrict arena)
{
    layer_first_interior0_loop((float *)(arena + 64) + AT(PLAIN(3, 65, 98), 0, 0, 21, 0),
        layer_first_weights, layer_first_bias, NULL,
        (float *)(arena + 393280) + AT(BLOCKED(1, 34, 98), 0, 0, 22, 1));
}

STEP void layer_first_interior(unsigned char *restrict arena, int box)
{
    if (box == 0)
        layer_first_interior0(arena);
    if (box == 1)
        layer_first_interior1(arena);
    if (box == 2)
        layer_first_interior2(arena);
    if (box == 3)
        layer_first_interior3(arena);
}

/* Pack a */
STEP void send_tensor_a(unsigned char *restrict arena)
{
    /* to device 1: [0:1, 0:16, 31:32, 0:96] */
    pack_region((float *)(arena + 984000), (float *)(arena + 393280), (struct view)BLOCKED(1, 34, 98),
                BOX(0, 1, 0, 16, 32, 33, 1, 97));
}

static const struct conv_winograd layer_second_interior0_shape = {
    .x = BLOCKED(1, 34, 98), .y = BLOCKED(1, 64, 96),
    .batch = 1, .channels = 16, .outputs = 16, .rows = 28, .columns = 96,
    .size = 4, .taps = 3, .scaled = 0, .halfway = 0, .tiles = 28};
static const struct conv_direct layer_second_interior0_product_shape =
    CONV_WINOGRAD_PRODUCT(16, 16, 16, 28, 4, 0);
CONV_WINOGRAD_TILES(layer_second_interior0, WHOLE_PANELS)
CONV_WINOGRAD_LOOP(layer_second_interior0, layer_second_interior0)

/* Conv 'second' (conv_winograd_4)
 * y [0:1, 0:16, 0:28, 0:96]
 *   from a [0:1, 0:16, 0:29, 0:96]
 *   pads=1,1,1,1 */
STEP void layer_second_interior0(unsigned char *restrict arena)
{
    layer_second_interior0_loop((float *)(arena + 393280),
        layer_second_interior0_weights, layer_second_interior0_bias, NULL,
        (float *)(arena + 64), (float *)(arena + 803136));
}

STEP void layer_second_interior(unsigned char *restrict arena, int box)
{
    if (box == 0)
        layer_second_interior0(arena);
}

/* Unpack a */
STEP void receive_tensor_a(unsigned char *restrict arena)
{
    /* from device 1: [0:1, 0:16, 32:33, 0:96] */
    unpack_region((float *)(arena + 393280), (struct view)BLOCKED(1, 34, 98), (const float *)(arena + 606528),
                  BOX(0, 1, 0, 16, 33, 34, 1, 97));
}

static const struct conv_winograd layer_second_shape = {
    .x = BLOCKED(1, 34, 98), .y = BLOCKED(1, 64, 96),
    .batch = 1, .channels = 16, .outputs = 16, .rows = 4, .columns = 96,
    .size = 4, .taps = 3, .scaled = 0, .halfway = 0, .tiles = 24};
static const struct conv_direct layer_second_product_shape =
    CONV_WINOGRAD_PRODUCT(16, 16, 16, 24, 4, 0);
CONV_WINOGRAD_TILES(layer_second, WHOLE_PANELS)
CONV_WINOGRAD_LOOP(layer_second, layer_second)

/* Conv 'second' (conv_winograd_4)
 * y [0:1, 0:16, 28:32, 0:96]
 *   from a [0:1, 0:16, 27:33, 0:96]
 *   pads=1,1,1,1 */
STEP void layer_second(unsigned char *restrict arena)
{
    layer_second_loop((float *)(arena + 393280) + AT(BLOCKED(1, 34, 98), 0, 0, 28, 0),
        layer_second_interior0_weights, layer_second_interior0_bias, NULL,
        (float *)(arena + 64) + AT(BLOCKED(1, 64, 96), 0, 0, 28, 0), (float *)(arena + 803136));
}

/* Unpack y */
STEP void receive_tensor_y(unsigned char *restrict arena)
{
    /* from device 1: [0:1, 0:16, 32:64, 0:96] */
    unpack_region((float *)(arena + 64), (struct view)BLOCKED(1, 64, 96), (const float *)(arena + 606528),
                  BOX(0, 1, 0, 16, 32, 64, 0, 96));
}

/* Output y 1x16x64x96 */
STEP void store_tensor_y_0(unsigned char *restrict arena, void *output)
{
    pack_region((float *)(output), (float *)(arena + 64), (struct view)BLOCKED(1, 64, 96),
                BOX(0, 1, 0, 16, 0, 64, 0, 96));
}

/* ---- schedule ---- */

static int run(struct mednn_session *session, unsigned char *arena, const void *const *inputs, void *const *outputs)
{
    (void)session, (void)arena, (void)inputs, (void)outputs;
    load_tensor_x(arena, inputs[0]);
    mednn_done(session, 0, 0);
    send_tensor_x_part1_of_device1(arena);
    if (mednn_exchange_begin(session, 0))
        return -1;
    mednn_done(session, 1, 4);
    send_tensor_x_part2_of_device1(arena);
    if (mednn_exchange_begin(session, 1))
        return -1;
    mednn_done(session, 1, 5);
    layer_first(arena);
    mednn_done(session, 2, 0);
    int layer_first_done = 0;
    send_tensor_a(arena);
    if (mednn_exchange_begin(session, 2))
        return -1;
    mednn_done(session, 1, 6);
    for (; layer_first_done < 4; layer_first_done++) {
        layer_first_interior(arena, layer_first_done);
        mednn_done(session, 2, 1 + layer_first_done);
    }
    int layer_second_done = 0;
    for (; layer_second_done < 1 && !mednn_exchange_ready(session, 2); layer_second_done++) {
        layer_second_interior(arena, layer_second_done);
        mednn_done(session, 3, 0 + layer_second_done);
    }
    if (mednn_exchange_end(session, 2))
        return -1;
    receive_tensor_a(arena);
    mednn_done(session, 1, 2);
    layer_second(arena);
    mednn_done(session, 3, 1);
    if (mednn_exchange_begin(session, 3))
        return -1;
    mednn_done(session, 1, 7);
    for (; layer_second_done < 1; layer_second_done++) {
        layer_second_interior(arena, layer_second_done);
        mednn_done(session, 3, 0 + layer_second_done);
    }
    if (mednn_exchange_end(session, 3))
        return -1;
    receive_tensor_y(arena);
    mednn_done(session, 1, 3);
    store_tensor_y_0(arena, outputs[0]);
    mednn_done(session, 4, 0);
    return 0;
}

/* exchange, peer, offset in the arena, bytes */
static const struct mednn_message frames_sent[] = {
    {0, 1, 965568, 18432}, /* x part 1 of 2 for device 1 */
    {1, 1, 945984, 19584}, /* x part 2 of 2 for device 1 */
    {2, 1, 984000, 6144}, /* a */
};
/* exchange, peer, offset in the arena, bytes */
static const struct mednn_message frames_received[] = {
    {2, 1, 606528, 6144}, /* a */
    {3, 1, 606528, 196608}, /* y */
};
static const struct mednn_tensor inputs_of_model[1] = {
    {"x", 1, 4, {1, 3, 64, 96}, 73728},
};
static const struct mednn_tensor outputs_of_model[1] = {
    {"y", 1, 4, {1, 16, 64, 96}, 393216},
};
/* name, kernel, multiply-accumulates, bytes, pieces: see mednn_done() */
static const struct mednn_layer layers[] = {
    {"load_tensor_x", "copy", 0, 147456, 1},
    {"exchanges", "exchange", 0, 246912, 8},
    {"layer_first", "conv_direct", 1327104, 236352, 5},
    {"layer_second", "conv_winograd_4", 7077888, 408576, 2},
    {"store_tensor_y_0", "copy", 0, 786432, 1},
};
static const unsigned char fingerprint[MEDNN_FINGERPRINT_BYTES];

const struct mednn_program overlap_device0 = {
    .model = "overlap",
    .device = 0,
    .devices = 2,
    .float_mode = MEDNN_COMPILED_FLOAT_MODE,
    .fingerprint = fingerprint,
    .arena_bytes = 990144,
    .inputs = inputs_of_model,
    .outputs = outputs_of_model,
    .input_count = 1,
    .output_count = 1,
    .sends = frames_sent,
    .receives = frames_received,
    .send_count = 3,
    .receive_count = 2,
    .exchange_count = 4,
    .layers = layers,
    .layer_count = 5,
    .run = run,
};

static const unsigned char fingerprint[MEDNN_FINGERPRINT_BYTES] = {
