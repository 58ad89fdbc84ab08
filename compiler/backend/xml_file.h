/* xml_file.h -- small XML files: reading what people may have edited, which fails with the line that is wrong, and writing. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_XML_FILE_H
#define MEDNN_XML_FILE_H

#include "../support/text.h"

#include <libxml/xmlwriter.h>
#include <stdbool.h>

/* A file of at most 1 MiB. A failure before xml_file_close() closes it, too: it is what fail_cleanup() cleans meanwhile. */
xmlDoc *xml_file_open(struct arena *arena, const char *path);
void xml_file_close(xmlDoc *document);

bool xml_file_is_element(const xmlNode *node, const char *name);
/* NULL where it is absent. */
const char *xml_file_attribute(struct arena *arena, xmlNode *element, const char *name);
/* The number that `value`, of an attribute, says, from `low` to `high`. */
double xml_file_number_of(xmlNode *element, const char *name, const char *value, double low, double high);
/* The number of an attribute, or `otherwise` where it is absent. */
double xml_file_number(struct arena *arena, xmlNode *element, const char *name, double low, double high, double otherwise);
/* The number of an attribute that must be there; low >= 0. */
double xml_file_needed(struct arena *arena, xmlNode *element, const char *name, double low, double high);

/* Begin a document with a comment, to be filled; and end it, as text. */
xmlTextWriter *xml_file_begin(xmlBuffer **buffer, const char *comment);
void xml_file_end(struct arena *arena, xmlTextWriter *writer, xmlBuffer *buffer, struct text *text);

/* Write a text to a file, or to standard output where `path` is NULL. */
void xml_file_put(const char *path, const struct text *text);

#endif
