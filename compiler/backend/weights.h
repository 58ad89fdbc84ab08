/* weights.h -- the baked constants of one device: collected while its layers are emitted, written at the end. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_WEIGHTS_H
#define MEDNN_WEIGHTS_H

#include "../ir/graph.h"
#include "../support/file.h"

enum weights_form {
    WEIGHTS_AUTO,   /* inline up to 256 KiB in all, else incbin */
    WEIGHTS_INLINE, /* in the C file: numbers up to 256 KiB in all, string literals above */
    WEIGHTS_INCBIN, /* deviceN.weights, pulled in by the assembler */
    WEIGHTS_FILE    /* deviceN.weights, mapped at start */
};

enum { WEIGHTS_READABLE_BYTES = 256 << 10, WEIGHTS_ALIGNMENT = 64 };

struct weights;

/* `symbol`: C identifier of the whole ("lenet_device0_weights"); `file_name`: where the folder gets the bytes. */
struct weights *weights_begin(struct arena *arena, struct folder *folder, enum weights_form form, const char *symbol,
                              const char *file_name);

/* Add an array of `count` elements under a C name that is unique in the file. `from`: the model's tensor, or NULL.
 * The bytes are not kept once they are in the file. */
void weights_add(struct weights *weights, const char *name, const struct tensor *from, enum type type,
                 const void *values, size_t count);

/* End the collection. Afterwards: */
void weights_end(struct weights *weights);
int64_t weights_bytes(const struct weights *weights);
const char *weights_symbol(const struct weights *weights); /* as given */
/* Did it become this form? WEIGHTS_INCBIN, WEIGHTS_FILE: deviceN.weights exists. */
bool weights_have_form(const struct weights *weights, enum weights_form form);
/* What layer functions need to see: declarations or #defines of all names. */
void weights_declare(const struct weights *weights, struct text *text);
/* The end of the C file: a line of name, shape and SHA-256 per array, and the values where they are inline. */
void weights_define(const struct weights *weights, struct text *text);

#endif
