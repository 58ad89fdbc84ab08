/* xml_file.h -- reading small XML files that people may have edited; all fail with the line that is wrong. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_XML_FILE_H
#define MEDNN_XML_FILE_H

#include "../support/arena.h"

#include <libxml/tree.h>
#include <stdbool.h>

/* A file of at most 1 MiB; free with xmlFreeDoc(). */
xmlDoc *xml_file_open(struct arena *arena, const char *path);

bool xml_file_is_element(const xmlNode *node, const char *name);
/* NULL where it is absent. */
const char *xml_file_attribute(struct arena *arena, xmlNode *element, const char *name);
/* The number that `value`, of an attribute, says, from `low` to `high`. */
double xml_file_number_of(xmlNode *element, const char *name, const char *value, double low, double high);
/* The number of an attribute, or `otherwise` where it is absent. */
double xml_file_number(struct arena *arena, xmlNode *element, const char *name, double low, double high, double otherwise);
/* The number of an attribute that must be there; low >= 0. */
double xml_file_needed(struct arena *arena, xmlNode *element, const char *name, double low, double high);

#endif
