/* kernel.h -- ways of computing a node in generated C.
 *
 * One kernel is one row of the table in kernel.c and usually one file here beside one file in templates/. Operators
 * say what is computed, kernels how. A node's kernel is chosen once for the whole cluster, before partition. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_KERNEL_H
#define MEDNN_KERNEL_H

#include "../backend/source.h"
#include "../ir/graph.h"

/* What the planner's cost model counts. Seconds are a sum over these: each device has its own seconds per unit. */
enum work_kind {
    WORK_DIRECT,      /* multiply-accumulates of direct convolutions */
    WORK_WINOGRAD,    /* of the products of Winograd's algorithm that make weights while they read them */
    WORK_TRANSFORM,   /* numbers of tiles that it transforms, in and out */
    WORK_DEPTHWISE,   /* multiply-accumulates of depthwise convolutions */
    WORK_MATRIX,      /* of matrix products */
    WORK_SCALAR,      /* of plain loops: recurrent layers, grouped and transposed convolutions, ... */
    WORK_VECTOR,      /* elements that are computed a vector at a time */
    WORK_ELEMENT,     /* elements that are computed one by one */
    WORK_WEIGHTS,     /* bytes of weights, again for each pass over them */
    WORK_STREAM,      /* bytes that come from far memory; those of weights while they are multiplied with (rates_waited()) */
    WORK_ACTIVATIONS, /* bytes of tensors that are read and written, as far as they take time */
    WORK_CALLS,       /* calls of a kernel */
    WORK_KINDS
};
const char *work_name(enum work_kind kind); /* "direct", ...: as in cluster files */

struct work {
    double amount[WORK_KINDS];
};

struct kernel {
    const char *name;    /* unique; printed in dumps, reports and comments: "conv_direct" */
    const char *op_type; /* of the default domain, or "mednn.Layout"; NULL: any operator that `accepts` */

    /* Can this kernel compute the node? Types, shapes, attributes, epilogue; not layouts. */
    bool (*accepts)(const struct node *node);

    /* Layout wanted for input i (of a non-constant input) and for all outputs. NULL: LAYOUT_PLAIN everywhere.
     * input -1: the outputs. */
    enum layout (*layout)(const struct node *node, int input);

    /* The kernel reads input 0 through a border of zeros where the operator pads: its storage must reach as far
     * as the operator `reads` for whole steps of the kernel's grid of rows and columns, the last ones of the map
     * included. Otherwise the kernel checks bounds itself. */
    bool zero_border;

    /* Cuts along `axis` of the output must fall on multiples of this. NULL: 1. Blocked layouts: axis 1 at least 16. */
    int64_t (*grid)(const struct node *node, int axis);

    /* Output 0 may lie in the memory of input 0 when both have the same layout and number of elements, and each
     * output element depends on the input element of the same position only. */
    bool in_place;

    /* Copies boxes of inputs to output 0, but for those that lie there already: inputs may be given memory in that of output
     * 0. */
    bool parts_in_place;

    /* Winograd's algorithm, which --no-winograd forbids; and by how many bytes (> 0) it bakes more weights than the
     * model has. Another kernel must accept whatever such a kernel accepts. */
    bool winograd;
    int64_t (*added_weights)(const struct node *node);

    /* Bytes of memory that computing `piece` of output 0 needs beside inputs and outputs, for every vector width;
     * see source_scratch_buffer(). NULL: none. */
    int64_t (*scratch)(const struct node *node, struct region piece);

    /* It serves float64 too, though its templates know float alone: what it emits for a node with tensors of float64 is
     * written in double (backend/double_text.h). */
    bool doubles;

    /* The layer's function returns an int, 0 or what ends the inference, and takes `session` before `arena`, for
     * mednn_refuse(). No other layer can fail. */
    bool fails;

    /* For the choice between kernels that accept a node, and for plans: add what computing `piece` of output 0 really does beside
     * reading and writing activations and the call, padded tiles included. Does not depend on layouts, which are open yet. NULL: the
     * operator's multiply-accumulates in plain loops, or else one by one its elements. */
    void (*work)(const struct node *node, struct region piece, struct work *work);

    /* Write the C that computes `region[i]` of output i on the source's device (see source.h). Required. */
    void (*emit)(struct source *source, const struct node *node, const struct region *region);
};

/* What `choose_kernels` weighed for a node: `node->choice`. */
struct kernel_price {
    const struct kernel *kernel;
    double seconds; /* of the whole node, conversions of layout included */
    bool measured;  /* by mednn-tune, but for the conversions; otherwise foretold by a table of costs */
};
struct kernel_choice {
    double products_per_float; /* multiplications (WORK_WINOGRAD) in the time that a float takes to come from far memory, in this cluster */
    int count;
    struct kernel_price *price; /* of each kernel that may be taken, in order of the table of kernels */
};
/* ", by NAME", and what `choose_kernels` weighed; nothing before a kernel is chosen. */
void kernel_print(struct text *text, const struct node *node);

/* The kernels that accept `node`, at most `capacity`, in table order. */
int kernel_candidates(const struct node *node, const struct kernel *candidate[], int capacity);
const struct kernel *const *kernel_table(int *count);
const struct kernel *kernel_find(const char *name);

enum layout kernel_layout(const struct kernel *kernel, const struct node *node, int input);
/* What computing `piece` of output `output` touches of a computed input, a border of zeros that the kernel reads included. */
struct region kernel_touches(const struct node *node, int input, int output, struct region piece);
/* Of `bytes` of an input, how many more count (WORK_ACTIVATIONS) when they come from a far cache instead of a near one. */
double kernel_far_bytes(const struct node *node, double bytes);
/* What `piece` becomes in whole steps of the grid of rows and columns of the node's chosen kernel. */
struct region kernel_whole_steps(const struct node *node, struct region piece);
/* All that computing `piece` of output 0 takes with a kernel that accepts the node; nothing for an empty piece. */
struct work kernel_work_by(const struct kernel *kernel, const struct node *node, struct region piece);
/* What converting a tensor to its other layout takes, but for the call, whose time says nothing of larger tensors. */
struct work kernel_conversion_work(const struct tensor *tensor);
/* All that computing `piece` takes with the node's chosen kernel. */
struct work kernel_work(const struct node *node, struct region piece);
/* Bytes of the computed inputs that computing `piece` reads, and of the outputs. */
double kernel_bytes(const struct node *node, struct region piece);
int64_t kernel_grid(const struct node *node, int axis); /* of the node's chosen kernel, blocked layouts included */

#endif
