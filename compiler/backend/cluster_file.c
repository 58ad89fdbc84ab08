/* cluster_file.c -- reading and writing cluster descriptions. */
/* SPDX-License-Identifier: MIT */
#include "cluster_file.h"

#include "../support/fail.h"

#include <inttypes.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/xmlwriter.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_PORT = 7700, CLUSTER_FILE_LIMIT = 1 << 20 };

bool target_is_known(const char *target)
{
    static const char *const known[] = {"any", "x86-64-v3", "x86-64-v4", "armv8-a", "armv7-neon"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcmp(target, known[i]))
            return true;
    return false;
}

static struct device *add_device(struct arena *arena, struct cluster *cluster, double speed)
{
    if (cluster->count == MAX_DEVICES)
        fail("more than %d devices", MAX_DEVICES);
    int index = cluster->count++;
    cluster->device[index] = (struct device){.name = arena_printf(arena, "device%d", index), .speed = speed,
                                             .address = "127.0.0.1", .port = DEFAULT_PORT + index};
    return &cluster->device[index];
}

static bool is_speed(double speed)
{
    return isfinite(speed) && speed > 0 && speed <= 1e12;
}

void cluster_parse(struct arena *arena, const char *text, struct cluster *cluster)
{
    *cluster = (struct cluster){0};
    char *end;
    if (!strchr(text, ',')) {
        long count = strtol(text, &end, 10);
        if (end == text || *end || count < 1 || count > MAX_DEVICES)
            fail("--devices %s: expected a number from 1 to %d, or speeds such as 2,1,1", text, MAX_DEVICES);
        for (long i = 0; i < count; i++)
            add_device(arena, cluster, 1);
        return;
    }
    for (const char *at = text;; at = end + 1) {
        double speed = strtod(at, &end);
        if (end == at || (*end && *end != ',') || !is_speed(speed))
            fail("--devices %s: expected positive speeds such as 2,1,1", text);
        add_device(arena, cluster, speed);
        if (!*end)
            return;
    }
}

static const char *attribute(struct arena *arena, xmlNode *element, const char *name)
{
    xmlChar *value = xmlGetNoNsProp(element, BAD_CAST name);
    const char *copy = value ? arena_string(arena, (const char *)value) : NULL;
    xmlFree(value);
    return copy;
}

static double number_of(xmlNode *element, const char *name, const char *value, double low, double high)
{
    char *end;
    double number = strtod(value, &end);
    if (end == value || *end || !(number >= low && number <= high))
        fail("line %ld: device %s=\"%s\": expected a number from %g to %g", xmlGetLineNo(element), name, value, low,
             high);
    return number;
}

static void read_device(struct arena *arena, xmlNode *element, struct cluster *cluster)
{
    struct device *device = add_device(arena, cluster, 1);
    const char *value;
    if ((value = attribute(arena, element, "name")))
        device->name = value;
    if ((value = attribute(arena, element, "address")))
        device->address = value;
    if ((value = attribute(arena, element, "speed")))
        device->speed = number_of(element, "speed", value, 1e-12, 1e12);
    if ((value = attribute(arena, element, "port")))
        device->port = (int)number_of(element, "port", value, 1, 65535);
    if ((value = attribute(arena, element, "memory")))
        device->memory = (int64_t)number_of(element, "memory", value, 1, 1e15);
    if ((value = attribute(arena, element, "threads")))
        device->threads = (int)number_of(element, "threads", value, 1, MAX_THREADS);
    if ((value = attribute(arena, element, "target"))) {
        if (!target_is_known(value))
            fail("line %ld: device target=\"%s\": expected any, x86-64-v3, x86-64-v4, armv8-a or armv7-neon",
                 xmlGetLineNo(element), value);
        device->target = strcmp(value, "any") ? value : NULL;
    }
    int index = cluster->count - 1;
    if ((value = attribute(arena, element, "id")) && number_of(element, "id", value, 0, MAX_DEVICES) != index)
        fail("line %ld: device id=\"%s\" is number %d in the file: ids count from 0 in order", xmlGetLineNo(element),
             value, index);
}

static void read_document(struct arena *arena, xmlDoc *document, struct cluster *cluster)
{
    xmlNode *root = xmlDocGetRootElement(document);
    if (!root || strcmp((const char *)root->name, "cluster"))
        fail("the root element is <%s>, expected <cluster>", root ? (const char *)root->name : "");
    for (xmlNode *child = root->children; child; child = child->next)
        if (child->type == XML_ELEMENT_NODE && !strcmp((const char *)child->name, "device"))
            read_device(arena, child, cluster);
    if (!cluster->count)
        fail("<cluster> holds no <device>");
}

static void ignore_error(void *context, const char *format, ...)
{
    (void)context, (void)format;
}

void cluster_file_read(struct arena *arena, const char *path, struct cluster *cluster)
{
    *cluster = (struct cluster){0};
    struct mapping mapping = file_map(path, CLUSTER_FILE_LIMIT);
    xmlSetGenericErrorFunc(NULL, ignore_error);
    xmlDoc *document = xmlReadMemory((const char *)mapping.bytes, (int)mapping.size, "cluster.xml", NULL,
                                     XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    file_unmap(mapping);
    if (!document) {
        const xmlError *error = xmlGetLastError();
        char *message = arena_string(arena, error && error->message ? error->message : "not XML\n");
        message[strcspn(message, "\n")] = 0;
        fail("line %d: %s", error ? error->line : 0, message);
    }
    read_document(arena, document, cluster);
    xmlFreeDoc(document);
}

void cluster_file_write(struct folder *folder, const struct cluster *cluster)
{
    xmlBuffer *buffer = xmlBufferCreate();
    xmlTextWriter *writer = buffer ? xmlNewTextWriterMemory(buffer, 0) : NULL;
    if (!writer)
        fail_machine("out of memory");
    xmlTextWriterSetIndent(writer, 1);
    xmlTextWriterStartDocument(writer, NULL, "UTF-8", NULL);
    xmlTextWriterWriteComment(writer, BAD_CAST " The devices as planned. Set the addresses of the real ones; the rest is"
                                               " compiled into the programs. ");
    xmlTextWriterStartElement(writer, BAD_CAST "cluster");
    for (int d = 0; d < cluster->count; d++) {
        const struct device *device = &cluster->device[d];
        xmlTextWriterStartElement(writer, BAD_CAST "device");
        xmlTextWriterWriteFormatAttribute(writer, BAD_CAST "id", "%d", d);
        xmlTextWriterWriteAttribute(writer, BAD_CAST "name", BAD_CAST device->name);
        xmlTextWriterWriteFormatAttribute(writer, BAD_CAST "speed", "%.9g", device->speed);
        xmlTextWriterWriteAttribute(writer, BAD_CAST "address", BAD_CAST device->address);
        xmlTextWriterWriteFormatAttribute(writer, BAD_CAST "port", "%d", device->port);
        if (device->memory)
            xmlTextWriterWriteFormatAttribute(writer, BAD_CAST "memory", "%" PRId64, device->memory);
        if (device->target)
            xmlTextWriterWriteAttribute(writer, BAD_CAST "target", BAD_CAST device->target);
        if (device->threads > 1)
            xmlTextWriterWriteFormatAttribute(writer, BAD_CAST "threads", "%d", device->threads);
        xmlTextWriterEndElement(writer);
    }
    xmlTextWriterEndDocument(writer);
    xmlFreeTextWriter(writer);
    folder_write(folder, "cluster.xml", xmlBufferContent(buffer), (size_t)xmlBufferLength(buffer));
    xmlBufferFree(buffer);
}
