/* weights.c -- weights that stay in a file beside the program, mapped while a session is open. */
/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int mednn_weights_open(struct mednn_session *session)
{
    const struct mednn_program *program = session->program;
    struct stat status;
    if (!program->weights_file)
        return 0;
    const char *path = session->options.weights_path ? session->options.weights_path : program->weights_file;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return mednn_fail(session, "%.300s: cannot open the weights: %s", path, strerror(errno));
    if (fstat(fd, &status) || (uintmax_t)status.st_size != program->weights_bytes) {
        close(fd);
        return mednn_fail(session, "%.300s: %lld bytes, expected %llu: weights of another compilation?", path,
                          (long long)status.st_size, (unsigned long long)program->weights_bytes);
    }
    void *weights = mmap(NULL, program->weights_bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (weights == MAP_FAILED)
        return mednn_fail(session, "%.300s: cannot map the weights: %s", path, strerror(errno));
    session->weights = weights;
    memcpy(session->arena, &weights, sizeof weights);
    return 0;
}

void mednn_weights_close(struct mednn_session *session)
{
    if (session->weights)
        munmap(session->weights, session->program->weights_bytes);
    session->weights = NULL;
}
