/* ---- weights: values at the end of this file ---- */

static const float layer_first_weights[864];
static const float layer_first_bias[32];
static const float layer_expand_weights[2048];
static const float layer_expand_bias[64];
static const float layer_reduce_weights[2048];
static const float layer_reduce_bias[32];
static const float layer_last_interior0_weights[36864];
static const float layer_last_interior0_bias[32];

/* ---- layers ---- */

/* Not inlined into run(): optimizing all of them as one function takes some compilers minutes. */
#define STEP static __attribute__((noinline))

/* Input x 1x3x48x48 */
STEP void load_tensor_x(unsigned char *restrict arena, const void *input)
{
    clear_border((float *)(arena + 442432), (struct view)PLAIN(3, 49, 50), 1,
                 BOX(0, 1, 0, 3, 1, 49, 1, 49));
    unpack_plain((float *)(arena + 442432) + 51, (const int64_t[]){7350, 2450, 50, 1}, input,
                 (const int64_t[]){1, 3, 48, 48}, 4, 4);
}

/* Pack x */
STEP void send_tensor_x(unsigned char *restrict arena)
{
    /* to device 1: [0:1, 0:3, 23:48, 0:48] */
    pack_plain(arena + 843840, (float *)(arena + 442432) + 1201, (const int64_t[]){7350, 2450, 50, 1},
               (const int64_t[]){1, 3, 25, 48}, 4, 4);
}

static const struct conv_direct layer_first_shape = {
    .x = PLAIN(3, 49, 50), .y = BLOCKED(2, 24, 48),
    .batch = 1, .channels = 3, .outputs = 32, .panel = 32, .rows = 1, .columns = 48,
    .kernel_rows = 3, .kernel_columns = 3, .stride_rows = 1, .stride_columns = 1,
    .dilation_rows = 1, .dilation_columns = 1};
CONV_DIRECT_TILES(layer_first, WHOLE_PANELS)
CONV_LOOP(conv_direct, layer_first, layer_first)

/* Conv 'first' (conv_direct)
 * a [0:1, 0:32, 23:24, 0:48]
 *   from x [0:1, 0:3, 22:25, 0:48]
 *   pads=1,1,1,1 */
STEP void layer_first(unsigned char *restrict arena)
{
    layer_first_loop((float *)(arena + 442432) + AT(PLAIN(3, 49, 50), 0, 0, 23, 0),
        layer_first_weights, layer_first_bias, NULL,
        (float *)(arena + 294976) + AT(BLOCKED(2, 24, 48), 0, 0, 23, 0));
}

static const struct conv_direct layer_first_interior0_shape = {
    .x = PLAIN(3, 49, 50), .y = BLOCKED(2, 24, 48),
    .batch = 1, .channels = 3, .outputs = 32, .panel = 32, .rows = 7, .columns = 48,
    .kernel_rows = 3, .kernel_columns = 3, .stride_rows = 1, .stride_columns = 1,
    .dilation_rows = 1, .dilation_columns = 1};
CONV_DIRECT_TILES(layer_first_interior0, WHOLE_PANELS)
CONV_LOOP(conv_direct, layer_first_interior0, layer_first_interior0)

/* Conv 'first' (conv_direct)
 * a [0:1, 0:32, 0:7, 0:48]
 *   from x [0:1, 0:3, 0:8, 0:48]
 *   pads=1,1,1,1 */
STEP void layer_first_interior0(unsigned char *restrict arena)
{
    layer_first_interior0_loop((float *)(arena + 442432),
        layer_first_weights, layer_first_bias, NULL,
        (float *)(arena + 294976));
}

static const struct conv_direct layer_first_interior1_shape = {
    .x = PLAIN(3, 49, 50), .y = BLOCKED(2, 24, 48),
    .batch = 1, .channels = 3, .outputs = 32, .panel = 32, .rows = 8, .columns = 48,
    .kernel_rows = 3, .kernel_columns = 3, .stride_rows = 1, .stride_columns = 1,
    .dilation_rows = 1, .dilation_columns = 1};
CONV_DIRECT_TILES(layer_first_interior1, WHOLE_PANELS)
CONV_LOOP(conv_direct, layer_first_interior1, layer_first_interior1)

/* Conv 'first' (conv_direct)
 * a [0:1, 0:32, 7:15, 0:48]
 *   from x [0:1, 0:3, 6:16, 0:48]
 *   pads=1,1,1,1 */
