/* cluster_file.c -- reading and writing cluster descriptions. */
/* SPDX-License-Identifier: MIT */
#include "cluster_file.h"

#include "../support/fail.h"
#include "xml_file.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Bytes per second. */
#define MBIT (1e6 / 8)
#define RATE_LOW 1e-9
#define RATE_HIGH 1e9
#define CALL_NAME "call_us"
#define MESSAGE_NAME "message_us"
#define BYTES_NAME "message"

enum { DEFAULT_PORT = 7700 };

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
    *cluster = (struct cluster){.network = {.latency = ASSUMED_LATENCY, .rate = ASSUMED_RATE}};
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

/* Work is given as 1e9 units a second, calls and messages as microseconds. */
static void read_rates(struct arena *arena, xmlNode *element, struct device *device)
{
    if (device->measured)
        fail("line %ld: a second <rates> of one device", xmlGetLineNo(element));
    device->measured = true;
    for (int k = 0; k < WORK_KINDS; k++)
        device->seconds[k] = k == WORK_CALLS ? 1e-6 * xml_file_needed(arena, element, CALL_NAME, 0, 1e6)
                                             : 1e-9 / xml_file_needed(arena, element, work_name((enum work_kind)k), RATE_LOW, RATE_HIGH);
    device->message_seconds = 1e-6 * xml_file_needed(arena, element, MESSAGE_NAME, 0, 1e6);
    device->byte_seconds = 1e-9 / xml_file_needed(arena, element, BYTES_NAME, RATE_LOW, RATE_HIGH);
}

static void read_device(struct arena *arena, xmlNode *element, struct cluster *cluster)
{
    struct device *device = add_device(arena, cluster, 1);
    const char *value;
    if ((value = xml_file_attribute(arena, element, "name")))
        device->name = value;
    if ((value = xml_file_attribute(arena, element, "address")))
        device->address = value;
    if ((value = xml_file_attribute(arena, element, "speed")))
        device->speed = xml_file_number_of(element, "speed", value, 1e-12, 1e12);
    if ((value = xml_file_attribute(arena, element, "port")))
        device->port = (int)xml_file_number_of(element, "port", value, 1, 65535);
    if ((value = xml_file_attribute(arena, element, "memory")))
        device->memory = (int64_t)xml_file_number_of(element, "memory", value, 1, 1e15);
    if ((value = xml_file_attribute(arena, element, "threads")))
        device->threads = (int)xml_file_number_of(element, "threads", value, 1, MAX_THREADS);
    if ((value = xml_file_attribute(arena, element, "target"))) {
        if (!target_is_known(value))
            fail("line %ld: device target=\"%s\": expected any, x86-64-v3, x86-64-v4, armv8-a or armv7-neon",
                 xmlGetLineNo(element), value);
        device->target = strcmp(value, "any") ? value : NULL;
    }
    device->gmacs = xml_file_number(arena, element, "gmacs", RATE_LOW, RATE_HIGH, 0);
    device->up = MBIT * xml_file_number(arena, element, "up_mbit", RATE_LOW, RATE_HIGH, 0);
    device->down = MBIT * xml_file_number(arena, element, "down_mbit", RATE_LOW, RATE_HIGH, 0);
    for (xmlNode *child = element->children; child; child = child->next)
        if (xml_file_is_element(child, "rates"))
            read_rates(arena, child, device);
    int index = cluster->count - 1;
    if ((value = xml_file_attribute(arena, element, "id")) && xml_file_number_of(element, "id", value, 0, MAX_DEVICES) != index)
        fail("line %ld: device id=\"%s\" is number %d in the file: ids count from 0 in order", xmlGetLineNo(element),
             value, index);
}

static void read_network(struct arena *arena, xmlNode *element, struct cluster *cluster)
{
    struct network *network = &cluster->network;
    network->latency = 1e-3 * xml_file_number(arena, element, "latency_ms", 0, 1e5, 1e3 * network->latency);
    network->rate = MBIT * xml_file_number(arena, element, "mbit", RATE_LOW, RATE_HIGH, network->rate / MBIT);
    const char *medium = xml_file_attribute(arena, element, "medium");
    if (medium && strcmp(medium, "switched") && strcmp(medium, "shared"))
        fail("line %ld: network medium=\"%s\": expected switched or shared", xmlGetLineNo(element), medium);
    network->shared = medium && !strcmp(medium, "shared");
}

static void read_link(struct arena *arena, xmlNode *element, struct cluster *cluster)
{
    struct network *network = &cluster->network;
    const int last = cluster->count - 1;
    const double from = xml_file_needed(arena, element, "from", 0, last), to = xml_file_needed(arena, element, "to", 0, last);
    const struct link link = {.from = (int)from,
                              .to = (int)to,
                              .latency = 1e-3 * xml_file_number(arena, element, "latency_ms", 0, 1e5, 1e3 * network->latency),
                              .rate = MBIT * xml_file_number(arena, element, "mbit", RATE_LOW, RATE_HIGH, network->rate / MBIT)};
    if (link.from == link.to || from > link.from || to > link.to)
        fail("line %ld: link from=\"%g\" to=\"%g\": expected the ids of two devices", xmlGetLineNo(element), from, to);
    *arena_append(arena, network->link, network->link_count, network->link_capacity) = link;
}

