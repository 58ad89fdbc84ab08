/* einsum.c -- Einsum by templates/einsum.h, of other types than float by templates/einsum_scalar.h. */
/* SPDX-License-Identifier: MIT */
#include "../operators/einsum.h"

#include "../operators/op.h"
#include "layer.h"

#include <inttypes.h>

static bool accepts(const struct node *node)
{
    const struct einsum einsum = einsum_of(node);
    int64_t all = 1;
    for (int i = 0; i < einsum.labels; i++)
        all *= einsum.size[i] > 0;
    return all;
}

/* Elements of a term from one step of a label to the next: the sum over the axes that it names. */
static void label_strides(struct source *source, const struct node *node, const struct einsum *einsum, int term,
                          int64_t stride[MAX_LABELS])
{
    int64_t own[MAX_RANK];
    storage_strides(source_storage(source, node->input[term]), own);
    for (int label = 0; label < einsum->labels; label++) {
        stride[label] = 0;
        for (int a = 0; a < node->input[term]->shape.rank; a++)
            stride[label] += einsum->axis[term][a] == label ? own[a] : 0;
    }
}

static void emit(struct source *source, const struct node *node, const struct region *region)
{
    struct arena *arena = source_arena(source);
    const struct einsum einsum = einsum_of(node);
    const int summed = einsum.labels - einsum.kept, last = summed ? einsum.labels - 1 : -1;
    int64_t count[MAX_RANK], y_stride[MAX_RANK], stride[MAX_LABELS], step[MAX_TERMS];
    struct text kept = {.arena = arena}, walked = {.arena = arena}, from = {.arena = arena};
    storage_strides(source_storage(source, node->output[0]), y_stride);
    for (int i = 0; i < einsum.kept; i++)
        count[i] = region->axis[i].end - region->axis[i].begin;
    for (int t = 0; t < einsum.terms; t++) {
        const char *comma = t ? ", " : "";
        label_strides(source, node, &einsum, t, stride);
        text_printf(&kept, "%s%s", comma, numbers_text(arena, stride, einsum.kept));
        text_printf(&walked, "%s%s", comma, numbers_text(arena, stride + einsum.kept, summed ? summed - 1 : 0));
        text_printf(&from, "%s%s", comma, plain_at(source, node->input[t], node_reads(node, t, 0, *region)));
        step[t] = last < 0 ? 1 : stride[last];
    }
    const enum type type = node->input[0]->type;
    source_use(source, type == TYPE_FLOAT ? "einsum.h" : "einsum_scalar.h");
    source_printf(source,
                  "static const struct einsum %s_shape = {\n    .rank = %d, .summed = %d, .terms = %d, .count = %s, "
                  ".y_stride = %s,\n    .x_stride = {%s},\n    .summed_count = %s, .summed_stride = {%s},\n"
                  "    .length = %" PRId64 ", .step = %s};\n\n",
                  source_name(source), einsum.kept, summed ? summed - 1 : 0, einsum.terms,
                  numbers_text(arena, count, einsum.kept), numbers_text(arena, y_stride, einsum.kept), kept.bytes,
                  numbers_text(arena, einsum.size + einsum.kept, summed ? summed - 1 : 0), walked.bytes,
                  last < 0 ? 1 : einsum.size[last], numbers_text(arena, step, einsum.terms));
    source_function(source);
    const char *name = source_name(source), *y = plain_at(source, node->output[0], *region);
    if (type == TYPE_FLOAT)
        source_printf(source, "    const float *const x[] = {%s};\n    einsum(&%s_shape, %s, x);\n", from.bytes, name, y);
    else
        source_printf(source, "    const void *const x[] = {%s};\n    einsum_scalar(&%s_shape, %s, %d, %s, x);\n",
                      from.bytes, name, element_type_text(type), !type_is_float(type), y);
    source_end(source);
}

const struct kernel kernel_einsum = {.name = "einsum", .op_type = "Einsum", .accepts = accepts, .emit = emit};
