/* mednn_run.h -- what the parts of mednn-run share: the devices that it runs. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_RUN_H
#define MEDNN_RUN_H

#include "mednn_runtime.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

enum { STATUS_FAILED = 1, STATUS_USAGE = 2, MESSAGE_BYTES = 4096, PATH_BYTES = 4096 };

struct device {
    const char *wrapper, *program; /* as given, or NULL */
    pid_t pid;                     /* 0: not running */
    int listener, messages;        /* the read end of its stderr */
    FILE *said;                    /* all of it, where a profile is wanted; or NULL */
    bool ended;
    int wait_status, order; /* order: the how manieth it ended */
    size_t message_bytes;
    char message[MESSAGE_BYTES];
};

struct run {
    const char *folder;
    char **owner_option; /* passed on to device 0 */
    int owner_option_count;
    const char
        *timeout; /* generous: here a device that dies is seen at once, and an emulated one takes its time */
    const char *in_flight; /* passed on to all devices, or NULL */
    bool verbose;
    uint32_t count;
    struct device device[MEDNN_MAX_DEVICES];
    char cluster_path[PATH_BYTES];
    int ended;
};
extern struct run run;
extern volatile sig_atomic_t caught_signal;

/* Prints "mednn-run: " and the one line; returns the status. */
int fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- watch_devices.c ---- */

/* Wait until all devices have ended; after the first failure the others have a moment to tell their side. */
void watch_devices(void);
/* Note which have ended. */
void reap_devices(void);
void kill_devices(void);
/* One line about the device that caused the failure; its status, or 0 when none has failed. */
int report_failure(void);

#endif
