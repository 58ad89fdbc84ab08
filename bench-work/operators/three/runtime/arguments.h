/* arguments.h -- the command line of a device's program. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_ARGUMENTS_H
#define MEDNN_ARGUMENTS_H

#include "mednn_runtime.h"

#include <stdbool.h>

enum { STATUS_FAILED = 1, STATUS_USAGE = 2 };

struct mednn_arguments {
    const char *cluster, *output_dir;
    const char **input; /* as given, in order; malloc()ed */
    uint32_t input_count;
    int64_t repeat, in_flight;
    bool batch, random, insecure;
    struct mednn_options session;
};

/* 0, a status after a line on stderr, or -1 when all is said and done (--help). */
int mednn_arguments_read(const struct mednn_program *program, struct mednn_arguments *arguments, int argc, char **argv);

/* Prints "deviceN: " and the one line on stderr, and returns the status. Nothing that a file says may break the line. */
int mednn_complain(const struct mednn_program *program, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
