/* programs.h -- graphs compiled, built with the C compiler and run, in the current folder. Needs MEDNN_RUN and a C compiler in CC. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_PROGRAMS_H
#define MEDNN_PROGRAMS_H

#include "npy.h"
#include "passes/passes.h"

/* The test's main: run(arena) in a folder of its own, which stays where *failures are counted or `run` fails. 77 without MEDNN_RUN. */
int programs_main(void (*run)(void *arena), const int *failures);

/* Is this `make check-again`, which leaves out what depends on neither the compiler of generated code nor sanitizers? */
bool programs_again(void);

struct program_wish {
    const char *devices; /* as of --devices */
    enum partition mode; /* auto: of devices so slow that sharing pays */
    int threads;         /* of each device; 0: 1 */
    bool bands;          /* layers in bands wherever that is possible, of few rows */
};

/* Run a command; a failure ends the test. */
void programs_shell(const char *command);
/* Write what is fed to the graph's inputs as inputs/K.npy. */
void programs_write_inputs(const struct graph *graph, const void *const *value);
/* Compile a graph whose layouts are chosen into FOLDER, which gives the model its name; all nodes are divided into urgent and interior
 * boxes that can be, and joined. Returns how many runs of bands it has. */
int programs_compile(struct graph *graph, const struct program_wish *wish, const char *folder);
/* The same, then build and run it. */
int programs_run(struct graph *graph, const struct program_wish *wish, const char *folder);
/* Output number k of the program that ran in FOLDER. */
struct mednn_array programs_output(const char *folder, int k);

#endif
