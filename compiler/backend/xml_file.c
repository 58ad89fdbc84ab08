/* xml_file.c -- small XML files. */
/* SPDX-License-Identifier: MIT */
#include "xml_file.h"

#include "../support/fail.h"
#include "../support/file.h"

#include <libxml/parser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { XML_FILE_LIMIT = 1 << 20 };

const char *xml_file_attribute(struct arena *arena, xmlNode *element, const char *name)
{
    xmlChar *value = xmlGetNoNsProp(element, BAD_CAST name);
    const char *copy = value ? arena_string(arena, (const char *)value) : NULL;
    xmlFree(value);
    return copy;
}

double xml_file_number_of(xmlNode *element, const char *name, const char *value, double low, double high)
{
    char *end;
    double number = strtod(value, &end);
    if (end == value || *end || !(number >= low && number <= high))
        fail("line %ld: %s %s=\"%s\": expected a number from %g to %g", xmlGetLineNo(element),
             (const char *)element->name, name, value, low, high);
    return number;
}

/* The number of an attribute, or `otherwise` where it is absent. */
double xml_file_number(struct arena *arena, xmlNode *element, const char *name, double low, double high, double otherwise)
{
    const char *value = xml_file_attribute(arena, element, name);
    return value ? xml_file_number_of(element, name, value, low, high) : otherwise;
}

double xml_file_needed(struct arena *arena, xmlNode *element, const char *name, double low, double high)
{
    const double value = xml_file_number(arena, element, name, low, high, -1);
    if (value < 0)
        fail("line %ld: %s: %s is missing", xmlGetLineNo(element), (const char *)element->name, name);
    return value;
}

bool xml_file_is_element(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && !strcmp((const char *)node->name, name);
}

static void ignore_error(void *context, const char *format, ...)
{
    (void)context, (void)format;
}

static void free_document(void *document)
{
    xmlFreeDoc(document);
}

xmlDoc *xml_file_open(struct arena *arena, const char *path)
{
    struct mapping mapping = file_map(path, XML_FILE_LIMIT);
    xmlSetGenericErrorFunc(NULL, ignore_error);
    xmlDoc *document = xmlReadMemory((const char *)mapping.bytes, (int)mapping.size, "file.xml", NULL,
                                     XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    file_unmap(mapping);
    if (!document) {
        const xmlError *error = xmlGetLastError();
        char *message = arena_string(arena, error && error->message ? error->message : "not XML\n");
        message[strcspn(message, "\n")] = 0;
        fail("line %d: %s", error ? error->line : 0, message);
    }
    fail_cleanup(free_document, document);
    return document;
}

void xml_file_close(xmlDoc *document)
{
    fail_cleanup(NULL, NULL);
    xmlFreeDoc(document);
}

xmlTextWriter *xml_file_begin(xmlBuffer **buffer, const char *comment)
{
    *buffer = xmlBufferCreate();
    xmlTextWriter *writer = *buffer ? xmlNewTextWriterMemory(*buffer, 0) : NULL;
    if (!writer)
        fail_machine("out of memory");
    xmlTextWriterSetIndent(writer, 1);
    xmlTextWriterStartDocument(writer, NULL, "UTF-8", NULL);
    xmlTextWriterWriteComment(writer, BAD_CAST comment);
    return writer;
}

void xml_file_end(struct arena *arena, xmlTextWriter *writer, xmlBuffer *buffer, struct text *text)
{
    xmlTextWriterEndDocument(writer);
    xmlFreeTextWriter(writer);
    *text = (struct text){.arena = arena};
    text_add(text, (const char *)xmlBufferContent(buffer));
    xmlBufferFree(buffer);
}

void xml_file_put(const char *path, const struct text *text)
{
    FILE *file = path ? fopen(path, "w") : stdout;
    if (!file)
        fail("%s: cannot be written", path);
    fputs(text->bytes, file);
    if (path ? fclose(file) : fflush(file))
        fail_machine("cannot write %s", path ? path : "to standard output");
}
