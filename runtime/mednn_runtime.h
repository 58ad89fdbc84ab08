/* mednn_runtime.h -- what a compiled device program offers, and how an application runs it.
 *
 * The runtime knows no operator and no model. A generated deviceN.c describes itself in one struct mednn_program; the
 * runtime connects it to its peers, checks that all of them were generated together, and moves blocks of bytes whose
 * sizes are known from compile-time tables. Nothing is allocated after mednn_open(). */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_RUNTIME_H
#define MEDNN_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MEDNN_MAX_RANK = 8, MEDNN_FINGERPRINT_BYTES = 32, MEDNN_MAX_DEVICES = 64, MEDNN_MAX_THREADS = 64 };

/* Instead of a rank, for inputs of which nothing but the type counts: `bytes` is 0, and elements are not read. */
enum { MEDNN_ANY_SHAPE = -1 };

/* An input or output of the model. `type` is the number of ONNX TensorProto.DataType. */
struct mednn_tensor {
    const char *name; /* as in the model, escaped */
    int type, rank;
    int64_t dim[MEDNN_MAX_RANK];
    size_t bytes;
};

/* One frame of one exchange. */
struct mednn_message {
    uint32_t exchange; /* number in the program's one global order */
    uint32_t peer;     /* device index */
    uint64_t offset;   /* of the payload in the arena */
    uint64_t bytes;    /* payload */
};

/* What a program computes one after the other, for MEDNN_PROFILE and PHONE_SLOW: layers, and what else takes time. */
struct mednn_layer {
    const char *name, *kernel; /* of its function, and how it computes */
    uint64_t macs;             /* multiply-accumulates of this device */
    uint64_t bytes;            /* of what it reads and writes, weights included */
    uint32_t pieces;           /* that the program does at different times */
};

struct mednn_session;
struct mednn_turns;

/* What one thread computes of a layer. */
#ifdef __cplusplus
typedef void mednn_part(unsigned char *arena);
#else
typedef void mednn_part(unsigned char *restrict arena);
#endif

/* Floating-point modes, part of what peers compare. */
enum { MEDNN_FLOAT_PORTABLE = 0, MEDNN_FLOAT_FMA = 1 };

struct mednn_program {
    const char *model; /* for messages */
    uint32_t device, devices;
    uint32_t float_mode; /* as compiled for this target */
    const unsigned char *fingerprint; /* MEDNN_FINGERPRINT_BYTES: the same in all devices of one compilation */
    size_t arena_bytes;
    /* Weights that are mapped from a file when a session opens: its name (NULL: they are inside the program). The first bytes
     * of the arena then hold a pointer to them. */
    const char *weights_file;
    const void *weights;  /* large ones inside the program, or NULL */
    size_t weights_bytes; /* of either */
    const struct mednn_tensor *inputs, *outputs; /* also on devices other than 0 */
    uint32_t input_count, output_count;
    /* In the order of exchanges; several frames of one exchange go to or come from different peers. */
    const struct mednn_message *sends, *receives;
    uint32_t send_count, receive_count;
    uint32_t exchange_count;
    const struct mednn_layer *layers;
    uint32_t layer_count;
    uint32_t threads; /* that mednn_parallel() uses; 0: 1 */
    uint32_t in_flight; /* inferences at a time that the plan was made for; 0: 1 */
    /* One inference. On device 0 inputs[i] and outputs[i] are the caller's arrays (canonical row-major); NULL elsewhere.
     * Returns 0, or -1 when a call of the runtime has failed. */
    int (*run)(struct mednn_session *session, unsigned char *arena, const void *const *inputs, void *const *outputs);
};

/* ---- called by generated code ---- */

/* Start the frames of exchange `exchange`: the payloads to send lie ready in the arena; those to receive may be
 * written from now on, while the program computes. Does not wait. 0, or non-zero when the session has failed. */
