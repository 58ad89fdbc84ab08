/* cluster_file.h -- the XML description of devices: names, speeds, memory, addresses. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_CLUSTER_FILE_H
#define MEDNN_CLUSTER_FILE_H

#include "../plan/plan.h"
#include "../support/file.h"
#include "../support/text.h"

/* Read a cluster file, as the manual page of mednnc describes it: devices in order, the first being the owner. Unknown elements
 * and attributes are left alone. Fails with the line number on what cannot be meant. */
void cluster_file_read(struct arena *arena, const char *path, struct cluster *cluster);

/* DIR/cluster.xml: the devices as planned, to edit for the real network. */
void cluster_file_write(struct arena *arena, struct folder *folder, const struct cluster *cluster);

/* The same as text, beneath a comment. */
void cluster_write(struct arena *arena, const struct cluster *cluster, const char *comment, struct text *text);

/* From a --devices argument: "3" (equal devices) or "2,1,1" (relative speeds). */
void cluster_parse(struct arena *arena, const char *text, struct cluster *cluster);

/* Is this a --target that mednnc knows? */
bool target_is_known(const char *target);

#endif
