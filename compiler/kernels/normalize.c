/* normalize.c -- normalisations of groups of elements by templates/normalize.h. */
/* SPDX-License-Identifier: MIT */
#include "../operators/normalize.h"

#include "../operators/op.h"
#include "layer.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

static bool accepts(const struct node *node)
{
    static const char *const types[] = {"GroupNormalization",        "InstanceNormalization", "LayerNormalization",
                                        "MeanVarianceNormalization", "LpNormalization",       "RMSNormalization"};
    bool known = false;
    for (size_t i = 0; !*node->domain && i < sizeof types / sizeof *types; i++)
        known |= !strcmp(types[i], node->op_type);
    for (int k = 1; known && k < node->output_count; k++)
        known = !node->output[k] || node->output[k]->type == node->input[0]->type;
    return known && type_is_wide(node->input[0]->type) && node_output(node, 0);
}

/* Cuts between groups of channels. */
static int64_t grid(const struct node *node, int axis)
{
    const struct normalize normalize = normalize_of(node);
    return axis == 1 && normalize.groups > 1 ? node->input[0]->shape.dim[1] / normalize.groups : 1;
}

/* An axis as the template walks it: the whole of it, the part that the piece holds, and steps through tensors. */
struct walk {
    int64_t whole, part, first, x, y, scale, bias, mean;
};

struct walks {
    int outside, inside;
    struct walk out[MAX_RANK + 1], in[MAX_RANK + 1];
    int64_t elements;
    struct region from; /* the first element of x that is read */
};

/* Steps through scale or bias along the axes of x. */
static void operand_steps(struct source *source, const struct node *node, const struct normalize *normalize, int input,
                          int64_t step[MAX_RANK])
{
    memset(step, 0, MAX_RANK * sizeof *step);
    if (!input)
        return;
    const struct tensor *tensor = node->input[input];
    const int lead = node->input[0]->shape.rank - tensor->shape.rank;
    int64_t stride[MAX_RANK];
    storage_strides(source_storage(source, tensor), stride);
    for (int a = 0; a < tensor->shape.rank && !normalize->aligned; a++)
        step[lead + a] = tensor->shape.dim[a] == 1 ? 0 : stride[a];
    if (normalize->aligned)
        step[1] = normalize->aligned == 1 || normalize->groups > 1; /* one group has one element */
}

static struct walks sort_axes(struct source *source, const struct node *node, const struct normalize *normalize,
                              struct region region, const struct tensor *mean)
{
    const struct tensor *x = node->input[0];
    int64_t x_step[MAX_RANK], y_step[MAX_RANK], mean_step[MAX_RANK] = {0}, scale[MAX_RANK], bias[MAX_RANK];
    struct walks walks = {.elements = 1, .from = region};
    storage_strides(source_storage(source, x), x_step);
    storage_strides(source_storage(source, node->output[0]), y_step);
    if (mean)
        storage_strides(source_storage(source, mean), mean_step);
    operand_steps(source, node, normalize, normalize->scale, scale);
    operand_steps(source, node, normalize, normalize->bias, bias);
    for (int a = 0; a < x->shape.rank; a++) {
        const struct range range = region.axis[a];
        struct walk walk = {x->shape.dim[a], range.end - range.begin, range.begin, x_step[a],
                            y_step[a],       scale[a],                bias[a],     mean_step[a]};
        if (a == 1 && normalize->groups > 1) {
            const int64_t size = x->shape.dim[1] / normalize->groups;
            const bool per_group = normalize->aligned == 2;
            assert(walk.part % size == 0 && walk.first % size == 0);
            walks.out[walks.outside++] = (struct walk){.whole = walk.part / size,
                                                       .part = walk.part / size,
                                                       .x = walk.x * size,
                                                       .y = walk.y * size,
                                                       .scale = per_group ? 1 : size,
                                                       .bias = per_group ? 1 : size};
            walk.whole = walk.part = size;
            walk.first = 0;
            if (per_group)
                walk.scale = walk.bias = 0;
        }
        if (!normalize->reduced[a]) {
            walks.out[walks.outside++] = walk;
            continue;
        }
        if (a != 1 || normalize->groups == 1)
            walks.from.axis[a].begin = 0;
        walks.elements *= walk.whole;
        walks.in[walks.inside++] = walk;
    }
    if (!walks.inside)
        walks.in[walks.inside++] = (struct walk){.whole = 1, .part = 1, .x = 1, .y = 1};
    return walks;
}

