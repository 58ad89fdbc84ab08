/* program.h -- one list of steps for all devices, and where every tensor lies in each device's arena. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_PROGRAM_H
#define MEDNN_PROGRAM_H

#include "plan.h"

enum step_kind {
    STEP_LOAD,    /* device 0 copies a graph input from the caller */
    STEP_EARLY,   /* compute boxes of a node, one by one, as long as what the device receives before its COMPUTE is missing */
    STEP_RECEIVE, /* wait for what the device receives in an exchange; unpack it */
    STEP_COMPUTE, /* compute boxes of a node */
    STEP_SEND,    /* pack and start sending an exchange; start receiving it */
    STEP_LATE,    /* compute what EARLY has left over; all of it on devices that do not take part in EARLY */
    STEP_STORE    /* device 0 copies a graph output to the caller */
};

/* Transfers that begin at one point of the order. A device sends one frame to each peer it has transfers to. */
struct exchange {
    int first_transfer, transfer_count; /* in program->transfer */
    int part, parts;                    /* of the plan's transfers; see phases.h */
};

struct step {
    enum step_kind kind;
    struct tensor *tensor;     /* LOAD, STORE */
    int index;                 /* LOAD, STORE: which input or output of the graph */
    int exchange;              /* SEND, RECEIVE */
    struct node *node;         /* EARLY, COMPUTE, LATE */
    int node_index;            /* in the graph's order */
    struct region_list *boxes; /* EARLY, COMPUTE, LATE: [device] what is computed of output 0. EARLY and LATE of a node share
                                * theirs; see phases.h */
};

/* Where a tensor, or the wire form of an exchange, lies on one device. */
struct buffer {
    struct region storage; /* what the memory covers, borders included, channels rounded to blocks; empty: absent */
    int64_t offset, bytes; /* in the arena, multiples of 64 */
    int first_step, last_step;
    bool used;
    int group; /* not 0: shares memory with the others of this number, which hold the same values there while they live */
};

/* The bytes that one device sends to, or receives from, one peer in one exchange. */
struct message {
    int exchange, peer;
    bool sending;
    int64_t bytes;
    int64_t offset;       /* of its wire buffer in the arena */
    int64_t buffer_bytes; /* of the wire buffer: more than `bytes` where floats that travel as float16 are converted there */
    /* Of the wire buffer. Received: from SEND, where the exchange begins, to the RECEIVE at which this device waits. Sent: from
     * SEND to a later SEND of this device, before which it waits until the frame has left, or to the last step. */
    int first_step, last_step;
    int *transfer; /* indices in program->transfer, in the order of the frame */
    int transfer_count;
};

struct band_runs; /* bands.h */

struct program {
    const struct plan *plan;
    struct step *step;
    int step_count, step_capacity;
    struct transfer *transfer; /* the plan's or parts of them, by exchange */
    int transfer_count, transfer_capacity;
    struct exchange *exchange;
    int exchange_count, exchange_capacity;
    struct buffer *buffer;    /* [tensor id * devices + device] */
    struct buffer *scratch;   /* [node index * devices + device]: memory for that node alone; storage is empty */
    struct message **message; /* per device: its messages by exchange */
    int *message_count;
    struct band_runs *bands; /* per device: what it computes in bands */
    int64_t *arena_bytes;    /* per device, scratch included */
};

struct buffer *program_buffer(const struct program *program, const struct tensor *tensor, int device);
struct buffer *program_scratch(const struct program *program, int node_index, int device);
/* Of the tensors that live at the same time, where they take most: without scratch memory and what waits for the wire. */
int64_t program_activation_bytes(const struct program *program, int device);
int64_t program_scratch_bytes(const struct program *program, int device); /* of the node that needs most */
/* Does the device take part in the step? */
bool program_takes_part(const struct program *program, const struct step *step, int device);
/* The first and the last step at which the device computes some of the node; false where it computes nothing of it. */
bool program_node_steps(const struct program *program, int node_index, int device, int *first, int *last);
/* The exchange that the device waits for last between an EARLY step and its first COMPUTE of the node, or -1. */
int program_awaited(const struct program *program, const struct step *early, int device);
/* The exchange whose frames the device must have sent before it packs those of SEND step `step`, or -1: their wire buffers
 * end there. */
int program_flushed(const struct program *program, const struct step *step, int device);
int64_t program_bytes_sent(const struct program *program, int device); /* per inference, payload */
int64_t program_bytes_received(const struct program *program, int device);
/* The names of the tensors that an exchange moves, escaped: "x, y" or "x part 2 of 8 for device 1". */
const char *program_exchange_name(struct arena *arena, const struct program *program, int exchange);

void program_print(struct text *text, const struct program *program);
/* assert()s: every device computes each of its boxes once, sends what it has, receives before it reads; buffers that live at
 * the same time do not overlap. */
void program_verify(const struct program *program);

#endif
