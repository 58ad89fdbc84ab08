/* device_file.c -- the C file of one device: its layers, its exchanges, the schedule and its tables. */
/* SPDX-License-Identifier: MIT */
#include "../kernels/kernel.h"
#include "config.h"
#include "../plan/threads.h"
#include "device_source.h"
#include "names.h"
#include "template.h"

#include <inttypes.h>

static void schedule_call(struct source *source, const char *function, const char *more)
{
    text_printf(&source->schedule, "    %s(arena%s);\n", function, more);
}

/* Adds a row to the table of layers; returns its number. */
static int add_row(struct source *source, const char *name, const char *kernel, int64_t macs, int64_t bytes)
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
            add_row(source, "exchanges", "exchange", 0,
                    program_bytes_sent(program, source->device) + program_bytes_received(program, source->device));
    source->row[source->exchange_row].pieces = 2 * program->exchange_count;
    return source->exchange_row;
}

/* Of the boxes of a node that this device computes. Pieces are the boxes. */
static int layer_row(struct source *source, int node_index)
{
    const struct node *node = source->program->plan->graph->node[node_index];
    if (source->layer_row[node_index] >= 0)
        return source->layer_row[node_index];
    const struct region_list *own = plan_own(source->program->plan, node->output[0], source->device);
    double bytes = 0;
    for (int i = 0; i < own->count; i++)
        bytes += kernel_bytes(node, own->item[i]);
    for (int i = 0; i < node->input_count; i++)
        if (node->input[i] && tensor_is_constant(node->input[i]))
            bytes += (double)shape_size(node->input[i]->shape) * (double)type_size(node->input[i]->type);
    source->layer_row[node_index] = add_row(source, source->layer_name[node_index], node->kernel->name,
                                            plan_macs(source->program->plan, node, source->device), (int64_t)bytes);
    return source->layer_row[node_index];
}

/* A row and one of its pieces are done. Pieces say which processor time belongs to what: see runtime/slow.h. */
static void schedule_done(struct source *source, int row, int piece)
{
    text_printf(&source->schedule, "    mednn_done(session, %d, %d);\n", row, piece);
}

static int add_pieces(struct source *source, int row, int count)
{
    const int first = source->row[row].pieces;
    source->row[row].pieces += count;
    return first;
}

/* A call that loads or stores a tensor of the caller. */
static void schedule_copy(struct source *source, const char *function, const char *caller, const struct tensor *tensor)
{
    const int row =
        add_row(source, function, "copy", 0, 2 * shape_size(tensor->shape) * (int64_t)type_size(tensor->type));
    schedule_call(source, function, caller);
    schedule_done(source, row, add_pieces(source, row, 1));
}

/* One function that computes a box of output 0, and with a whole share of several outputs what goes with it. */
static void emit_piece(struct source *source, const struct node *node, struct region box, int own_piece)
{
    struct region *region = arena_array(source->arena, (size_t)node->output_count, sizeof *region);
    region[0] = box;
    for (int k = 1; k < node->output_count; k++)
        if (node->output[k] && shape_size(node->output[k]->shape))
            region[k] = plan_own(source->program->plan, node->output[k], source->device)->item[own_piece];
    source->piece = region;
    const size_t start = source_begin_node(source, node);
    node->kernel->emit(source, node, region);
    source_end_node(source, start);
    source->first_piece = false;
}

/* At the first step of a node on this device, which clears the borders of its outputs. */
static void begin_node(struct source *source, const struct step *step)
{
    int first, last;
    program_node_steps(source->program, step->node_index, source->device, &first, &last);
    const int index = (int)(step - source->program->step);
    if (first != index)
        return;
    source->node_index = step->node_index;
    source->run = bands_at(source->program, source->device, index);
    source->first_step = source->run ? source->run->first_step : first;
    source->first_piece = true;
    source->share_count = 0;
    source->piece_count = 0;
}

static int device_threads(const struct source *source)
{
    return source->program->plan->cluster->device[source->device].threads;
}