STEP void layer_first_interior1(unsigned char *restrict arena)
{
    layer_first_interior1_loop((float *)(arena + 442432) + AT(PLAIN(3, 49, 50), 0, 0, 7, 0),
        layer_first_weights, layer_first_bias, NULL,
        (float *)(arena + 294976) + AT(BLOCKED(2, 24, 48), 0, 0, 7, 0));
}

/* Conv 'first' (conv_direct)
 * a [0:1, 0:32, 15:23, 0:48]
 *   from x [0:1, 0:3, 14:24, 0:48]
 *   pads=1,1,1,1 */
STEP void layer_first_interior2(unsigned char *restrict arena)
{
    layer_first_interior1_loop((float *)(arena + 442432) + AT(PLAIN(3, 49, 50), 0, 0, 15, 0),
        layer_first_weights, layer_first_bias, NULL,
        (float *)(arena + 294976) + AT(BLOCKED(2, 24, 48), 0, 0, 15, 0));
}

STEP void layer_first_interior(unsigned char *restrict arena, int box)
{
    if (box == 0)
        layer_first_interior0(arena);
    if (box == 1)
        layer_first_interior1(arena);
    if (box == 2)
        layer_first_interior2(arena);
}

static const struct conv_direct layer_expand_shape = {
    .x = BLOCKED(2, 24, 48), .y = BLOCKED(4, 24, 48),
    .batch = 1, .channels = 32, .outputs = 64, .panel = 32, .rows = 1, .columns = 48,
    .kernel_rows = 1, .kernel_columns = 1, .stride_rows = 1, .stride_columns = 1,
    .dilation_rows = 1, .dilation_columns = 1};
CONV_DIRECT_TILES(layer_expand, WHOLE_PANELS)
CONV_LOOP(conv_direct, layer_expand, layer_expand)

/* Conv 'expand' (conv_direct)
 * e [0:1, 0:64, 23:24, 0:48]
 *   from a [0:1, 0:32, 23:24, 0:48] */
STEP void layer_expand(unsigned char *restrict arena)
{
    layer_expand_loop((float *)(arena + 294976) + AT(BLOCKED(2, 24, 48), 0, 0, 23, 0),
        layer_expand_weights, layer_expand_bias, NULL,
        (float *)(arena + 64) + AT(BLOCKED(4, 24, 48), 0, 0, 23, 0));
}

static const struct conv_direct layer_expand_interior0_shape = {
    .x = BLOCKED(2, 24, 48), .y = BLOCKED(4, 24, 48),
    .batch = 1, .channels = 32, .outputs = 64, .panel = 32, .rows = 1, .columns = 336,
    .kernel_rows = 1, .kernel_columns = 1, .stride_rows = 1, .stride_columns = 1,
    .dilation_rows = 1, .dilation_columns = 1};
CONV_DIRECT_TILES(layer_expand_interior0, WHOLE_PANELS)
CONV_LOOP(conv_direct, layer_expand_interior0, layer_expand_interior0)

/* Conv 'expand' (conv_direct)
 * e [0:1, 0:64, 0:7, 0:48]
 *   from a [0:1, 0:32, 0:7, 0:48] */
STEP void layer_expand_interior0(unsigned char *restrict arena)
{
    layer_expand_interior0_loop((float *)(arena + 294976),
        layer_expand_weights, layer_expand_bias, NULL,
        (float *)(arena + 64));
}

static const struct conv_direct layer_expand_interior1_shape = {
    .x = BLOCKED(2, 24, 48), .y = BLOCKED(4, 24, 48),
    .batch = 1, .channels = 32, .outputs = 64, .panel = 32, .rows = 1, .columns = 384,
    .kernel_rows = 1, .kernel_columns = 1, .stride_rows = 1, .stride_columns = 1,
    .dilation_rows = 1, .dilation_columns = 1};
CONV_DIRECT_TILES(layer_expand_interior1, WHOLE_PANELS)
CONV_LOOP(conv_direct, layer_expand_interior1, layer_expand_interior1)

/* Conv 'expand' (conv_direct)
 * e [0:1, 0:64, 7:15, 0:48]
 *   from a [0:1, 0:32, 7:15, 0:48] */
STEP void layer_expand_interior1(unsigned char *restrict arena)
{
    layer_expand_interior1_loop((float *)(arena + 294976) + AT(BLOCKED(2, 24, 48), 0, 0, 7, 0),
        layer_expand_weights, layer_expand_bias, NULL,
        (float *)(arena + 64) + AT(BLOCKED(4, 24, 48), 0, 0, 7, 0));
}

