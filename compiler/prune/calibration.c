/* calibration.c -- the samples that --calibrate names. */
/* SPDX-License-Identifier: MIT */
#include "calibration.h"

#include "../../runtime/npy.h"
#include "../support/fail.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

/* The array in the arena, so that a failure later on loses nothing. */
static struct mednn_array read_array(struct arena *arena, const char *path)
{
    struct mednn_array array;
    char error[1024];
    if (mednn_array_read(&array, path, error, sizeof error))
        fail("%s", error);
    unsigned char *heap = array.data;
    array.data = arena_copy(arena, heap, array.bytes);
    struct mednn_array on_heap = array;
    on_heap.data = heap;
    mednn_array_free(&on_heap);
    return array;
}

/* Which input `file` is for; *path is what follows. */
static int find_input(const struct graph *graph, const char *file, const char **path)
{
    for (int i = 0; i < graph->input_count; i++) {
        size_t length = strlen(graph->input[i]->name);
        if (!strncmp(file, graph->input[i]->name, length) && file[length] == '=') {
            *path = file + length + 1;
            return i;
        }
    }
    *path = file;
    const char *equals = strchr(file, '=');
    if (graph->input_count == 1 && equals && access(file, F_OK))
        fail("--calibrate %s: the model's input is called '%s'", file, graph->input[0]->name);
    if (graph->input_count != 1)
        fail("--calibrate %s: the model has %d inputs; say which: --calibrate %s=FILE.npy", file,
             graph->input_count, graph->input_count ? graph->input[0]->name : "NAME");
    return 0;
}

/* One infinity or NaN would spoil all that is computed with the samples. */
static void check_numbers(const struct tensor *tensor, const char *path, const float *values, int64_t samples)
{
    int64_t size = shape_size(tensor->shape);
    for (int64_t i = 0; tensor->type == TYPE_FLOAT && i < samples * size; i++)
        if (!isfinite(values[i]))
            fail("%s: sample %" PRId64 " holds %s", path, i / size, isnan(values[i]) ? "a NaN" : "an infinity");
}

static bool all_alike(const struct graph *graph, const struct calibration *calibration)
{
    for (int i = 0; i < graph->input_count; i++) {
        size_t bytes = (size_t)shape_size(graph->input[i]->shape) * type_size(graph->input[i]->type);
        for (int64_t s = 1; s < calibration->samples; s++)
            if (memcmp(calibration->input[i], (const char *)calibration->input[i] + (size_t)s * bytes, bytes))
                return false;
    }
    return true;
}

static void read_input(const struct graph *graph, const char *file, struct calibration *calibration)
{
    const char *path;
    int i = find_input(graph, file, &path);
    const struct tensor *tensor = graph->input[i];
    struct mednn_array array = read_array(graph->arena, path);
    struct mednn_tensor wanted = {.name = tensor->name, .type = (int)tensor->type, .rank = tensor->shape.rank};
    for (int a = 0; a < tensor->shape.rank; a++)
        wanted.dim[a] = tensor->shape.dim[a];
    int64_t samples;
    char error[1024];
    if (calibration->input[i])
        fail("--calibrate %s: input '%s' has a file already", file, tensor->name);
    if (mednn_array_match(&array, path, &wanted, true, &samples, error, sizeof error))
        fail("%s", error);
    if (calibration->samples && calibration->samples != samples)
        fail("%s: %" PRId64 " samples, but another input has %" PRId64, path, samples, calibration->samples);
    check_numbers(tensor, path, (const float *)(const void *)array.data, samples);
    calibration->samples = samples;
    calibration->input[i] = array.data;
}

static void read_labels(struct arena *arena, const char *path, struct calibration *calibration)
{
    struct mednn_array array = read_array(arena, path);
    struct tensor values = {.type = (enum type)array.type, .data = array.data};
    if (!type_is_integer(values.type))
        fail("%s: labels are %s, expected integers", path, mednn_type_name(array.type));
    if (array.rank != 1 || array.dim[0] != calibration->samples)
        fail("%s: expected one label for each of the %" PRId64 " calibration samples", path, calibration->samples);
    int64_t *label = arena_array(arena, (size_t)array.dim[0], sizeof *label);
    for (int64_t s = 0; s < array.dim[0]; s++)
        label[s] = tensor_int(&values, s);
    calibration->label = label;
}

void calibration_read(const struct graph *graph, const char *const file[], int file_count, const char *labels,
                      struct calibration *calibration)
{
    *calibration = (struct calibration){
        .copies = 1,
        .input = arena_array(graph->arena, (size_t)graph->input_count, sizeof *calibration->input)};
    for (int f = 0; f < file_count; f++)
        read_input(graph, file[f], calibration);
    for (int i = 0; i < graph->input_count; i++)
        if (!calibration->input[i])
            fail("input '%s' has no calibration data: --calibrate %s=FILE.npy", graph->input[i]->name,
                 graph->input[i]->name);
    if (labels)
        read_labels(graph->arena, labels, calibration);
    if (calibration->samples > 1 && all_alike(graph, calibration))
        fail("--calibrate: all %" PRId64 " samples are the same one, which says nothing about channels", calibration->samples);
}