/* What computes a box, as a statement: a call of its function NAME, or of one function for each thread. */
static const char *emit_box(struct source *source, const struct node *node, struct region box, const char *name,
                            int own_piece)
{
    const struct region_list parts = threads_divide(source->arena, node, box, device_threads(source));
    struct text call = {.arena = source->arena};
    source->scratch_offset = 0;
    if (parts.count == 1) {
        source->name = name;
        emit_piece(source, node, box, own_piece);
        text_printf(&call, node->kernel->fails ? "if (%s(session, arena))\n        return -1;" : "%s(arena);", name);
        return call.bytes;
    }
    text_add(&call, "mednn_parallel(session, (mednn_part *const[]){");
    for (int i = 0; i < parts.count; i++) {
        source->name = arena_printf(source->arena, "%s_thread%d", name, i);
        source->scratch_offset = threads_scratch(node, &parts, i);
        emit_piece(source, node, parts.item[i], own_piece);
        text_printf(&call, "%s%s", i ? ", " : "", source->name);
    }
    source->scratch_offset = 0;
    text_printf(&call, "}, %d);", parts.count);
    return call.bytes;
}

static void emit_layer(struct source *source, const struct step *step)
{
    const struct region_list *boxes = &step->boxes[source->device];
    begin_node(source, step);
    for (int i = 0; i < boxes->count; i++) {
        const char *name = source->layer_name[step->node_index];
        if (source->piece_count)
            name = arena_printf(source->arena, "%s_piece%d", name, source->piece_count);
        text_printf(&source->schedule, "    %s\n",
                    emit_box(source, step->node, boxes->item[i], name, source->piece_count++));
    }
    if (boxes->count) {
        const int row = layer_row(source, step->node_index);
        schedule_done(source, row, add_pieces(source, row, 1));
    }
}

/* The functions of a layer for all bands of its run, and what calls them, by band: NULL where it computes nothing. */
static const char **emit_bands(struct source *source, int index)
{
    const struct step *step = &source->program->step[index];
    begin_node(source, step);
    const struct band_run *run = source->run;
    const bool is_inner = !region_is_empty(bands_storage(source->program, run, 0, step->node->output[0]));
    const char **call = arena_array(source->arena, (size_t)run->band_count, sizeof *call);
    for (source->band = 0; source->band < run->band_count; source->band++) {
        const struct region box = bands_box(run, source->band, index);
        const char *name = arena_printf(source->arena, "%s_band%d", source->layer_name[step->node_index], source->band);
        source->first_piece |= is_inner; /* whose border is elsewhere in every band */
        if (!region_is_empty(box))
            call[source->band] = emit_box(source, step->node, box, name, 0);
    }
    source->run = NULL;
    return call;
}

/* All layers of a run, at its first step. */
static void emit_run(struct source *source, const struct band_run *run)
{
    const int steps = run->last_step - run->first_step + 1;
    const char ***call = arena_array(source->arena, (size_t)steps, sizeof *call);
    for (int i = 0; i < steps; i++)
        call[i] = emit_bands(source, run->first_step + i);
    for (int band = 0; band < run->band_count; band++) {
        text_printf(&source->schedule, "    /* band %d of %d */\n", band + 1, run->band_count);
        for (int i = 0; i < steps; i++) {
            if (!call[i][band])
                continue;
            const int row = layer_row(source, source->program->step[run->first_step + i].node_index);
            text_printf(&source->schedule, "    %s\n", call[i][band]);
            schedule_done(source, row, add_pieces(source, row, 1));
        }
    }
}

static const char *interior_name(struct source *source, const struct step *step, int box)
{
    return arena_printf(source->arena, "%s_interior%d", source->layer_name[step->node_index], box);
}

/* Interiors take the session where it hands parts of them to threads. */
static const char *session_word(const struct source *source, const char *word)
{
    return device_threads(source) > 1 ? word : "";
}

/* Does a COMPUTE step come between EARLY and LATE? */
static bool has_urgent(const struct source *source, int node_index)
{
    const struct program *program = source->program;
    for (int i = 0; i < program->step_count; i++)
        if (program->step[i].kind == STEP_COMPUTE && program->step[i].node_index == node_index &&
            program->step[i].boxes[source->device].count)
            return true;
    return false;
}

