/* main.c -- mednnc, the compiler's command. */
/* SPDX-License-Identifier: MIT */
#include "options.h"
#include "pipeline.h"
#include "support/fail.h"

#include <sodium.h>
#include <stdio.h>

struct invocation {
    int argc;
    char **argv;
    struct arena arena;
};

static void run(void *data)
{
    struct invocation *invocation = data;
    struct options options;
    options_parse(&invocation->arena, invocation->argc, invocation->argv, &options);
    if (options.quiet)
        note_silence();
    pipeline_run(&invocation->arena, &options);
    if (fflush(stdout) || ferror(stdout))
        fail_machine("cannot write to standard output");
}

int main(int argc, char **argv)
{
    struct invocation invocation = {argc, argv, {0}};
    if (sodium_init() < 0) {
        fputs("mednnc: libsodium cannot be initialised\n", stderr);
        return STATUS_MACHINE;
    }
    int status = fail_catch(run, &invocation);
    arena_free(&invocation.arena);
    return status;
}
