/* profile.h -- where the time of inferences goes, layer by layer: with MEDNN_PROFILE=1 in the environment. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_PROFILE_H
#define MEDNN_PROFILE_H

#include "session.h"

/* Look at the environment; memory for the profile, which is the one thing that a session allocates itself. 0, or -1 when there is
 * none. Without MEDNN_PROFILE, a layer costs a comparison. */
int mednn_profile_open(struct mednn_session *session);
/* In each inference: its time starts, a layer has taken what is gone since, and it counts. */
void mednn_profile_begin(struct mednn_session *session);
void mednn_profile_done(struct mednn_session *session, uint32_t layer);
void mednn_profile_end(struct mednn_session *session);
/* Measure what the processor can do at most, and print the table on stderr: per layer the median of its time over the inferences
 * (without the first, when there are others). */
void mednn_profile_close(struct mednn_session *session);

#endif
