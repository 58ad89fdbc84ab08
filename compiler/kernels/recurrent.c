/* recurrent.c -- RNN, GRU and LSTM by templates/recurrent.h. */
/* SPDX-License-Identifier: MIT */
#include "../operators/recurrent.h"

#include "layer.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Its scratch memory lies on the stack. */
static const int64_t MOST_HIDDEN = 4096;

static bool accepts(const struct node *node)
{
    const bool known =
        !*node->domain && (!strcmp(node->op_type, "RNN") || !strcmp(node->op_type, "GRU") || !strcmp(node->op_type, "LSTM"));
    return known && node->input[0]->type == TYPE_FLOAT && shape_size(node->output[0]->shape) > 0 &&
           recurrent_of(node).hidden <= MOST_HIDDEN;
}

static const char *input_text(struct source *source, const struct node *node, int i)
{
    const struct tensor *tensor = node_input(node, i);
    return tensor ? source_buffer(source, tensor) : "NULL";
}

static const char *output_text(struct source *source, const struct node *node, int k)
{
    const struct tensor *tensor = node_output(node, k);
    return tensor ? source_buffer(source, tensor) : "NULL";
}

static void write_gates(struct source *source, const struct recurrent *r)
{
    static const char *const names[] = {"GATE_SIGMOID",     "GATE_TANH",         "GATE_RELU",
                                        "GATE_AFFINE",      "GATE_LEAKY_RELU",   "GATE_THRESHOLDED_RELU",
                                        "GATE_SCALED_TANH", "GATE_HARD_SIGMOID", "GATE_ELU",
                                        "GATE_SOFTSIGN",    "GATE_SOFTPLUS"};
    struct arena *arena = source_arena(source);
    source_printf(source, "    .gate = {");
    for (int d = 0; d < r->directions; d++) {
        source_printf(source, "%s{", d ? "},\n             " : "");
        for (int f = 0; f <= (int)r->cell; f++)
            source_printf(source, "%s{%s, %s, %s}", f ? ", " : "", names[r->gate[d][f].function],
                          float_text(arena, (double)r->gate[d][f].alpha),
                          float_text(arena, (double)r->gate[d][f].beta));
    }
    source_printf(source, "}}};\n\n");
}

static void write_shape(struct source *source, const struct recurrent *r)
{
    static const char *const cells[] = {"CELL_RNN", "CELL_GRU", "CELL_LSTM"};
    const int64_t d = r->directions, h = r->hidden, n = r->batch, t = r->steps;
    source_printf(source,
                  "static const struct recurrent %s_shape = {\n    .cell = %s, .gates = %d, .steps = %" PRId64
                  ", .batch = %" PRId64 ", .inputs = %" PRId64 ", .hidden = %" PRId64 ", .directions = %" PRId64 ",\n",
                  source_name(source), cells[r->cell], r->gates, t, n, r->inputs, h, d);
    source_printf(source,
                  "    .x_step = %" PRId64 ", .x_batch = %" PRId64 ", .y_step = %" PRId64 ", .y_direction = %" PRId64
                  ", .y_batch = %" PRId64 ", .state_direction = %" PRId64 ", .state_batch = %" PRId64 ",\n",
                  r->batch_first ? r->inputs : n * r->inputs, r->batch_first ? t * r->inputs : r->inputs,
                  r->batch_first ? d * h : d * n * h, r->batch_first ? h : n * h, r->batch_first ? t * d * h : h,
                  r->batch_first ? h : n * h, r->batch_first ? d * h : h);
    source_printf(source,
                  "    .first_reversed = %d, .input_forget = %d, .linear_before_reset = %d, .clip = %s,\n",
                  r->first_reversed, r->input_forget, r->linear_before_reset,
                  float_text(source_arena(source), (double)r->clip));
    write_gates(source, r);
}

/* Nodes are never divided: all storages are whole. */
static void emit(struct source *source, const struct node *node, const struct region *region)
{
    const struct recurrent r = recurrent_of(node);
    (void)region;
    source_use(source, "recurrent.h");
    write_shape(source, &r);
    source_function(source);
    source_printf(source, "    float scratch[PARTS * %" PRId64 "] __attribute__((aligned(64)));\n",
                  round_up(r.hidden, BLOCK));
    source_printf(source, "    const struct recurrent_data data = {\n        %s, %s, %s, %s,\n        %s, %s, %s, %s,\n",
                  input_text(source, node, RECURRENT_X), input_text(source, node, RECURRENT_W),
                  input_text(source, node, RECURRENT_R), input_text(source, node, RECURRENT_B),
                  input_text(source, node, RECURRENT_LENGTHS), input_text(source, node, RECURRENT_INITIAL_H),
                  input_text(source, node, RECURRENT_INITIAL_C), input_text(source, node, RECURRENT_P));
    source_printf(source, "        %s, %s, %s, scratch};\n    recurrent(&%s_shape, &data);\n",
                  output_text(source, node, 0), output_text(source, node, 1), output_text(source, node, 2),
                  source_name(source));
    source_end(source);
}

const struct kernel kernel_recurrent = {.name = "recurrent", .accepts = accepts, .emit = emit};
