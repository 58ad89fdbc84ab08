/* program.h -- one list of steps for all devices, and where every tensor lies in each device's arena. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_PROGRAM_H
#define MEDNN_PROGRAM_H

#include "plan.h"

enum step_kind {
    STEP_LOAD,    /* device 0 copies a graph input from the caller */
    STEP_COMPUTE, /* devices with work compute their parts of a node's outputs */
    STEP_SEND,    /* pack and start sending an exchange; start receiving */
    STEP_RECEIVE, /* wait for an exchange; unpack */
    STEP_STORE    /* device 0 copies a graph output to the caller */
};

/* All transfers of one tensor, or all that are relayed. A device sends one frame to each peer it has transfers to. */
struct exchange {
    struct tensor *tensor;
    bool relayed;
};

struct step {
    enum step_kind kind;
    struct node *node;     /* COMPUTE */
    struct tensor *tensor; /* LOAD, STORE, SEND, RECEIVE */
    int exchange;          /* SEND, RECEIVE */
    int index;             /* LOAD, STORE: which input or output of the graph */
};

/* Where a tensor, or the wire form of an exchange, lies on one device. */
struct buffer {
    struct region storage; /* what the memory covers, borders included, channels rounded to blocks; empty: absent */
    int64_t offset, bytes; /* in the arena, multiples of 64 */
    int first_step, last_step;
    bool used;
};

/* The bytes that one device sends to, or receives from, one peer in one exchange. */
struct message {
    int exchange, peer;
    bool sending;
    int64_t bytes;
    int64_t offset;            /* of its wire buffer in the arena */
    int first_step, last_step; /* SEND and RECEIVE step */
    int *transfer;             /* indices in plan->transfer, in the order of the frame */
    int transfer_count;
};

struct program {
    const struct plan *plan;
    struct step *step;
    int step_count, step_capacity;
    struct exchange *exchange;
    int exchange_count, exchange_capacity;
    struct buffer *buffer; /* [tensor id * devices + device] */
    struct buffer *scratch; /* [step * devices + device]: memory for that step alone; storage is empty */
    struct message **message; /* per device: its messages in step order */
    int *message_count;
    int64_t *arena_bytes; /* per device, scratch included */
};

struct buffer *program_buffer(const struct program *program, const struct tensor *tensor, int device);
struct buffer *program_scratch(const struct program *program, int step, int device);
int64_t program_scratch_bytes(const struct program *program, int device); /* of the step that needs most */
/* Does the device take part in the step? */
bool program_takes_part(const struct program *program, const struct step *step, int device);
int64_t program_bytes_sent(const struct program *program, int device); /* per inference, payload */
int64_t program_bytes_received(const struct program *program, int device);

void program_print(struct text *text, const struct program *program);
/* assert()s: buffers that live at the same time do not overlap, and sends come before receives before readers. */
void program_verify(const struct program *program);

#endif
