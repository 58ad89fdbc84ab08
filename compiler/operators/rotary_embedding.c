/* rotary_embedding.c -- RotaryEmbedding: pairs of elements of a head turn by an angle of their position. */
/* SPDX-License-Identifier: MIT */
#include "attention.h"

#include "rows.h"

#include <inttypes.h>

enum { COSINES = 1, SINES, POSITIONS };

struct rotary rotary_of(const struct node *node)
{
    struct rotary rotary = {.x = heads_of(node, node->input[0], "X", "num_heads"),
                            .turned = node_int(node, "rotary_embedding_dim", 0),
                            .interleaved = node_int(node, "interleaved", 0) != 0};
    if (!rotary.turned)
        rotary.turned = rotary.x.width;
    if (rotary.turned < 0 || rotary.turned > rotary.x.width || rotary.turned % 2)
        node_fail(node, "%" PRId64 " elements of a head of %" PRId64 " cannot turn in pairs", rotary.turned,
                  rotary.x.width);
    return rotary;
}

static void infer(struct graph *graph, struct node *node)
{
    const struct rotary rotary = rotary_of(node);
    const struct tensor *positions = node_input(node, POSITIONS);
    const struct shape per_row = {.rank = 2, .dim = {rotary.x.batches, rotary.x.rows}};
    if (positions && (positions->type != TYPE_INT64 || !shape_equal(positions->shape, per_row)))
        node_fail(node, "position_ids is %s of type %s, expected %s of type int64",
                  shape_string(graph->arena, positions->shape), type_name(positions->type),
                  shape_string(graph->arena, per_row));
    for (int i = COSINES; i <= SINES; i++) {
        const struct shape shape = node->input[i]->shape;
        input_same_type(node, i);
        const bool fits = positions ? shape.rank == 2 && shape.dim[0] > 0
                                    : shape.rank == 3 && shape.dim[0] == per_row.dim[0] && shape.dim[1] == per_row.dim[1];
        if (!fits || shape.dim[shape.rank - 1] != rotary.turned / 2)
            node_fail(node, "'%s' is %s, expected %s of %" PRId64 " elements", node->input[i]->name,
                      shape_string(graph->arena, shape), positions ? "positions" : "batches of rows", rotary.turned / 2);
    }
    if (positions && !shape_equal(node->input[COSINES]->shape, node->input[SINES]->shape))
        node_fail(node, "cos_cache and sin_cache hold different numbers of positions");
    output_set(node, 0, node->input[0]->type, node->input[0]->shape);
}

/* Cosine or sine for pair `pair` in a row. */
static double turn_at(const struct node *node, const void *const input[], int i, int64_t row, int64_t pair)
{
    const struct tensor *table = node->input[i];
    const int64_t pairs = table->shape.dim[table->shape.rank - 1];
    if (node_input(node, POSITIONS)) {
        const int64_t count = table->shape.dim[0];
        row = ((const int64_t *)input[POSITIONS])[row];
        row += row < 0 ? count : 0;
        row = row < 0 ? 0 : row >= count ? count - 1 : row;
    }
    return element_real(table->type, input[i], row * pairs + pair);
}

/* Column c of a head that begins at `at`. */
static double turned(const struct node *node, const void *const input[], const struct rotary *rotary, int64_t row,
                     int64_t at, int64_t c)
{
    const enum type type = node->input[0]->type;
    const int64_t pairs = rotary->turned / 2;
    if (c >= rotary->turned)
        return element_real(type, input[0], at + c);
    const int64_t pair = rotary->interleaved ? c / 2 : c % pairs;
    const int64_t first = rotary->interleaved ? 2 * pair : pair, second = rotary->interleaved ? first + 1 : pair + pairs;
    const double cosine = turn_at(node, input, COSINES, row, pair), sine = turn_at(node, input, SINES, row, pair);
    const double x = element_real(type, input[0], at + first), y = element_real(type, input[0], at + second);
    return c == first ? cosine * x - sine * y : sine * x + cosine * y;
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    const struct rotary rotary = rotary_of(node);
    int64_t inner[3], stride[MAX_RANK];
    stride[node->input[0]->shape.rank - 1] = 1;
    for (int a = node->input[0]->shape.rank - 2; a >= 0; a--)
        stride[a] = stride[a + 1] * node->input[0]->shape.dim[a + 1];
    heads_strides(&rotary.x, stride, inner);
    for (int64_t b = 0; b < rotary.x.batches; b++)
        for (int64_t h = 0; h < rotary.x.heads; h++)
            for (int64_t i = 0; i < rotary.x.rows; i++)
                for (int64_t c = 0; c < rotary.x.width; c++) {
                    const int64_t at = b * inner[0] + h * inner[1] + i * inner[2];
                    element_set_real(node->output[0]->type, output[0], at + c,
                                     turned(node, input, &rotary, b * rotary.x.rows + i, at, c));
                }
}

static struct region reads(const struct node *node, int input, int output, struct region region)
{
    (void)output;
    const struct rotary rotary = rotary_of(node);
    struct region box = heads_split(&rotary.x, region);
    box.axis[3] = (struct range){0, rotary.x.width};
    if (input == 0)
        return heads_join(&rotary.x, box);
    if (input != POSITIONS && node_input(node, POSITIONS))
        return region_whole(node->input[input]->shape);
    return (struct region){.some = true,
                           .rank = node->input[input]->shape.rank,
                           .axis = {box.axis[0], box.axis[2], {0, rotary.turned / 2}}};
}

const struct op rotary_embedding_rows[] = {
    {.type = "RotaryEmbedding",
     .domain = "",
     .since_version = 23,
     .min_inputs = 3,
     .max_inputs = 4,
     .max_outputs = 1,
     .types = TYPES_FLOAT & ~TYPE_BIT(TYPE_DOUBLE),
     .attributes = "interleaved num_heads rotary_embedding_dim ",
     .infer = infer,
     .evaluate = evaluate,
     .reads = reads},
    {.type = NULL},
};
