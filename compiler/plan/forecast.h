/* forecast.h -- what the simulation of a plan foretells. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_FORECAST_H
#define MEDNN_FORECAST_H

#include "cluster.h"

enum span_kind { SPAN_COMPUTE, SPAN_WAIT, SPAN_MESSAGE };

/* Something that a device does from `begin` to `end`. MESSAGE: processor time for sending or receiving. */
struct span {
    int device;
    enum span_kind kind;
    const struct node *node; /* NULL: the graph's inputs or outputs */
    double begin, end;
};

/* What a simulation foretells, in seconds and bytes per inference. */
struct forecast {
    double seconds;  /* input in to output out */
    double interval; /* between outputs, when enough inferences are in flight */
    double compute[MAX_DEVICES], wait[MAX_DEVICES], message[MAX_DEVICES]; /* of one inference */
    double bytes;
    int messages;
    struct span *span; /* where asked for, in the order of each device's doing */
    int span_count, span_capacity;
};

/* The plans that were compared: seconds by partition, 0 where one was not tried. */
enum { PARTITIONS = 5 };
struct comparison {
    double seconds[PARTITIONS];
    double with_device[MAX_DEVICES]; /* of the best plan that was looked at and gives the device work; 0: there was none */
};

#endif
