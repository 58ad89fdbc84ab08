/* deform_conv.h -- a convolution of plain maps that reads its input at computed positions.
 *
 * The samples of a row of outputs are gathered into the scratch memory, [channel][kernel position][column], and multiplied by
 * the weights. Pointers point to what belongs to the piece's first batch, group and output; x, offsets and the mask to
 * whole maps of these. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_DEFORM_CONV_H
#define MEDNN_DEFORM_CONV_H

#include "functions.h"
#include "matmul.h"

struct deform_conv {
    int64_t batches, groups, rows, columns;             /* of the piece */
    int64_t first_row, first_column;
    int64_t channels, first_channel, per_offset;        /* of a group; the first one's number; that share positions */
    int64_t kernel[2], stride[2], dilation[2], pad[2], size[2];
    int64_t x[3], y[3], offset[3], mask[3];             /* strides of batch, channel, row */
    int64_t w_group, y_group;                           /* from one group's weights and outputs to the next */
};

/* Where the four neighbours lie and what they weigh; -1: beyond the map, where zeros are. */
struct deform_taps {
    int64_t at[4];
    float weight[4];
};

INLINE float deform_floor(float x)
{
    const float whole = (float)(int32_t)x;
    return whole > x ? whole - 1 : whole;
}

/* Row and column `first` + what the offsets say, which may be anything. */
INLINE struct deform_taps deform_taps(const struct deform_conv *s, float row, float column, float factor)
{
    struct deform_taps taps = {{-1, -1, -1, -1}, {0}};
    if (!(row > -1 && row < (float)s->size[0] && column > -1 && column < (float)s->size[1]))
        return taps;
    const float first_row = deform_floor(row), first_column = deform_floor(column);
    const float down = row - first_row, right = column - first_column;
    for (int i = 0; i < 4; i++) {
        const int64_t r = (int64_t)first_row + i / 2, c = (int64_t)first_column + i % 2;
        if (r < 0 || r >= s->size[0] || c < 0 || c >= s->size[1])
            continue;
        taps.at[i] = r * s->x[2] + c;
        taps.weight[i] = (i / 2 ? down : 1 - down) * (i % 2 ? right : 1 - right) * factor;
    }
    return taps;
}

INLINE float deform_tap(const struct deform_taps *taps, int i, const float *map)
{
    return taps->at[i] < 0 ? 0 : map[taps->at[i]] * taps->weight[i];
}

/* Column `column` of the samples of channels [first, end) of a group, at kernel position `k`. */
INLINE void deform_column(const struct deform_conv *s, const struct deform_taps *taps, int64_t first, int64_t end,
                          int64_t k, int64_t column, const float *x, float *samples)
{
    const int64_t positions = s->kernel[0] * s->kernel[1];
    for (int64_t c = first; c < end; c++) {
        const float *map = x + c * s->x[1];
        samples[(c * positions + k) * s->columns + column] =
            deform_tap(taps, 0, map) + deform_tap(taps, 1, map) + (deform_tap(taps, 2, map) + deform_tap(taps, 3, map));
    }
}

/* offset and mask point to the row of the batch; `channel`: the number of the group's first. */
INLINE void deform_samples(const struct deform_conv *s, int64_t row, int64_t channel, const float *x, const float *offset,
                           const float *mask, float *samples)
{
    const int64_t positions = s->kernel[0] * s->kernel[1];
    for (int64_t first = 0, end; first < s->channels; first = end) {
        const int64_t shared = (channel + first) / s->per_offset;
        end = (shared + 1) * s->per_offset - channel;
        end = end < s->channels ? end : s->channels;
        for (int64_t k = 0; k < positions; k++) {
            const float *down = offset + 2 * (shared * positions + k) * s->offset[1], *right = down + s->offset[1];
            const int64_t top = (s->first_row + row) * s->stride[0] - s->pad[0] + k / s->kernel[1] * s->dilation[0];
            for (int64_t i = 0; i < s->columns; i++) {
                const int64_t left =
                    (s->first_column + i) * s->stride[1] - s->pad[1] + k % s->kernel[1] * s->dilation[1];
                const struct deform_taps taps =
                    deform_taps(s, (float)top + down[i], (float)left + right[i],
                                mask ? mask[(shared * positions + k) * s->mask[1] + i] : 1);
                deform_column(s, &taps, first, end, k, i, x, samples);
            }
        }
    }
}

INLINE void deform_conv(const struct deform_conv *s, const struct matmul *product, const struct matmul_tiles *tiles,
                        float *y, const float *x, const float *w, const float *offset, const float *bias,
                        const float *mask, float *samples)
{
    for (int64_t n = 0; n < s->batches; n++)
        for (int64_t g = 0; g < s->groups; g++)
            for (int64_t row = 0; row < s->rows; row++) {
                deform_samples(s, row, s->first_channel + g * s->channels,
                               x + n * s->x[0] + g * s->channels * s->x[1], offset + n * s->offset[0] + row * s->offset[2],
                               mask ? mask + n * s->mask[0] + row * s->mask[2] : NULL, samples);
                matmul(product, tiles, w + g * s->w_group, samples, bias ? bias + g * s->y_group : NULL, NULL,
                       y + n * s->y[0] + g * s->y_group * s->y[1] + row * s->y[2]);
            }
}

#endif
