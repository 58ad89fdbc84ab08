/* band.c -- which layers a device computes a band of rows at a time. */
/* SPDX-License-Identifier: MIT */
#include "../kernels/kernel.h"
#include "../plan/bands.h"
#include "../plan/rates.h"
#include "passes.h"

#include <string.h>

/* A run of more layers is not worth the search, and a band of fewer rows not the calls. */
enum { MOST_STEPS = 8, MOST_BANDS = 32, LEAST_ROWS = 4, ROW_AXIS = 2, USUAL_BYTES = 9 << 17 };

/* What a foretold gain must be worth, as a multiple of what is lost: both are estimates. */
static const double LEAST_GAIN = 1.25;

struct search {
    struct arena *arena;
    struct program *program;
    int device;
    struct band_wish wish;
};

static int64_t least_rows(const struct search *s)
{
    return s->wish.everywhere ? 1 : LEAST_ROWS;
}

static bool is_computed_once(const struct program *program, int device, int step)
{
    int first, last;
    return program_node_steps(program, program->step[step].node_index, device, &first, &last) && first == last;
}

/* Can the step be part of a run? */
static bool is_eligible(const struct search *s, int index)
{
    const struct step *step = &s->program->step[index];
    if (step->kind != STEP_COMPUTE || step->boxes[s->device].count != 1 || step->node->output_count != 1)
        return false;
    const struct node *node = step->node;
    const struct range rows = step->boxes[s->device].item[0].axis[ROW_AXIS];
    return node->output[0]->layout == LAYOUT_BLOCKED && node->output[0]->shape.rank == 4 && !node->kernel->fails &&
           !node->kernel->parts_in_place && rows.end - rows.begin >= 2 * least_rows(s) &&
           is_computed_once(s->program, s->device, index);
}

static double bytes_of(const struct tensor *tensor, struct region region)
{
    return (double)region_size(region) * (double)type_size(tensor->type);
}

/* The memory that the layers of a run touch in one band, weights aside. */
static double band_bytes(const struct search *s, const struct band_run *run)
{
    double most = 0;
    for (int band = 0; band < run->band_count; band++) {
        double bytes = 0;
        for (int step = run->first_step; step <= run->last_step; step++) {
            const struct node *node = s->program->step[step].node;
            const struct region box = bands_box(run, band, step);
            const struct region storage = bands_storage(s->program, run, band, node->output[0]);
            bytes += bytes_of(node->output[0], region_is_empty(storage) ? box : storage);
            if (step == run->first_step && !region_is_empty(box))
                bytes += kernel_bytes(node, box) - bytes_of(node->output[0], box);
        }
        most = bytes > most ? bytes : most;
    }
    return most;
}

/* Seconds of a layer in one box, without what reading and writing maps takes. */
static double seconds_of(const struct node *node, struct region box)
{
    struct work work = kernel_work(node, box);
    work.amount[WORK_ACTIVATIONS] = 0;
    return rates_seconds(rates_of_target(NULL), &work);
}

/* What bands take more: rows that are computed twice, weights that are read again, calls. */
static double seconds_lost(const struct search *s, const struct band_run *run)
{
    double seconds = 0;
    for (int step = run->first_step; step <= run->last_step; step++) {
        const struct node *node = s->program->step[step].node;
        seconds -= seconds_of(node, s->program->step[step].boxes[s->device].item[0]);
        for (int band = 0; band < run->band_count; band++)
            seconds += seconds_of(node, bands_box(run, band, step));
    }
    return seconds;
}

/* What is read from a near cache instead of a far one, where a layer reads the output of another one of the run. */
static double seconds_gained(const struct search *s, const struct band_run *run)
{
    double seconds = 0;
    for (int step = run->first_step + 1; step <= run->last_step; step++) {
        const struct node *node = s->program->step[step].node;
        for (int writer = run->first_step; writer < step; writer++) {
            const struct tensor *tensor = s->program->step[writer].node->output[0];
            for (int i = 0; i < node->input_count; i++)
                if (node->input[i] == tensor)
                    seconds += rates_of_target(NULL)[WORK_ACTIVATIONS] *
                               kernel_far_bytes(node, bytes_of(tensor, s->program->step[writer].boxes[s->device].item[0]));
        }
    }
    return seconds;
}

/* An output that would take over the memory of its input needs memory of its own in a run: only that of a band. */
static bool takes_more_memory(const struct search *s, const struct band_run *run)
{
    for (int step = run->first_step; step <= run->last_step; step++) {
        const struct node *node = s->program->step[step].node;
        if (node->kernel->in_place && region_is_empty(bands_storage(s->program, run, 0, node->output[0])))
            return true;
    }
    return false;
}

/* The seconds that a run of these steps saves, in the fewest bands that stay near; 0 where none does, or that is no gain. */
static double consider(const struct search *s, int first_step, int last_step, struct band_run *run)
{
    const struct range rows = s->program->step[last_step].boxes[s->device].item[0].axis[ROW_AXIS];
    for (int count = 2; count <= MOST_BANDS && (rows.end - rows.begin) / count >= least_rows(s); count++) {
        *run = bands_divide(s->arena, s->program, s->device, first_step, last_step, count);
        if (band_bytes(s, run) > (double)s->wish.bytes)
            continue;
        const double gained = seconds_gained(s, run), lost = seconds_lost(s, run);
        if (takes_more_memory(s, run))
            return 0;
        return s->wish.everywhere ? last_step - first_step : gained > LEAST_GAIN * lost ? gained - lost : 0;
    }
    return 0;
}

/* The best runs of steps [begin, end), all eligible: best[i] is what those of the first i steps save. */
static void divide_steps(const struct search *s, int begin, int end, struct band_runs *runs)
{
    const int count = end - begin;
    double *best = arena_array(s->arena, (size_t)count + 1, sizeof *best);
    struct band_run *last = arena_array(s->arena, (size_t)count + 1, sizeof *last);
    for (int i = 2; i <= count; i++) {
        best[i] = best[i - 1];
        for (int length = 2; length <= i && length <= MOST_STEPS; length++) {
            struct band_run run;
            const double saved = consider(s, begin + i - length, begin + i - 1, &run);
            if (saved > 0 && best[i - length] + saved > best[i]) {
                best[i] = best[i - length] + saved;
                last[i] = run;
            }
        }
    }
    for (int i = count; i > 0;)
        if (last[i].band_count) {
            *arena_append(s->arena, runs->item, runs->count, runs->capacity) = last[i];
            i = last[i].first_step - begin;
        } else {
            i--;
        }
}

/* The runs from number `first` on, which were found from the last to the first. */
static void reverse(struct band_runs *runs, int first)
{
    for (int last = runs->count - 1; first < last; first++, last--) {
        const struct band_run run = runs->item[first];
        runs->item[first] = runs->item[last];
        runs->item[last] = run;
    }
}

void band(struct program *program, struct band_wish wish)
{
    wish.bytes = wish.bytes ? wish.bytes : USUAL_BYTES;
    for (int d = 0; d < program->plan->cluster->count; d++) {
        const struct search s = {program->plan->graph->arena, program, d, wish};
        struct band_runs *runs = &program->bands[d];
        /* Threads would meet at the end of every band: with two, MobileNetV2 takes 10 % longer in bands. */
        if (program->plan->cluster->device[d].threads > 1 && !wish.everywhere)
            continue;
        for (int begin = 0; begin < program->step_count; begin++) {
            int end = begin;
            while (end < program->step_count && is_eligible(&s, end))
                end++;
            const int known = runs->count;
            divide_steps(&s, begin, end, runs);
            reverse(runs, known);
            begin = end;
        }
    }
}
