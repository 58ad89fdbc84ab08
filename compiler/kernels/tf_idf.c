/* tf_idf.c -- TfIdfVectorizer by templates/tf_idf.h. */
/* SPDX-License-Identifier: MIT */
#include "../operators/tf_idf.h"

#include "../operators/op.h"
#include "layer.h"

#include <inttypes.h>

static bool accepts(const struct node *node)
{
    return shape_size(node->input[0]->shape) > 0 && shape_size(node->output[0]->shape) > 0;
}

/* The pool, and a line per n-gram whose length counts; returns how many there are. */
static int64_t write_pool(struct source *source, const struct node *node, const struct tf_idf *t)
{
    const bool weighted = t->weighted || t->presence;
    int64_t count = 0;
    source_printf(source, "static const int64_t %s_pool[] = {", source_name(source));
    for (int64_t i = 0; i < t->pool_size; i++)
        source_printf(source, "%s%" PRId64, i ? i % 16 ? ", " : ",\n    " : "", t->pool[i]);
    source_printf(source, "};\nstatic const struct gram %s_grams[] = {\n", source_name(source));
    for (int64_t id = 0; id < t->grams; id++) {
        const struct gram gram = gram_of(node, t, id);
        if (gram.length < t->shortest || gram.length > t->longest)
            continue;
        source_printf(source, "    {%" PRId64 ", %" PRId64 ", %" PRId64 ", %s},\n", gram.first, gram.length, gram.output,
                      float_text(source_arena(source), weighted ? (double)gram.weight : 1));
        count++;
    }
    if (!count)
        source_printf(source, "    {0, 1, 0, 0.0f},\n");
    source_printf(source, "};\n");
    return count;
}

static void emit(struct source *source, const struct node *node, const struct region *region)
{
    const struct tf_idf t = tf_idf_of(node);
    const struct tensor *x = node->input[0], *y = node->output[0];
    const int last = region->rank - 1;
    const char *name = source_name(source);
    int64_t x_stride[MAX_RANK], y_stride[MAX_RANK];
    storage_strides(source_storage(source, x), x_stride);
    storage_strides(source_storage(source, y), y_stride);
    source_use(source, "tf_idf.h");
    const int64_t grams = write_pool(source, node, &t);
    source_printf(source,
                  "static const struct tf_idf %s_shape = {\n    .rows = %" PRId64 ", .length = %" PRId64 ", .x_row = %" PRId64
                  ", .y_row = %" PRId64 ",\n    .begin = %" PRId64 ", .end = %" PRId64 ", .grams = %" PRId64
                  ", .most_skipped = %" PRId64 ", .presence = %d, .type = %s};\n\n",
                  name, last ? region->axis[0].end - region->axis[0].begin : 1, x->shape.dim[last], last ? x_stride[0] : 0,
                  last ? y_stride[0] : 0, region->axis[last].begin, region->axis[last].end, grams, t.most_skipped, t.presence,
                  element_type_text(x->type));
    source_function(source);
    source_printf(source, "    tf_idf(&%s_shape, %s,\n           %s, %s_grams, %s_pool);\n", name,
                  plain_at(source, y, *region), plain_at(source, x, node_reads(node, 0, 0, *region)), name, name);
    source_end(source);
}

const struct kernel kernel_tf_idf = {
    .name = "tf_idf", .op_type = "TfIdfVectorizer", .accepts = accepts, .emit = emit};
