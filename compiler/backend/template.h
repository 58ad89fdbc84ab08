/* template.h -- finding and filling the files of templates/, which mednnc carries inside. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_TEMPLATE_H
#define MEDNN_TEMPLATE_H

#include "../support/text.h"
#include "embed.h"

/* The text of a template; it is our bug when there is none. */
const char *template_text(const char *name);

struct substitution {
    const char *name, *value;
};

/* Add a template with every @NAME@ replaced; a line that holds nothing but a @NAME@ whose value is empty vanishes.
 * `list` ends with a row of NULLs. */
void template_expand(struct text *text, const char *template_name, const struct substitution *list);

#endif
