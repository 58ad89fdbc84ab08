/* recurrent.c -- time steps of RNN, GRU and LSTM by templates/recurrent.h. */
/* SPDX-License-Identifier: MIT */
#include "../operators/recurrent.h"

#include "../operators/op.h"
#include "layer.h"

#include <inttypes.h>
#include <string.h>

static bool accepts(const struct node *node)
{
    return type_is_wide(node->input[STEPS_X]->type);
}

/* Cut by units, a node computes whole blocks; of several steps all units are needed. */
static int64_t grid(const struct node *node, int axis)
{
    const struct recurrent_steps s = recurrent_steps_of(node);
    if (axis != 2)
        return axis == s.batch_first ? s.count : 1;
    return s.count == 1 ? UNITS : s.hidden;
}

static struct range blocks_of(struct region piece)
{
    return (struct range){piece.axis[2].begin / UNITS, (piece.axis[2].end + UNITS - 1) / UNITS};
}

static int64_t scratch(const struct node *node, struct region piece)
{
    const struct recurrent_steps s = recurrent_steps_of(node);
    const struct range blocks = blocks_of(piece);
    const int64_t floats = (blocks.end - blocks.begin) * (s.gates + 2) * UNITS + 2 * s.blocks * UNITS;
    return floats * (int64_t)type_size(node->input[0]->type);
}

static void work(const struct node *node, struct region piece, struct work *work)
{
    const struct recurrent_steps s = recurrent_steps_of(node);
    const double function = 50; /* of a gate, as in layer.c */
    const struct range blocks = blocks_of(piece), samples = piece.axis[!s.batch_first];
    const double units = (double)((blocks.end - blocks.begin) * UNITS), runs = (double)((samples.end - samples.begin) * s.count);
    const double gates = s.part == RECURRENT_RESET ? 1 : s.part == RECURRENT_REST ? 2 : s.gates;
    work->amount[WORK_MATRIX] += runs * gates * units * (double)s.hidden;
    work->amount[WORK_VECTOR] += runs * gates * units * function;
    layer_weights_work(gates * units * (double)s.hidden * (double)sizeof(float), runs, work);
}

/* ---- emit ---- */

static void write_gates(struct source *source, struct text *text, const struct recurrent_steps *s)
{
    static const char *const names[] = {"GATE_SIGMOID",     "GATE_TANH",         "GATE_RELU",
                                        "GATE_AFFINE",      "GATE_LEAKY_RELU",   "GATE_THRESHOLDED_RELU",
                                        "GATE_SCALED_TANH", "GATE_HARD_SIGMOID", "GATE_ELU",
                                        "GATE_SOFTSIGN",    "GATE_SOFTPLUS"};
    text_add(text, "    .gate = {");
    for (int f = 0; f <= (int)s->cell; f++)
        text_printf(text, "%s{%s, %s, %s}", f ? ", " : "", names[s->gate[f].function],
                    real_text(source, (double)s->gate[f].alpha), real_text(source, (double)s->gate[f].beta));
    text_add(text, "}");
}

/* Strides of steps and samples in the storage of a tensor of three axes; none where it is absent. */
struct strides {
    int64_t step, sample;
};

static struct strides strides_of(struct source *source, const struct recurrent_steps *s, const struct tensor *tensor)
{
    int64_t stride[MAX_RANK];
    if (!tensor)
        return (struct strides){0};
    storage_strides(source_storage(source, tensor), stride);
    return (struct strides){stride[s->batch_first], stride[!s->batch_first]};
}

