/* grid_sample.h -- elements of a plain tensor at computed positions, interpolated along up to three axes. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_GRID_SAMPLE_H
#define MEDNN_GRID_SAMPLE_H

#include "functions.h"
#include "view.h"

enum sample_mode { SAMPLE_NEAREST, SAMPLE_LINEAR, SAMPLE_CUBIC };
enum sample_padding { SAMPLE_ZEROS, SAMPLE_BORDER, SAMPLE_REFLECTION };

/* A piece of N x C x axes; grid positions go by the output's, with a coordinate per axis, the last axis first. */
struct grid_sample {
    enum sample_mode mode;
    enum sample_padding padding;
    int align_corners, axes;
    int64_t batch, channels, count[3], size[3];
    int64_t x_batch, x_channel, x_axis[3], y_batch, y_channel, y_axis[3], grid_batch, grid_axis[3], grid_step;
};

struct sample_taps {
    int count;
    int64_t at[4]; /* elements from the beginning of the axis; -1: a zero */
    double weight[4];
};

INLINE double sample_floor(double x)
{
    const double rounded = double_round(x);
    return rounded > x ? rounded - 1 : rounded;
}

INLINE double sample_clip(double x, double low, double high)
{
    x = x > low ? x : low;
    return x < high ? x : high;
}

INLINE double sample_reflect(double x, double low, double high)
{
    const double length = high - low;
    if (length <= 0)
        return low;
    double away = x > low ? x - low : low - x;
    away = away - sample_floor(away / (2 * length)) * (2 * length);
    return low + (away > length ? 2 * length - away : away);
}

INLINE double sample_inside(const struct grid_sample *s, double x, double last)
{
    if (s->padding == SAMPLE_REFLECTION)
        x = s->align_corners ? sample_reflect(x, 0, last) : sample_reflect(x, -0.5, last + 0.5);
    return s->padding == SAMPLE_ZEROS ? x : sample_clip(x, 0, last);
}

INLINE double sample_cubic(double x)
{
    const double a = -0.75;
    x = x < 0 ? -x : x;
    return x <= 1 ? ((a + 2) * x - (a + 3)) * x * x + 1 : x < 2 ? a * (((x - 5) * x + 8) * x - 4) : 0;
}

INLINE struct sample_taps sample_find(const struct grid_sample *s, int axis, double coordinate)
{
    const double size = (double)s->size[axis], last = size - 1;
    double x = s->align_corners ? (coordinate + 1) / 2 * last : ((coordinate + 1) * size - 1) / 2;
    x = sample_clip(x, -1e9, 1e9);
    if (s->mode != SAMPLE_CUBIC)
        x = sample_inside(s, x, last);
    const double first = s->mode == SAMPLE_NEAREST ? double_round(x) : sample_floor(x) - (s->mode == SAMPLE_CUBIC);
    struct sample_taps taps = {.count = s->mode == SAMPLE_NEAREST ? 1 : s->mode == SAMPLE_LINEAR ? 2 : 4};
    for (int i = 0; i < taps.count; i++) {
        const double at = first + i, index = sample_inside(s, at, last), distance = at > x ? at - x : x - at;
        taps.at[i] = index >= 0 && index <= last ? (int64_t)index * s->x_axis[axis] : -1;
        taps.weight[i] = taps.count == 1 ? 1 : taps.count == 2 ? 1 - distance : sample_cubic(distance);
    }
    return taps;
}

INLINE float sample_sum(const float *x, const struct sample_taps *taps)
{
    double sum = 0;
    for (int i = 0; i < taps[0].count; i++)
        for (int j = 0; j < taps[1].count; j++)
            for (int k = 0; k < taps[2].count; k++)
                if (taps[0].at[i] >= 0 && taps[1].at[j] >= 0 && taps[2].at[k] >= 0)
                    sum += taps[0].weight[i] * taps[1].weight[j] * taps[2].weight[k] *
                           (double)x[taps[0].at[i] + taps[1].at[j] + taps[2].at[k]];
    return (float)sum;
}

INLINE void sample_position(const struct grid_sample *s, float *y, const float *x, const float *grid)
{
    struct sample_taps taps[3];
    for (int axis = 0; axis < 3; axis++) {
        taps[axis] = (struct sample_taps){.count = 1, .at = {0}, .weight = {1}};
        if (axis >= 3 - s->axes)
            taps[axis] = sample_find(s, axis, (double)grid[(2 - axis) * s->grid_step]);
    }
    for (int64_t c = 0; c < s->channels; c++)
        y[c * s->y_channel] = sample_sum(x + c * s->x_channel, taps);
}

INLINE void grid_sample(const struct grid_sample *s, float *restrict y, const float *restrict x,
                        const float *restrict grid)
{
    for (int64_t n = 0; n < s->batch; n++)
        for (int64_t i = 0; i < s->count[0]; i++)
            for (int64_t j = 0; j < s->count[1]; j++)
                for (int64_t k = 0; k < s->count[2]; k++)
                    sample_position(
                        s, y + n * s->y_batch + i * s->y_axis[0] + j * s->y_axis[1] + k * s->y_axis[2],
                        x + n * s->x_batch,
                        grid + n * s->grid_batch + i * s->grid_axis[0] + j * s->grid_axis[1] + k * s->grid_axis[2]);
}

#endif
