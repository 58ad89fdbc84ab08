/* profile.c -- where the time of inferences goes, layer by layer. */
/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "profile.h"

#include "peak.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of so many inferences at the end of a session medians are taken. */
enum { SAMPLES = 255, ATTEMPTS = 5 };
/* More than the caches that one processor can fill alone. */
#define FAR_BYTES ((size_t)256 << 20)

struct profile {
    double mark;     /* when the layer before this one was done */
    uint64_t count;  /* inferences */
    double *current; /* seconds in this inference, by layer */
    float *samples;  /* [layer][SAMPLES], and of whole inferences [layer_count][SAMPLES] */
};

/* What the processor can do, or 0 where it is not known. */
struct limits {
    double flops, bandwidth;
};

int mednn_profile_open(struct mednn_session *session)
{
    const char *wish = getenv("MEDNN_PROFILE");
    const size_t layers = session->program->layer_count;
    if (!wish || !*wish || !strcmp(wish, "0"))
        return 0;
    struct profile *profile = calloc(1, sizeof *profile + layers * sizeof(double) + (layers + 1) * SAMPLES * sizeof(float));
    if (!profile)
        return mednn_fail(session, "no memory for MEDNN_PROFILE");
    profile->current = (double *)(void *)(profile + 1);
    profile->samples = (float *)(void *)(profile->current + layers);
    session->profile = profile;
    return 0;
}

void mednn_profile_begin(struct mednn_session *session)
{
    struct profile *profile = session->profile;
    if (!profile)
        return;
    memset(profile->current, 0, session->program->layer_count * sizeof *profile->current);
    profile->mark = mednn_seconds();
}

void mednn_profile_done(struct mednn_session *session, uint32_t layer)
{
    struct profile *profile = session->profile;
    if (!profile)
        return;
    const double now = mednn_seconds();
    profile->current[layer] += now - profile->mark;
    profile->mark = now;
}

/* The second inference takes the place of the first, which finds caches and branches cold. */
void mednn_profile_end(struct mednn_session *session)
{
    struct profile *profile = session->profile;
    if (!profile)
        return;
    const uint32_t layers = session->program->layer_count;
    const uint64_t slot = profile->count ? (profile->count - 1) % SAMPLES : 0;
    double total = 0;
    for (uint32_t i = 0; i < layers; i++) {
        profile->samples[i * SAMPLES + slot] = (float)profile->current[i];
        total += profile->current[i];
    }
    profile->samples[layers * SAMPLES + slot] = (float)total;
    profile->count++;
}

static size_t sample_count(const struct profile *profile)
{
    const uint64_t count = profile->count > 1 ? profile->count - 1 : profile->count;
    return count < SAMPLES ? (size_t)count : SAMPLES;
}

static int compare_floats(const void *left, const void *right)
{
    const float a = *(const float *)left, b = *(const float *)right;
    return (a > b) - (a < b);
}

static double median(const struct profile *profile, uint32_t layer)
{
    const size_t count = sample_count(profile);
    float *sample = profile->samples + (size_t)layer * SAMPLES;
    qsort(sample, count, sizeof *sample, compare_floats);
    return (double)sample[count / 2];
}

static struct limits measure_limits(const struct mednn_options *options)
{
    struct limits limits = {0, 0};
    void *memory = aligned_alloc(64, FAR_BYTES);
    if (memory)
        mednn_pages_advise(options, memory, FAR_BYTES);
    if (memory)
        memset(memory, 0, FAR_BYTES);
    for (int i = 0; i < ATTEMPTS; i++) {
        const double flops = peak_flops(mednn_seconds);
        const double bandwidth = memory ? peak_bandwidth(mednn_seconds, memory, FAR_BYTES) : 0;
        limits.flops = flops > limits.flops ? flops : limits.flops;
        limits.bandwidth = bandwidth > limits.bandwidth ? bandwidth : limits.bandwidth;
    }
    free(memory);
    return limits;
}

/* Multiply-adds where they take longest, bytes where those would. */
static void print_rates(const struct limits *limits, double seconds, double macs, double bytes)
{
    if (macs > 0 && seconds > 0)
        fprintf(stderr, " %8.2f %6.1f", 2e-9 * macs / seconds, 200 * macs / seconds / limits->flops);
    else
        fprintf(stderr, " %8s %6s", "", "");
    if (seconds > 0 && limits->bandwidth > 0 && bytes / limits->bandwidth > 2 * macs / limits->flops)
        fprintf(stderr, " %6.2f", 1e-9 * bytes / seconds);
    else
        fprintf(stderr, " %6s", "");
}

static void print_table(const struct mednn_session *session, const struct profile *profile, const struct limits *limits)
{
    const struct mednn_program *program = session->program;
    const double total = median(profile, program->layer_count);
    double macs = 0, bytes = 0;
    fprintf(stderr,
            "device%u: profile of %s, medians of %u inferences\n"
            "       ms      %%  GFLOP/s  peak%%   GB/s  kernel                    layer\n",
            (unsigned)program->device, program->model, (unsigned)sample_count(profile));
    for (uint32_t i = 0; i <= program->layer_count; i++) {
        const struct mednn_layer whole = {.name = "(all)", .kernel = "", .macs = (uint64_t)macs, .bytes = (uint64_t)bytes};
        const struct mednn_layer *layer = i < program->layer_count ? &program->layers[i] : &whole;
        const double seconds = median(profile, i);
        fprintf(stderr, " %8.4f %6.2f", seconds * 1e3, total > 0 ? 100 * seconds / total : 0);
        print_rates(limits, seconds, (double)layer->macs, (double)layer->bytes);
        fprintf(stderr, "  %-25s %s\n", layer->kernel, layer->name);
        macs += (double)layer->macs;
        bytes += (double)layer->bytes;
    }
    fprintf(stderr, "peak of one thread: %.1f GFLOP/s of multiply-adds, %.1f GB/s from far memory\n", limits->flops * 1e-9,
            limits->bandwidth * 1e-9);
}

void mednn_profile_close(struct mednn_session *session)
{
    struct profile *profile = session->profile;
    if (!profile)
        return;
    if (profile->count) {
        const struct limits limits = measure_limits(&session->options);
        print_table(session, profile, &limits);
    }
    free(profile);
    session->profile = NULL;
}