/* Conv 'expand' (conv_direct)
 * e [0:1, 0:64, 15:23, 0:48]
 *   from a [0:1, 0:32, 15:23, 0:48] */
STEP void layer_expand_interior2(unsigned char *restrict arena)
{
    layer_expand_interior1_loop((float *)(arena + 294976) + AT(BLOCKED(2, 24, 48), 0, 0, 15, 0),
        layer_expand_weights, layer_expand_bias, NULL,
        (float *)(arena + 64) + AT(BLOCKED(4, 24, 48), 0, 0, 15, 0));
}

STEP void layer_expand_interior(unsigned char *restrict arena, int box)
{
    if (box == 0)
        layer_expand_interior0(arena);
    if (box == 1)
        layer_expand_interior1(arena);
    if (box == 2)
        layer_expand_interior2(arena);
}

static const struct conv_direct layer_reduce_shape = {
    .x = BLOCKED(4, 24, 48), .y = BLOCKED(2, 26, 50),
    .batch = 1, .channels = 64, .outputs = 32, .panel = 32, .rows = 1, .columns = 48,
    .kernel_rows = 1, .kernel_columns = 1, .stride_rows = 1, .stride_columns = 1,
    .dilation_rows = 1, .dilation_columns = 1};
CONV_DIRECT_TILES(layer_reduce, WHOLE_PANELS)
CONV_LOOP(conv_direct, layer_reduce, layer_reduce)

/* Conv 'reduce' (conv_direct)
 * b [0:1, 0:32, 23:24, 0:48]
 *   from e [0:1, 0:64, 23:24, 0:48] */
STEP void layer_reduce(unsigned char *restrict arena)
{
    clear_border((float *)(arena + 529984), (struct view)BLOCKED(2, 26, 50), 1,
                 BOX(0, 1, 0, 32, 1, 26, 1, 49));
    layer_reduce_loop((float *)(arena + 64) + AT(BLOCKED(4, 24, 48), 0, 0, 23, 0),
        layer_reduce_weights, layer_reduce_bias, NULL,
        (float *)(arena + 529984) + AT(BLOCKED(2, 26, 50), 0, 0, 24, 1));
}

static const struct conv_direct layer_reduce_interior0_shape = {
    .x = BLOCKED(4, 24, 48), .y = BLOCKED(2, 26, 50),
    .batch = 1, .channels = 64, .outputs = 32, .panel = 32, .rows = 7, .columns = 48,
    .kernel_rows = 1, .kernel_columns = 1, .stride_rows = 1, .stride_columns = 1,
    .dilation_rows = 1, .dilation_columns = 1};
CONV_DIRECT_TILES(layer_reduce_interior0, WHOLE_PANELS)
CONV_LOOP(conv_direct, layer_reduce_interior0, layer_reduce_interior0)

/* Conv 'reduce' (conv_direct)
 * b [0:1, 0:32, 0:7, 0:48]
 *   from e [0:1, 0:64, 0:7, 0:48] */
STEP void layer_reduce_interior0(unsigned char *restrict arena)
{
    layer_reduce_interior0_loop((float *)(arena + 64),
        layer_reduce_weights, layer_reduce_bias, NULL,
        (float *)(arena + 529984) + AT(BLOCKED(2, 26, 50), 0, 0, 1, 1));
}

static const struct conv_direct layer_reduce_interior1_shape = {
    .x = BLOCKED(4, 24, 48), .y = BLOCKED(2, 26, 50),
    .batch = 1, .channels = 64, .outputs = 32, .panel = 32, .rows = 8, .columns = 48,
    .kernel_rows = 1, .kernel_columns = 1, .stride_rows = 1, .stride_columns = 1,
    .dilation_rows = 1, .dilation_columns = 1};
CONV_DIRECT_TILES(layer_reduce_interior1, WHOLE_PANELS)
CONV_LOOP(conv_direct, layer_reduce_interior1, layer_reduce_interior1)

/* Conv 'reduce' (conv_direct)
 * b [0:1, 0:32, 7:15, 0:48]
 *   from e [0:1, 0:64, 7:15, 0:48] */
