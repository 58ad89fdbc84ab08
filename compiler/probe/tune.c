/* tune.c -- mednn-tune: measures the kernels that a model's layers could be computed by, and writes it down for mednnc --tune. */
/* SPDX-License-Identifier: MIT */
#include "../backend/names.h"
#include "../backend/tuning_file.h"
#include "../backend/xml_file.h"
#include "../ir/graph_print.h"
#include "../measure.h"
#include "../passes/passes.h"
#include "../pipeline.h"
#include "../support/fail.h"
#include "config.h"
#include "profile.h"

#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

static const char usage[] =
    "Usage: mednn-tune MODEL.onnx [-o FILE] [OPTION]...\n"
    "Measure on this machine what the kernels take that could compute the layers of a model, for mednnc --tune FILE.\n"
    "\n"
    "  -o, --output FILE          where to write (default standard output)\n"
    "      --rounds N             runs of each program, in turns (default 5)\n"
    "      --input-shape NAME=AxB, --dim NAME=N, --float MODE, --no-winograd, --target TARGET, --threads T\n"
    "                             as for mednnc, which should get the same\n"
    "  -q, --quiet                say nothing\n"
    "      --help                 this text\n"
    "      --version              the version\n"
    "\n"
    "The model is compiled and built as often as the layer with most kernels in question has any. ARCHFLAGS and CC in the environment\n"
    "say for which processor and by which compiler. Exit status: 0 done, 2 bad input or usage, 1 the machine's fault.\n";

enum { OPTION_ROUNDS = 256, OPTION_PASSED, OPTION_HELP, OPTION_VERSION, MOST_ROUNDS = 1000, MOST_TURNS = 8 };

/* A run of a program takes about so long. */
static const double RUN_SECONDS = 0.5;
enum { MOST_REPEATS = 2000 };

/* A layer of one of the programs whose kernel is to be measured. */
struct trial {
    const char *name;  /* in the program */
    const char *layer; /* node_describe() */
    const struct kernel *kernel;
};

struct program_of_turn {
    const char *folder;
    int repeat;
    int count;
    struct trial *trial;
};

struct tune {
    struct arena arena;
    int argc;
    char **argv;
    const char *output;
    int rounds;
    bool quiet, done;
    const char **passed; /* mednnc's arguments */
    int passed_count, passed_capacity;
    struct tuning tuning;
};

static void pass(struct tune *t, const char *word)
{
    *arena_append(&t->arena, t->passed, t->passed_count, t->passed_capacity) = word;
}

static int rounds_of(const char *word)
{
    char *end;
    const long rounds = strtol(word, &end, 10);
    if (end == word || *end || rounds < 1 || rounds > MOST_ROUNDS)
        fail("--rounds %s: expected a number from 1 to %d", word, MOST_ROUNDS);
    return (int)rounds;
}

static void parse(struct tune *t)
{
    static const struct option options[] = {
        {"output", required_argument, NULL, 'o'},          {"rounds", required_argument, NULL, OPTION_ROUNDS},
        {"input-shape", required_argument, NULL, OPTION_PASSED}, {"dim", required_argument, NULL, OPTION_PASSED},
        {"float", required_argument, NULL, OPTION_PASSED}, {"no-winograd", no_argument, NULL, OPTION_PASSED},
        {"target", required_argument, NULL, OPTION_PASSED}, {"threads", required_argument, NULL, OPTION_PASSED},
        {"quiet", no_argument, NULL, 'q'},                 {"help", no_argument, NULL, OPTION_HELP},
        {"version", no_argument, NULL, OPTION_VERSION},    {NULL, 0, NULL, 0}};
    int index = 0;
    opterr = 0;
    t->rounds = 5;
    pass(t, "mednn-tune");
    for (int option; (option = getopt_long(t->argc, t->argv, ":o:q", options, &index)) != -1;)
        switch (option) {
        case 'o':
            t->output = optarg;
            break;
        case 'q':
            t->quiet = true;
            break;
        case OPTION_ROUNDS:
            t->rounds = rounds_of(optarg);
            break;
        case OPTION_PASSED:
            pass(t, arena_printf(&t->arena, "--%s", options[index].name));
            if (optarg)
                pass(t, optarg);
            break;
        case OPTION_HELP:
        case OPTION_VERSION:
            fputs(option == OPTION_HELP ? usage : PACKAGE_STRING "\n", stdout);
            t->done = true;
            return;
        default:
            fail("%s: unknown, or needs an argument; mednn-tune --help shows the usage", t->argv[optind - 1]);
        }
    if (optind == t->argc)
        fail("no model given; mednn-tune --help shows the usage");
    if (optind + 1 < t->argc)
        fail("unexpected argument %s: one model at a time", t->argv[optind + 1]);
    pass(t, t->argv[optind]);
}