/* ".NAME = {1, 2}" of one member of each walk. */
static void write_list(struct source *source, const char *name, const struct walk *walk, int count, size_t member)
{
    int64_t number[MAX_RANK + 1];
    for (int i = 0; i < count; i++)
        memcpy(&number[i], (const char *)&walk[i] + member, sizeof *number);
    source_printf(source, ", .%s = %s", name, numbers_text(source_arena(source), number, count));
}

#define LIST(name, which, count, member) write_list(source, name, walks->which, count, offsetof(struct walk, member))

static void write_shape(struct source *source, const struct normalize *normalize, const struct walks *walks,
                        const char *name)
{
    static const char *const norms[] = {"NORM_VARIANCE", "NORM_SQUARE", "NORM_L1", "NORM_L2"};
    const int last = walks->inside - 1;
    const struct walk *line = &walks->in[last];
    int64_t first = 0;
    for (int i = 0; i <= last; i++)
        first += walks->in[i].first * walks->in[i].x;
    source_printf(source, "static const struct normalize %s = {\n    .rank = %d", name, walks->outside);
    LIST("count", out, walks->outside, part);
    LIST("x_stride", out, walks->outside, x);
    LIST("y_stride", out, walks->outside, y);
    source_printf(source, ",\n    .walked = %d", last);
    LIST("scale_stride", out, walks->outside, scale);
    LIST("bias_stride", out, walks->outside, bias);
    LIST("mean_stride", out, walks->outside, mean);
    LIST("walked_count", in, last, whole);
    LIST("walked_stride", in, last, x);
    LIST("part_count", in, last, part);
    LIST("part_x", in, last, x);
    source_printf(source, ",\n    .length = %" PRId64 ", .step = %" PRId64, line->whole, line->x);
    LIST("part_y", in, last, y);
    LIST("part_scale", in, last, scale);
    LIST("part_bias", in, last, bias);
    source_printf(source,
                  ",\n    .part = %" PRId64 ", .part_step = %" PRId64 ", .scale_step = %" PRId64
                  ", .bias_step = %" PRId64 ", .first = %" PRId64 ",\n",
                  line->part, line->y, line->scale, line->bias, first);
    source_printf(source, "    .norm = %s, .elements = %s, .epsilon = %s, .epsilon_outside = %d};\n\n",
                  norms[normalize->norm], real_text(source, (double)walks->elements),
                  real_text(source, normalize->epsilon), normalize->epsilon_outside);
}

static const char *operand_at(struct source *source, const struct node *node,
                              int input, struct region region)
{
    if (!input)
        return "NULL";
    return plain_at(source, node->input[input], node_reads(node, input, 0, region));
}

static void emit(struct source *source, const struct node *node, const struct region *region)
{
    struct arena *arena = source_arena(source);
    const struct normalize normalize = normalize_of(node);
    const struct tensor *x = node->input[0];
    const struct walks walks = sort_axes(source, node, &normalize, region[0], NULL);
    const char *shape = arena_printf(arena, "%s_shape", source_name(source));
    struct text body = {.arena = arena};
    source_use(source, "normalize.h");
    write_shape(source, &normalize, &walks, shape);
    text_printf(&body, "    normalize(&%s, %s, %s,\n              %s, %s);\n", shape,
                plain_at(source, node->output[0], region[0]), plain_at(source, x, walks.from),
                operand_at(source, node, normalize.scale, region[0]),
                operand_at(source, node, normalize.bias, region[0]));
    for (int k = 1; k < node->output_count; k++) {
        if (!node->output[k] || region_is_empty(region[k]))
            continue;
        const struct walks means = sort_axes(source, node, &normalize, region[k], node->output[k]);
        const char *name = arena_printf(arena, "%s_statistics%d", source_name(source), k);
        write_shape(source, &normalize, &means, name);
        text_printf(&body, "    normalize_statistics(&%s, %s, %s, %d);\n", name,
                    plain_at(source, node->output[k], region[k]), plain_at(source, x, means.from), k == 2);
    }
    source_function(source);
    source_printf(source, "%s", body.bytes);
    source_end(source);
}

const struct kernel kernel_normalize = {.name = "normalize", .accepts = accepts, .grid = grid, .work = layer_line_work,
                                        .doubles = true, .emit = emit};
