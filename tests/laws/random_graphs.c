/* random_graphs.c -- random networks with channels of zeros. */
/* SPDX-License-Identifier: MIT */
#include "random_graphs.h"

#include "node_cases.h"
#include "operators/op.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* ---- text ---- */

struct map {
    int channels, size; /* square; name %tN */
};

struct writer {
    struct text text;
    uint64_t state;
    struct map map[64];
    int count;
};

static int pick(struct writer *writer, int count)
{
    return (int)(random_next(&writer->state) % (uint64_t)count);
}

static int add_map(struct writer *writer, int channels, int size)
{
    assert(writer->count < 64);
    writer->map[writer->count] = (struct map){channels, size};
    return writer->count++;
}

static const char *random_bias(struct writer *writer, int channels)
{
    return pick(writer, 3) ? arena_printf(writer->text.arena, "=%d", channels) : "";
}

static int write_conv(struct writer *writer, int from, int channels)
{
    struct map x = writer->map[from];
    int kernel = x.size >= 3 && pick(writer, 2) ? 3 : 1, pad = kernel == 3 && pick(writer, 4) ? 1 : 0;
    int stride = x.size >= 5 && !pick(writer, 5) ? 2 : 1, group = 1;
    if (pick(writer, 4) == 0)
        group = pick(writer, 2) && x.channels == channels ? channels : x.channels % 2 || channels % 2 ? 1 : 2;
    int to = add_map(writer, channels, (x.size + 2 * pad - kernel) / stride + 1);
    text_printf(&writer->text,
                "%%t%d Conv %%t%d =%dx%dx%dx%d %s group=%d pads=[%d,%d,%d,%d] strides=[%d,%d];", to, from,
                channels, x.channels / group, kernel, kernel, random_bias(writer, channels), group, pad, pad,
                pad, pad, stride, stride);
    return to;
}

static int write_same(struct writer *writer, int from)
{
    static const char *const functions[] = {"Relu",      "Relu",        "Relu",     "LeakyRelu", "Sigmoid",
                                            "HardSwish", "HardSigmoid", "Softplus", "Identity",  "Tanh"};
    struct map x = writer->map[from];
    int to = add_map(writer, x.channels, x.size), which = pick(writer, 14);
    if (which < 10)
        text_printf(&writer->text, "%%t%d %s %%t%d;", to, functions[which], from);
    else if (which == 10)
        text_printf(&writer->text, "%%t%d PRelu %%t%d =%dx1x1;", to, from, x.channels);
    else if (which == 11)
        text_printf(&writer->text, "%%t%d Clip %%t%d #%s #6.0;", to, from, pick(writer, 2) ? "0.0" : "0.25");
    else if (which == 12)
        text_printf(&writer->text, "%%m%d Mul %%t%d =%dx1x1;%%t%d Add %%m%d =1x%dx1x1;", to, from, x.channels,
                    to, to, x.channels);
    else
        text_printf(&writer->text, "%%t%d BatchNormalization %%t%d =%d =%d =%d =%d+;", to, from, x.channels,
                    x.channels, x.channels, x.channels);
    return to;
}

static int write_pool(struct writer *writer, int from)
{
    struct map x = writer->map[from];
    if (x.size < 3)
        return from;
    int which = pick(writer, 4), to = add_map(writer, x.channels, which == 3 ? x.size * 2 : x.size - 1);
    if (which == 3)
        text_printf(&writer->text, "%%t%d Resize %%t%d - #1.0,1.0,2.0,2.0 mode=%s;", to, from,
                    pick(writer, 2) ? "nearest" : "linear");
    else if (which == 2)
        text_printf(&writer->text, "%%t%d MaxPool %%t%d kernel_shape=[2,2];", to, from);
    else {
        writer->map[to].size = x.size;
        text_printf(&writer->text,
                    "%%t%d AveragePool %%t%d kernel_shape=[3,3] pads=[1,1,1,1] count_include_pad=%d;", to,
                    from, which);
    }
    return to;
}

static void write_list(struct writer *writer, int count, int limit)
{
    for (int i = 0; i < count; i++)
        text_printf(&writer->text, "%s%d", i ? "," : "", pick(writer, limit));
}