static void say(const struct tune *t, const char *text)
{
    if (!t->quiet)
        fprintf(stderr, "mednn-tune: %s\n", text);
}

/* The layers whose kernels are in question, as one program computes them. */
static void list_trials(struct tune *t, struct arena *scratch, const struct graph *graph, struct program_of_turn *program)
{
    const char **name = names_of_layers(scratch, graph);
    program->trial = arena_array(&t->arena, (size_t)graph->node_count + 1, sizeof *program->trial);
    for (int n = 0; n < graph->node_count; n++) {
        struct text text = {.arena = &t->arena};
        if (!choose_kernels_is_open(graph->node[n]))
            continue;
        node_describe(&text, graph->node[n]);
        program->trial[program->count++] =
            (struct trial){arena_string(&t->arena, name[n]), text.bytes, graph->node[n]->kernel};
    }
}

/* Compile and build the model with the kernels of one turn; returns how many turns there are. */
static int build(struct tune *t, const char *folder, int turn, struct program_of_turn *program)
{
    struct arena arena = {0};
    struct options options;
    program->folder = arena_printf(&t->arena, "%s/%d", folder, turn);
    const char *const output[] = {"--output", program->folder};
    char **words = arena_array(&arena, (size_t)t->passed_count + 3, sizeof *words);
    for (int i = 0; i < t->passed_count + 2; i++)
        words[i] = arena_string(&arena, i < t->passed_count ? t->passed[i] : output[i - t->passed_count]);
    optind = 0; /* begin anew */
    options_parse(&arena, t->passed_count + 2, words, &options);
    options.turn = turn;
    const struct graph *graph = pipeline_compile(&arena, &options);
    const int turns = choose_kernels_turns(graph);
    list_trials(t, &arena, graph, program);
    fail_about(NULL); /* its name lies in the arena */
    if (program->count)
        measure_make(&arena, &program->folder, 1);
    arena_free(&arena);
    return turns;
}

/* One run of a program. */
static void measure(struct tune *t, struct program_of_turn *program)
{
    struct arena arena = {0};
    if (!program->repeat) {
        const struct profile first = profile_run(&arena, program->folder, 2);
        const double repeat = RUN_SECONDS / (first.seconds > 1e-6 ? first.seconds : 1e-6);
        program->repeat = repeat < 3 ? 3 : repeat > MOST_REPEATS ? MOST_REPEATS : (int)repeat;
    }
    const struct profile profile = profile_run(&arena, program->folder, program->repeat);
    for (int i = 0; i < program->count; i++) {
        const struct trial *trial = &program->trial[i];
        const double seconds = profile_seconds(&profile, trial->name);
        if (seconds > 0)
            tuning_add(&t->arena, &t->tuning, trial->layer, trial->kernel, seconds);
    }
    arena_free(&arena);
}

static void tune(struct tune *t)
{
    struct program_of_turn program[MOST_TURNS] = {{0}};
    const char *folder = measure_folder(&t->arena);
    int turns = 1;
    for (int turn = 1; turn <= turns; turn++) {
        say(t, arena_printf(&t->arena, turn == 1 ? "building" : "building, %d of %d", turn, turns));
        turns = build(t, folder, turn, &program[turn - 1]);
        turns = turns > MOST_TURNS ? MOST_TURNS : turns;
    }
    for (int round = 0; round < t->rounds && program[0].count; round++) {
        say(t, arena_printf(&t->arena, "measuring, round %d of %d", round + 1, t->rounds));
        for (int turn = 0; turn < turns; turn++)
            measure(t, &program[turn]);
    }
    if (!program[0].count)
        say(t, "no layer of this model leaves a choice");
    measure_folder_remove();
}

static void run(void *data)
{
    struct tune *t = data;
    parse(t);
    if (t->done)
        return;
    note_silence();
    tune(t);
    struct text text;
    tuning_write(&t->arena, &t->tuning, &text);
    xml_file_put(t->output, &text);
}

int main(int argc, char **argv)
{
    static struct tune t;
    t.argc = argc;
    t.argv = argv;
    if (sodium_init() < 0) {
        fputs("mednn-tune: libsodium cannot be initialised\n", stderr);
        return STATUS_MACHINE;
    }
    const int status = fail_catch(run, &t);
    arena_free(&t.arena);
    return status;
}
