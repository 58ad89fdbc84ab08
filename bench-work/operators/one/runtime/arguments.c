/* arguments.c -- the command line of a device's program. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* getopt_long */
#include "arguments.h"

#include "lanes.h"
#include "npy.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#ifndef MEDNN_VERSION
#define MEDNN_VERSION "0.1.0"
#endif

enum { DEFAULT_WAIT_SECONDS = 60, LONGEST_WAIT_SECONDS = 1000000 };

int mednn_complain(const struct mednn_program *program, int status, const char *format, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    for (char *p = line; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 127)
            *p = '?';
    fprintf(stderr, "device%u: %s\n", (unsigned)program->device, line);
    return status;
}

enum {
    OPTION_CLUSTER = 256,
    OPTION_INPUT,
    OPTION_OUTPUT_DIR,
    OPTION_REPEAT,
    OPTION_BATCH,
    OPTION_RANDOM,
    OPTION_INSECURE,
    OPTION_WEIGHTS,
    OPTION_LISTEN_FD,
    OPTION_WAIT,
    OPTION_TIMEOUT,
    OPTION_IN_FLIGHT,
    OPTION_HELP,
    OPTION_VERSION
};

static const struct option long_options[] = {{"cluster", required_argument, NULL, OPTION_CLUSTER},
                                             {"input", required_argument, NULL, OPTION_INPUT},
                                             {"output-dir", required_argument, NULL, OPTION_OUTPUT_DIR},
                                             {"repeat", required_argument, NULL, OPTION_REPEAT},
                                             {"batch", no_argument, NULL, OPTION_BATCH},
                                             {"random", no_argument, NULL, OPTION_RANDOM},
                                             {"insecure", no_argument, NULL, OPTION_INSECURE},
                                             {"weights", required_argument, NULL, OPTION_WEIGHTS},
                                             {"listen-fd", required_argument, NULL, OPTION_LISTEN_FD},
                                             {"wait", required_argument, NULL, OPTION_WAIT},
                                             {"timeout", required_argument, NULL, OPTION_TIMEOUT},
                                             {"in-flight", required_argument, NULL, OPTION_IN_FLIGHT},
                                             {"help", no_argument, NULL, OPTION_HELP},
                                             {"version", no_argument, NULL, OPTION_VERSION},
                                             {NULL, 0, NULL, 0}};

static void print_tensors(const char *what, const struct mednn_tensor *tensor, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        printf("  %s %s: %s ", what, tensor[i].name, mednn_type_name(tensor[i].type));
        for (int axis = 0; axis < tensor[i].rank; axis++)
            printf("%s%lld", axis ? "x" : "", (long long)tensor[i].dim[axis]);
        printf("%s\n", tensor[i].rank == MEDNN_ANY_SHAPE ? "any shape" : tensor[i].rank ? "" : "scalar");
    }
}

static uint32_t in_flight_of(const struct mednn_program *program)
{
    return program->in_flight && program->in_flight <= MEDNN_MAX_LANES ? program->in_flight : 1;
}

static int print_help(const struct mednn_program *program)
{
    printf("Usage: device%u --cluster FILE [OPTION]...\n"
           "Device %u of %u that run the model %s together; device 0 takes the inputs.\n\n",
           (unsigned)program->device, (unsigned)program->device, (unsigned)program->devices, program->model);
    print_tensors("input ", program->inputs, program->input_count);
    print_tensors("output", program->outputs, program->output_count);
    printf("\n"
           "  --cluster FILE        where the devices are (cluster.xml)\n"
           "  --wait SECONDS        how long to wait for the other devices to start (default %d)\n"
           "  --timeout SECONDS     longest silence of a device within an inference (default 30)\n"
           "  --in-flight K         so many inferences at the same time, on all devices alike (default %u)\n"
           "  --insecure            allow connections that leave this machine: they are not encrypted\n"
           "  --weights FILE        weights, where they are not in the program (default: beside it)\n"
           "  --listen-fd FD        a listening socket to use instead of opening one\n"
           "on device 0:\n"
           "  --input [NAME=]FILE   an input, .npy or ONNX TensorProto; in the model's order or by name\n"
           "  --random              random values for inputs that are not given\n"
           "  --batch               the first axis of the inputs counts samples: run all\n"
           "  --repeat K            run every sample K times, for timing\n"
           "  --output-dir DIR      write DIR/output_0.npy, output_1.npy, ...\n"
           "  --help, --version\n",
           DEFAULT_WAIT_SECONDS, (unsigned)in_flight_of(program));
    return fflush(stdout) ? STATUS_FAILED : 0;
}

