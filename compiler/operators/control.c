/* control.c -- If, Loop and Scan: nodes that hold graphs, which become nodes of the graph around them while shapes are inferred.
 *
 * Of an If with a computed condition both branches are computed and one is chosen: they are pure, can be divided among devices, and
 * fit one schedule for all. What would fail in the branch that is not taken is not looked at (node->when). Loops are unrolled;
 * where run time decides whether an iteration counts, its results are chosen in the same way. */
/* SPDX-License-Identifier: MIT */
#include "rows.h"
#include "settle.h"

#include <string.h>

enum { MOST_ITERATIONS = 4096, MOST_NODES = 100000 };

const struct graph *body_of(const struct node *node, const char *name, int inputs)
{
    const struct attribute *attribute = node_attribute(node, name);
    if (!attribute || attribute->kind != ATTRIBUTE_GRAPH)
        node_fail(node, "attribute %s, a graph, is missing", name);
    if (attribute->graph->input_count != inputs)
        node_fail(node, "%s has %d inputs, expected %d", name, attribute->graph->input_count, inputs);
    return attribute->graph;
}

static struct tensor *int_constant(struct graph *graph, const struct node *node, const char *what, int64_t value)
{
    return integers_constant(graph, node, what, TYPE_INT64, -1, &value);
}

/* A condition or a count as a scalar; it may come as a vector of one element. */
static struct tensor *as_scalar(struct graph *graph, const struct node *node, struct tensor *tensor, enum type type,
                                const char *what)
{
    if (tensor->type != type || shape_size(tensor->shape) != 1)
        node_fail(node, "%s has type %s and shape %s, expected one %s", what, type_name(tensor->type),
                  shape_string(graph->arena, tensor->shape), type_name(type));
    if (!tensor->shape.rank)
        return tensor;
    struct tensor *input[] = {tensor, integers_constant(graph, node, "shape", TYPE_INT64, 0, NULL)};
    return node_before(graph, node, "", "Reshape", 2, input);
}

/* a and b, either of which may be NULL: true. */
static struct tensor *both(struct graph *graph, const struct node *node, struct tensor *a, struct tensor *b)
{
    return !a ? b : !b ? a : combined(graph, node, "And", a, b);
}

static struct tensor *negated(struct graph *graph, const struct node *node, struct tensor *truth)
{
    return combined(graph, node, "Not", truth, NULL);
}

/* Let a new node of these inputs compute output k of the node. */
static void give_output(struct graph *graph, struct node *node, int k, const char *op_type, int count,
                        struct tensor *const input[])
{
    struct node *giver = node_before(graph, node, "", op_type, count, input)->producer;
    giver->output[0] = node->output[k];
    giver->output[0]->producer = giver;
}

/* ---- If ---- */

static struct tensor **new_list(struct graph *graph, int count)
{
    return arena_array(graph->arena, (size_t)count + 1, sizeof(struct tensor *));
}

/* Of two sequences each element is chosen by itself. */
static void settle_sequence_choice(struct graph *graph, struct node *node, const struct sequence *a, const struct sequence *b)
{
    if (!a || !b || a->count != b->count)
        node_fail(node, "then_branch gives %s but else_branch %s", a ? arena_printf(graph->arena, "%d tensors", a->count) : "one",
                  b ? arena_printf(graph->arena, "%d tensors", b->count) : "one");
    if (!node->settling) {
        struct sequence *chosen = arena_alloc(graph->arena, sizeof *chosen);
        *chosen = (struct sequence){a->count, new_list(graph, a->count)};
        for (int i = 0; i < a->count; i++) {
            struct tensor *choice[] = {node->input[0], a->item[i], b->item[i]};
            if (a->item[i] && b->item[i])
                chosen->item[i] = node_before(graph, node, "", "If", 3, choice);
        }
        node->settling = chosen;
    }
    node->output[0]->sequence = node->settling;
}

