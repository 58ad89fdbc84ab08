/* kernel.h -- ways of computing a node in generated C.
 *
 * One kernel is one row of the table in kernel.c and usually one file here beside one file in templates/. Operators
 * say what is computed, kernels how. A node's kernel is chosen once for the whole cluster, before partition. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_KERNEL_H
#define MEDNN_KERNEL_H

#include "../backend/source.h"
#include "../ir/graph.h"

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

    /* Winograd's algorithm, which --no-winograd forbids; and by how many bytes (> 0) it bakes more weights than the
     * model has. Another kernel must accept whatever such a kernel accepts. */
    bool winograd;
    int64_t (*added_weights)(const struct node *node);

    /* Bytes of memory that computing `piece` of output 0 needs beside inputs and outputs, for every vector width;
     * see source_scratch_buffer(). NULL: none. */
    int64_t (*scratch)(const struct node *node, struct region piece);

    /* The layer's function returns an int, 0 or what ends the inference, and takes `session` before `arena`, for
     * mednn_refuse(). No other layer can fail. */
    bool fails;

    /* A rough price for the choice between kernels that accept a node, in multiply-accumulates of a good kernel.
     * NULL: node_macs of the whole output. */
    double (*cost)(const struct node *node);

    /* Write the C that computes `region[i]` of output i on the source's device (see source.h). Required. */
    void (*emit)(struct source *source, const struct node *node, const struct region *region);
};

/* The kernels that accept `node`, at most `capacity`, in table order. */
int kernel_candidates(const struct node *node, const struct kernel *candidate[], int capacity);
const struct kernel *const *kernel_table(int *count);
const struct kernel *kernel_find(const char *name);

enum layout kernel_layout(const struct kernel *kernel, const struct node *node, int input);
/* What `piece` becomes in whole steps of the grid of rows and columns of the node's chosen kernel. */
struct region kernel_whole_steps(const struct node *node, struct region piece);
int64_t kernel_grid(const struct node *node, int axis); /* of the node's chosen kernel, blocked layouts included */

#endif
