/* importer.h -- what the files of the importer share. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_IMPORTER_H
#define MEDNN_IMPORTER_H

#include "external_data.h"
#include "frontend/onnx.pb-c.h"
#include "import.h"

/* Names are cut in messages, so that the rest of the line survives. */
#define SHOWN "%.160s"

struct importer {
    struct arena *arena;
    const struct import_options *options;
    struct import_limits limits; /* with the defaults filled in */
    struct external_folder external;
    const Onnx__ModelProto *model;
    struct name_map functions; /* "DOMAIN:NAME" of the model's own */
    struct name_map dims;      /* dim_param of an input's dimension -> int64_t, its size */
    int opset;
};

/* A constant's value; data is never NULL, not even of an empty tensor. */
struct value {
    enum type type;
    struct shape shape;
    const void *data;
};

/* import_tensor.c: check a tensor and find or convert its elements. `what` names it in messages: "initializer
 * 'W'". */
struct value import_tensor(struct importer *importer, const char *what, const Onnx__TensorProto *tensor);

/* Fails when a tensor of this shape, whose dimensions are not negative, passes the limit of elements. */
void import_check_size(struct importer *importer, const char *what, struct shape shape);

/* import_attribute.c */
typedef struct graph *import_subgraph(void *context, const Onnx__GraphProto *graph);
/* The attributes of `from` become those of `node`. */
void import_attributes(struct importer *importer, struct node *node, const Onnx__NodeProto *from,
                       import_subgraph *subgraph, void *context);
/* The value of a Constant node. */
struct value import_constant(struct importer *importer, const char *what, const Onnx__NodeProto *node);

/* import_shape.c: element types and shapes of the inputs that the caller feeds, by the model and by the
 * options. `input[i]` is the tensor of `from[i]`. */
void import_input_shapes(struct importer *importer, int count, struct tensor **input,
                         const Onnx__ValueInfoProto *const *from);

/* Keep the shape that the model declares for a tensor, when all of its dimensions are numbers or named as a dimension of an
 * input. After import_input_shapes(). */
void import_declared_shape(struct importer *importer, struct tensor *tensor, const Onnx__ValueInfoProto *from);

/* import_order.c: bring the nodes into an order in which they can run; fails on a cycle, naming a node of it.
 */
void import_order(struct graph *graph);

#endif