/* An If without branches chooses between input 1 and input 2. */
static void settle_choice(struct graph *graph, struct node *node)
{
    const struct tensor *a = node->input[1], *b = node->input[2];
    struct shape shape;
    if (a->sequence || b->sequence) {
        settle_sequence_choice(graph, node, a->sequence, b->sequence);
        return;
    }
    if (a->type != b->type)
        node_fail(node, "then_branch gives %s but else_branch %s", type_name(a->type), type_name(b->type));
    if (shape_equal(a->shape, b->shape)) {
        node->op_type = "Where";
        node->op = op_find("", "Where", NEWEST_OPSET);
        return;
    }
    if (!declared_shape(graph, node, 0, &shape) || shape_equal(shape, a->shape) == shape_equal(shape, b->shape))
        node_fail(node, "then_branch gives shape %s but else_branch %s; declare the shape of the output that is meant",
                  shape_string(graph->arena, a->shape), shape_string(graph->arena, b->shape));
    const bool first = shape_equal(shape, a->shape);
    require(graph, node, first ? node->input[0] : negated(graph, node, node->input[0]), "the branch that is taken does not give",
            shape);
    settle_as_identity(graph, node, node->input[first ? 1 : 2]);
}

static void inline_branch(struct graph *graph, struct node *node, const struct graph *branch, struct tensor *when,
                          struct tensor *result[])
{
    struct inlining inlining = {.inner = branch};
    graph_inline(graph, node, &inlining, NULL, when, result);
    if (branch->output_count < node->output_count)
        node_fail(node, "a branch has %d outputs but the node %d", branch->output_count, node->output_count);
}

static void settle_if(struct graph *graph, struct node *node)
{
    if (node->input_count == 3) {
        settle_choice(graph, node);
        return;
    }
    const struct graph *branch[] = {body_of(node, "else_branch", 0), body_of(node, "then_branch", 0)};
    struct tensor *condition = node->input[0];
    struct tensor **result[] = {new_list(graph, branch[0]->output_count), new_list(graph, branch[1]->output_count)};
    if (tensor_is_constant(condition) && shape_size(condition->shape) == 1 && condition->type == TYPE_BOOL) {
        const int taken = tensor_int(condition, 0) != 0;
        inline_branch(graph, node, branch[taken], node->when, result[taken]);
        settle_outputs(graph, node, result[taken]);
        return;
    }
    condition = as_scalar(graph, node, condition, TYPE_BOOL, "the condition");
    inline_branch(graph, node, branch[1], both(graph, node, node->when, condition), result[1]);
    inline_branch(graph, node, branch[0], both(graph, node, node->when, negated(graph, node, condition)), result[0]);
    for (int k = node->output_count - 1; k >= 0; k--) {
        struct tensor *input[] = {condition, result[1][k], result[0][k]};
        if (k > 0 && node->output[k])
            give_output(graph, node, k, "If", 3, input);
        else if (k == 0)
            node->input = arena_copy(graph->arena, input, sizeof input);
    }
    node->input_count = 3;
    node->output_count = 1;
    node->attribute_count = 0;
}

/* ---- lists of results ---- */

/* The tensors side by side along a new axis. */
static struct tensor *stacked(struct graph *graph, struct node *node, int count, struct tensor *const part[], int64_t axis)
{
    struct tensor **input = new_list(graph, count), *axes = integers_constant(graph, node, "axis", TYPE_INT64, 1, &axis);
    for (int i = 0; i < count; i++) {
        struct tensor *lifted[] = {part[i], axes};
        input[i] = node_before(graph, node, "", "Unsqueeze", 2, lifted);
    }
    struct tensor *list = node_before(graph, node, "", "Concat", count, input);
    set_int(graph, list->producer, "axis", axis);
    return list;
}

void check_iterations(const struct node *node, const struct graph *body, int64_t iterations)
{
    if (iterations > MOST_ITERATIONS || iterations * body->node_count > MOST_NODES)
        node_fail(node, "%lld iterations of %d nodes are too many to write out; at most %d iterations and %d nodes are",
                  (long long)iterations, body->node_count, MOST_ITERATIONS, MOST_NODES);
}

/* ---- Loop ---- */

/* A Loop on its way, an iteration at a time: what one computes can say whether and with which shapes the next runs. */
struct loop {
    struct inlining inlining;
    int carried, listed;
    struct tensor **value; /* what is carried */
    struct tensor **list;  /* `listed` results of each iteration */
    int list_count, list_capacity;
    struct tensor *count; /* computed; NULL: `most` */
    struct tensor *runs;  /* whether iteration `next` runs; NULL: it does */
    struct tensor *ran;   /* the same of the one before */
    int64_t next, most;
    bool is_guess; /* `most` is what a list of results is declared to have */
};

