/* options.c -- GNU long options of mednnc. */
/* SPDX-License-Identifier: MIT */
#include "options.h"

#include "backend/cluster_file.h"
#include "config.h"
#include "support/fail.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "Usage: mednnc MODEL.onnx --devices N|SPEED,SPEED,... -o DIR [OPTION]...\n"
    "       mednnc MODEL.onnx --cluster FILE.xml -o DIR [OPTION]...\n"
    "       mednnc inspect MODEL.onnx\n"
    "Compile an ONNX model into C for devices that run it together.\n"
    "\n"
    "  -n, --devices N|LIST       N equal devices, or relative speeds: 2,1,1\n"
    "  -c, --cluster FILE         names, speeds, addresses and targets of the devices\n"
    "  -o, --output DIR           folder to write, whole or not at all\n"
    "      --partition MODE       auto, gtdp, rows, star or single (default auto)\n"
    "      --objective WHAT       latency (default): the shortest inference; throughput: the most of them in a row\n"
    "      --input-shape NAME=AxB pin the shape of an input\n"
    "      --dim NAME=N           pin a symbolic dimension\n"
    "      --float MODE           fma (default) or portable, for the whole cluster\n"
    "      --no-overlap           devices wait for each exchange where it begins, for comparison\n"
    "      --wire float32|fp16    how floats travel between devices; fp16 rounds them\n"
    "      --allow-partial-sums   devices may add up products with parts of a layer's inputs: last bits then depend on them\n"
    "      --relaxed              give up that N devices compute what one does bit for bit: implies --allow-partial-sums\n"
    "      --no-winograd          3x3 and 5x5 convolutions as plain sums: rounds less, is slower\n"
    "      --no-compact           keep channels whose weights are all zero\n"
    "      --zero-threshold T     filters with no weight beyond +-T count as zero (default 0)\n"
    "      --prune F              remove the fraction F of the multiply-accumulates (0.265), and repair\n"
    "      --prune-bytes F        remove the fraction F of the bytes that devices exchange (one device: of feature maps)\n"
    "      --prune-to-latency T   prune to a foretold time: 12.5ms, or 0.75 of the whole network's\n"
    "      --calibrate FILE       samples to prune with, .npy, first axis counts them; NAME=FILE for several inputs\n"
    "      --labels FILE          classes of the samples, for --max-drop\n"
    "      --max-drop P           prune less where more than P points of answers would change (default 30)\n"
    "      --prune-snap N         keep multiples of N channels (default 1 to 16, by the width of the layer)\n"
    "      --prune-streams        residual streams may lose channels, too\n"
    "      --no-repair            keep the weights that stay as they are: quick, for a look at widths, plans and times\n"
    "      --measure              time the network before and after on this machine, which needs make and a C compiler\n"
    "      --emit-onnx FILE       write the model without those channels as ONNX; -o may be left out\n"
    "      --weights FORM         auto, inline, incbin or file (default auto)\n"
    "      --target TARGET        any (default), x86-64-v3, x86-64-v4, armv8-a or armv7-neon\n"
    "      --tune FILE            choose kernels by what mednn-tune measured\n"
    "      --threads T            threads that compute each layer of a device (default 1)\n"
    "      --dump PASS            print what a pass made of the model; may be repeated\n"
    "      --stop-after PASS      end after a pass, without output\n"
    "      --list-passes          list the passes and exit\n"
    "      --list-operators       list the operators and exit\n"
    "  -q, --quiet                no notes\n"
    "  -v, --verbose              say what is done and what memory it takes\n"
    "      --help                 this text\n"
    "      --version              the version\n"
    "\n"
    "Exit status: 0 done, 2 bad input or usage, 1 the machine's fault (disk full, out of memory).\n";

/* Index of `word` among `count` words; fails with the list of them. */
static int word_index(const char *option, const char *word, const char *const list[], int count)
{
    for (int i = 0; i < count; i++)
        if (!strcmp(word, list[i]))
            return i;
    char expected[200] = "";
    for (int i = 0; i < count; i++) {
        strcat(expected, i ? (i + 1 == count ? " or " : ", ") : "");
        strcat(expected, list[i]);
    }
    fail("%s %s: expected %s", option, word, expected);
}

static void take_partition(struct arena *arena, struct options *options, const char *word)
{
    static const char *const partitions[] = {"auto", "gtdp", "rows", "star", "single"};
    (void)arena;
    options->partition = (enum partition)word_index("--partition", word, partitions, 5);
}

static void take_objective(struct arena *arena, struct options *options, const char *word)
{
    static const char *const objectives[] = {"latency", "throughput"};
    (void)arena;
    options->throughput = word_index("--objective", word, objectives, 2) == 1;
}

