/* main.c -- mednn-probe: measures this machine, others and the links to them, and writes a cluster file. */
/* SPDX-License-Identifier: MIT */
#include "../backend/cluster_file.h"
#include "../backend/xml_file.h"
#include "../support/fail.h"
#include "config.h"
#include "probe.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "Usage: mednn-probe [OPTION]...\n"
    "Measure this machine and the links to others, and write a cluster file for mednnc --cluster.\n"
    "\n"
    "  -d, --device NAME=HOST:PORT  a machine that runs mednn-probe --serve=PORT; may be repeated\n"
    "  -n, --name NAME              of this machine, device 0 (default device0)\n"
    "  -a, --address HOST           of this machine, for the others (default 127.0.0.1)\n"
    "  -o, --output FILE            the cluster file (default standard output)\n"
    "      --serve=PORT             answer the probes of device 0, after measuring this machine\n"
    "      --links-only             do not measure kernels\n"
    "  -q, --quiet                  no notes\n"
    "      --help                   this text\n"
    "      --version                the version\n"
    "\n"
    "Exit status: 0 done, 2 bad usage or no answer, 1 the machine's fault.\n";

enum { OPTION_SERVE = 256, OPTION_LINKS_ONLY, OPTION_HELP, OPTION_VERSION };

struct probe {
    struct arena arena;
    int argc;
    char **argv;
    const char *output;
    int port; /* to serve on; 0: none */
    bool links_only, done;
    struct cluster cluster;
};

static int port_of(const char *text, const char *what)
{
    char *end;
    const long port = strtol(text, &end, 10);
    if (end == text || *end || port < 1 || port > 65535)
        fail("%s: expected a port from 1 to 65535", what);
    return (int)port;
}

static void add_machine(struct probe *p, const char *text)
{
    const char *host = strchr(text, '='), *port = strrchr(text, ':');
    if (!host || host == text || !port || port < host + 2)
        fail("--device %s: expected NAME=HOST:PORT", text);
    if (p->cluster.count == MAX_DEVICES)
        fail("more than %d devices", MAX_DEVICES);
    struct device *device = &p->cluster.device[p->cluster.count++];
    *device = (struct device){.name = arena_printf(&p->arena, "%.*s", (int)(host - text), text),
                              .address = arena_printf(&p->arena, "%.*s", (int)(port - host - 1), host + 1),
                              .speed = 1,
                              .port = port_of(port + 1, "--device")};
}

static void parse(struct probe *p)
{
    static const struct option options[] = {
        {"device", required_argument, NULL, 'd'},    {"name", required_argument, NULL, 'n'},
        {"address", required_argument, NULL, 'a'},   {"output", required_argument, NULL, 'o'},
        {"serve", required_argument, NULL, OPTION_SERVE}, {"links-only", no_argument, NULL, OPTION_LINKS_ONLY},
        {"quiet", no_argument, NULL, 'q'},           {"help", no_argument, NULL, OPTION_HELP},
        {"version", no_argument, NULL, OPTION_VERSION}, {NULL, 0, NULL, 0}};
    p->cluster.count = 1;
    p->cluster.device[0] = (struct device){.name = "device0", .address = "127.0.0.1", .speed = 1, .port = 7700};
    opterr = 0;
    for (int option; (option = getopt_long(p->argc, p->argv, ":d:n:a:o:q", options, NULL)) != -1;)
        switch (option) {
        case 'd':
            add_machine(p, optarg);
            break;
        case 'n':
            p->cluster.device[0].name = optarg;
            break;
        case 'a':
            p->cluster.device[0].address = optarg;
            break;
        case 'o':
            p->output = optarg;
            break;
        case 'q':
            note_silence();
            break;
        case OPTION_SERVE:
            p->port = port_of(optarg, "--serve");
            break;
        case OPTION_LINKS_ONLY:
            p->links_only = true;
            break;
        case OPTION_HELP:
            fputs(usage, stdout);
            p->done = true;
            return;
        case OPTION_VERSION:
            puts(PACKAGE_STRING);
            p->done = true;
            return;
        default:
            fail("%s: unknown, or needs an argument; mednn-probe --help shows the usage", p->argv[optind - 1]);
        }
    if (optind < p->argc)
        fail("unexpected argument %s", p->argv[optind]);
}

/* The network is as good as the slowest link that was measured; each is written down as it is. */
static void probe_links(struct probe *p)
{
    struct network *network = &p->cluster.network;
    for (int d = 1; d < p->cluster.count; d++) {
        struct device *device = &p->cluster.device[d];
        const struct probed_link link = probe_link(&p->arena, device->address, device->port, device);
        note("%s: %.3f ms, %.1f Mbit/s to it, %.1f from it", device->name, link.latency * 1e3, link.rate_to * 8e-6,
             link.rate_from * 8e-6);
        const double rate = link.rate_to < link.rate_from ? link.rate_to : link.rate_from;
        if (!(network->rate > 0) || rate < network->rate)
            network->rate = rate;
        if (link.latency > network->latency)
            network->latency = link.latency;
        for (int back = 0; back < 2; back++)
            *arena_append(&p->arena, network->link, network->link_count, network->link_capacity) =
                (struct link){.from = back ? d : 0,
                              .to = back ? 0 : d,
                              .latency = link.latency,
                              .rate = back ? link.rate_from : link.rate_to};
        device->port = 7700 + d;
    }
    if (!(network->rate > 0))
        *network = (struct network){.latency = ASSUMED_LATENCY, .rate = ASSUMED_RATE};
}

static void run(void *data)
{
    struct probe *p = data;
    parse(p);
    if (p->done)
        return;
    struct device *own = &p->cluster.device[0];
    if (!p->links_only) {
        probe_kernels(&p->arena, own);
        probe_messages(own);
    }
    if (p->port)
        probe_serve(&p->arena, p->port, own);
    probe_links(p);
    struct text text;
    cluster_write(&p->arena, &p->cluster, " Measured by mednn-probe, for mednnc. ", &text);
    xml_file_put(p->output, &text);
}

int main(int argc, char **argv)
{
    static struct probe probe;
    probe.argc = argc;
    probe.argv = argv;
    const int status = fail_catch(run, &probe);
    arena_free(&probe.arena);
    return status;
}
