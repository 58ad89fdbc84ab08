/* fail.h -- the one way out of a compilation that cannot go on.
 *
 * A failure is one line on stderr and an exit status. Code deep in a pass calls fail() and is done: control returns
 * to the one fail_catch() in pipeline.c, the arena is freed there, and nothing has been written yet. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_FAIL_H
#define MEDNN_FAIL_H

#include <stdnoreturn.h>

enum { STATUS_OK = 0, STATUS_MACHINE = 1, STATUS_USAGE = 2 };

/* The file that messages are about (the model, later perhaps a cluster file); NULL for none. Not copied. */
void fail_about(const char *file);

/* The user's input is wrong: status 2. `format` says what was found and what was expected, without file or newline. */
noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The machine's fault (out of memory, disk full): status 1. */
noreturn void fail_machine(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Run `body(data)`. Returns 0, or the status of the failure that ended it after its line was printed.
 * Not reentrant: one at a time per process. */
int fail_catch(void (*body)(void *data), void *data);

/* Call `undo(data)` when a failure ends the current fail_catch(); at most one is set, NULL clears it. */
void fail_cleanup(void (*undo)(void *data), void *data);

/* One line on stderr that does not end anything: "mednnc: FILE: note: ..." ; silent with quiet. */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void note_silence(void);

#endif