/* Channels change places, come and go. */
static int write_movement(struct writer *writer, int from)
{
    struct map x = writer->map[from];
    int which = pick(writer, 6), to;
    if (which == 0 && x.channels % 2 == 0) {
        to = add_map(writer, x.channels, x.size);
        text_printf(
            &writer->text,
            "%%a%d Reshape %%t%d @1,2,%d,%d,%d;%%b%d Transpose %%a%d perm=[0,2,1,3,4];%%t%d Reshape %%b%d "
            "@0,-1,%d,%d;",
            to, from, x.channels / 2, x.size, x.size, to, to, to, to, x.size, x.size);
    } else if (which == 1) {
        to = add_map(writer, x.channels + 1, x.size);
        text_printf(&writer->text, "%%t%d Gather %%t%d @", to, from);
        write_list(writer, x.channels + 1, x.channels);
        text_add(&writer->text, " axis=1;");
    } else if (which == 2 && x.channels > 3) {
        int begin = 1 + pick(writer, x.channels - 3);
        to = add_map(writer, x.channels - begin - 1, x.size);
        text_printf(&writer->text, "%%t%d Slice %%t%d @%d @%d @1;", to, from, begin, x.channels - 1);
    } else if (which == 3) {
        int before = pick(writer, 3), after = pick(writer, 3);
        to = add_map(writer, x.channels + before + after, x.size);
        text_printf(&writer->text, "%%t%d Pad %%t%d @0,%d,0,0,0,%d,0,0 #%s;", to, from, before, after,
                    pick(writer, 2) ? "0.0" : "0.5");
    } else if (which == 4 && x.size < 6) {
        to = add_map(writer, x.channels, x.size + 1);
        text_printf(&writer->text, "%%t%d Pad %%t%d @0,0,1,0,0,0,0,1;", to, from);
    } else if (which == 5 && x.channels % 4 == 0 && x.size < 5) {
        to = add_map(writer, x.channels / 4, x.size * 2);
        text_printf(&writer->text, "%%t%d DepthToSpace %%t%d blocksize=2;", to, from);
    } else {
        to = from;
    }
    return to;
}

/* A gate per channel from the mean of the map. */
static int write_squeeze(struct writer *writer, int from)
{
    struct map x = writer->map[from];
    int to = add_map(writer, x.channels, x.size);
    text_printf(
        &writer->text,
        "%%g%d GlobalAveragePool %%t%d;%%h%d Conv %%g%d =4x%dx1x1 =4;%%i%d Relu %%h%d;%%j%d Conv %%i%d "
        "=%dx4x1x1 =%d;%%k%d Sigmoid %%j%d;%%t%d Mul %%t%d %%k%d;",
        to, from, to, to, x.channels, to, to, to, to, x.channels, x.channels, to, to, to, from, to);
    return to;
}

/* Two maps of one size meet. */
static int write_join(struct writer *writer, int from)
{
    struct map x = writer->map[from];
    int other = pick(writer, writer->count);
    if (writer->map[other].size != x.size || other == from)
        return from;
    if (writer->map[other].channels == x.channels && pick(writer, 4)) {
        int to = add_map(writer, x.channels, x.size);
        text_printf(&writer->text, "%%t%d %s %%t%d %%t%d;", to, pick(writer, 5) ? "Add" : "Mul", other, from);
        return to;
    }
    if (writer->map[other].channels + x.channels > 40)
        return from;
    int to = add_map(writer, writer->map[other].channels + x.channels, x.size);
    text_printf(&writer->text, "%%t%d Concat %%t%d %%t%d axis=1;", to, other, from);
    return to;
}

static const char *write_images(struct writer *writer)
{
    static const int widths[] = {4, 6, 8, 8, 8, 12};
    int at = add_map(writer, 3, 4 + pick(writer, 4));
    text_printf(&writer->text, "%%t0 Relu 1x3x%dx%d;", writer->map[0].size, writer->map[0].size);
    int steps = 6 + pick(writer, 10);
    at = write_conv(writer, at, widths[pick(writer, 6)]);
    for (int i = 0; i < steps; i++) {
        int which = pick(writer, 12);
        if (writer->map[at].size > 12)
            which = 0;
        if (which < 4)
            at = write_conv(writer, at, which ? widths[pick(writer, 6)] : writer->map[at].channels);
        else if (which < 7)
            at = write_same(writer, at);
        else if (which < 9)
            at = write_join(writer, at);
        else if (which == 9)
            at = write_movement(writer, at);
        else if (which == 10)
            at = write_pool(writer, at);
        else
            at = write_squeeze(writer, at);
    }
    struct map x = writer->map[at];
    if (pick(writer, 2)) {
        int inputs = x.channels * x.size * x.size;
        static const char *const added[] = {"=10", "=1x10", "=1", "beta=0.5", "=10 beta=0.5 alpha=2.0"};
        text_printf(&writer->text,
                    "%%f Flatten %%t%d;%%u Gemm %%f =10x%d %s transB=1;%%v Sigmoid %%u;Gemm %%v =10x3 %s", at,
                    inputs, added[pick(writer, 5)], pick(writer, 2) ? "=1x3" : "");
    } else {
        text_printf(&writer->text, "Conv %%t%d =5x%dx%dx%d pads=[%d,0,0,%d]", at, x.channels,
                    x.size > 1 ? 2 : 1, x.size > 1 ? 2 : 1, pick(writer, 2), pick(writer, 2));
    }
    return writer->text.bytes;
}

