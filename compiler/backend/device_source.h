/* device_source.h -- the inside of struct source, for the back end alone; kernels see source.h. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_DEVICE_SOURCE_H
#define MEDNN_DEVICE_SOURCE_H

#include "../plan/bands.h"
#include "double_text.h"
#include "emit.h"
#include "source.h"
#include "weights.h"

/* Memory for packing, shared by all devices of a compilation. */
struct scratch {
    void *bytes;
    size_t capacity;
};

/* What the pieces of a layer write once: micro-kernels or weights, under the name of the piece that wrote them. */
struct piece_share {
    const char *what, *name;
    int64_t key;
    struct range channels;
};

/* What several layers write once for all of them, and which one has written it. */
struct definition {
    const char *text, *name;
};

/* The slices of a constant that were baked, or no name. */
struct slices {
    const char *name;
    int64_t first;
};

/* A row of the generated program's table of layers: `struct mednn_layer`. */
struct layer_row {
    const char *name, *kernel;
    int64_t macs, bytes;
    int pieces;
};

struct source {
    struct arena *arena;
    const struct program *program;
    int device;
    const char *prefix;             /* of public symbols */
    const char *const *layer_name;  /* by node index */
    const char *const *tensor_name; /* by tensor id */
    struct text templates, functions, schedule;
    const char **used_template;
    int used_count, used_capacity;
    struct weights *weights;
    const char **constant_name; /* by tensor id: where it was baked, or NULL */
    struct slices *slices;      /* by tensor id */
    struct definition *definition;
    int definition_count, definition_capacity;

    struct doubles doubles; /* names of the templates that were written in double */

    struct scratch *scratch;
    struct layer_row *row; /* the table of layers */
    int row_count, row_capacity;
    int *layer_row;     /* by node index: its row, or -1 */
    int exchange_row;   /* of all exchanges, or -1 */
    /* Bytes at the start of the arena that the back end keeps for itself: the place of mapped weights, and no tensor may lie at
     * the arena's own address. A template asks whether an operand is NULL, and where that is the arena gcc 12 follows the case that it
     * is, and warns of what would be stored behind it. */
    int64_t arena_base;

    /* the layer being emitted */
    const struct node *node;
    const char *name;
    const struct region *piece; /* one per output */
    int node_index, first_step;
    int *interior_piece; /* [node index]: of the first box of its interior, see mednn_done() */
    int piece_count; /* so far, but for interiors */
    int64_t scratch_offset; /* of the part's scratch memory in that of the layer */
    bool first_piece;
    bool in_double;
    const struct band_run *run; /* of bands that it is a part of, or NULL; and which band is being emitted */
    int band;
    struct piece_share *share; /* what its pieces share */
    int share_count, share_capacity;
};

/* Begin and end the text of a node's piece: in between source_in_double() holds where its kernel says so; then what was written since
 * `start`, what source_begin_node() returned, is put into double. */
size_t source_begin_node(struct source *source, const struct node *node);
void source_end_node(struct source *source, size_t start);

/* The lines of a function body that zero the border of a tensor's storage on this device; nothing where it has none. */
void source_clear_border(struct source *source, const struct tensor *tensor);

/* The complete C file of one device but for its fingerprint and weights, which follow as text of their own. */
struct device_file {
    const char *body, *weights;
    bool includes_weights; /* deviceN.weights, by the assembler */
    int64_t arena_bytes, macs;
    struct device_facts facts;
};
struct device_file device_file_write(struct folder *folder, const struct program *program, int device,
                                     const struct emit_options *options, struct scratch *scratch);

/* Add a row to the table of layers; returns its number. Add `count` pieces to it; returns the number of the first. Both are what
 * mednn_done() is told when the program has done a piece (source_done): pieces say which processor time belongs to what, see
 * runtime/slow.h. */
int source_row(struct source *source, const char *name, const char *kernel, int64_t macs, int64_t bytes);
int source_pieces(struct source *source, int row, int count);
void source_done(struct source *source, int row, int piece);
int source_threads(const struct source *source); /* of this device */

/* A step that computes (EARLY, COMPUTE, LATE): functions of boxes, and in the schedule what calls them (device_layers.c). */
void source_compute(struct source *source, int index);

/* Functions that move tensors between storages and the canonical order of wire and caller (transfers.c). Each writes
 * one function and returns its name. */
const char *source_load_function(struct source *source, const struct tensor *tensor);
const char *source_store_function(struct source *source, const struct tensor *tensor, int index);
const char *source_pack_function(struct source *source, const struct step *step);   /* NULL: nothing to send */
const char *source_unpack_function(struct source *source, const struct step *step); /* NULL: nothing to receive */

#endif
