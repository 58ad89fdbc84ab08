/* cluster_file.c -- a scanner for the little XML that cluster files are made of. */
/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "cluster_file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_LIMIT = 1 << 20, DEPTH_LIMIT = 16, NAME_BYTES = 64, DEFAULT_PORT = 7700 };

struct scanner {
    const char *path, *start, *at, *end;
    char *error;
    size_t error_size;
    struct mednn_cluster *cluster;
    bool defined[MEDNN_MAX_DEVICES];
    bool has_root;
    int depth;
    char open[DEPTH_LIMIT][NAME_BYTES];
};

/* Attributes of a <device>; those without have id -1. */
struct device {
    long id, port;
    bool has_address;
    char address[MEDNN_HOST_BYTES];
};

static bool wrong(struct scanner *scanner, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Always false. */
static bool wrong(struct scanner *scanner, const char *format, ...)
{
    unsigned line = 1;
    for (const char *p = scanner->start; p < scanner->at; p++)
        line += *p == '\n';
    char what[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    for (char *p = what; *p; p++)
        if (*p < ' ' || *p > '~')
            *p = '?';
    snprintf(scanner->error, scanner->error_size, "%s:%u: %s", scanner->path, line, what);
    return false;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_space(struct scanner *scanner)
{
    while (scanner->at < scanner->end && is_space(*scanner->at))
        scanner->at++;
}

static bool starts_with(const struct scanner *scanner, const char *word)
{
    size_t length = strlen(word);
    return (size_t)(scanner->end - scanner->at) >= length && !memcmp(scanner->at, word, length);
}

static bool take(struct scanner *scanner, const char *word)
{
    if (!starts_with(scanner, word))
        return false;
    scanner->at += strlen(word);
    return true;
}

static bool skip_past(struct scanner *scanner, const char *word, const char *what)
{
    const char *start = scanner->at;
    while (scanner->at < scanner->end && !starts_with(scanner, word))
        scanner->at++;
    if (take(scanner, word))
        return true;
    scanner->at = start;
    return wrong(scanner, "%s does not end", what);
}

static bool is_name(char c, bool first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' ||
           (!first && ((c >= '0' && c <= '9') || c == '-' || c == '.'));
}

static bool read_name(struct scanner *scanner, char *name)
{
    size_t length = 0;
    while (scanner->at < scanner->end && is_name(*scanner->at, !length)) {
        if (length + 1 == NAME_BYTES)
            return wrong(scanner, "a name is longer than %d letters", NAME_BYTES - 1);
        name[length++] = *scanner->at++;
    }
    name[length] = 0;
    return length || wrong(scanner, "expected a name");
}

static bool read_entity(struct scanner *scanner, char *character)
{
    static const struct {
        const char *name;
        char character;
    } entity[] = {{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}, {"&apos;", '\''}};
    for (size_t i = 0; i < sizeof entity / sizeof *entity; i++)
        if (take(scanner, entity[i].name)) {
            *character = entity[i].character;
            return true;
        }
    if (starts_with(scanner, "&#")) {
        const char *digit = scanner->at + 2, *digits = "0123456789abcdef", *place;
        int base = digit < scanner->end && *digit == 'x' ? 16 : 10, value = 0;
        for (digit += base == 16; digit < scanner->end && *digit != ';' && value < 0x110000; digit++) {
            char lower = *digit >= 'A' && *digit <= 'F' ? (char)(*digit - 'A' + 'a') : *digit;
            place = memchr(digits, lower, (size_t)base);
            if (!place)
                break;
            value = value * base + (int)(place - digits);
        }
        bool is_blank = value == '\t' || value == '\n' || value == '\r';
        if (digit < scanner->end && *digit == ';' && (value >= ' ' || is_blank) && value < 0x110000) {
            scanner->at = digit + 1;
            *character = (char)(value < 127 ? value : 127); /* no address has those */
            return true;
        }
    }
    return wrong(scanner, "unknown entity");
}

/* What does not fit into `room` is refused when `strict`, else cut. */
static bool read_value(struct scanner *scanner, const char *attribute, char *value, size_t room, bool strict)
{
    char quote = scanner->at < scanner->end ? *scanner->at : 0;
    if (quote != '"' && quote != '\'')
        return wrong(scanner, "the value of %s is not quoted", attribute);
    const char *start = scanner->at++;
    size_t length = 0;
    while (scanner->at < scanner->end && *scanner->at != quote) {
        char c = *scanner->at;
        if (c == '<' || !c)
            break;
        if (c != '&')
            scanner->at++;
        else if (!read_entity(scanner, &c))
            return false;
        if (length + 1 < room)
            value[length++] = c;
        else if (strict)
            return wrong(scanner, "the value of %s is too long", attribute);
    }
    value[length] = 0;
    if (scanner->at < scanner->end && *scanner->at == quote) {
        scanner->at++;
        return true;
    }
    scanner->at = start;
    return wrong(scanner, "the value of %s does not end", attribute);
}

static bool read_integer(struct scanner *scanner, const char *attribute, const char *value, long most,
                         long *number)
{
    char *end;
    errno = 0;
    *number = strtol(value, &end, 10);
    if (*value < '0' || *value > '9' || *end || errno || *number > most)
        return wrong(scanner, "%s=\"%s\" is not a number from 0 to %ld", attribute, value, most);
    return true;
}

static bool read_device_attribute(struct scanner *scanner, struct device *device, const char *attribute)
{
    char value[MEDNN_HOST_BYTES];
    bool is_id = !strcmp(attribute, "id"), is_port = !strcmp(attribute, "port");
    bool is_address = !strcmp(attribute, "address");
    if (!read_value(scanner, attribute, value, sizeof value, is_id || is_port || is_address))
        return false;
    if ((is_id && device->id >= 0) || (is_port && device->port >= 0) || (is_address && device->has_address))
        return wrong(scanner, "%s is given twice", attribute);
    if (is_id)
        return read_integer(scanner, attribute, value, MEDNN_MAX_DEVICES - 1, &device->id);
    if (is_port)
        return read_integer(scanner, attribute, value, 65535, &device->port);
    if (!is_address)
        return true;
    for (const char *p = value; *p; p++)
        if (*p <= ' ' || *p > '~')
            return wrong(scanner, "address=\"%s\" is not a host name or IP address", value);
    if (!*value)
        return wrong(scanner, "address is empty");
    device->has_address = true;
    strcpy(device->address, value);
    return true;
}

static bool define_device(struct scanner *scanner, const struct device *device)
{
    struct mednn_cluster *cluster = scanner->cluster;
    if (device->id < 0)
        return wrong(scanner, "a device without id");
    if (scanner->defined[device->id])
        return wrong(scanner, "device %ld is given twice", device->id);
    if (!device->port)
        return wrong(scanner, "port=\"0\" of device %ld; expected 1 to 65535", device->id);
    scanner->defined[device->id] = true;
    cluster->count++;
    char *host = cluster->host[device->id];
    strcpy(host, device->has_address ? device->address : "127.0.0.1");
    long port = device->port > 0 ? device->port : DEFAULT_PORT + device->id;
    cluster->address[device->id] = (struct mednn_address){.host = host, .port = (uint16_t)port};
    return true;
}

static bool read_start_tag(struct scanner *scanner)
{
    char name[NAME_BYTES];
    if (!read_name(scanner, name))
        return false;
    if (!scanner->depth && (scanner->has_root || strcmp(name, "cluster")))
        return wrong(scanner, "found <%s>; expected one <cluster>", name);
    scanner->has_root = true;
    bool is_device = scanner->depth == 1 && !strcmp(name, "device");
    struct device device = {.id = -1, .port = -1};
    for (;;) {
        const char *before = scanner->at;
        skip_space(scanner);
        bool closed = take(scanner, "/>");
        if (closed || take(scanner, ">")) {
            if (is_device && !define_device(scanner, &device))
                return false;
            if (closed)
                return true;
            if (scanner->depth == DEPTH_LIMIT)
                return wrong(scanner, "elements are nested deeper than %d", DEPTH_LIMIT);
            strcpy(scanner->open[scanner->depth++], name);
            return true;
        }
        if (scanner->at == before)
            return wrong(scanner, "<%s is not well formed", name);
        char attribute[NAME_BYTES], ignored[2];
        if (!read_name(scanner, attribute))
            return false;
        skip_space(scanner);
        if (!take(scanner, "="))
            return wrong(scanner, "%s has no value", attribute);
        skip_space(scanner);
        if (is_device ? !read_device_attribute(scanner, &device, attribute)
                      : !read_value(scanner, attribute, ignored, sizeof ignored, false))
            return false;
    }
}

static bool read_end_tag(struct scanner *scanner)
{
    char name[NAME_BYTES];
    if (!read_name(scanner, name))
        return false;
    skip_space(scanner);
    if (!take(scanner, ">"))
        return wrong(scanner, "</%s is not well formed", name);
    if (!scanner->depth || strcmp(scanner->open[scanner->depth - 1], name))
        return wrong(scanner, "</%s> closes nothing", name);
    scanner->depth--;
    return true;
}

static bool scan(struct scanner *scanner)
{
    (void)take(scanner, "\xef\xbb\xbf");
    while (scanner->at < scanner->end) {
        bool fine = true;
        if (take(scanner, "<?"))
            fine = skip_past(scanner, "?>", "a <? ?>");
        else if (take(scanner, "<!--"))
            fine = skip_past(scanner, "-->", "a comment");
        else if (starts_with(scanner, "<!"))
            fine = wrong(scanner, "DOCTYPE and CDATA are not supported");
        else if (take(scanner, "</"))
            fine = read_end_tag(scanner);
        else if (take(scanner, "<"))
            fine = read_start_tag(scanner);
        else if (!*scanner->at || (!scanner->depth && !is_space(*scanner->at)))
            fine = wrong(scanner, "is not a cluster file: expected <cluster>");
        else
            scanner->at++;
        if (!fine)
            return false;
    }
    if (scanner->depth)
        return wrong(scanner, "<%s> is not closed", scanner->open[scanner->depth - 1]);
    if (!scanner->cluster->count)
        return wrong(scanner, "no <device> in it");
    for (uint32_t i = 0; i < scanner->cluster->count; i++)
        if (!scanner->defined[i])
            return wrong(scanner, "%u devices but none with id %u", (unsigned)scanner->cluster->count,
                         (unsigned)i);
    return true;
}

int mednn_cluster_parse(struct mednn_cluster *cluster, const char *path, const char *text, size_t size,
                        char *error, size_t error_size)
{
    memset(cluster, 0, sizeof *cluster);
    struct scanner scanner = {.path = path, .start = text, .at = text, .end = text + size};
    scanner.error = error;
    scanner.error_size = error_size;
    scanner.cluster = cluster;
    return scan(&scanner) ? 0 : -1;
}

int mednn_cluster_read(struct mednn_cluster *cluster, const char *path, char *error, size_t error_size)
{
    FILE *file = fopen(path, "rb");
    char *text = file ? malloc(FILE_LIMIT + 1) : NULL;
    int status = -1;
    if (!file || !text) {
        snprintf(error, error_size, "%s: %s", path, strerror(errno));
    } else {
        size_t size = fread(text, 1, FILE_LIMIT + 1, file);
        if (ferror(file))
            snprintf(error, error_size, "%s: %s", path, strerror(errno));
        else if (size > FILE_LIMIT)
            snprintf(error, error_size, "%s: larger than %d bytes, which no cluster file is", path,
                     FILE_LIMIT);
        else
            status = mednn_cluster_parse(cluster, path, text, size, error, error_size);
    }
    free(text);
    if (file)
        fclose(file);
    return status;
}
