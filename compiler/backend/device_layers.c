/* device_layers.c -- the functions of a device's layers and what calls them: whole, in bands, or in urgent boxes and an interior. */
/* SPDX-License-Identifier: MIT */
#include "../kernels/kernel.h"
#include "../plan/threads.h"
#include "device_source.h"

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
    source->layer_row[node_index] = source_row(source, source->layer_name[node_index], node->kernel->name,
                                               plan_macs(source->program->plan, node, source->device), (int64_t)bytes);
    return source->layer_row[node_index];
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

/* The step of a node that clears the borders of its outputs: the first one, but for an interior where there are urgent boxes: at run
 * time it may be computed after others have read those. */
static int border_step(const struct source *source, int first, int last)
{
    const struct step *step = source->program->step;
    for (int i = first; i <= last; i++)
        if (step[i].kind == STEP_COMPUTE && step[i].node_index == step[first].node_index && step[i].boxes[source->device].count)
            return i;
    return first;
}

/* Before boxes of a step are written; of a node's first step on this device before all others. */
static void begin_step(struct source *source, const struct step *step)
{
    int first, last;
    program_node_steps(source->program, step->node_index, source->device, &first, &last);
    const int index = (int)(step - source->program->step);
    source->first_piece = index == border_step(source, first, last);
    if (first != index)
        return;
    source->node_index = step->node_index;
    source->run = bands_at(source->program, source->device, index);
    source->first_step = source->run ? source->run->first_step : first;
    source->share_count = 0;
    source->piece_count = 0;
}

/* What computes a box, as a statement: a call of its function NAME, or of one function for each thread. */
static const char *emit_box(struct source *source, const struct node *node, struct region box, const char *name,
                            int own_piece)
{
    const struct region_list parts = threads_divide(source->arena, node, box, source_threads(source));
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
    begin_step(source, step);
    for (int i = 0; i < boxes->count; i++) {
        const char *name = source->layer_name[step->node_index];
        if (source->piece_count)
            name = arena_printf(source->arena, "%s_piece%d", name, source->piece_count);
        text_printf(&source->schedule, "    %s\n",
                    emit_box(source, step->node, boxes->item[i], name, source->piece_count++));
    }
    if (boxes->count) {
        const int row = layer_row(source, step->node_index);
        source_done(source, row, source_pieces(source, row, 1));
    }
}

/* The functions of a layer for all bands of its run, and what calls them, by band: NULL where it computes nothing. */
static const char **emit_bands(struct source *source, int index)
{
    const struct step *step = &source->program->step[index];
    begin_step(source, step);
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
            source_done(source, row, source_pieces(source, row, 1));
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
    return source_threads(source) > 1 ? word : "";
}

/* The function of a node's interior, box by box. */
static void emit_interior(struct source *source, const struct step *step)
{
    const struct region_list *boxes = &step->boxes[source->device];
    const char *layer = source->layer_name[step->node_index];
    struct text body = {.arena = source->arena};
    begin_step(source, step);
    for (int i = 0; i < boxes->count; i++)
        text_printf(&body, "    if (box == %d)\n        %s\n", i,
                    emit_box(source, step->node, boxes->item[i], interior_name(source, step, i), 0));
    source_printf(source, "STEP void %s_interior(%sunsigned char *restrict arena, int box)\n{\n%s%s}\n\n", layer,
                  session_word(source, "struct mednn_session *session, "), session_word(source, "    (void)session;\n    (void)arena;\n"),
                  body.bytes);
    text_printf(&source->schedule, "    int %s_done = 0;\n", layer);
    source->interior_piece[step->node_index] = source_pieces(source, layer_row(source, step->node_index), boxes->count);
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
                "    for (; %s_done < %d; %s_done++) {\n",
                layer, count, layer);
    schedule_box(source, step);
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

void source_compute(struct source *source, int index)
{
    const struct step *step = &source->program->step[index];
    if (step->kind == STEP_EARLY)
        emit_early(source, step);
    else if (step->kind == STEP_LATE)
        emit_late(source, step);
    else
        emit_computation(source, index);
}
