/* main.c -- the program of one device: reads inputs and runs the model on device 0, serves inferences
 * elsewhere.
 *
 * Compiled with -DMEDNN_PROGRAM=NAME, NAME being the `const struct mednn_program` of the deviceN.c beside it.
 */
/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "arguments.h"
#include "cluster_file.h"
#include "npy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

extern const struct mednn_program MEDNN_PROGRAM;

static const struct mednn_program *const program = &MEDNN_PROGRAM;

enum { HUGE_PAGE = 2 << 20 };

/* An input of the model: samples of `stride` bytes after another; the same one again where stride is 0. */
struct feed {
    struct mednn_array array;
    size_t stride;
    int64_t samples; /* 0: random, goes with any number */
};

static bool is_loopback(const char *host)
{
    return !strncmp(host, "127.", 4) || !strcmp(host, "localhost") || !strcmp(host, "::1");
}

static int read_cluster(const struct mednn_arguments *arguments, struct mednn_cluster *cluster)
{
    char error[512];
    if (!arguments->cluster)
        return 0;
    if (mednn_cluster_read(cluster, arguments->cluster, error, sizeof error))
        return mednn_complain(program, STATUS_USAGE, "%s", error);
    if (cluster->count != program->devices)
        return mednn_complain(program, STATUS_USAGE, "%s: lists %u devices; this program was built for %u", arguments->cluster,
                    (unsigned)cluster->count, (unsigned)program->devices);
    for (uint32_t i = 0; i < cluster->count; i++)
        if (!arguments->insecure && !is_loopback(cluster->host[i]))
            return mednn_complain(program, STATUS_USAGE,
                        "%s: device %u at %s is another machine and this program does not encrypt; "
                        "--insecure allows it",
                        arguments->cluster, (unsigned)i, cluster->host[i]);
    return 0;
}

/* ---- inputs ---- */