static void take_float(struct arena *arena, struct options *options, const char *word)
{
    static const char *const modes[] = {"portable", "fma"};
    (void)arena;
    options->float_fma = word_index("--float", word, modes, 2) == 1;
}

static void take_wire(struct arena *arena, struct options *options, const char *word)
{
    static const char *const wires[] = {"float32", "fp16"};
    (void)arena;
    options->wire_half = word_index("--wire", word, wires, 2) == 1;
}

static void take_weights(struct arena *arena, struct options *options, const char *word)
{
    static const char *const forms[] = {"auto", "inline", "incbin", "file"};
    (void)arena;
    options->weights = (enum weights_form)word_index("--weights", word, forms, 4);
}

static void take_target(struct arena *arena, struct options *options, const char *word)
{
    (void)arena;
    if (!target_is_known(word))
        fail("--target %s: expected any, x86-64-v3, x86-64-v4, armv8-a or armv7-neon", word);
    options->target = strcmp(word, "any") ? word : NULL;
}

/* A number in [least, most]. */
static double number(const char *option, const char *word, double least, double most, const char *expected)
{
    char *end;
    double value = strtod(word, &end);
    if (end == word || *end || !(value >= least && value <= most))
        fail("%s %s: expected %s", option, word, expected);
    return value;
}

/* "12.5ms", or "0.75" of what the whole network takes. */
static void take_latency(struct arena *arena, struct options *options, const char *word)
{
    (void)arena;
    char *end;
    double value = strtod(word, &end);
    bool ms = end != word && !strcmp(end, "ms");
    if (end == word || (*end && !ms) || !(value > 0) || !(value < (ms ? 1e9 : 1)))
        fail("--prune-to-latency %s: expected milliseconds (12.5ms), or a fraction between 0 and 1 of the whole network's time", word);
    *(ms ? &options->latency_ms : &options->latency) = value;
    *(ms ? &options->latency : &options->latency_ms) = 0;
}

static const char prune_fraction[] = "the fraction to remove, above 0 and at most 0.9";

static void take_prune(struct arena *arena, struct options *options, const char *word)
{
    (void)arena;
    options->prune = number("--prune", word, 1e-6, 0.9, prune_fraction);
}

static void take_prune_bytes(struct arena *arena, struct options *options, const char *word)
{
    (void)arena;
    options->prune_bytes = number("--prune-bytes", word, 1e-6, 0.9, prune_fraction);
}

static void take_max_drop(struct arena *arena, struct options *options, const char *word)
{
    (void)arena;
    options->max_drop = number("--max-drop", word, 0, 100, "points between 0 and 100");
}

static void take_prune_snap(struct arena *arena, struct options *options, const char *word)
{
    (void)arena;
    const double snap = number("--prune-snap", word, 1, 1024, "a number of channels from 1 to 1024");
    if (snap != (double)(int)snap)
        fail("--prune-snap %s: expected a whole number of channels", word);
    options->prune_snap = (int)snap;
}

static void take_zero_threshold(struct arena *arena, struct options *options, const char *word)
{
    (void)arena;
    options->zero_threshold = (double)(float)number("--zero-threshold", word, 0, 1e30, "a number that is not negative");
}

static void take_threads(struct arena *arena, struct options *options, const char *word)
{
    (void)arena;
    char *end;
    const long count = strtol(word, &end, 10);
    if (end == word || *end || count < 1 || count > MAX_THREADS)
        fail("--threads %s: expected a number from 1 to %d", word, MAX_THREADS);
    options->threads = (int)count;
}

static void take_input_shape(struct arena *arena, struct options *options, const char *word)
{
    *arena_append(arena, options->input_shape, options->input_shape_count, options->input_shape_capacity) = word;
}

static void take_dim(struct arena *arena, struct options *options, const char *word)
{
    *arena_append(arena, options->dim, options->dim_count, options->dim_capacity) = word;
}

static void take_dump(struct arena *arena, struct options *options, const char *word)
{
    *arena_append(arena, options->dump, options->dump_count, options->dump_capacity) = word;
}

static void take_calibrate(struct arena *arena, struct options *options, const char *word)
{
    *arena_append(arena, options->calibrate, options->calibrate_count, options->calibrate_capacity) = word;
}

static void list_passes(struct arena *arena, struct options *options, const char *word)
{
    (void)arena, (void)word;
    options->command = COMMAND_LIST_PASSES;
}

static void list_operators(struct arena *arena, struct options *options, const char *word)
{
    (void)arena, (void)word;
    options->command = COMMAND_LIST_OPERATORS;
}

