/* tuning_file.h -- what mednn-tune measured, as XML:
 *
 * <tuning version="1">
 *   <layer is="Conv (float32 1x64x56x56, constant float32 64x64x3x3) -> (float32 1x64x56x56) {pads=[1, 1, 1, 1]}, relu">
 *     <kernel name="conv_direct" us="1020.5"/>       microseconds of the whole layer on one device
 *     <kernel name="conv_winograd_4" us="390.1"/>
 *   </layer> ...
 * </tuning> */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_TUNING_FILE_H
#define MEDNN_TUNING_FILE_H

#include "../kernels/tuning.h"

/* Fails with the line of what is not as above: unknown elements and kernels, numbers that are no times, layers and kernels that
 * come twice. */
void tuning_read(struct arena *arena, const char *path, struct tuning *tuning);
void tuning_write(struct arena *arena, const struct tuning *tuning, struct text *text);

#endif