static uint64_t random_bits(uint64_t *state)
{
    uint64_t x = *state += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

/* Floats in [-1, 1), integers from 0 to 3. */
static void fill_random(unsigned char *bytes, const struct mednn_tensor *tensor, uint64_t *state)
{
    size_t element = mednn_type_size(tensor->type);
    for (size_t i = 0; i + element <= tensor->bytes; i += element) {
        uint64_t bits = random_bits(state);
        double real = (double)(bits >> 40) * (2.0 / 16777216) - 1;
        float single = (float)real;
        uint64_t value = tensor->type == MEDNN_TYPE_BOOL ? bits & 1 : bits & 3;
        if (tensor->type == MEDNN_TYPE_FLOAT || tensor->type == MEDNN_TYPE_BFLOAT16) {
            uint32_t word;
            memcpy(&word, &single, sizeof word);
            value = tensor->type == MEDNN_TYPE_FLOAT ? word : word >> 16;
        } else if (tensor->type == MEDNN_TYPE_DOUBLE) {
            memcpy(&value, &real, sizeof value);
        } else if (tensor->type == MEDNN_TYPE_FLOAT16) {
            value = (bits & 0x83ff) | 0x3800; /* 0.5 to 1 with any sign and mantissa */
        }
        for (size_t byte = 0; byte < element; byte++)
            bytes[i + byte] = (unsigned char)(value >> 8 * byte & 255);
    }
}

/* Which input an --input means, and its file; the number of inputs when it means none. */
static uint32_t find_input(const char *given, const struct feed *feed, const char **path)
{
    *path = given;
    for (uint32_t i = 0; i < program->input_count; i++) {
        size_t length = strlen(program->inputs[i].name);
        if (!strncmp(given, program->inputs[i].name, length) && given[length] == '=') {
            *path = given + length + 1;
            return i;
        }
    }
    uint32_t next = 0;
    while (next < program->input_count && feed[next].array.data)
        next++;
    return next;
}

static int read_input(const struct mednn_arguments *arguments, const char *given, struct feed *feed)
{
    char error[1024];
    const char *path;
    uint32_t i = find_input(given, feed, &path);
    struct stat status;
    if (path == given && strchr(given, '=') && stat(given, &status))
        return mednn_complain(program, STATUS_USAGE, "--input %s: the model has no input of that name (see --help)", given);
    if (i == program->input_count)
        return mednn_complain(program, STATUS_USAGE, "--input %s: the model has only %u inputs", given,
                    (unsigned)program->input_count);
    if (feed[i].array.data)
        return mednn_complain(program, STATUS_USAGE, "--input %s: input '%s' is given twice", given, program->inputs[i].name);
    if (mednn_array_read(&feed[i].array, path, error, sizeof error) ||
        mednn_array_match(&feed[i].array, path, &program->inputs[i], arguments->batch, &feed[i].samples,
                          error, sizeof error))
        return mednn_complain(program, STATUS_USAGE, "%s", error);
    feed[i].stride = arguments->batch ? program->inputs[i].bytes : 0;
    return 0;
}

static int read_inputs(const struct mednn_arguments *arguments, struct feed *feed, int64_t *samples)
{
    for (uint32_t i = 0; i < arguments->input_count; i++) {
        int status = read_input(arguments, arguments->input[i], feed);
        if (status)
            return status;
    }
    *samples = 0;
    uint64_t state = 1;
    for (uint32_t i = 0; i < program->input_count; i++) {
        const struct mednn_tensor *tensor = &program->inputs[i];
        if (!feed[i].array.data) {
            if (!arguments->random)
                return mednn_complain(program, STATUS_USAGE, "input '%s' is missing: give --input FILE or --random",
                            tensor->name);
            feed[i].array.data = malloc(tensor->bytes ? tensor->bytes : 1);
            if (!feed[i].array.data)
                return mednn_complain(program, STATUS_FAILED, "out of memory");
            fill_random(feed[i].array.data, tensor, &state);
        } else if (*samples && feed[i].samples != *samples) {
            return mednn_complain(program, STATUS_USAGE, "input '%s' has %lld samples but an earlier one has %lld",
                                  tensor->name, (long long)feed[i].samples, (long long)*samples);
        } else {
            *samples = feed[i].samples;
        }
    }
    if (!*samples)
        *samples = 1;
    return 0;
}

/* ---- outputs ---- */

static int make_outputs(struct mednn_array *output, int64_t samples, bool batch)
{
    for (uint32_t i = 0; i < program->output_count; i++) {
        const struct mednn_tensor *tensor = &program->outputs[i];
        struct mednn_array *array = &output[i];
        array->type = tensor->type;
        if (batch)
            array->dim[array->rank++] = samples;
        for (int axis = batch && tensor->rank && tensor->dim[0] == 1; axis < tensor->rank; axis++)
            array->dim[array->rank++] = tensor->dim[axis];
        if ((uint64_t)samples > SIZE_MAX ||
            __builtin_mul_overflow((size_t)samples, tensor->bytes, &array->bytes))
            return mednn_complain(program, STATUS_USAGE, "%lld samples are too many", (long long)samples);
        array->data = malloc(array->bytes ? array->bytes : 1);
        if (!array->data)
            return mednn_complain(program, STATUS_FAILED, "out of memory");
    }
    return 0;
}

static int make_folder(const char *path)
{
    char part[4096];
    size_t length = strlen(path);
    if (!length || length >= sizeof part)
        return mednn_complain(program, STATUS_USAGE, "--output-dir: '%s' is no name of a folder", path);
    for (size_t i = 1; i <= length; i++) {
        if (path[i] != '/' && path[i])
            continue;
        memcpy(part, path, i);
        part[i] = 0;
        if (mkdir(part, 0777) && errno != EEXIST)
            return mednn_complain(program, STATUS_FAILED, "%s: %s", part, strerror(errno));
    }
    return 0;
}

static int write_outputs(const struct mednn_arguments *arguments, const struct mednn_array *output)
{
    char path[4096], error[5000];
    if (!arguments->output_dir)
        return 0;
    for (uint32_t i = 0; i < program->output_count; i++) {
        int length = snprintf(path, sizeof path, "%s/output_%u.npy", arguments->output_dir, (unsigned)i);
        if (length < 0 || (size_t)length >= sizeof path)
            return mednn_complain(program, STATUS_USAGE, "--output-dir: name too long");
        if (mednn_array_write(&output[i], path, error, sizeof error))
            return mednn_complain(program, STATUS_FAILED, "%s", error);
    }
    return 0;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int print_latency(double *seconds, size_t count)
{
    qsort(seconds, count, sizeof *seconds, compare_doubles);
    double median = count % 2 ? seconds[count / 2] : (seconds[count / 2 - 1] + seconds[count / 2]) / 2;
    double p90 = seconds[(count * 9 + 9) / 10 - 1];
    printf("latency_ms median=%.3f p90=%.3f runs=%zu\n", median * 1e3, p90 * 1e3, count);
    return fflush(stdout) || ferror(stdout) ? mednn_complain(program, STATUS_FAILED, "stdout: %s", strerror(errno)) : 0;
}

/* ---- running ---- */

static double now_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

struct job {
    const struct feed *feed;
    struct mednn_array *output;
    const void **inputs; /* of one inference */
    void **outputs;
    double *seconds; /* of every inference */
    int64_t samples, repeat;
};

static int run_sample(struct mednn_session *session, const struct job *job, int64_t sample, double *seconds)
{
    for (uint32_t i = 0; i < program->input_count; i++)
        job->inputs[i] = job->feed[i].array.data + (size_t)sample * job->feed[i].stride;
    for (uint32_t i = 0; i < program->output_count; i++)
        job->outputs[i] = job->output[i].data + (size_t)sample * program->outputs[i].bytes;
    double start = now_seconds();
    int status = mednn_run(session, job->inputs, job->outputs);
    *seconds = now_seconds() - start;
    return status;
}

static int run_job(struct mednn_session *session, const struct job *job)
{
    int status = run_sample(session, job, 0, job->seconds); /* warm-up */
    for (int64_t sample = 0, run = 0; !status && sample < job->samples; sample++)
        for (int64_t i = 0; !status && i < job->repeat; i++)
            status = run_sample(session, job, sample, &job->seconds[run++]);
    return status;
}

static int serve(struct mednn_session *session)
{
    int status;
    do
        status = mednn_run(session, NULL, NULL);
    while (!status);
    return status < 0 ? -1 : 0;
}

/* Opens, runs and closes; the job is NULL on workers. */
static int run_session(const struct mednn_arguments *arguments, const struct job *job)
{
    char error[512];
    const size_t bytes = mednn_session_bytes(program), alignment = bytes < HUGE_PAGE ? 64 : HUGE_PAGE;
    void *memory = aligned_alloc(alignment, (bytes + alignment - 1) & ~(alignment - 1));
    if (!memory)
        return mednn_complain(program, STATUS_FAILED, "out of memory: %zu bytes are needed", bytes);
    int status = 0;
    struct mednn_session *session = mednn_open(program, memory, &arguments->session, error, sizeof error);
    if (!session) {
        status = mednn_complain(program, STATUS_FAILED, "%s", error);
    } else {
        int result = job ? run_job(session, job) : serve(session);
        if (result)
            status = mednn_complain(program, result == -2 ? STATUS_USAGE : STATUS_FAILED, "%s", mednn_error(session));
        mednn_close(session);
    }
    free(memory);
    return status;
}

static int own_job(const struct mednn_arguments *arguments, struct job *job, struct feed *feed,
                   struct mednn_array *output)
{
    size_t runs;
    int status = read_inputs(arguments, feed, &job->samples);
    if (!status && arguments->output_dir)
        status = make_folder(arguments->output_dir);
    if (!status)
        status = make_outputs(output, job->samples, arguments->batch);
    if (status)
        return status;
    job->feed = feed;
    job->output = output;
    job->repeat = arguments->repeat;
    job->inputs = calloc((size_t)program->input_count + 1, sizeof *job->inputs);
    job->outputs = calloc((size_t)program->output_count + 1, sizeof *job->outputs);
    if (!__builtin_mul_overflow((size_t)job->samples, (size_t)job->repeat, &runs))
        job->seconds = calloc(runs, sizeof *job->seconds);
    if (!job->inputs || !job->outputs || !job->seconds)
        return mednn_complain(program, STATUS_FAILED, "out of memory");
    status = run_session(arguments, job);
    if (!status)
        status = write_outputs(arguments, output);
    return status ? status : print_latency(job->seconds, runs);
}

/* Device 0. */
static int own(const struct mednn_arguments *arguments)
{
    struct job job = {0};
    struct feed *feed = calloc((size_t)program->input_count + 1, sizeof *feed);
    struct mednn_array *output = calloc((size_t)program->output_count + 1, sizeof *output);
    int status =
        feed && output ? own_job(arguments, &job, feed, output) : mednn_complain(program, STATUS_FAILED, "out of memory");
    for (uint32_t i = 0; feed && i < program->input_count; i++)
        free(feed[i].array.data);
    for (uint32_t i = 0; output && i < program->output_count; i++)
        free(output[i].data);
    free(feed);
    free(output);
    free(job.inputs);
    free(job.outputs);
    free(job.seconds);
    return status;
}

/* The program's file of weights, in the folder of the program itself. */
static int find_weights(struct mednn_arguments *arguments, const char *program_path)
{
    static char path[4096];
    const char *slash = strrchr(program_path, '/');
    if (!program->weights_file || arguments->session.weights_path)
        return 0;
    int length = snprintf(path, sizeof path, "%.*s%s", slash ? (int)(slash - program_path) + 1 : 0, program_path,
                          program->weights_file);
    if (length >= (int)sizeof path)
        return mednn_complain(program, STATUS_USAGE, "give --weights FILE: the path of this program is too long");
    arguments->session.weights_path = path;
    return 0;
}

int main(int argc, char **argv)
{
    static struct mednn_cluster cluster;
    struct mednn_arguments arguments;
    int status = mednn_arguments_read(program, &arguments, argc, argv);
    if (!status)
        status = read_cluster(&arguments, &cluster);
    if (!status)
        status = find_weights(&arguments, argv[0]);
    arguments.session.address = arguments.cluster ? cluster.address : NULL;
    if (!status)
        status = program->device ? run_session(&arguments, NULL) : own(&arguments);
    free(arguments.input);
    return status < 0 ? 0 : status;
}