static bool read_count(const char *text, int64_t most, int64_t *count)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    *count = value;
    return *text >= '0' && *text <= '9' && !*end && !errno && value <= most;
}

/* Fractions of a second are allowed. */
static bool read_seconds(const char *text, int *milliseconds)
{
    char *end;
    double seconds = strtod(text, &end);
    if (end == text || *end || !(seconds >= 0.001 && seconds <= LONGEST_WAIT_SECONDS))
        return false;
    *milliseconds = (int)(seconds * 1000);
    return true;
}

static int read_option(const struct mednn_program *program, struct mednn_arguments *arguments, int option)
{
    int64_t number;
    switch (option) {
    case OPTION_CLUSTER:
        arguments->cluster = optarg;
        return 0;
    case OPTION_INPUT:
        arguments->input[arguments->input_count++] = optarg;
        return 0;
    case OPTION_OUTPUT_DIR:
        arguments->output_dir = optarg;
        return 0;
    case OPTION_REPEAT:
        if (!read_count(optarg, INT32_MAX, &arguments->repeat) || !arguments->repeat)
            return mednn_complain(program, STATUS_USAGE, "--repeat '%s' is not a positive number", optarg);
        return 0;
    case OPTION_BATCH:
        arguments->batch = true;
        return 0;
    case OPTION_RANDOM:
        arguments->random = true;
        return 0;
    case OPTION_INSECURE:
        arguments->insecure = true;
        return 0;
    case OPTION_WEIGHTS:
        arguments->session.weights_path = optarg;
        return 0;
    case OPTION_IN_FLIGHT:
        if (!read_count(optarg, MEDNN_MAX_LANES, &arguments->in_flight) || !arguments->in_flight)
            return mednn_complain(program, STATUS_USAGE, "--in-flight '%s' is not a number from 1 to %d", optarg, MEDNN_MAX_LANES);
        return 0;
    case OPTION_LISTEN_FD:
        if (!read_count(optarg, INT32_MAX, &number))
            return mednn_complain(program, STATUS_USAGE, "--listen-fd '%s' is not a file descriptor", optarg);
        arguments->session.listen_fd = (int)number;
        return 0;
    default: /* OPTION_WAIT, OPTION_TIMEOUT */
        if (!read_seconds(optarg, option == OPTION_WAIT ? &arguments->session.connect_timeout_ms
                                                        : &arguments->session.step_timeout_ms))
            return mednn_complain(program, STATUS_USAGE, "--%s '%s' is not a number of seconds",
                        option == OPTION_WAIT ? "wait" : "timeout", optarg);
        return 0;
    }
}

int mednn_arguments_read(const struct mednn_program *program, struct mednn_arguments *arguments, int argc, char **argv)
{
    *arguments = (struct mednn_arguments){.repeat = 1, .in_flight = in_flight_of(program)};
    arguments->session.listen_fd = -1;
    arguments->session.connect_timeout_ms = DEFAULT_WAIT_SECONDS * 1000;
    arguments->input = calloc((size_t)argc, sizeof *arguments->input);
    if (!arguments->input)
        return mednn_complain(program, STATUS_FAILED, "out of memory");
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, "", long_options, NULL)) != -1;) {
        if (option == OPTION_HELP)
            return print_help(program) ? STATUS_FAILED : -1;
        if (option == OPTION_VERSION) {
            printf("device%u of %s, mednn %s\n", (unsigned)program->device, program->model, MEDNN_VERSION);
            return fflush(stdout) ? STATUS_FAILED : -1;
        }
        if (option == '?')
            return mednn_complain(program, STATUS_USAGE, "'%s': unknown option, or a value is missing (see --help)",
                        argv[optind - 1]);
        int status = read_option(program, arguments, option);
        if (status)
            return status;
    }
    if (optind < argc)
        return mednn_complain(program, STATUS_USAGE, "unexpected argument '%s' (see --help)", argv[optind]);
    if (program->device &&
        (arguments->input_count || arguments->output_dir || arguments->random || arguments->batch))
        return mednn_complain(program, STATUS_USAGE, "inputs and outputs belong to device 0");
    if (program->devices > 1 && !arguments->cluster)
        return mednn_complain(program, STATUS_USAGE, "give --cluster FILE: where are the %u devices?",
                    (unsigned)program->devices);
    return 0;
}
