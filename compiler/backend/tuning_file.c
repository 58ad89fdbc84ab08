/* tuning_file.c -- reading and writing what mednn-tune measured. */
/* SPDX-License-Identifier: MIT */
#include "tuning_file.h"

#include "../support/fail.h"
#include "xml_file.h"

#include <string.h>

/* Microseconds. */
static const double SHORTEST = 1e-6, LONGEST = 1e12;

/* The next child that is an element, which must be a <NAME>. */
static xmlNode *next_element(xmlNode *child, const char *name)
{
    while (child && child->type != XML_ELEMENT_NODE)
        child = child->next;
    if (child && !xml_file_is_element(child, name))
        fail("line %ld: <%s>, expected <%s>", xmlGetLineNo(child), (const char *)child->name, name);
    return child;
}

static const char *text_of(struct arena *arena, xmlNode *element, const char *name)
{
    const char *value = xml_file_attribute(arena, element, name);
    if (!value || !*value)
        fail("line %ld: %s: %s is missing", xmlGetLineNo(element), (const char *)element->name, name);
    return value;
}

static void read_kernel(struct arena *arena, xmlNode *element, const char *layer, struct tuning *tuning)
{
    const char *name = text_of(arena, element, "name");
    const struct kernel *kernel = kernel_find(name);
    const struct tuned_layer *tuned = tuning_find(tuning, layer);
    if (!kernel)
        fail("line %ld: kernel name=\"%s\": there is no such kernel", xmlGetLineNo(element), name);
    if (tuned && tuning_seconds(tuned, kernel) > 0)
        fail("line %ld: a second <kernel name=\"%s\"> of one layer", xmlGetLineNo(element), name);
    tuning_add(arena, tuning, layer, kernel, 1e-6 * xml_file_needed(arena, element, "us", SHORTEST, LONGEST));
}

static void read_layer(struct arena *arena, xmlNode *element, struct tuning *tuning)
{
    const char *layer = text_of(arena, element, "is");
    xmlNode *child = next_element(element->children, "kernel");
    if (tuning_find(tuning, layer))
        fail("line %ld: a second <layer> of the same layer", xmlGetLineNo(element));
    if (!child)
        fail("line %ld: <layer> holds no <kernel>", xmlGetLineNo(element));
    for (; child; child = next_element(child->next, "kernel"))
        read_kernel(arena, child, layer, tuning);
}

void tuning_read(struct arena *arena, const char *path, struct tuning *tuning)
{
    *tuning = (struct tuning){0};
    xmlDoc *document = xml_file_open(arena, path);
    xmlNode *root = xmlDocGetRootElement(document);
    if (!root || !xml_file_is_element(root, "tuning"))
        fail("the root element is <%s>, expected <tuning>", root ? (const char *)root->name : "");
    if (xml_file_needed(arena, root, "version", 0, 1e9) != 1)
        fail("line %ld: tuning version: only 1 is known", xmlGetLineNo(root));
    for (xmlNode *child = next_element(root->children, "layer"); child; child = next_element(child->next, "layer"))
        read_layer(arena, child, tuning);
    xml_file_close(document);
}

static void write_layer(xmlTextWriter *writer, const struct tuned_layer *layer)
{
    xmlTextWriterStartElement(writer, BAD_CAST "layer");
    xmlTextWriterWriteAttribute(writer, BAD_CAST "is", BAD_CAST layer->layer);
    for (int i = 0; i < layer->count; i++) {
        xmlTextWriterStartElement(writer, BAD_CAST "kernel");
        xmlTextWriterWriteAttribute(writer, BAD_CAST "name", BAD_CAST layer->kernel[i].kernel->name);
        xmlTextWriterWriteFormatAttribute(writer, BAD_CAST "us", "%.6g", layer->kernel[i].seconds * 1e6);
        xmlTextWriterEndElement(writer);
    }
    xmlTextWriterEndElement(writer);
}

void tuning_write(struct arena *arena, const struct tuning *tuning, struct text *text)
{
    xmlBuffer *buffer;
    xmlTextWriter *writer = xml_file_begin(&buffer, " Measured by mednn-tune, for the option tune of mednnc. ");
    xmlTextWriterStartElement(writer, BAD_CAST "tuning");
    xmlTextWriterWriteAttribute(writer, BAD_CAST "version", BAD_CAST "1");
    for (int i = 0; i < tuning->count; i++)
        write_layer(writer, &tuning->layer[i]);
    xml_file_end(arena, writer, buffer, text);
}
