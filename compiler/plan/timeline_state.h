/* timeline_state.h -- what the files of the simulation share: divisions, and what follows from them. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_TIMELINE_STATE_H
#define MEDNN_TIMELINE_STATE_H

#include "phases.h"
#include "timeline.h"

/* What one device sends to another of a tensor. */
struct delivery {
    int from, to;
    double bytes;
    struct region region;
};

struct deliveries {
    struct delivery *item;
    int count, capacity;
    int parts; /* in which they travel */
};

/* A node's boxes and what they read. */
struct pieces {
    struct region *piece; /* [device] */
    struct region *need;  /* [input * devices + device] */
};

enum { KNOWN_BOXES = 3 };

/* Seconds that one device takes for a node, in the order of phases.h. */
struct phase_times {
    double whole; /* undivided */
    double urgent, interior[PHASES_MOST_BOXES];
    int interior_count; /* 0: it cannot be divided */
    bool divided;       /* for what is sent; for what is awaited that depends on how long it takes */
    double hides;       /* seconds of the exchange after it that its interior and those of the nodes joined to it leave to hide */
    int joined;         /* so many nodes after it are joined to it, each to the one before */
    uint64_t awaits;    /* bit i: some of input i (63: and of all beyond) comes from others */
    struct region urgent_box[KNOWN_BOXES]; /* what is urgent, if divided, or boxes that cover it */
    int urgent_boxes;
};

/* Times that were found out, by a number that stands for all that they follow from: moves are tried again and again. */
struct known_times {
    uint64_t key; /* 0: none */
    struct phase_times times;
};
enum { KNOWN_TIMES = 1 << 15 };

struct reader {
    int node, input;
};

/* A frame on its way: all that one device sends to another in one exchange. */
struct frame {
    double ready, bytes, shared; /* seconds longer on its way for those that leave with it */
    int from, to, messages;
};

/* Every kind of state has two slots: the current one, and the one to go back to. */
struct timeline {
    struct arena *arena;
    struct arena scratch; /* what becomes dead stays until there is much of it */
    const struct graph *graph;
    const struct cost_model *model;
    int devices;
    struct timeline_rules rules;
    int64_t effort;
    int *producer;      /* by tensor id */
    int *first_reader;  /* by tensor id: index in `reader`, closed by the next tensor's */
    struct reader *reader;
    bool *delivered;    /* by tensor id: a graph output */

    struct pieces *pieces[2];
    struct deliveries *deliveries[2];
    struct phase_times *times[2]; /* [node * devices + device] */
    unsigned char *pieces_at, *deliveries_at, *times_at; /* which slot is current */
    bool *pieces_new, *deliveries_new, *times_new;       /* changed since the last keep: the other slot holds the old */
    bool *tensor_stale, *node_stale;
    bool *follows;  /* by node: phases_follows() */
    bool *divides;  /* [node * devices + device]: as of the last run */
    /* [tensor id * devices + device]: when the first part of it is there, when all is, what receiving it costs */
    double *first, *arrival, *unpack;
    struct frame *frame;      /* [devices * devices] */
    int *frame_of;            /* [from * devices + to]: index in `frame` + 1; 0 between exchanges */
    struct known_times *known; /* [KNOWN_TIMES] */
    int *stale_tensor, stale_tensor_count, *stale_node, stale_node_count;
    int *new_pieces, new_pieces_count, *new_deliveries, new_deliveries_count, *new_times, new_times_count;
};

const struct pieces *pieces_of(const struct timeline *timeline, int node);
const struct deliveries *deliveries_of(const struct timeline *timeline, const struct tensor *tensor);
const struct phase_times *times_of(const struct timeline *timeline, int node, int device);

/* What the device computes of a tensor, or has of a graph input. */
struct region timeline_held(const struct timeline *timeline, const struct tensor *tensor, int device);

bool timeline_is_computed(const struct tensor *tensor);

/* Of a node on a device, as the deliveries are now. Those of the next node are up to date. */
struct phase_times timeline_time_phases(struct timeline *timeline, int n, int device);
/* Is dividing the node worth it if `seconds` can be hidden? */
bool timeline_dividing_pays(const struct phase_times *times, double seconds);

/* Bring deliveries and times up to date with the pieces. */
void timeline_settle(struct timeline *timeline);

#endif
