/* device_file.c -- the C file of one device: its exchanges, the schedule and its tables; its layers are in device_layers.c. */
/* SPDX-License-Identifier: MIT */
#include "../kernels/kernel.h"
#include "config.h"
#include "device_source.h"
#include "names.h"
#include "template.h"

#include <inttypes.h>

static void schedule_call(struct source *source, const char *function, const char *more)
{
    text_printf(&source->schedule, "    %s(arena%s);\n", function, more);
}

int source_row(struct source *source, const char *name, const char *kernel, int64_t macs, int64_t bytes)
{
    *arena_append(source->arena, source->row, source->row_count, source->row_capacity) =
        (struct layer_row){name, kernel, macs, bytes, 0};
    return source->row_count - 1;
}

/* Piece e is what exchange e has received, piece exchange_count + e that it has begun. */
static int exchange_row(struct source *source)
{
    const struct program *program = source->program;
    if (source->exchange_row < 0)
        source->exchange_row =
            source_row(source, "exchanges", "exchange", 0,
                       program_bytes_sent(program, source->device) + program_bytes_received(program, source->device));
    source->row[source->exchange_row].pieces = 2 * program->exchange_count;
    return source->exchange_row;
}

void source_done(struct source *source, int row, int piece)
{
    text_printf(&source->schedule, "    mednn_done(session, %d, %d);\n", row, piece);
}

int source_pieces(struct source *source, int row, int count)
{
    const int first = source->row[row].pieces;
    source->row[row].pieces += count;
    return first;
}

/* A call that loads or stores a tensor of the caller. */
static void schedule_copy(struct source *source, const char *function, const char *caller, const struct tensor *tensor)
{
    const int row =
        source_row(source, function, "copy", 0, 2 * shape_size(tensor->shape) * (int64_t)type_size(tensor->type));
    schedule_call(source, function, caller);
    source_done(source, row, source_pieces(source, row, 1));
}

int source_threads(const struct source *source)
{
    return source->program->plan->cluster->device[source->device].threads;
}

static void call_runtime(struct source *source, const char *function, int exchange)
{
    text_printf(&source->schedule, "    if (mednn_exchange_%s(session, %d))\n        return -1;\n", function, exchange);
}

static void emit_exchange(struct source *source, const struct step *step)
{
    if (step->kind == STEP_RECEIVE) {
        call_runtime(source, "end", step->exchange);
        schedule_call(source, source_unpack_function(source, step), "");
        source_done(source, exchange_row(source), step->exchange);
        return;
    }
    const int flushed = program_flushed(source->program, step, source->device);
    if (flushed >= 0)
        call_runtime(source, "flush", flushed);
    const char *function = source_pack_function(source, step);
    if (function)
        schedule_call(source, function, "");
    call_runtime(source, "begin", step->exchange);
    source_done(source, exchange_row(source), source->program->exchange_count + step->exchange);
}

static void emit_step(struct source *source, int index)
{
    const struct step *step = &source->program->step[index];
    if (!program_takes_part(source->program, step, source->device))
        return;
    switch (step->kind) {
    case STEP_LOAD:
        if (program_buffer(source->program, step->tensor, 0)->used)
            schedule_copy(source, source_load_function(source, step->tensor),
                          arena_printf(source->arena, ", inputs[%d]", step->index), step->tensor);
        break;
    case STEP_STORE:
        schedule_copy(source, source_store_function(source, step->tensor, step->index),
                      arena_printf(source->arena, ", outputs[%d]", step->index), step->tensor);
        break;
    case STEP_EARLY:
    case STEP_COMPUTE:
    case STEP_LATE:
        source_compute(source, index);
        break;
    case STEP_SEND:
    case STEP_RECEIVE:
        emit_exchange(source, step);
    }
}