/* The borders are cleared with the urgent boxes where there are any: at run time an interior may come after the readers of those. */
static void emit_interior(struct source *source, const struct step *step)
{
    const struct region_list *boxes = &step->boxes[source->device];
    const char *layer = source->layer_name[step->node_index];
    struct text body = {.arena = source->arena};
    begin_node(source, step);
    const bool clears_later = source->first_piece && has_urgent(source, step->node_index);
    if (clears_later)
        source->first_piece = false;
    for (int i = 0; i < boxes->count; i++)
        text_printf(&body, "    if (box == %d)\n        %s\n", i,
                    emit_box(source, step->node, boxes->item[i], interior_name(source, step, i), 0));
    source_printf(source, "static void %s_interior(%sunsigned char *restrict arena, int box)\n{\n%s%s}\n\n", layer,
                  session_word(source, "struct mednn_session *session, "), session_word(source, "    (void)session;\n    (void)arena;\n"),
                  body.bytes);
    text_printf(&source->schedule, "    int %s_done = 0;\n", layer);
    source->interior_piece[step->node_index] = add_pieces(source, layer_row(source, step->node_index), boxes->count);
    if (clears_later)
        source->first_piece = true;
}

/* What the loops over an interior do with a box. */
static void schedule_box(struct source *source, const struct step *step)
{
    const char *layer = source->layer_name[step->node_index];
    text_printf(&source->schedule,
                "        %s_interior(%sarena, %s_done);\n"
                "        mednn_done(session, %d, %d + %s_done);\n"
                "    }\n",
                layer, session_word(source, "session, "), layer, layer_row(source, step->node_index), source->interior_piece[step->node_index],
                layer);
}

/* The interior in a loop that ends when the awaited frames are there; LATE goes on where it ended. Its functions are written with
 * the node's first step, as other nodes may come before LATE. */
static void emit_early(struct source *source, const struct step *step)
{
    const char *layer = source->layer_name[step->node_index];
    const int count = step->boxes[source->device].count;
    emit_interior(source, step);
    text_printf(&source->schedule,
                "    for (; %s_done < %d && !mednn_exchange_ready(session, %d); %s_done++) {\n",
                layer, count, program_awaited(source->program, step, source->device), layer);
    schedule_box(source, step);
}

static void emit_late(struct source *source, const struct step *step)
{
    const char *layer = source->layer_name[step->node_index];
    const int count = step->boxes[source->device].count;
    int first, last;
    program_node_steps(source->program, step->node_index, source->device, &first, &last);
    if (first == last)
        emit_interior(source, step);
    text_printf(&source->schedule,
                "    for (; %s_done < %d; %s_done++) {\n"
                "        mednn_progress(session);\n",
                layer, count, layer);
    schedule_box(source, step);
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
        schedule_done(source, exchange_row(source), step->exchange);
        return;
    }
    const int flushed = program_flushed(source->program, step, source->device);
    if (flushed >= 0)
        call_runtime(source, "flush", flushed);
    const char *function = source_pack_function(source, step);
    if (function)
        schedule_call(source, function, "");
    call_runtime(source, "begin", step->exchange);
    schedule_done(source, exchange_row(source), source->program->exchange_count + step->exchange);
}

static void emit_computation(struct source *source, int index)
{
    const struct program *program = source->program;
    const struct band_run *run = bands_at(program, source->device, index);
    int first, last;
    if (run) {
        if (index == run->first_step)
            emit_run(source, run);
        return;
    }
    emit_layer(source, &program->step[index]);
    program_node_steps(program, program->step[index].node_index, source->device, &first, &last);
    if (index == first && program->step[last].kind == STEP_LATE)
        emit_interior(source, &program->step[last]);
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
        emit_early(source, step);
        break;
    case STEP_COMPUTE:
        emit_computation(source, index);
        break;
    case STEP_LATE:
        emit_late(source, step);
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
        {"THREADS", device_threads(source) > 1 ? arena_printf(arena, "    .threads = %d,\n", device_threads(source)) : ""},
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
