/* embed.h -- text files that live inside the compiler; the tables are written by embed.sh at build time. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_EMBED_H
#define MEDNN_EMBED_H

struct embedded_file {
    const char *name; /* without folder; NULL ends a table */
    const char *text;
};

extern const struct embedded_file runtime_files[];  /* runtime/: RUNTIME_FILES of runtime/local.mk */
extern const struct embedded_file template_files[]; /* templates/: TEMPLATE_FILES of templates/local.mk */

#endif