/* The initialiser of the shape, which all steps of a layer have in common. */
static const char *shape_text(struct source *source, const struct node *node, const struct recurrent_steps *s,
                              struct region piece)
{
    static const char *const cells[] = {"CELL_RNN", "CELL_GRU", "CELL_LSTM"};
    static const char *const parts[] = {"RECURRENT_WHOLE", "RECURRENT_RESET", "RECURRENT_REST"};
    const struct range blocks = blocks_of(piece), samples = piece.axis[!s->batch_first];
    const struct strides x = strides_of(source, s, node->input[STEPS_X]), y = strides_of(source, s, node->output[0]);
    struct text text = {.arena = source_arena(source)};
    text_printf(&text,
                "    .cell = %s, .part = %s, .gates = %d, .hidden = %" PRId64 ", .samples = %" PRId64 ", .count = %" PRId64
                ",\n    .blocks = %" PRId64 ", .first_unit = %" PRId64 ", .units = %" PRId64 ", .x_step = %" PRId64
                ", .x_batch = %" PRId64 ",\n",
                cells[s->cell], parts[s->part], s->gates, s->hidden, samples.end - samples.begin, s->count,
                blocks.end - blocks.begin, piece.axis[2].begin, piece.axis[2].end - piece.axis[2].begin,
                s->reversed ? -x.step : x.step, x.sample);
    text_printf(&text,
                "    .y_step = %" PRId64 ", .y_batch = %" PRId64 ", .h_batch = %" PRId64 ", .c_batch = %" PRId64
                ", .reset_batch = %" PRId64 ", .to_h_batch = %" PRId64 ", .to_c_batch = %" PRId64 ",\n",
                s->reversed ? -y.step : y.step, y.sample, strides_of(source, s, node_input(node, STEPS_H)).sample,
                strides_of(source, s, node_input(node, STEPS_C)).sample,
                strides_of(source, s, node_input(node, STEPS_RESET)).sample,
                strides_of(source, s, node_output(node, 1)).sample, strides_of(source, s, node_output(node, 2)).sample);
    text_printf(&text, "    .input_forget = %d, .linear_before_reset = %d, .clip = %s,\n", s->input_forget,
                s->linear_before_reset, real_text(source, (double)s->clip));
    write_gates(source, &text, s);
    return text.bytes;
}

/* Of an input what the piece reads; "NULL" where it is absent. */
static const char *input_at(struct source *source, const struct node *node, int i, struct region piece)
{
    const struct tensor *tensor = node_input(node, i);
    if (!tensor)
        return "NULL";
    const struct region reads = node_reads(node, i, 0, piece);
    if (tensor_is_constant(tensor) && (i == STEPS_R || i == STEPS_B || i == STEPS_P))
        return source_slices(source, tensor, reads.axis[0].begin);
    return plain_at(source, tensor, reads);
}

/* The first element of steps in their order: of the last one in reverse. */
static const char *first_step_of(struct source *source, const struct tensor *tensor, const struct recurrent_steps *s,
                                 struct region region)
{
    struct range *steps = &region.axis[s->batch_first];
    if (s->reversed)
        steps->begin = steps->end - 1;
    return plain_at(source, tensor, region);
}

static const char *output_at(struct source *source, const struct node *node, int k, const struct recurrent_steps *s,
                             struct region piece)
{
    if (!node_output(node, k))
        return "NULL";
    piece.axis[s->batch_first] = (struct range){0, 1};
    return plain_at(source, node->output[k], piece);
}

static void emit(struct source *source, const struct node *node, const struct region *region)
{
    const struct recurrent_steps s = recurrent_steps_of(node);
    const char *shape = shape_text(source, node, &s, *region), *shared = source_same(source, shape, source_name(source));
    source_use(source, "recurrent.h");
    if (!strcmp(shared, source_name(source)))
        source_printf(source, "static const struct recurrent %s_shape = {\n%s};\nRECURRENT(%s)\n\n", shared, shape, shared);
    source_function(source);
    source_printf(source, "    %s_steps(&(struct recurrent_data){\n", shared);
    source_printf(source, "        .x = %s, .first = %" PRId64 ",\n",
                  first_step_of(source, node->input[STEPS_X], &s, node_reads(node, STEPS_X, 0, *region)), s.first);
    source_printf(source, "        .r = %s, .b = %s, .p = %s,\n", input_at(source, node, STEPS_R, *region),
                  input_at(source, node, STEPS_B, *region), input_at(source, node, STEPS_P, *region));
    source_printf(source, "        .lengths = %s, .h = %s, .c = %s, .reset = %s,\n",
                  input_at(source, node, STEPS_LENGTHS, *region), input_at(source, node, STEPS_H, *region),
                  input_at(source, node, STEPS_C, *region), input_at(source, node, STEPS_RESET, *region));
    source_printf(source, "        .y = %s, .to_h = %s, .to_c = %s, .scratch = %s});\n",
                  first_step_of(source, node->output[0], &s, *region), output_at(source, node, 1, &s, *region),
                  output_at(source, node, 2, &s, *region), source_scratch_buffer(source));
    source_end(source);
}

const struct kernel kernel_recurrent = {.name = "recurrent",
                                        .op_type = "mednn.RecurrentSteps",
                                        .accepts = accepts,
                                        .grid = grid,
                                        .scratch = scratch,
                                        .work = work,
                                        .doubles = true,
                                        .emit = emit};