/* How many iterations there can be. */
static void find_most(const struct graph *graph, const struct node *node, struct loop *loop)
{
    const struct tensor *count = node_input(node, 0);
    struct shape shape;
    if (count && tensor_is_constant(count)) {
        loop->most = tensor_int(count, 0) > 0 ? tensor_int(count, 0) : 0;
        /* A count that only says "without end" is none. */
        if (loop->most <= MOST_ITERATIONS)
            return;
    }
    loop->is_guess = true;
    for (int k = loop->carried; k < node->output_count; k++)
        if (node->output[k] && declared_shape(graph, node, k, &shape) && shape.rank > 0) {
            loop->most = shape.dim[0];
            return;
        }
    if (count && tensor_is_constant(count)) {
        loop->is_guess = false;
        return;
    }
    node_fail(node, "the number of iterations is not known: %s, and no list of results has a declared length",
              count ? "it is computed at run time" : "a condition alone says it");
}

static struct loop *begin_loop(struct graph *graph, struct node *node)
{
    struct loop *loop = arena_alloc(graph->arena, sizeof *loop);
    *loop = (struct loop){.carried = node->input_count > 2 ? node->input_count - 2 : 0};
    const struct graph *body = body_of(node, "body", loop->carried + 2);
    loop->inlining.inner = body;
    loop->listed = body->output_count - 1 - loop->carried;
    if (loop->listed < 0 || node->output_count > loop->carried + loop->listed)
        node_fail(node, "body has %d outputs, which does not fit %d carried values and %d outputs", body->output_count,
                  loop->carried, node->output_count);
    loop->value = new_list(graph, loop->carried);
    for (int k = 0; k < loop->carried; k++) {
        loop->value[k] = node->input[k + 2];
        if (!loop->value[k])
            node_fail(node, "input %d is missing", k + 2);
    }
    struct tensor *count = node_input(node, 0), *condition = node_input(node, 1);
    if (condition)
        loop->runs = as_scalar(graph, node, condition, TYPE_BOOL, "the condition");
    if (count)
        count = as_scalar(graph, node, count, TYPE_INT64, "the count");
    find_most(graph, node, loop);
    if (count && !tensor_is_constant(count)) {
        loop->count = count;
        struct tensor *compared[] = {int_constant(graph, node, "first", 0), count};
        loop->runs = both(graph, node, loop->runs, node_before(graph, node, "", "Less", 2, compared));
    }
    return loop;
}

static bool goes_on(const struct node *node, struct loop *loop)
{
    if (loop->runs && tensor_is_constant(loop->runs)) {
        if (!tensor_int(loop->runs, 0))
            return false;
        loop->runs = NULL;
    }
    if (loop->next < loop->most)
        check_iterations(node, loop->inlining.inner, loop->next + 1);
    return loop->next < loop->most;
}

static void iterate(struct graph *graph, struct node *node, struct loop *loop)
{
    const struct graph *body = loop->inlining.inner;
    struct tensor **input = new_list(graph, loop->carried + 2), **result = new_list(graph, body->output_count);
    const int64_t truth = 1;
    input[0] = int_constant(graph, node, "iteration", loop->next);
    input[1] = loop->runs ? loop->runs : integers_constant(graph, node, "runs", TYPE_BOOL, -1, &truth);
    for (int k = 0; k < loop->carried; k++)
        input[k + 2] = loop->value[k];
    graph_inline(graph, node, &loop->inlining, input, both(graph, node, node->when, loop->runs), result);
    for (int k = 0; k < loop->carried; k++) {
        struct tensor *choice[] = {loop->runs, result[k + 1], loop->value[k]};
        loop->value[k] = loop->runs ? node_before(graph, node, "", "If", 3, choice) : result[k + 1];
    }
    for (int k = 0; k < loop->listed; k++)
        *arena_append(graph->arena, loop->list, loop->list_count, loop->list_capacity) = result[1 + loop->carried + k];
    struct tensor *says[] = {result[0], integers_constant(graph, node, "shape", TYPE_INT64, 0, NULL)};
    loop->ran = loop->runs;
    loop->runs = both(graph, node, loop->runs, node_before(graph, node, "", "Reshape", 2, says));
    loop->next++;
    if (loop->count) {
        struct tensor *compared[] = {int_constant(graph, node, "next", loop->next), loop->count};
        loop->runs = both(graph, node, loop->runs, node_before(graph, node, "", "Less", 2, compared));
    }
}

