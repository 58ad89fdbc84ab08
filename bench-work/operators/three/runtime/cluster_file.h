/* cluster_file.h -- where the devices are: the part of cluster.xml that a running device needs.
 *
 *     <cluster>
 *       <device id="0" name="kitchen" address="192.168.1.10" port="7700" speed="1"/>
 *     </cluster>
 *
 * Attributes come in any order; `address` defaults to 127.0.0.1 and `port` to 7700 + id; ids count from 0
 * without gaps. Other elements and attributes are skipped, but must be well formed. A small strict scanner,
 * so that devices need no XML library: no DOCTYPE, no CDATA, no entities but lt gt amp quot apos and
 * character references. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_CLUSTER_FILE_H
#define MEDNN_CLUSTER_FILE_H

#include "mednn_runtime.h"

enum { MEDNN_HOST_BYTES = 256 };

struct mednn_cluster {
    uint32_t count;
    struct mednn_address address[MEDNN_MAX_DEVICES]; /* hosts point into this struct: do not copy it */
    char host[MEDNN_MAX_DEVICES][MEDNN_HOST_BYTES];
};

/* 0, or -1 with one line "PATH:LINE: what is wrong" in `error`. */
int mednn_cluster_read(struct mednn_cluster *cluster, const char *path, char *error, size_t error_size);
/* The same from memory; `path` is for messages only. */
int mednn_cluster_parse(struct mednn_cluster *cluster, const char *path, const char *text, size_t size,
                        char *error, size_t error_size);

#endif
