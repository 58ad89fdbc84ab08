/* check_shares.c -- is the work of a compiled model really divided? Reads its report.xml.
 *
 * At least 95 % of the multiply-accumulates must be in layers that several devices share, and in each of those no device
 * may do more than its fair share and one step of the grid (a row, a tile row or a channel panel). */
/* SPDX-License-Identifier: MIT */
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEVICES = 64, MAX_RANK = 8 };
#define LEAST_DIVIDED 0.95
#define ROUNDING 2e-6 /* shares are printed with six digits */

struct checker {
    const char *path;
    int devices, failures, divided_layers;
    double fair[MAX_DEVICES];
};

/* The attribute as libxml2 keeps it; "" when it is missing. Lives until the process ends. */
static const char *text(xmlNodePtr element, const char *name)
{
    xmlAttrPtr attribute = xmlHasProp(element, BAD_CAST name);
    return attribute && attribute->children ? (const char *)attribute->children->content : "";
}

static double number(xmlNodePtr element, const char *name)
{
    const char *value = text(element, name);
    char *end;
    double result = strtod(value, &end);
    if (end == value || *end) {
        fprintf(stderr, "check_shares: element %s has no number %s\n", (const char *)element->name, name);
        exit(2);
    }
    return result;
}

static bool is(xmlNodePtr node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && !strcmp((const char *)node->name, name);
}

static xmlNodePtr child(xmlNodePtr parent, const char *name)
{
    for (xmlNodePtr node = parent->children; node; node = node->next)
        if (is(node, name))
            return node;
    fprintf(stderr, "check_shares: no element %s\n", name);
    exit(2);
}

/* Numbers separated by spaces or x. */
static int numbers(const char *list, double value[MAX_RANK])
{
    int count = 0;
    for (char *end; *list && count < MAX_RANK; list = *end ? end + 1 : end)
        value[count++] = strtod(list, &end);
    return count;
}

/* The largest part of a layer that one step of the grid along a cut axis makes. */
static double grid_step(xmlNodePtr layer)
{
    double shape[MAX_RANK], grid[MAX_RANK], axes[MAX_RANK], largest = 0;
    int rank = numbers(text(layer, "shape"), shape), cuts = numbers(text(layer, "axes"), axes);
    if (numbers(text(layer, "grid"), grid) != rank)
        return 0;
    for (int i = 0; i < cuts; i++) {
        int axis = (int)axes[i];
        if (axis >= 0 && axis < rank && shape[axis] > 0 && grid[axis] / shape[axis] > largest)
            largest = grid[axis] / shape[axis];
    }
    return largest;
}

static void check_layer(struct checker *checker, xmlNodePtr layer)
{
    if (number(layer, "macs") == 0 || strcmp(text(layer, "divided"), "yes"))
        return;
    double step = grid_step(layer), all = 0;
    checker->divided_layers++;
    for (xmlNodePtr part = layer->children; part; part = part->next) {
        if (!is(part, "part"))
            continue;
        int device = (int)number(part, "device");
        double share = number(part, "share"), most = checker->fair[device] + step;
        all += share;
        if (share > most + ROUNDING) {
            fprintf(stderr, "check_shares: %s: layer %s: device %d does %.4f, fair is %.4f and a step %.4f\n", checker->path,
                    text(layer, "name"), device, share, checker->fair[device], step);
            checker->failures++;
        }
    }
    /* Windows that reach into padding make pieces of a layer sum up to a little less, never more. */
    if (all > 1 + MAX_DEVICES * ROUNDING || all < 0.9) {
        fprintf(stderr, "check_shares: %s: layer %s: the shares sum up to %.4f\n", checker->path, text(layer, "name"), all);
        checker->failures++;
    }
}

static void check_report(struct checker *checker, xmlNodePtr report)
{
    for (xmlNodePtr node = child(report, "devices")->children; node; node = node->next)
        if (is(node, "device") && checker->devices < MAX_DEVICES)
            checker->fair[checker->devices++] = number(node, "fair_share");
    for (xmlNodePtr node = child(report, "layers")->children; node; node = node->next)
        if (is(node, "layer"))
            check_layer(checker, node);
    double divided = number(child(report, "totals"), "divided_share");
    printf("%d layers divided among %d devices, %.2f %% of the MACs\n", checker->divided_layers, checker->devices,
           100 * divided);
    if (divided < LEAST_DIVIDED) {
        fprintf(stderr, "check_shares: %s: only %.2f %% of the MACs are divided\n", checker->path, 100 * divided);
        checker->failures++;
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: check_shares REPORT.xml\n", stderr);
        return 2;
    }
    xmlDocPtr document = xmlReadFile(argv[1], NULL, XML_PARSE_NONET);
    if (!document)
        return 2;
    struct checker checker = {.path = argv[1]};
    check_report(&checker, xmlDocGetRootElement(document));
    xmlFreeDoc(document);
    xmlCleanupParser();
    return checker.failures > 0;
}
