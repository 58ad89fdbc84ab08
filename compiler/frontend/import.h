/* import.h -- an ONNX file becomes a graph. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_IMPORT_H
#define MEDNN_IMPORT_H

#include "../ir/graph.h"

/* What a model may hold at most; a zero stands for the default in brackets. */
struct import_limits {
    size_t file_bytes;     /* [2^31 - 1, more cannot be unpacked] */
    size_t memory_bytes;   /* that the unpacked file takes [2^32] */
    size_t nodes, tensors; /* with those of subgraphs and attributes [100,000] */
    size_t name_bytes;     /* [4096] */
    int64_t elements;      /* of a tensor [2^31] */
    int depth;             /* of messages inside messages [64] */
};

/* A dimension of an input that the model leaves open. */
struct dynamic_dim {
    const char *input;
    int axis;
    const char *name; /* ONNX's dim_param; "" when it has none */
    int64_t value;    /* the value it got */
};

struct opset_import {
    const char *domain; /* "" is ONNX's own */
    int64_t version;
};

/* What a file says about itself. Strings are never NULL. */
struct model_facts {
    int64_t ir_version, model_version;
    const char *producer_name, *producer_version, *domain;
    struct opset_import *opset;
    int opset_count;
    struct dynamic_dim *dynamic_dim;
    int dynamic_dim_count, dynamic_dim_capacity;
};

struct import_options {
    const char *const *input_shape; /* "NAME=1x3x224x224", "NAME=scalar" */
    int input_shape_count;
    const char *const *dim; /* "NAME=1": NAME is a dim_param, or INPUT.AXIS for any open dimension */
    int dim_count;
    int64_t open_dim; /* value of dimensions that nothing else pins; 0: such a model is refused */
    struct import_limits limits;
    struct model_facts *facts; /* filled in unless NULL */
};

/* Read a model. Fails (status 2) on anything that is not a model of tensors with known shapes: DESCRIPTION of
 * the graph that results:
 * - op and kernel are NULL, shapes are known of inputs and constants only, layouts are plain;
 * - initializers and Constant nodes are constants; their elements lie in the arena or in mapped files that
 * stay mapped until the process ends, and keep their type;
 * - an input is what the caller must feed: initializers that the file lists as inputs too are none;
 * - the domain "ai.onnx" is written "";
 * - nodes are in an order in which they can run, and subgraphs refer to tensors of the graphs around them;
 * - an open first dimension (the batch) that no option pins is 1, with a note(). */
struct graph *import_model(struct arena *arena, const char *path, const struct import_options *options);

#endif
