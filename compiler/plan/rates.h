/* rates.h -- seconds per unit of each kind of work, for each instruction set: what kernels are chosen by, and plans made. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_RATES_H
#define MEDNN_RATES_H

#include "cluster.h"

/* One core of the machine that the table of a target speaks of, [enum work_kind]. NULL: any target, which gets the first table. For a
 * device that was not measured only the proportions count. */
const double *rates_of_target(const char *target);

/* The work of one layer, in one box, and what it waits for weights from far memory beyond what is multiplied with them meanwhile, as bytes
 * of a stream. */
struct work rates_waited(const double seconds[WORK_KINDS], const struct work *work);
/* What work takes by a table: not the sum of what its parts take. */
double rates_seconds(const double seconds[WORK_KINDS], const struct work *work);

/* Processor seconds for a message, and for a byte of one, at either end, beside the table of any target. */
extern const double rates_message_seconds, rates_byte_seconds;

/* Those by which one kernel is chosen for all devices. Devices that are alike: theirs, measured ones where there are any.
 * Otherwise each kind takes, as a multiple of direct convolution, the mean of what it takes on them: each device is given as
 * much of a layer as it does in the same time. Relative speeds change nothing. */
void rates_of_cluster(const struct cluster *cluster, double seconds[WORK_KINDS]);

#endif
