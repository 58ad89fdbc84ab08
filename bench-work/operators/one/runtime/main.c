/* main.c -- the program of one device: reads inputs and runs the model on device 0, serves inferences
 * elsewhere.
 *
 * Compiled with -DMEDNN_PROGRAM=NAME, NAME being the `const struct mednn_program` of the deviceN.c beside it.
 */
/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "arguments.h"
#include "cluster_file.h"
#include "lanes.h"
#include "npy.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

extern const struct mednn_program MEDNN_PROGRAM;

static const struct mednn_program *const program = &MEDNN_PROGRAM;

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

/* Floats in [-1, 1), integers from 0 to 3; int2 has 0 and 1 of these. */
static void fill_random(unsigned char *bytes, const struct mednn_tensor *tensor, uint64_t *state)
{
    size_t element = mednn_type_size(tensor->type);
    for (size_t i = 0; i + element <= tensor->bytes; i += element) {
        uint64_t bits = random_bits(state);
        double real = (double)(bits >> 40) * (2.0 / 16777216) - 1;
        float single = (float)real;
        uint64_t value = tensor->type == MEDNN_TYPE_BOOL || tensor->type == MEDNN_TYPE_INT2 ? bits & 1 : bits & 3;
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
    double *seconds; /* of every inference */
    int64_t samples, repeat;
    struct mednn_lanes *lanes;
    /* Lanes take one inference after the other. */
    pthread_mutex_t mutex;
    int64_t next;
    bool stopped;
    double first, last; /* when the first outputs came, and the last */
};

/* The arrays of one inference: a lane's own. */
struct tray {
    const void **inputs;
    void **outputs;
};

static void free_tray(struct tray *tray)
{
    for (uint32_t i = 0; tray->outputs && i < program->output_count; i++)
        free(tray->outputs[i]);
    free(tray->inputs);
    free(tray->outputs);
}

static int make_tray(struct tray *tray)
{
    tray->inputs = calloc((size_t)program->input_count + 1, sizeof *tray->inputs);
    tray->outputs = calloc((size_t)program->output_count + 1, sizeof *tray->outputs);
    bool failed = !tray->inputs || !tray->outputs;
    for (uint32_t i = 0; !failed && i < program->output_count; i++) {
        tray->outputs[i] = malloc(program->outputs[i].bytes ? program->outputs[i].bytes : 1);
        failed = !tray->outputs[i];
    }
    if (failed)
        free_tray(tray);
    return failed ? mednn_complain(program, STATUS_FAILED, "out of memory") : 0;
}

static int run_sample(struct mednn_session *session, const struct job *job, const struct tray *tray, int64_t sample)
{
    for (uint32_t i = 0; i < program->input_count; i++)
        tray->inputs[i] = job->feed[i].array.data + (size_t)sample * job->feed[i].stride;
    return mednn_run(session, tray->inputs, tray->outputs);
}

/* The next inference, or -1. */
static int64_t take_next(struct job *job)
{
    pthread_mutex_lock(&job->mutex);
    const int64_t run = job->stopped || job->next == job->samples * job->repeat ? -1 : job->next++;
    pthread_mutex_unlock(&job->mutex);
    return run;
}

/* The same sample may come from several lanes: all bring the same. */
static void deliver(struct job *job, const struct tray *tray, int64_t sample, int status)
{
    pthread_mutex_lock(&job->mutex);
    job->stopped |= status != 0;
    job->last = now_seconds();
    job->first = job->first > 0 ? job->first : job->last;
    for (uint32_t i = 0; !status && i < program->output_count; i++) {
        const size_t bytes = program->outputs[i].bytes;
        memcpy(job->output[i].data + (size_t)sample * bytes, tray->outputs[i], bytes);
    }
    pthread_mutex_unlock(&job->mutex);
}

static int run_lane(uint32_t lane, void *data)
{
    struct job *job = data;
    struct tray tray;
    int status = make_tray(&tray) ? -1 : 0;
    if (status)
        return status;
    for (int64_t run; !status && (run = take_next(job)) >= 0;) {
        const double start = now_seconds();
        status = run_sample(job->lanes->lane[lane].session, job, &tray, run / job->repeat);
        job->seconds[run] = now_seconds() - start;
        deliver(job, &tray, run / job->repeat, status);
    }
    free_tray(&tray);
    return status;
}

static int warm_up(uint32_t lane, void *data)
{
    const struct job *job = data;
    struct tray tray;
    if (make_tray(&tray))
        return -1;
    const int status = run_sample(job->lanes->lane[lane].session, job, &tray, 0);
    free_tray(&tray);
    return status;
}

/* Several inferences in flight: how many come out in a second, once the first has. */
static int run_job(struct job *job)
{
    int failed = mednn_lanes_run(job->lanes, warm_up, job);
    if (failed < 0)
        failed = mednn_lanes_run(job->lanes, run_lane, job);
    const double more = (double)(job->samples * job->repeat - 1), seconds = job->last - job->first;
    if (failed < 0 && job->lanes->count > 1)
        printf("inferences_per_s=%.3f in_flight=%u\n", seconds > 0 ? more / seconds : 0, (unsigned)job->lanes->count);
    return failed;
}

static int serve(uint32_t lane, void *data)
{
    int status;
    do
        status = mednn_run(((struct mednn_lanes *)data)->lane[lane].session, NULL, NULL);
    while (!status);
    return status < 0 ? -1 : 0;
}

/* Opens, runs and closes; the job is NULL on workers. */
static int run_sessions(const struct mednn_arguments *arguments, struct job *job)
{
    char error[512];
    struct mednn_lanes lanes;
    if (mednn_lanes_open(&lanes, program, &arguments->session, (uint32_t)arguments->in_flight, error, sizeof error))
        return mednn_complain(program, STATUS_FAILED, "%s", error);
    int status = 0, failed;
    if (job) {
        job->lanes = &lanes;
        failed = run_job(job);
    } else {
        failed = mednn_lanes_run(&lanes, serve, &lanes);
    }
    if (failed >= 0) {
        const char *why = mednn_error(lanes.lane[failed].session);
        status = mednn_complain(program, lanes.lane[failed].result == -2 ? STATUS_USAGE : STATUS_FAILED, "%s",
                                *why ? why : "out of memory or threads");
    }
    mednn_lanes_close(&lanes);
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
    if (!__builtin_mul_overflow((size_t)job->samples, (size_t)job->repeat, &runs))
        job->seconds = calloc(runs, sizeof *job->seconds);
    if (!job->seconds || pthread_mutex_init(&job->mutex, NULL))
        return mednn_complain(program, STATUS_FAILED, "out of memory");
    status = run_sessions(arguments, job);
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
        status = program->device ? run_sessions(&arguments, NULL) : own(&arguments);
    free(arguments.input);
    return status < 0 ? 0 : status;
}
