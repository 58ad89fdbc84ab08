/* double_text.h -- templates that compute in float, written once more in double.
 *
 * Kernels whose templates know float alone serve float64 too: of a layer in double, templates and the layer's own text are written with
 * `float` replaced by `double`, vectors of float by vectors of two doubles (templates/double_vectors.h), and what a template
 * defines (functions, structures, macros, constants) with double_ in front, so that both stand in one file. Comments,
 * strings and members keep their names. Nothing fuses in double. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_DOUBLE_TEXT_H
#define MEDNN_DOUBLE_TEXT_H

#include "../support/text.h"

/* Names that templates define, and that get double_ in front. {.arena = a} knows none. */
struct doubles {
    struct arena *arena;
    const char **name, **tag; /* of functions, types, macros and constants; of structures, unions and enumerations */
    int name_count, name_capacity, tag_count, tag_capacity;
};

/* What a template becomes in double: DOUBLES_AS_IS where it serves doubles as it stands, DOUBLES_WRITTEN when it is
 * written once more, or the name of one that was written by hand. */
enum doubles_kind { DOUBLES_AS_IS, DOUBLES_WRITTEN, DOUBLES_BY_HAND };
enum doubles_kind doubles_kind(const char *template_name, const char **by_hand);

/* Takes the names that `text` defines outside of functions. */
void doubles_learn(struct doubles *doubles, const char *text);

/* Adds `text` in double. `literals`: numbers like 0.1f become 0.1; else they stay the float that they are. */
void doubles_write(const struct doubles *doubles, struct text *to, const char *text, bool literals);

#endif
