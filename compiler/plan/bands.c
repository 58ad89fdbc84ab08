/* bands.c -- boxes and memory of layers that are computed a band of rows at a time. */
/* SPDX-License-Identifier: MIT */
#include "bands.h"

#include "../kernels/kernel.h"
#include "../operators/op.h"

#include <assert.h>

enum { CHANNEL_AXIS = 1, ROW_AXIS = 2, BLOCK_CHANNELS = 16 };

static int step_count(const struct band_run *run)
{
    return run->last_step - run->first_step + 1;
}

static struct region *entry(const struct band_run *run, struct region *list, int band, int step)
{
    return &list[band * step_count(run) + step - run->first_step];
}

struct region bands_box(const struct band_run *run, int band, int step)
{
    return *entry(run, run->box, band, step);
}

static struct range range_cover(struct range a, struct range b)
{
    if (a.begin == a.end)
        return b;
    if (b.begin == b.end)
        return a;
    return (struct range){a.begin < b.begin ? a.begin : b.begin, a.end > b.end ? a.end : b.end};
}

/* ---- boxes ---- */

static bool is_moved(const struct program *program, int device, const struct tensor *tensor)
{
    for (int i = 0; i < program->transfer_count; i++) {
        const struct transfer *transfer = &program->transfer[i];
        if (transfer->tensor == tensor && (transfer->from == device || transfer->to == device))
            return true;
    }
    return false;
}

static bool reads(const struct node *node, const struct tensor *tensor)
{
    for (int i = 0; i < node->input_count; i++)
        if (node->input[i] == tensor)
            return true;
    return false;
}

bool bands_is_inner(const struct program *program, int device, int first_step, int last_step, int step)
{
    const struct graph *graph = program->plan->graph;
    const struct tensor *tensor = program->step[step].node->output[0];
    bool is_read = false;
    for (int i = 0; i < graph->output_count; i++)
        if (graph->output[i] == tensor)
            return false;
    if (is_moved(program, device, tensor))
        return false;
    for (int i = 0; i < program->step_count; i++) {
        const struct step *other = &program->step[i];
        if (!other->node || !other->boxes[device].count || !reads(other->node, tensor))
            continue;
        if (i <= step || i < first_step || i > last_step)
            return false;
        is_read = true;
    }
    return is_read;
}

/* The rows of the step's output that later steps of the run read in a band; nothing where none does. */
static struct range rows_needed(const struct program *program, const struct band_run *run, int band, int step)
{
    const struct tensor *tensor = program->step[step].node->output[0];
    struct range rows = {0, 0};
    for (int reader = step + 1; reader <= run->last_step; reader++) {
        const struct node *node = program->step[reader].node;
        const struct region box = bands_box(run, band, reader);
        for (int i = 0; i < node->input_count && !region_is_empty(box); i++)
            if (node->input[i] == tensor)
                rows = range_cover(rows, node_reads(node, i, 0, box).axis[ROW_AXIS]);
    }
    return rows;
}

/* Cut on the node's grid, and within its share. */
static struct range on_grid(const struct node *node, struct range rows, struct range share)
{
    const int64_t grid = kernel_grid(node, ROW_AXIS);
    rows.begin = rows.begin / grid * grid;
    rows.end = (rows.end + grid - 1) / grid * grid;
    return (struct range){rows.begin > share.begin ? rows.begin : share.begin, rows.end < share.end ? rows.end : share.end};
}

/* The rows that the step computes in a band. done: those of the bands before. */
static struct range rows_of(const struct program *program, const struct band_run *run, int band, int device, int step,
                            bool is_inner, int64_t done)
{
    const struct node *node = program->step[step].node;
    const struct range share = program->step[step].boxes[device].item[0].axis[ROW_AXIS];
    const struct range needed = rows_needed(program, run, band, step);
    if (is_inner)
        return on_grid(node, needed, share);
    struct range rows = {share.begin, share.begin + (share.end - share.begin) * (band + 1) / run->band_count};
    if (needed.begin != needed.end)
        rows.end = needed.end;
    rows = on_grid(node, rows, share);
    if (band == run->band_count - 1)
        rows.end = share.end;
    return (struct range){done, rows.end > done ? rows.end : done};
}

/* ---- memory ---- */

/* What the memory of an inner output must cover in a band, borders included. */
static struct region covered(const struct program *program, const struct band_run *run, int band, int step)
{
    const struct tensor *tensor = program->step[step].node->output[0];
    struct region cover = bands_box(run, band, step);
    for (int reader = step + 1; reader <= run->last_step; reader++) {
        const struct node *node = program->step[reader].node;
        const struct region box = bands_box(run, band, reader);
        for (int i = 0; i < node->input_count && !region_is_empty(box); i++)
            if (node->input[i] == tensor)
                cover = region_cover(cover, kernel_touches(node, i, 0, box));
    }
    return cover;
}

static void divide_storage(const struct program *program, struct band_run *run, int step)
{
    struct region all = {0};
    int64_t rows = 0;
    for (int band = 0; band < run->band_count; band++) {
        const struct region cover = covered(program, run, band, step);
        const int64_t count = cover.axis[ROW_AXIS].end - cover.axis[ROW_AXIS].begin;
        *entry(run, run->storage, band, step) = cover;
        all = region_cover(all, cover);
        rows = count > rows ? count : rows;
    }
    struct range *channels = &all.axis[CHANNEL_AXIS];
    channels->begin = channels->begin / BLOCK_CHANNELS * BLOCK_CHANNELS;
    channels->end = (channels->end + BLOCK_CHANNELS - 1) / BLOCK_CHANNELS * BLOCK_CHANNELS;
    for (int band = 0; band < run->band_count; band++) {
        struct region *storage = entry(run, run->storage, band, step);
        const int64_t begin = storage->axis[ROW_AXIS].begin;
        *storage = all;
        storage->axis[ROW_AXIS] = (struct range){begin, begin + rows};
    }
}