int mednn_exchange_begin(struct mednn_session *session, uint32_t exchange);
/* Non-zero when all frames of the exchange, which has begun, are there, or when the session has failed. Does not wait. */
int mednn_exchange_ready(struct mednn_session *session, uint32_t exchange);
/* Wait until all frames of the exchange are there. Each exchange that a device receives anything in is waited for once. */
int mednn_exchange_end(struct mednn_session *session, uint32_t exchange);
/* Wait until the payloads sent in this exchange and all before it may be overwritten. */
int mednn_exchange_flush(struct mednn_session *session, uint32_t exchange);
/* Compute parts of a layer at the same time, part 0 on the calling thread, and return when all are done. count: at most
 * program->threads; a part that is NULL is left out, part 0 never is. */
void mednn_parallel(struct mednn_session *session, mednn_part *const part[], uint32_t count);
/* A piece of layer `layer` of the program's table is done: the time since the last such call is its own. Does nothing but with
 * MEDNN_PROFILE or PHONE_SLOW in the environment of mednn_open(). */
void mednn_done(struct mednn_session *session, uint32_t layer, uint32_t piece);
/* An input has a value that this program was not compiled for: the session fails with this message (one line). Always -1. */
int mednn_refuse(struct mednn_session *session, const char *message);

/* ---- called by applications (and by the bundled main program) ---- */

struct mednn_address {
    const char *host; /* numeric or name */
    uint16_t port;
};

struct mednn_options {
    const struct mednn_address *address; /* one per device; must live as long as the session */
    const char *weights_path; /* where the program's weights_file is; NULL: under its name in the current folder */
    int listen_fd;        /* a listening socket to use instead of binding one, closed by mednn_open(); -1: none */
    int connect_timeout_ms; /* 0: 10000 */
    int step_timeout_ms;  /* longest wait for a peer inside an inference; 0: 30000; < 0: no limit */
    /* Memory of the session, and large weights, on huge pages where the system has them: 0: yes, < 0: no. Weights are copied
     * for it, once in the life of the process, and only into a quarter of the free memory. MEDNN_HUGE_PAGES=0 or 1 in the
     * environment has the last word. */
    int huge_pages;
    /* Several inferences in flight: each has a session of its own, in a thread of its own. All devices open as many of them, in
     * the order of their lanes: 0, 1, ... A session waits for those of the same lane. */
    uint32_t lane;
    struct mednn_turns *turns; /* of the sessions of this process: one computes while the others wait; NULL: all at the same time */
};

/* Turns for several sessions, in memory of mednn_turns_bytes() that outlives them; NULL if the system has none. */
size_t mednn_turns_bytes(void);
struct mednn_turns *mednn_turns_make(void *memory);

/* Bytes of memory that a session of this program needs, arena included. */
size_t mednn_session_bytes(const struct mednn_program *program);

/* Connect to all peers. `memory`: mednn_session_bytes() bytes aligned to 64 (to 2 MB where huge pages count) that the
 * caller owns until mednn_close(). Returns NULL and one line in `error` (without newline) when a peer cannot be reached, or was built
 * from another plan or for another floating-point mode. */
struct mednn_session *mednn_open(const struct mednn_program *program, void *memory, const struct mednn_options *options,
                                 char *error, size_t error_size);

/* One inference. On device 0: deliver outputs for inputs. On other devices: serve one inference of the owner.
 * 0: done. 1: the owner ended the session (workers only). -1: failed, see mednn_error(). -2: failed because an input has a
 * value that the program was not compiled for. */
int mednn_run(struct mednn_session *session, const void *const *inputs, void *const *outputs);

/* One line about the last failure: which peer, its address, which exchange, how long it was silent. */
const char *mednn_error(const struct mednn_session *session);

struct mednn_stats {
    uint64_t inferences, bytes_sent, bytes_received; /* frame headers included */
    double wait_seconds;                             /* spent waiting for peers within inferences */
};
void mednn_session_stats(const struct mednn_session *session, struct mednn_stats *stats);

/* Device 0 tells the others that no inference follows. Closes all connections. */
void mednn_close(struct mednn_session *session);

#ifdef __cplusplus
}
#endif
#endif
