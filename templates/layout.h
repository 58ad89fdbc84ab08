/* layout.h -- tensors between plain and blocked storages.
 *
 * x and y point to the first element of the box, whose channels begin on a block's border; the pad lanes of its last
 * block of 16 become 0. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_LAYOUT_H
#define MEDNN_LAYOUT_H

#include "region.h"
#include "view.h"

struct layout {
    struct view x, y;
    int64_t batch, channels, rows, columns; /* of the box */
};

INLINE void layout_to_blocked(const struct layout *s, float *restrict y, const float *restrict x)
{
    for (int64_t n = 0; n < s->batch; n++)
        for (int64_t c = 0; c < (s->channels + 15) / 16 * 16; c += W)
            for (int64_t row = 0; row < s->rows; row++) {
                float *to = y + view_at(s->y, n, c, row, 0);
                const int64_t lanes = s->channels - c;
                if (lanes >= W) {
                    unpack_lanes(to, x + view_at(s->x, n, c, row, 0), s->x.lane, s->columns);
                    continue;
                }
                clear_floats(to, s->columns * W);
                for (int64_t lane = 0; lane < lanes; lane++)
                    for (int64_t column = 0; column < s->columns; column++)
                        to[column * W + lane] = x[view_at(s->x, n, c + lane, row, column)];
            }
}

INLINE void layout_to_plain(const struct layout *s, float *restrict y, const float *restrict x)
{
    for (int64_t n = 0; n < s->batch; n++)
        for (int64_t c = 0; c < s->channels; c += W)
            for (int64_t row = 0; row < s->rows; row++) {
                const float *from = x + view_at(s->x, n, c, row, 0);
                const int64_t lanes = s->channels - c;
                if (lanes >= W) {
                    pack_lanes(y + view_at(s->y, n, c, row, 0), s->y.lane, from, s->columns);
                    continue;
                }
                for (int64_t lane = 0; lane < lanes; lane++)
                    for (int64_t column = 0; column < s->columns; column++)
                        y[view_at(s->y, n, c + lane, row, column)] = from[column * W + lane];
            }
}

#endif
