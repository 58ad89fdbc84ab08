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
    struct name_map functions; /* "DOMAIN:NAME:OVERLOAD" of the model's own -> Onnx__FunctionProto */
    struct name_map dims;      /* dim_param of an input's dimension -> int64_t, its size */
    int opset;          /* 0: no node may be of the default domain */
    int64_t node_count; /* imported so far, those of functions once for each call */
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

/* import_function.c */

/* "" for ONNX's own domain, in either spelling. */
const char *import_domain(const char *domain);
/* List the model's functions; fails when two have one name. */
void import_functions(struct importer *importer);
/* The function that the node calls, or NULL. */
const Onnx__FunctionProto *import_find_function(struct importer *importer, const Onnx__NodeProto *node);

/* A call whose function's nodes are being imported, in the place of the node that calls. */
struct call {
    const struct call *caller; /* the call whose function's body holds this one; NULL: none */
    const Onnx__FunctionProto *function;
    const Onnx__NodeProto *node; /* which calls; its attributes refer to nothing */
    const char *name;
};
/* Fails when the function calls itself, has too few inputs or outputs, or follows another opset. */
void import_check_call(struct importer *importer, const char *what, const struct call *call);
/* The node with the call's attributes in place of references to them; the node itself where there are none, or no call. */
const Onnx__NodeProto *import_resolve(struct importer *importer, const char *what, const struct call *call,
                                      const Onnx__NodeProto *node);

/* import_order.c: bring the nodes into an order in which they can run; fails on a cycle, naming a node of it.
 */
void import_order(struct graph *graph);

#endif