static void read_document(struct arena *arena, xmlDoc *document, struct cluster *cluster)
{
    xmlNode *root = xmlDocGetRootElement(document);
    if (!root || strcmp((const char *)root->name, "cluster"))
        fail("the root element is <%s>, expected <cluster>", root ? (const char *)root->name : "");
    for (xmlNode *child = root->children; child; child = child->next)
        if (xml_file_is_element(child, "device"))
            read_device(arena, child, cluster);
    if (!cluster->count)
        fail("<cluster> holds no <device>");
    for (xmlNode *child = root->children; child; child = child->next) {
        if (xml_file_is_element(child, "network"))
            read_network(arena, child, cluster);
        else if (xml_file_is_element(child, "link"))
            read_link(arena, child, cluster);
    }
}

void cluster_file_read(struct arena *arena, const char *path, struct cluster *cluster)
{
    *cluster = (struct cluster){.network = {.latency = ASSUMED_LATENCY, .rate = ASSUMED_RATE}};
    xmlDoc *document = xml_file_open(arena, path);
    read_document(arena, document, cluster);
    xml_file_close(document);
}

static void put_number(xmlTextWriter *writer, const char *name, double value)
{
    xmlTextWriterWriteFormatAttribute(writer, BAD_CAST name, "%.6g", value);
}

static void write_network(xmlTextWriter *writer, const struct network *network)
{
    xmlTextWriterStartElement(writer, BAD_CAST "network");
    put_number(writer, "latency_ms", network->latency * 1e3);
    put_number(writer, "mbit", network->rate / MBIT);
    xmlTextWriterWriteAttribute(writer, BAD_CAST "medium", BAD_CAST(network->shared ? "shared" : "switched"));
    xmlTextWriterEndElement(writer);
    for (int i = 0; i < network->link_count; i++) {
        const struct link *link = &network->link[i];
        xmlTextWriterStartElement(writer, BAD_CAST "link");
        xmlTextWriterWriteFormatAttribute(writer, BAD_CAST "from", "%d", link->from);
        xmlTextWriterWriteFormatAttribute(writer, BAD_CAST "to", "%d", link->to);
        put_number(writer, "latency_ms", link->latency * 1e3);
        put_number(writer, "mbit", link->rate / MBIT);
        xmlTextWriterEndElement(writer);
    }
}

static void write_rates(xmlTextWriter *writer, const struct device *device)
{
    xmlTextWriterStartElement(writer, BAD_CAST "rates");
    for (int k = 0; k < WORK_KINDS; k++)
        if (k == WORK_CALLS)
            put_number(writer, CALL_NAME, device->seconds[k] * 1e6);
        else
            put_number(writer, work_name((enum work_kind)k), 1e-9 / device->seconds[k]);
    put_number(writer, MESSAGE_NAME, device->message_seconds * 1e6);
    put_number(writer, BYTES_NAME, 1e-9 / device->byte_seconds);
    xmlTextWriterEndElement(writer);
}

static void write_device(xmlTextWriter *writer, const struct device *device, int index)
{
    xmlTextWriterStartElement(writer, BAD_CAST "device");
    xmlTextWriterWriteFormatAttribute(writer, BAD_CAST "id", "%d", index);
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
    if (device->gmacs > 0)
        put_number(writer, "gmacs", device->gmacs);
    if (device->up > 0)
        put_number(writer, "up_mbit", device->up / MBIT);
    if (device->down > 0)
        put_number(writer, "down_mbit", device->down / MBIT);
    if (device->measured)
        write_rates(writer, device);
    xmlTextWriterEndElement(writer);
}

void cluster_write(struct arena *arena, const struct cluster *cluster, const char *comment, struct text *text)
{
    xmlBuffer *buffer;
    xmlTextWriter *writer = xml_file_begin(&buffer, comment);
    xmlTextWriterStartElement(writer, BAD_CAST "cluster");
    for (int d = 0; d < cluster->count; d++)
        write_device(writer, &cluster->device[d], d);
    write_network(writer, &cluster->network);
    xml_file_end(arena, writer, buffer, text);
}

void cluster_file_write(struct arena *arena, struct folder *folder, const struct cluster *cluster)
{
    struct text text;
    cluster_write(arena, cluster,
                  " The devices as planned. Set the addresses of the real ones; the rest is compiled into the programs. ",
                  &text);
    folder_write(folder, "cluster.xml", text.bytes, text.length);
}