static void print_usage(struct arena *arena, struct options *options, const char *word)
{
    (void)arena, (void)word;
    fputs(usage, stdout);
    options->command = COMMAND_NOTHING;
}

static void print_version(struct arena *arena, struct options *options, const char *word)
{
    (void)arena, (void)word;
    puts(PACKAGE_STRING);
    options->command = COMMAND_NOTHING;
}

/* An option: what is done with it, or the member of struct options that it sets: a bool, or with an argument the word itself. */
struct rule {
    const char *name;
    int letter; /* its short form, or 0 */
    int argument;
    size_t member;
    void (*take)(struct arena *arena, struct options *options, const char *word);
};
#define SETS(name, letter, member) {name, letter, no_argument, offsetof(struct options, member), NULL}
#define HOLDS(name, letter, member) {name, letter, required_argument, offsetof(struct options, member), NULL}
#define DOES(name, take) {name, 0, no_argument, 0, take}
#define TAKES(name, take) {name, 0, required_argument, 0, take}

static const struct rule rules[] = {
    HOLDS("devices", 'n', devices),
    HOLDS("cluster", 'c', cluster_file),
    HOLDS("output", 'o', output),
    TAKES("partition", take_partition),
    TAKES("objective", take_objective),
    TAKES("input-shape", take_input_shape),
    TAKES("dim", take_dim),
    TAKES("float", take_float),
    SETS("no-overlap", 0, no_overlap),
    SETS("no-winograd", 0, no_winograd),
    SETS("no-compact", 0, no_compact),
    TAKES("zero-threshold", take_zero_threshold),
    HOLDS("emit-onnx", 0, emit_onnx),
    TAKES("wire", take_wire),
    TAKES("weights", take_weights),
    TAKES("target", take_target),
    TAKES("dump", take_dump),
    HOLDS("stop-after", 0, stop_after),
    DOES("list-passes", list_passes),
    DOES("list-operators", list_operators),
    SETS("quiet", 'q', quiet),
    SETS("verbose", 'v', verbose),
    DOES("help", print_usage),
    DOES("version", print_version),
    TAKES("threads", take_threads),
    HOLDS("tune", 0, tune),
    TAKES("prune", take_prune),
    TAKES("prune-bytes", take_prune_bytes),
    TAKES("prune-to-latency", take_latency),
    TAKES("calibrate", take_calibrate),
    HOLDS("labels", 0, labels),
    TAKES("max-drop", take_max_drop),
    TAKES("prune-snap", take_prune_snap),
    SETS("prune-streams", 0, prune_streams),
    SETS("no-repair", 0, no_repair),
    SETS("measure", 0, measure),
    SETS("relaxed", 0, partial_sums),
    SETS("allow-partial-sums", 0, partial_sums),
};
enum { RULES = sizeof rules / sizeof *rules, FIRST_LONG = 256 };

static void apply(struct arena *arena, struct options *options, const struct rule *rule, const char *word)
{
    char *member = (char *)options + rule->member;
    if (rule->take)
        rule->take(arena, options, word);
    else if (rule->argument == no_argument)
        *(bool *)(void *)member = true;
    else
        *(const char **)(void *)member = word;
}

bool options_prune(const struct options *options)
{
    return options->prune > 0 || options->prune_bytes > 0 || options->latency > 0 || options->latency_ms > 0;
}

static void check_pruning(const struct options *options)
{
    bool pruned = options_prune(options);
    if (pruned && !options->calibrate_count && (options->labels || options->max_drop >= 0))
        fail("%s needs samples that the model may see: --calibrate FILE.npy", options->labels ? "--labels" : "--max-drop");
    if (!pruned && (options->calibrate_count || options->labels || options->max_drop >= 0 || options->prune_snap ||
                    options->prune_streams || options->no_repair || options->measure))
        fail("%s does nothing without --prune", options->calibrate_count ? "--calibrate"
                                                : options->labels        ? "--labels"
                                                : options->max_drop >= 0 ? "--max-drop"
                                                : options->prune_snap    ? "--prune-snap"
                                                : options->prune_streams ? "--prune-streams"
                                                : options->no_repair     ? "--no-repair"
                                                                         : "--measure");
    if (options->measure && !options->output)
        fail("--measure writes into the report: -o DIR");
}

static void check(const struct options *options)
{
    if (options->command != COMMAND_COMPILE && options->command != COMMAND_INSPECT)
        return;
    if (!options->model)
        fail("no model given; mednnc --help shows the usage");
    if (options->command == COMMAND_INSPECT)
        return;
    if (options->no_compact && options->zero_threshold > 0)
        fail("--no-compact and --zero-threshold exclude each other");
    if (options->devices && options->cluster_file)
        fail("--devices and --cluster exclude each other");
    if (!options->output && !options->stop_after && !options->emit_onnx)
        fail("no output folder given: -o DIR");
    check_pruning(options);
}

