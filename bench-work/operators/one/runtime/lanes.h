/* lanes.h -- several inferences of one program in flight: a session and a thread for each. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_LANES_H
#define MEDNN_LANES_H

#include "mednn_runtime.h"

#include <stdbool.h>

enum { MEDNN_MAX_LANES = 16 };

struct mednn_lane {
    struct mednn_session *session;
    void *memory;
    int result; /* of the work */
};

struct mednn_lanes {
    uint32_t count;
    struct mednn_lane lane[MEDNN_MAX_LANES];
    void *turns;
};

/* Open `count` sessions, lane after lane. 0, or -1 with one line in `error`; then nothing is open. */
int mednn_lanes_open(struct mednn_lanes *lanes, const struct mednn_program *program, const struct mednn_options *options,
                     uint32_t count, char *error, size_t error_size);
/* Let `work(lane, data)` run for all lanes at the same time; what it returns is the lane's result. Returns the number of a lane
 * whose result is not 0, or -1. */
int mednn_lanes_run(struct mednn_lanes *lanes, int (*work)(uint32_t lane, void *data), void *data);
void mednn_lanes_close(struct mednn_lanes *lanes);

#endif