static void end_loop(struct graph *graph, struct node *node, struct loop *loop)
{
    struct tensor **result = new_list(graph, node->output_count + 1), **part = new_list(graph, (int)loop->next);
    const struct shape iterations = {.rank = 1, .dim = {loop->next}};
    const bool ends = loop->runs && tensor_is_constant(loop->runs); /* then it is false, or goes_on() had gone on */
    bool lists = false;
    for (int k = 0; k < node->output_count; k++) {
        if (k < loop->carried) {
            result[k] = loop->value[k];
            continue;
        }
        if (!node->output[k])
            continue;
        lists = true;
        if (!loop->next)
            node_fail(node, "no iteration runs: the shape of list %d is not known", k - loop->carried);
        for (int64_t i = 0; i < loop->next; i++)
            part[i] = loop->list[i * loop->listed + k - loop->carried];
        result[k] = stacked(graph, node, (int)loop->next, part, 0);
    }
    if (loop->is_guess && !ends) {
        if (!loop->runs)
            node_fail(node, "it has more iterations than the %lld that a list of results is declared to have",
                      (long long)loop->most);
        require(graph, node, negated(graph, node, loop->runs), "more iterations run than", iterations);
    }
    if (lists && loop->ran)
        require(graph, node, loop->ran, "fewer iterations run than", iterations);
    settle_outputs(graph, node, result);
}

static void settle_loop(struct graph *graph, struct node *node)
{
    const int count = graph->node_count;
    if (!node->settling)
        node->settling = begin_loop(graph, node);
    while (graph->node_count == count && goes_on(node, node->settling))
        iterate(graph, node, node->settling);
    /* What was added is inferred before the next iteration is looked at. */
    if (graph->node_count == count)
        end_loop(graph, node, node->settling);
}

/* ---- Scan ---- */

struct scan {
    struct inlining inlining;
    int states, inputs, outputs;
    int64_t length;
};

static struct tensor *element_of(struct graph *graph, const struct node *node, struct tensor *tensor, int64_t at, int64_t axis)
{
    struct tensor *input[] = {tensor, int_constant(graph, node, "at", at)};
    struct tensor *element = node_before(graph, node, "", "Gather", 2, input);
    set_int(graph, element->producer, "axis", axis);
    return element;
}

/* From states and scanned inputs to final states and lists. */
static void run_scan(struct graph *graph, struct node *node, struct scan *scan, struct tensor *const input[],
                     struct tensor *result[])
{
    const int values = scan->states + scan->inputs;
    struct tensor **in = new_list(graph, values), **out = new_list(graph, scan->states + scan->outputs);
    struct tensor **list = new_list(graph, (int)scan->length * scan->outputs), **part = new_list(graph, (int)scan->length);
    for (int k = 0; k < scan->states; k++)
        result[k] = input[k];
    for (int64_t t = 0; t < scan->length; t++) {
        for (int k = 0; k < scan->states; k++)
            in[k] = result[k];
        for (int k = 0; k < scan->inputs; k++) {
            const bool backwards = node_ints(node, "scan_input_directions", k, 0) != 0;
            in[scan->states + k] = element_of(graph, node, input[scan->states + k], backwards ? scan->length - 1 - t : t,
                                              node_ints(node, "scan_input_axes", k, 0));
        }
        graph_inline(graph, node, &scan->inlining, in, node->when, out);
        for (int k = 0; k < scan->states; k++)
            result[k] = out[k];
        for (int k = 0; k < scan->outputs; k++)
            list[k * scan->length + t] = out[scan->states + k];
    }
    for (int k = 0; k < scan->outputs; k++) {
        const bool backwards = node_ints(node, "scan_output_directions", k, 0) != 0;
        for (int64_t t = 0; t < scan->length; t++)
            part[t] = list[k * scan->length + (backwards ? scan->length - 1 - t : t)];
        result[scan->states + k] =
            stacked(graph, node, (int)scan->length, part, node_ints(node, "scan_output_axes", k, 0));
    }
}