/* Two heads of attention and a perceptron behind it. */
static const char *write_sequence(struct writer *writer)
{
    int heads = 2 + pick(writer, 2), depth = 3, length = 4, width = heads * depth;
    struct text *text = &writer->text;
    text_printf(text, "%%x Relu 1x%dx5;", length);
    for (int i = 0; i < 3; i++)
        text_printf(text,
                    "%%a%d MatMul %%x =5x%d;%%b%d Add %%a%d =%d;%%c%d Reshape %%b%d @1,%d,%d,%d;%%d%d "
                    "Transpose %%c%d "
                    "perm=[0,2,%s];",
                    i, width, i, i, width, i, i, length, heads, depth, i, i, i == 1 ? "3,1" : "1,3");
    text_printf(
        text,
        "%%s MatMul %%d0 %%d1;%%m Softmax %%s;%%o MatMul %%m %%d2;%%p Transpose %%o perm=[0,2,1,3];%%q "
        "Reshape %%p @0,0,-1;%%r MatMul %%q =%dx5;%%e Add %%r %%x;%%n LayerNormalization %%e =5 =5;",
        width);
    text_printf(
        text, "%%t MatMul %%n =5x9;%%u Add %%t =9;%%v %s %%u;%%w MatMul %%v =9x5;%%z Add %%w =5;Add %%z %%n",
        pick(writer, 2) ? "Gelu" : "Sigmoid");
    return text->bytes;
}

const char *random_graph_text(struct arena *arena, uint64_t seed)
{
    struct writer writer = {.text = {.arena = arena}, .state = seed * 2654435761u + 1};
    random_next(&writer.state);
    return pick(&writer, 5) ? write_images(&writer) : write_sequence(&writer);
}

/* ---- zeros ---- */

/* Multiply slices of the axis with zero where `mask` says so. */
static void zero_slices(const struct tensor *tensor, float *data, int axis, uint64_t mask)
{
    int64_t inner = 1, length = tensor->shape.dim[axis], size = shape_size(tensor->shape);
    for (int a = axis + 1; a < tensor->shape.rank; a++)
        inner *= tensor->shape.dim[a];
    for (int64_t i = 0; i < size; i++)
        if (mask >> (i / inner % length % 64) & 1)
            data[i] = 0;
}

static float *own_data(struct arena *arena, struct tensor *tensor)
{
    float *data = arena_copy(arena, tensor->data, (size_t)shape_size(tensor->shape) * sizeof *data);
    tensor->data = data;
    return data;
}

struct graph *random_graph(struct arena *arena, const char *text, uint64_t seed)
{
    struct graph *graph = graph_from_text(arena, text, seed);
    uint64_t state = seed * 7919 + 3, common = random_next(&state) & random_next(&state);
    for (int n = 0; n < graph->node_count; n++) {
        const struct node *node = graph->node[n];
        struct tensor *w = node_input(node, 1), *b = node_input(node, 2);
        if (!node->op->macs || !w || !tensor_is_constant(w))
            continue;
        bool rows_first = !strcmp(node->op_type, "MatMul") ||
                          (!strcmp(node->op_type, "Gemm") && !node_int(node, "transB", 0));
        int output = rows_first ? 1 : 0;
        float *weights = own_data(arena, w);
        double scale = 1 / sqrt((double)(shape_size(w->shape) / w->shape.dim[output]));
        for (int64_t i = 0; i < shape_size(w->shape); i++)
            weights[i] *= (float)scale;
        uint64_t mask = random_next(&state) % 3 ? common : random_next(&state) & random_next(&state);
        if (random_next(&state) % 5)
            zero_slices(w, weights, output, mask);
        if (random_next(&state) % 3 == 0 && w->shape.rank > 1)
            zero_slices(w, weights, 1 - output, random_next(&state) & random_next(&state));
        if (b && tensor_is_constant(b) && random_next(&state) % 2)
            zero_slices(b, own_data(arena, b), b->shape.rank - 1, mask);
    }
    return graph;
}