STEP void layer_reduce_interior1(unsigned char *restrict arena)
{
    layer_reduce_interior1_loop((float *)(arena + 64) + AT(BLOCKED(4, 24, 48), 0, 0, 7, 0),
        layer_reduce_weights, layer_reduce_bias, NULL,
        (float *)(arena + 529984) + AT(BLOCKED(2, 26, 50), 0, 0, 8, 1));
}

/* Conv 'reduce' (conv_direct)
 * b [0:1, 0:32, 15:23, 0:48]
 *   from e [0:1, 0:64, 15:23, 0:48] */
STEP void layer_reduce_interior2(unsigned char *restrict arena)
{
    layer_reduce_interior1_loop((float *)(arena + 64) + AT(BLOCKED(4, 24, 48), 0, 0, 15, 0),
        layer_reduce_weights, layer_reduce_bias, NULL,
        (float *)(arena + 529984) + AT(BLOCKED(2, 26, 50), 0, 0, 16, 1));
}

STEP void layer_reduce_interior(unsigned char *restrict arena, int box)
{
    if (box == 0)
        layer_reduce_interior0(arena);
    if (box == 1)
        layer_reduce_interior1(arena);
    if (box == 2)
        layer_reduce_interior2(arena);
}

/* Pack b */
STEP void send_tensor_b(unsigned char *restrict arena)
{
    /* to device 1: [0:1, 0:32, 23:24, 0:48] */
    pack_region((float *)(arena + 858240), (float *)(arena + 529984), (struct view)BLOCKED(2, 26, 50),
                BOX(0, 1, 0, 32, 24, 25, 1, 49));
}

static const struct conv_winograd layer_last_interior0_shape = {
    .x = BLOCKED(2, 26, 50), .y = BLOCKED(2, 48, 48),
    .batch = 1, .channels = 32, .outputs = 32, .rows = 16, .columns = 48,
    .size = 4, .taps = 3, .scaled = 0, .halfway = 0, .tiles = 24};
static const struct conv_direct layer_last_interior0_product_shape =
    CONV_WINOGRAD_PRODUCT(32, 32, 32, 24, 4, 0);
CONV_WINOGRAD_TILES(layer_last_interior0, WHOLE_PANELS)
CONV_WINOGRAD_LOOP(layer_last_interior0, layer_last_interior0)

/* Conv 'last' (conv_winograd_4)
 * y [0:1, 0:32, 0:16, 0:48]
 *   from b [0:1, 0:32, 0:17, 0:48]
 *   pads=1,1,1,1 */
STEP void layer_last_interior0(unsigned char *restrict arena)
{
    layer_last_interior0_loop((float *)(arena + 529984),
        layer_last_interior0_weights, layer_last_interior0_bias, NULL,
        (float *)(arena + 64), (float *)(arena + 294976));
}

STEP void layer_last_interior(unsigned char *restrict arena, int box)
{
    if (box == 0)
        layer_last_interior0(arena);
}

/* Unpack b */
STEP void receive_tensor_b(unsigned char *restrict arena)
{
    /* from device 1: [0:1, 0:32, 24:25, 0:48] */
    unpack_region((float *)(arena + 529984), (struct view)BLOCKED(2, 26, 50), (const float *)(arena + 696384),
                  BOX(0, 1, 0, 32, 25, 26, 1, 49));
}

static const struct conv_winograd layer_last_shape = {
    .x = BLOCKED(2, 26, 50), .y = BLOCKED(2, 48, 48),
    .batch = 1, .channels = 32, .outputs = 32, .rows = 8, .columns = 48,
    .size = 4, .taps = 3, .scaled = 0, .halfway = 0, .tiles = 24};
CONV_WINOGRAD_LOOP(layer_last, layer_last_interior0)

/* Conv 'last' (conv_winograd_4)
 * y [0:1, 0:32, 16:24, 0:48]
 *   from b [0:1, 0:32, 15:25, 0:48]
 *   pads=1,1,1,1 */
STEP void layer_last(unsigned char *restrict arena)
{
    layer_last_loop((float *)(arena + 529984) + AT(BLOCKED(2, 26, 50), 0, 0, 16, 0),
        layer_last_interior0_weights, layer_last_interior0_bias, NULL,
        (float *)(arena + 64) + AT(BLOCKED(2, 48, 48), 0, 0, 16, 0), (float *)(arena + 294976));
}