/* Before opset 9 a batch goes first: of every state and every input. */
static void run_batch(struct graph *graph, struct node *node, struct scan *scan, struct tensor *const input[],
                      struct tensor *result[])
{
    const int values = scan->states + scan->inputs, results = scan->states + scan->outputs;
    const int batch = (int)input[0]->shape.dim[0];
    struct tensor **in = new_list(graph, values), **out = new_list(graph, results * batch), **part = new_list(graph, batch);
    check_iterations(node, scan->inlining.inner, batch * scan->length);
    for (int b = 0; b < batch; b++) {
        for (int k = 0; k < values; k++)
            in[k] = element_of(graph, node, input[k], b, 0);
        run_scan(graph, node, scan, in, out + b * results);
    }
    for (int k = 0; k < results; k++) {
        for (int b = 0; b < batch; b++)
            part[b] = out[b * results + k];
        result[k] = stacked(graph, node, batch, part, 0);
    }
}

static void settle_scan(struct graph *graph, struct node *node)
{
    const bool batched = node_int(node, "batched", 0) != 0;
    const int64_t scanned = node_int(node, "num_scan_inputs", 0);
    const int values = node->input_count - batched;
    if (scanned < 1 || scanned > values)
        node_fail(node, "num_scan_inputs is %lld but there are %d inputs", (long long)scanned, values);
    if (batched && node->input[0])
        node_fail(node, "sequence_lens before opset 9 are not supported; convert the model to opset 9");
    struct tensor **input = node->input + batched;
    struct scan scan = {.inputs = (int)scanned, .states = values - (int)scanned};
    scan.inlining.inner = body_of(node, "body", values);
    scan.outputs = scan.inlining.inner->output_count - scan.states;
    if (scan.outputs < 0 || node->output_count > scan.states + scan.outputs)
        node_fail(node, "body has %d outputs, which does not fit %d states and %d outputs",
                  scan.inlining.inner->output_count, scan.states, node->output_count);
    for (int k = 0; k < values; k++) {
        if (!input[k] || (batched && (!input[k]->shape.rank || input[k]->shape.dim[0] != input[0]->shape.dim[0])))
            node_fail(node, "input %d is missing, or has another batch than the first", k + batched);
        if (k < scan.states)
            continue;
        const struct shape shape = input[k]->shape;
        const int axis = batched ? 1 : shape_axis(shape.rank, node_ints(node, "scan_input_axes", k - scan.states, 0));
        if (axis < 0 || axis >= shape.rank)
            node_fail(node, "input %d of rank %d is scanned along an axis that it does not have", k + batched, shape.rank);
        if (k > scan.states && shape.dim[axis] != scan.length)
            node_fail(node, "inputs of %lld and %lld elements are scanned together", (long long)scan.length,
                      (long long)shape.dim[axis]);
        scan.length = shape.dim[axis];
    }
    if (scan.length < 1)
        node_fail(node, "nothing is scanned: the shape of the result is not known");
    check_iterations(node, scan.inlining.inner, scan.length);
    struct tensor **result = new_list(graph, scan.states + scan.outputs);
    (batched ? run_batch : run_scan)(graph, node, &scan, input, result);
    settle_outputs(graph, node, result);
}

/* Without `infer`: `settle` leaves nothing of them. */
const struct op control_rows[] = {
    {.type = "If",
     .domain = "",
     .since_version = 25,
     .min_inputs = 1,
     .max_inputs = -1, /* the outer values that the branches read stand behind the condition */
     .max_outputs = INT32_MAX,
     .types = TYPES_BOOL,
     .attributes = "else_branch then_branch ",
     .settle = settle_if,
     .sequences = true},
    {.type = "Loop",
     .domain = "",
     .since_version = 25,
     .min_inputs = 0,
     .max_inputs = -1,
     .max_outputs = INT32_MAX,
     .attributes = "body ",
     .settle = settle_loop,
     .sequences = true},
    {.type = "Scan",
     .domain = "",
     .since_version = 25,
     .min_inputs = 0,
     .max_inputs = -1,
     .max_outputs = INT32_MAX,
     .attributes = "batched body num_scan_inputs scan_input_axes scan_input_directions scan_output_axes scan_output_directions ",
     .settle = settle_scan},
    {.type = NULL},
};
