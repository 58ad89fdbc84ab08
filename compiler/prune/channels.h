/* channels.h -- which parts of a graph can only go together, and how to take them out.
 *
 * A slice is one index along one axis of one tensor (constants included). Slices that can only be removed
 * together form a class: the filter of a Conv, its bias, the channel of its result, and the columns of all
 * weights that read it. The hook `couple` of every operator (operators/op.h) says which slices of its inputs
 * and outputs belong together; what is tied to a graph input or output, or to an operator without the hook,
 * is pinned and belongs to no class.
 *
 * Works on graphs of plain ONNX: shaped, no epilogues, no kernels chosen (after the pass `fold_scales`). */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_CHANNELS_H
#define MEDNN_CHANNELS_H

#include "../operators/couple.h"

/* Where the classes of a group lie: each has `count` slices along `axis` of `tensor`. */
struct channel_place {
    struct tensor *tensor;
    int axis;
    int64_t count;
};

/* A node that multiplies with constant weights (hook `linear`) and whose weights hold slices of the group. */
struct channel_user {
    struct node *node;
    struct linear linear;
};

/* Classes that lie at the same places: the outputs of one Conv, one segment of a Concat, the heads of an
 * attention. Classes of a group are interchangeable; its members are scored against each other. */
struct channel_group {
    const char *name; /* of the first producer's node (or first tensor): for people, unique */
    int first, count; /* its classes are [first, first + count) */
    struct channel_place *place;
    int place_count;
    /* Nodes whose outputs along linear.column_axis are in the group: they make its channels. Depthwise nodes,
     * which pass channels on one by one, are in neither list. */
    struct channel_user *producer;
    int producer_count;
    /* Nodes whose inputs along linear.row_axis are in the group: they read its channels and sum over them. */
    struct channel_user *consumer;
    int consumer_count;
    bool is_stream; /* results of several producers are added: a residual stream */
    bool is_open;   /* something other than a consumer sums over its channels (a product of two computed
                       tensors, a ConvTranspose): removing is legal, scoring by consumers is not the whole truth
                     */
};

struct channels {
    struct graph *graph;
    struct arena *arena;
    int class_count, group_count;
    struct channel_group *group;
    struct couples couples;
    int *class_of; /* per slice number of `couples`: its class, or -1 */
};

/* Make the graph ready for channels_find(), once: small constants that several nodes read become private to
 * each, so that sharing a vector of zeros ties nothing. (Channel shuffles: shuffles.h.) */
void channels_prepare(struct graph *graph);

/* Find classes and groups of the graph. Numbers depend on the graph alone: groups are in the order of their
 * first tensor, classes of a group in the order of their first slice. The graph must not change while
 * `channels` is used. Memory of the graph's arena. */
struct channels *channels_find(struct graph *graph);

/* The class of a slice; -1: pinned, or a tensor that is younger than `channels`. */
int channels_class(const struct channels *channels, const struct tensor *tensor, int axis, int64_t index);

/* The group of a class. */
struct channel_group *channels_group(const struct channels *channels, int class);

/* What is left when the classes with removed[class] go (NULL: nothing goes); exact, products of both ends
 * counted. One class on its own: total minus this. */
int64_t channels_macs(const struct channels *channels, const bool removed[]);
/* The same for one node. */
int64_t channels_node_macs(const struct channels *channels, const struct node *node, const bool removed[]);
/* Elements of all constants that floating-point nodes read (lists of axes and sizes do not count). */
int64_t channels_parameters(const struct channels *channels, const bool removed[]);
/* Bytes of one computed tensor. */
int64_t channels_bytes(const struct channels *channels, const struct tensor *tensor, const bool removed[]);

/* Slices along one axis that stay. */
int64_t channels_kept(const struct channels *channels, const struct tensor *tensor, int axis,
                      const bool removed[]);

/* No tensor may lose all slices of an axis: where that would happen, its first class is put back (set to
 * false in `removed`). */
void channels_keep_one(const struct channels *channels, bool removed[]);

/* Take the classes with removed[class] out of the graph: constants are copied without them, nodes that speak
 * about indices are rewritten (hook `cut`), shapes follow. Calls channels_keep_one() first. `channels` (and
 * every struct linear) is stale afterwards: find again. Nodes and tensors stay the same objects; only lists
 * of sizes and indices become new constants. */
void graph_cut(struct graph *graph, const struct channels *channels, bool removed[]);

#endif