/* The frames of one direction as a table; returns its name, or NULL's spelling where there are none. */
static const char *print_messages(struct source *source, struct text *text, bool sending, int *count)
{
    const struct program *program = source->program;
    const char *name = sending ? "frames_sent" : "frames_received";
    *count = 0;
    for (int i = 0; i < program->message_count[source->device]; i++) {
        const struct message *message = &program->message[source->device][i];
        if (message->sending != sending)
            continue;
        if (!*count)
            text_printf(text, "/* exchange, peer, offset in the arena, bytes */\nstatic const struct mednn_message %s[] = {\n",
                        name);
        *count += 1;
        text_printf(text, "    {%d, %d, %" PRId64 ", %" PRId64 "}, /* %s */\n", message->exchange, message->peer,
                    source->arena_base + message->offset, message->bytes,
                    program_exchange_name(text->arena, program, message->exchange));
    }
    if (*count)
        text_add(text, "};\n");
    return *count ? name : "NULL";
}

static void print_tensors(struct text *text, const char *name, struct tensor *const *tensor, int count)
{
    text_printf(text, "static const struct mednn_tensor %s[%d] = {\n", name, count ? count : 1);
    for (int i = 0; i < count; i++) {
        const char *escaped = text_escape_literal(text->arena, tensor[i]->name);
        int64_t bytes = shape_size(tensor[i]->shape) * (int64_t)type_size(tensor[i]->type);
        if (tensor[i]->is_only_type) {
            text_printf(text, "    {\"%s\", %d, MEDNN_ANY_SHAPE, {0}, 0},\n", escaped, tensor[i]->type);
            continue;
        }
        text_printf(text, "    {\"%s\", %d, %d, {", escaped, tensor[i]->type, tensor[i]->shape.rank);
        for (int a = 0; a < tensor[i]->shape.rank; a++)
            text_printf(text, "%s%" PRId64, a ? ", " : "", tensor[i]->shape.dim[a]);
        text_printf(text, "%s}, %" PRId64 "},\n", tensor[i]->shape.rank ? "" : "0", bytes);
    }
    text_add(text, count ? "};\n" : "    {\"\", 0, 0, {0}, 0},\n};\n");
}

static int64_t device_macs(const struct plan *plan, int device)
{
    int64_t macs = 0;
    for (int n = 0; n < plan->graph->node_count; n++)
        macs += plan_macs(plan, plan->graph->node[n], device);
    return macs;
}

static const char *number(struct arena *arena, int64_t value)
{
    return arena_printf(arena, "%" PRId64, value);
}

static const char *string_of(const struct text *text)
{
    return text->bytes ? text->bytes : "";
}

/* The lines of the program's description for weights that are one block: mapped at start, or a part of the program. */
static const char *weights_block(struct source *source)
{
    const bool mapped = weights_have_form(source->weights, WEIGHTS_FILE);
    if (!mapped && !weights_have_form(source->weights, WEIGHTS_INCBIN))
        return "";
    const char *block = mapped ? arena_printf(source->arena, "_file = \"device%d.weights\"", source->device)
                               : arena_printf(source->arena, " = %s", weights_symbol(source->weights));
    return arena_printf(source->arena, "    .weights%s,\n    .weights_bytes = %" PRId64 ",", block,
                        weights_bytes(source->weights));
}

static const char *print_rows(const struct source *source)
{
    struct text text = {.arena = source->arena};
    for (int i = 0; i < source->row_count; i++) {
        const struct layer_row *row = &source->row[i];
        text_printf(&text, "    {\"%s\", \"%s\", %" PRId64 ", %" PRId64 ", %d},\n", row->name, row->kernel, row->macs, row->bytes,
                    row->pieces);
    }
    return source->row_count ? text.bytes : "    {\"\", \"\", 0, 0, 0},\n";
}

