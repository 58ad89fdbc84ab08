/* bands.h -- runs of layers that a device computes a band of rows at a time.
 *
 * Layer after layer, large maps travel to far memory and back between the layer that writes them and the one that reads them. In
 * a run all layers compute the rows of one band, then all those of the next: what one writes is still in a near cache when the
 * next one reads it. A tensor that only layers of the run read ("inner") has memory for the rows of one band, and rows that two
 * bands need are computed twice; all others are stored whole, and each of their rows is computed once, in the first band that needs
 * it. Kernels compute an element in the same way in any box, so that bands make no difference to results. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_BANDS_H
#define MEDNN_BANDS_H

#include "program.h"

/* COMPUTE steps that follow each other, each with one box on the device, of blocked maps with rows and columns. */
struct band_run {
    int first_step, last_step;
    int band_count;
    /* [band * steps + step - first_step]: what of output 0 is computed, can be empty; and what the memory of an inner output covers,
     * equally many rows for all bands: empty for those that are stored whole. */
    struct region *box, *storage;
};

struct band_runs {
    int count, capacity;
    struct band_run *item;
};

/* The run with `band_count` bands of about equally many rows of the last step's node. Lists live in `arena`. */
struct band_run bands_divide(struct arena *arena, const struct program *program, int device, int first_step, int last_step,
                             int band_count);
/* Do only steps of the run read the output of the step's node on the device? */
bool bands_is_inner(const struct program *program, int device, int first_step, int last_step, int step);

/* The device's run that the step belongs to, or NULL. */
const struct band_run *bands_at(const struct program *program, int device, int step);
/* What the memory of the tensor covers during a band of a run; the empty region where it is not inner to that run. */
struct region bands_storage(const struct program *program, const struct band_run *run, int band, const struct tensor *tensor);
/* The same for the first band of whichever run of the device it is inner to. */
struct region bands_first_storage(const struct program *program, int device, const struct tensor *tensor);
struct region bands_box(const struct band_run *run, int band, int step);

void bands_print(struct text *text, const struct program *program);
/* assert()s: all rows are computed, those that are stored whole once; what a band reads is there. */
void bands_verify(const struct program *program, int device);

#endif