void options_parse(struct arena *arena, int argc, char **argv, struct options *options)
{
    struct option long_options[RULES + 1] = {{NULL, 0, NULL, 0}};
    *options = (struct options){.float_fma = true, .max_drop = -1};
    for (int i = 0; i < RULES; i++)
        long_options[i] = (struct option){rules[i].name, rules[i].argument, NULL, FIRST_LONG + i};
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, ":n:c:o:qv", long_options, NULL)) != -1;) {
        if (option == ':')
            fail("%s needs an argument", argv[optind - 1]);
        if (option == '?')
            fail("unknown option %s; mednnc --help lists the options", argv[optind - 1]);
        int i = option - FIRST_LONG;
        if (i < 0)
            for (i = 0; rules[i].letter != option; i++)
                ;
        apply(arena, options, &rules[i], optarg);
    }
    if (optind < argc && !strcmp(argv[optind], "inspect") && options->command == COMMAND_COMPILE) {
        options->command = COMMAND_INSPECT;
        optind++;
    }
    if (optind < argc)
        options->model = argv[optind++];
    if (optind < argc)
        fail("unexpected argument %s: one model at a time", argv[optind]);
    check(options);
}

/* As typed, with what could end a comment or a line escaped. */
static const char *typed(struct arena *arena, const char *word)
{
    struct text text = {.arena = arena};
    for (const char *at = word; *at; at++) {
        const char one[2] = {*at, 0};
        text_add(&text, strchr(",=", *at) ? one : text_escape(arena, one));
    }
    return text.bytes ? text.bytes : "";
}

static void add_pruning(struct text *text, const struct options *options)
{
    if (options->prune > 0)
        text_printf(text, " --prune %.9g", options->prune);
    if (options->prune_bytes > 0)
        text_printf(text, " --prune-bytes %.9g", options->prune_bytes);
    if (options->latency > 0 || options->latency_ms > 0)
        text_printf(text, " --prune-to-latency %.9g%s", options->latency > 0 ? options->latency : options->latency_ms,
                    options->latency > 0 ? "" : "ms");
    for (int i = 0; i < options->calibrate_count; i++) {
        /* Folders are no part of what shapes the output. */
        const char *name = strrchr(options->calibrate[i], '/');
        text_printf(text, " --calibrate %s", typed(text->arena, name ? name + 1 : options->calibrate[i]));
    }
    if (options->labels)
        text_add(text, " --labels");
    if (options->max_drop >= 0)
        text_printf(text, " --max-drop %.9g", options->max_drop);
    if (options->prune_snap)
        text_printf(text, " --prune-snap %d", options->prune_snap);
    if (options->prune_streams)
        text_add(text, " --prune-streams");
    if (options->no_repair)
        text_add(text, " --no-repair");
    if (options->measure)
        text_add(text, " --measure");
}

const char *options_canonical(struct arena *arena, const struct options *options)
{
    struct text text = {.arena = arena};
    if (options->cluster_file)
        text_add(&text, "--cluster");
    else
        text_printf(&text, "--devices %s", typed(arena, options->devices ? options->devices : "1"));
    text_printf(&text, " --partition %s", partition_name(options->partition));
    for (int i = 0; i < options->input_shape_count; i++)
        text_printf(&text, " --input-shape %s", typed(arena, options->input_shape[i]));
    for (int i = 0; i < options->dim_count; i++)
        text_printf(&text, " --dim %s", typed(arena, options->dim[i]));
    text_printf(&text, " --float %s", options->float_fma ? "fma" : "portable");
    if (options->throughput)
        text_add(&text, " --objective throughput");
    if (options->wire_half)
        text_add(&text, " --wire fp16");
    if (options->no_overlap)
        text_add(&text, " --no-overlap");
    if (options->partial_sums)
        text_add(&text, " --allow-partial-sums");
    if (options->no_winograd)
        text_add(&text, " --no-winograd");
    if (options->no_compact)
        text_add(&text, " --no-compact");
    if (options->zero_threshold > 0)
        text_printf(&text, " --zero-threshold %.9g", options->zero_threshold);
    add_pruning(&text, options);
    if (options->target)
        text_printf(&text, " --target %s", options->target);
    if (options->tune)
        text_add(&text, " --tune");
    if (options->threads > 1)
        text_printf(&text, " --threads %d", options->threads);
    return text.bytes;
}