static const char *assemble(struct source *source, const struct emit_options *options)
{
    const struct program *program = source->program;
    const struct graph *graph = program->plan->graph;
    struct arena *arena = source->arena;
    int device = source->device, sent_frames, received_frames;
    struct text declarations = {.arena = arena}, messages = {.arena = arena}, tensors = {.arena = arena};
    weights_declare(source->weights, &declarations);
    const char *sends = print_messages(source, &messages, true, &sent_frames);
    const char *receives = print_messages(source, &messages, false, &received_frames);
    print_tensors(&tensors, "inputs_of_model", graph->input, graph->input_count);
    print_tensors(&tensors, "outputs_of_model", graph->output, graph->output_count);
    const int in_flight = plan_in_flight(program->plan);
    const struct substitution list[] = {
        {"MODEL", source->prefix},
        {"PREFIX", source->prefix},
        {"VERSION", PACKAGE_VERSION},
        {"DEVICE", number(arena, device)},
        {"DEVICES", number(arena, program->plan->cluster->count)},
        {"OPTIONS", options->options_text},
        {"WEIGHTS_BYTES", number(arena, weights_bytes(source->weights))},
        {"ARENA_BYTES", number(arena, source->arena_base + program->arena_bytes[device])},
        {"MACS", number(arena, device_macs(program->plan, device))},
        {"SENT_BYTES", number(arena, program_bytes_sent(program, device))},
        {"RECEIVED_BYTES", number(arena, program_bytes_received(program, device))},
        {"SENT_FRAMES", number(arena, sent_frames)},
        {"RECEIVED_FRAMES", number(arena, received_frames)},
        {"FLOAT_FMA", options->float_fma ? "1" : "0"},
        {"TEMPLATES", string_of(&source->templates)},
        {"DECLARATIONS", string_of(&declarations)},
        {"LAYERS", string_of(&source->functions)},
        {"SCHEDULE", string_of(&source->schedule)},
        {"MESSAGES", string_of(&messages)},
        {"TENSORS", string_of(&tensors)},
        {"LAYER_ROWS", print_rows(source)},
        {"LAYER_COUNT", number(arena, source->row_count)},
        {"INPUT_COUNT", number(arena, graph->input_count)},
        {"OUTPUT_COUNT", number(arena, graph->output_count)},
        {"WEIGHTS_BLOCK", weights_block(source)},
        {"SENDS", sends},
        {"RECEIVES", receives},
        {"EXCHANGE_COUNT", number(arena, program->exchange_count)},
        {"THREADS", source_threads(source) > 1 ? arena_printf(arena, "    .threads = %d,\n", source_threads(source)) : ""},
        {"IN_FLIGHT", in_flight > 1 ? arena_printf(arena, "    .in_flight = %d,\n", in_flight) : ""},
        {NULL, NULL}};
    struct text text = {.arena = arena};
    template_expand(&text, "device.c.in", list);
    return text.bytes;
}

struct device_file device_file_write(struct folder *folder, const struct program *program, int device,
                                     const struct emit_options *options, struct scratch *scratch)
{
    struct graph *graph = (struct graph *)program->plan->graph;
    struct arena *arena = graph->arena;
    struct source source = {.arena = arena,
                            .program = program,
                            .device = device,
                            .prefix = names_prefix(arena, options->model_path),
                            .layer_name = names_of_layers(arena, graph),
                            .tensor_name = names_of_tensors(arena, graph),
                            .templates = {.arena = arena},
                            .functions = {.arena = arena},
                            .schedule = {.arena = arena},
                            .doubles = {.arena = arena},
                            .scratch = scratch,
                            .arena_base = WEIGHTS_ALIGNMENT,
                            .layer_row = arena_array(arena, (size_t)graph->node_count + 1, sizeof(int)),
                            .interior_piece = arena_array(arena, (size_t)graph->node_count + 1, sizeof(int)),
                            .exchange_row = -1,
                            .constant_name =
                                arena_array(arena, (size_t)graph->tensor_count + 1, sizeof(const char *)),
                            .slices = arena_array(arena, (size_t)graph->tensor_count + 1, sizeof(struct slices))};
    source.weights = weights_begin(arena, folder, options->weights,
                                   arena_printf(arena, "%s_device%d_weights", source.prefix, device),
                                   arena_printf(arena, "device%d.weights", device));
    for (int n = 0; n < graph->node_count; n++)
        source.layer_row[n] = -1;
    source_use(&source, "float_mode.h");
    for (int i = 0; i < program->step_count; i++)
        emit_step(&source, i);
    weights_end(source.weights);
    struct device_file file = {.body = assemble(&source, options),
                               .includes_weights = weights_have_form(source.weights, WEIGHTS_INCBIN),
                               .arena_bytes = source.arena_base + program->arena_bytes[device],
                               .macs = device_macs(program->plan, device)};
    struct text values = {.arena = arena};
    weights_define(source.weights, &values);
    file.weights = string_of(&values);
    file.facts.weights_bytes = weights_bytes(source.weights);
    return file;
}
