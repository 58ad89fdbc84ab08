/* profile.c -- running a generated program for its profile. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "profile.h"

#include "../support/fail.h"

#include <stdio.h>
#include <string.h>

/* "   0.0721   0.60   16.71  copy   load_tensor_image": the time comes first, the name last. */
static void read_line(struct arena *arena, char *line, struct profile *profile)
{
    double ms;
    if (sscanf(line, "%lf", &ms) != 1)
        return;
    line[strcspn(line, "\n")] = 0;
    const char *name = strrchr(line, ' ');
    if (!name || ms < 0)
        return;
    if (!strcmp(name + 1, "(all)"))
        profile->seconds = 1e-3 * ms;
    else
        *arena_append(arena, profile->row, profile->count, profile->capacity) =
            (struct profile_row){arena_string(arena, name + 1), 1e-3 * ms};
}

struct profile profile_run(struct arena *arena, const char *folder, int repeat)
{
    struct profile profile = {0};
    char line[4096];
    const char *command =
        arena_printf(arena, "MEDNN_PROFILE=1 '%s/device0' --random --repeat %d 2>&1 >/dev/null", folder, repeat);
    FILE *output = popen(command, "r");
    while (output && fgets(line, sizeof line, output))
        read_line(arena, line, &profile);
    if (!output || pclose(output) || !profile.count)
        fail("the program in %s does not run", folder);
    return profile;
}

double profile_seconds(const struct profile *profile, const char *layer)
{
    for (int i = 0; i < profile->count; i++)
        if (!strcmp(profile->row[i].layer, layer))
            return profile->row[i].seconds;
    return 0;
}
