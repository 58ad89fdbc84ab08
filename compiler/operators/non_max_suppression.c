/* non_max_suppression.c -- NonMaxSuppression: boxes by score, without those that overlap a better one. How many are left
 * depends on their values: mednn.NonMaxSuppression counts them in room for a number that the model declares. */
/* SPDX-License-Identifier: MIT */
#include "non_max_suppression.h"

#include "rows.h"
#include "settle.h"

#include <inttypes.h>
#include <math.h>

static double number_at(const struct node *node, const void *const input[], int i, double otherwise)
{
    const struct tensor *tensor = node_input(node, i);
    return tensor ? element_real(tensor->type, input[i], 0) : otherwise;
}

/* One side of a box: [low, high] along axis 0 or 1. */
struct side {
    float low, high;
};

static struct side side_of(const float *box, int axis, bool center)
{
    if (center)
        return (struct side){box[axis] - box[axis + 2] / 2, box[axis] + box[axis + 2] / 2};
    const bool turned = box[axis] > box[axis + 2];
    return (struct side){box[turned ? axis + 2 : axis], box[turned ? axis : axis + 2]};
}

static bool overlap(const float *a, const float *b, bool center, float most)
{
    float size_a = 1, size_b = 1, both = 1;
    for (int axis = 0; axis < 2; axis++) {
        const struct side x = side_of(a, axis, center), y = side_of(b, axis, center);
        const float low = fmaxf(x.low, y.low), high = fminf(x.high, y.high);
        size_a *= x.high - x.low;
        size_b *= y.high - y.low;
        both *= fmaxf(high - low, 0);
    }
    return size_a > 0 && size_b > 0 && both > 0 && both / (size_a + size_b - both) > most;
}

/* Counts; writes at most `room` triples of batch, class and box. */
static int64_t choose(const struct node *node, const void *const input[], int64_t *found, int64_t room)
{
    const struct shape scores = node->input[1]->shape;
    const int64_t boxes = scores.dim[2];
    const double most = number_at(node, input, NMS_MOST, 0);
    const bool center = node_int(node, "center_point_box", 0) != 0;
    struct arena scratch = {0};
    bool *gone = arena_array(&scratch, (size_t)boxes + 1, sizeof *gone);
    int64_t count = 0;
    for (int64_t group = 0; group < scores.dim[0] * scores.dim[1]; group++) {
        const int64_t batch = group / scores.dim[1];
        const float *score = (const float *)input[1] + group * boxes, *box = (const float *)input[0] + batch * boxes * 4;
        for (int64_t i = 0; i < boxes; i++)
            gone[i] = !(score[i] > (float)number_at(node, input, NMS_SCORE, -INFINITY));
        for (int64_t taken = 0; (double)taken < most; taken++) {
            int64_t best = -1;
            for (int64_t i = 0; i < boxes; i++)
                best = !gone[i] && (best < 0 || score[i] > score[best]) ? i : best;
            if (best < 0)
                break;
            for (int64_t i = 0; i < boxes; i++)
                gone[i] |= i == best || overlap(box + best * 4, box + i * 4, center, (float)number_at(node, input, NMS_IOU, 0));
            if (count < room) {
                found[count * 3] = batch;
                found[count * 3 + 1] = group % scores.dim[1];
                found[count * 3 + 2] = best;
            }
            count++;
        }
    }
    arena_free(&scratch);
    return count;
}

static void check(struct graph *graph, const struct node *node)
{
    const struct shape boxes = node->input[0]->shape, scores = node->input[1]->shape;
    input_same_type(node, 1);
    if (boxes.rank != 3 || scores.rank != 3 || boxes.dim[2] != 4 || boxes.dim[0] != scores.dim[0] ||
        boxes.dim[1] != scores.dim[2])
        node_fail(node, "boxes are %s and scores %s, expected N x B x 4 and N x C x B", shape_string(graph->arena, boxes),
                  shape_string(graph->arena, scores));
    for (int i = NMS_MOST; i <= NMS_SCORE; i++) {
        const struct tensor *tensor = node_input(node, i);
        const enum type type = i == NMS_MOST ? TYPE_INT64 : TYPE_FLOAT;
        if (tensor && (tensor->type != type || shape_size(tensor->shape) != 1))
            node_fail(node, "'%s' has type %s, expected one number of type %s", tensor->name, type_name(tensor->type),
                      type_name(type));
    }
}

static void settle(struct graph *graph, struct node *node)
{
    int computed = -1;
    for (int i = 0; i <= NMS_SCORE; i++)
        computed = input_is_computed(node, i) ? i : computed;
    if (computed < 0)
        return;
    check(graph, node);
    settle_count(graph, node, "NonMaxSuppression", settled_shape(graph, node, computed, "a box or a score", 2).dim[0]);
}

static void infer(struct graph *graph, struct node *node)
{
    const void *input[NMS_SCORE + 1] = {NULL};
    check(graph, node);
    for (int i = 0; i <= NMS_SCORE; i++)
        input[i] = node_input(node, i) ? constant_input(node, i, "an input")->data : NULL;
    output_set(node, 0, TYPE_INT64, (struct shape){.rank = 2, .dim = {choose(node, input, NULL, 0), 3}});
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    choose(node, input, output[0], node->output[0]->shape.dim[0]);
}

static void infer_counted(struct graph *graph, struct node *node)
{
    const int64_t capacity = node_int(node, "capacity", -1);
    check(graph, node);
    if (capacity < 0)
        node_fail(node, "no capacity");
    output_set(node, 0, TYPE_INT64, (struct shape){0});
    output_set(node, 1, TYPE_INT64, (struct shape){.rank = 2, .dim = {capacity, 3}});
}

static void evaluate_counted(const struct node *node, const void *const input[], void *const output[])
{
    const int64_t capacity = node->output[1]->shape.dim[0];
    for (int64_t i = 0; i < 3 * capacity; i++)
        ((int64_t *)output[1])[i] = -1;
    *(int64_t *)output[0] = choose(node, input, output[1], capacity);
}

const struct op non_max_suppression_rows[] = {
    {.type = "NonMaxSuppression",
     .domain = "",
     .since_version = 11,
     .min_inputs = 2,
     .max_inputs = 5,
     .max_outputs = 1,
     .types = TYPE_BIT(TYPE_FLOAT),
     .attributes = "center_point_box ",
     .settle = settle,
     .infer = infer,
     .evaluate = evaluate},
    {.type = "NonMaxSuppression",
     .domain = "mednn",
     .since_version = 1,
     .min_inputs = 2,
     .max_inputs = 5,
     .max_outputs = 2,
     .types = TYPE_BIT(TYPE_FLOAT),
     .attributes = "capacity center_point_box ",
     .infer = infer_counted,
     .evaluate = evaluate_counted},
    {.type = NULL},
};