struct band_run bands_divide(struct arena *arena, const struct program *program, int device, int first_step, int last_step,
                             int band_count)
{
    struct band_run run = {.first_step = first_step, .last_step = last_step, .band_count = band_count};
    const size_t steps = (size_t)step_count(&run), entries = steps * (size_t)band_count;
    run.box = arena_array(arena, entries, sizeof *run.box);
    run.storage = arena_array(arena, entries, sizeof *run.storage);
    int64_t *done = arena_array(arena, steps, sizeof *done);
    bool *inner = arena_array(arena, steps, sizeof *inner);
    for (int step = first_step; step <= last_step; step++) {
        done[step - first_step] = program->step[step].boxes[device].item[0].axis[ROW_AXIS].begin;
        inner[step - first_step] = bands_is_inner(program, device, first_step, last_step, step);
    }
    for (int band = 0; band < band_count; band++)
        for (int step = last_step; step >= first_step; step--) {
            const int i = step - first_step;
            struct region box = program->step[step].boxes[device].item[0];
            box.axis[ROW_AXIS] = rows_of(program, &run, band, device, step, inner[i], done[i]);
            done[i] = box.axis[ROW_AXIS].end;
            *entry(&run, run.box, band, step) = box;
        }
    for (int step = first_step; step <= last_step; step++)
        if (inner[step - first_step])
            divide_storage(program, &run, step);
    return run;
}

/* ---- reading ---- */

const struct band_run *bands_at(const struct program *program, int device, int step)
{
    const struct band_runs *runs = &program->bands[device];
    for (int i = 0; i < runs->count; i++)
        if (step >= runs->item[i].first_step && step <= runs->item[i].last_step)
            return &runs->item[i];
    return NULL;
}

struct region bands_storage(const struct program *program, const struct band_run *run, int band, const struct tensor *tensor)
{
    for (int step = run->first_step; step <= run->last_step; step++)
        if (program->step[step].node->output[0] == tensor)
            return *entry(run, run->storage, band, step);
    return (struct region){0};
}

struct region bands_first_storage(const struct program *program, int device, const struct tensor *tensor)
{
    const struct band_runs *runs = &program->bands[device];
    for (int i = 0; i < runs->count; i++) {
        const struct region storage = bands_storage(program, &runs->item[i], 0, tensor);
        if (!region_is_empty(storage))
            return storage;
    }
    return (struct region){0};
}

void bands_print(struct text *text, const struct program *program)
{
    for (int d = 0; d < program->plan->cluster->count; d++)
        for (int r = 0; r < program->bands[d].count; r++) {
            const struct band_run *run = &program->bands[d].item[r];
            text_printf(text, "device %d: steps %d to %d in %d bands\n", d, run->first_step, run->last_step, run->band_count);
            for (int band = 0; band < run->band_count; band++)
                for (int step = run->first_step; step <= run->last_step; step++)
                    text_printf(text, "    %d %d %s\n", band, step, region_string(text->arena, bands_box(run, band, step)));
        }
}

/* ---- verifying ---- */

/* The rows of `tensor` that steps of the run have computed when a step of a band begins; all where no step of it computes the
 * tensor. */
static bool is_there(const struct program *program, const struct band_run *run, int band, int step, const struct tensor *tensor,
                     struct region read)
{
    for (int writer = run->first_step; writer <= run->last_step; writer++) {
        if (program->step[writer].node->output[0] != tensor)
            continue;
        struct region there = bands_box(run, band, writer);
        if (region_is_empty(bands_storage(program, run, band, tensor)))
            for (int before = 0; before < band; before++)
                there = region_cover(there, bands_box(run, before, writer));
        return writer < step && region_contains(there, read);
    }
    return true;
}

static void verify_run(const struct program *program, const struct band_run *run, int device)
{
    for (int step = run->first_step; step <= run->last_step; step++) {
        const struct node *node = program->step[step].node;
        const struct region share = program->step[step].boxes[device].item[0];
        const bool is_inner = !region_is_empty(bands_storage(program, run, 0, node->output[0]));
        struct region done = {0};
        int64_t computed = 0;
        for (int band = 0; band < run->band_count; band++) {
            const struct region box = bands_box(run, band, step);
            assert(region_contains(share, box));
            done = region_cover(done, box);
            computed += region_size(box);
            for (int i = 0; i < node->input_count; i++)
                assert(!node->input[i] || region_is_empty(box) ||
                       is_there(program, run, band, step, node->input[i], node_reads(node, i, 0, box)));
        }
        assert(is_inner || (region_equal(done, share) && computed == region_size(share)));
        (void)computed;
        (void)is_inner;
        (void)done;
        (void)share;
    }
}

void bands_verify(const struct program *program, int device)
{
    const struct band_runs *runs = &program->bands[device];
    for (int i = 0; i < runs->count; i++) {
        assert(i == 0 || runs->item[i - 1].last_step < runs->item[i].first_step);
        verify_run(program, &runs->item[i], device);
    }
}