/* Unpack y */
STEP void receive_tensor_y(unsigned char *restrict arena)
{
    /* from device 1: [0:1, 0:32, 24:48, 0:48] */
    unpack_region((float *)(arena + 64), (struct view)BLOCKED(2, 48, 48), (const float *)(arena + 696384),
                  BOX(0, 1, 0, 32, 24, 48, 0, 48));
}

/* Output y 1x32x48x48 */
STEP void store_tensor_y_0(unsigned char *restrict arena, void *output)
{
    pack_region((float *)(output), (float *)(arena + 64), (struct view)BLOCKED(2, 48, 48),
                BOX(0, 1, 0, 32, 0, 48, 0, 48));
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
    mednn_done(session, 1, 3);
    layer_first(arena);
    mednn_done(session, 2, 0);
    int layer_first_done = 0;
    layer_expand(arena);
    mednn_done(session, 3, 0);
    int layer_expand_done = 0;
    layer_reduce(arena);
    mednn_done(session, 4, 0);
    int layer_reduce_done = 0;
    send_tensor_b(arena);
    if (mednn_exchange_begin(session, 1))
        return -1;
    mednn_done(session, 1, 4);
    for (; layer_first_done < 3; layer_first_done++) {
        layer_first_interior(arena, layer_first_done);
        mednn_done(session, 2, 1 + layer_first_done);
    }
    for (; layer_expand_done < 3; layer_expand_done++) {
        layer_expand_interior(arena, layer_expand_done);
        mednn_done(session, 3, 1 + layer_expand_done);
    }
    for (; layer_reduce_done < 3; layer_reduce_done++) {
        layer_reduce_interior(arena, layer_reduce_done);
        mednn_done(session, 4, 1 + layer_reduce_done);
    }
    int layer_last_done = 0;
    for (; layer_last_done < 1 && !mednn_exchange_ready(session, 1); layer_last_done++) {
        layer_last_interior(arena, layer_last_done);
        mednn_done(session, 5, 0 + layer_last_done);
    }
    if (mednn_exchange_end(session, 1))
        return -1;
    receive_tensor_b(arena);
    mednn_done(session, 1, 1);
    layer_last(arena);
    mednn_done(session, 5, 1);
    if (mednn_exchange_begin(session, 2))
        return -1;
    mednn_done(session, 1, 5);
    for (; layer_last_done < 1; layer_last_done++) {
        layer_last_interior(arena, layer_last_done);
        mednn_done(session, 5, 0 + layer_last_done);
    }
    if (mednn_exchange_end(session, 2))
        return -1;
    receive_tensor_y(arena);
    mednn_done(session, 1, 2);
    store_tensor_y_0(arena, outputs[0]);
    mednn_done(session, 6, 0);
    return 0;
}

/* exchange, peer, offset in the arena, bytes */
static const struct mednn_message frames_sent[] = {
    {0, 1, 843840, 14400}, /* x */
    {1, 1, 858240, 6144}, /* b */
};
/* exchange, peer, offset in the arena, bytes */
static const struct mednn_message frames_received[] = {
    {1, 1, 696384, 6144}, /* b */
    {2, 1, 696384, 147456}, /* y */
};
static const struct mednn_tensor inputs_of_model[1] = {
    {"x", 1, 4, {1, 3, 48, 48}, 27648},
};
static const struct mednn_tensor outputs_of_model[1] = {
    {"y", 1, 4, {1, 32, 48, 48}, 294912},
};
/* name, kernel, multiply-accumulates, bytes, pieces: see mednn_done() */
static const struct mednn_layer layers[] = {
    {"load_tensor_x", "copy", 0, 55296, 1},
    {"exchanges", "exchange", 0, 174144, 6},
    {"layer_first", "conv_direct", 995328, 165312, 4},
    {"layer_expand", "conv_direct", 2359296, 450560, 4},
    {"layer_reduce", "conv_direct", 2359296, 450560, 4},
    {"layer_last", "conv_winograd_4", 10616832, 337920, 2},
    {"store_tensor_y_0", "copy", 0, 589824, 1},
};
static const unsigned char fingerprint[MEDNN_FINGERPRINT_BYTES];

const struct mednn_program joined_device0 = {
    .model = "joined",
    .device = 0,
    .devices = 2,
    .float_mode = MEDNN_COMPILED_FLOAT_MODE,
    .fingerprint = fingerprint,
    .arena_bytes = 864384,
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
    .layer_count = 7,
    .run = run,
};

static const unsigned char fingerprint[MEDNN_FINGERPRINT_BYTES] = {
