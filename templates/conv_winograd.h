/* conv_winograd.h -- 3x3 convolution of stride 1 by Winograd's minimal filtering, F(2x2, 3x3) and F(4x4, 3x3).
 *
 * Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, CVPR 2016; points 0, 1, -1, 2, -2. The map is
 * cut into tiles of size x size outputs, counted from the map's first row and column: a piece begins on a tile, and
 * every tile reads (size + 2)^2 inputs, through a border of zeros where it reaches beyond the map. Input and output
 * are blocked. Weights: [(size + 2)^2][panel][channels][panel width], each of the (size + 2)^2 matrices packed as
 * conv_direct.h wants a 1x1 kernel's.
 * Each output element is a fixed tree of additions, whatever the piece, the block of tiles and the vector width: the
 * transforms multiply by powers of two only, so that it makes no difference whether they are contracted. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_CONV_WINOGRAD_H
#define MEDNN_CONV_WINOGRAD_H

#include "activation.h"
#include "conv_direct.h"
#include "float_mode.h"
#include "view.h"

enum { WINOGRAD_MOST = 6 }; /* inputs of a tile along one axis */

/* A piece: pointers given to conv_winograd() point at its first output element and the input that its first tap reads. */
struct conv_winograd {
    struct view x, y, residual;
    int64_t batch, channels, outputs; /* outputs: of the piece */
    int64_t rows, columns;            /* of the piece */
    int size;                         /* outputs of a tile along one axis: 2 or 4 */
    int64_t tiles;                    /* that are transformed and multiplied together; at most all of the piece */
    int adds_residual;
    enum activation activation;
    float alpha, beta;
};

typedef void conv_winograd_input_function(const float *restrict x, float *restrict v);
typedef void conv_winograd_output_function(const float *restrict m, const float *restrict bias,
                                           const float *restrict residual, float *restrict y, int rows, int columns);

/* Instances for one layer; `part`: tiles that reach beyond the piece. */
struct conv_winograd_tiles {
    conv_winograd_input_function *input;
    conv_winograd_output_function *whole, *part;
    const struct conv_direct_tiles *product;
};

/* Floats from one of the (size + 2)^2 matrices of a block of tiles to the next: not a multiple of a page. */
INLINE int64_t winograd_step(int64_t channels, int64_t tiles)
{
    return (channels + 15) / 16 * 16 * tiles + 48;
}

/* One line of a tile to the points' domain: rows of B transposed. */
INLINE void winograd_input_line(int size, const vf *restrict d, vf *restrict e)
{
    CONTRACT
    if (size == 2) {
        e[0] = d[0] - d[2];
        e[1] = d[1] + d[2];
        e[2] = d[2] - d[1];
        e[3] = d[1] - d[3];
        return;
    }
    const vf even = d[4] - d[2], odd = d[3] - d[1], even_4 = d[4] - 4.0f * d[2], odd_4 = d[3] - 4.0f * d[1];
    e[0] = even + 4.0f * (d[0] - d[2]);
    e[1] = even_4 + odd_4;
    e[2] = even_4 - odd_4;
    e[3] = even + 2.0f * odd;
    e[4] = even - 2.0f * odd;
    e[5] = (d[5] - d[3]) - 4.0f * odd;
}

/* And back: rows of A transposed. */
INLINE void winograd_output_line(int size, const vf *restrict d, vf *restrict e)
{
    CONTRACT
    const vf sum = d[1] + d[2], difference = d[1] - d[2];
    if (size == 2) {
        e[0] = d[0] + sum;
        e[1] = difference - d[3];
        return;
    }
    const vf sum_2 = d[3] + d[4], difference_2 = d[3] - d[4];
    e[0] = (d[0] + sum) + sum_2;
    e[1] = difference + 2.0f * difference_2;
    e[2] = sum + 4.0f * sum_2;
    e[3] = (difference + 8.0f * difference_2) + d[5];
}

/* A vector of channels of one tile. */
INLINE void conv_winograd_input(const struct conv_winograd *s, const float *restrict x, float *restrict v)
{
    const int edge = s->size + 2;
    const int64_t step = winograd_step(s->channels, s->tiles);
    vf half[WINOGRAD_MOST * WINOGRAD_MOST];
    UNROLL for (int j = 0; j < edge; j++) {
        vf d[WINOGRAD_MOST], e[WINOGRAD_MOST];
        UNROLL for (int i = 0; i < edge; i++)
            d[i] = *(const vf *)(x + i * s->x.row + j * s->x.column);
        winograd_input_line(s->size, d, e);
        UNROLL for (int i = 0; i < edge; i++)
            half[i * WINOGRAD_MOST + j] = e[i];
    }
    UNROLL for (int i = 0; i < edge; i++) {
        vf e[WINOGRAD_MOST];
        winograd_input_line(s->size, half + i * WINOGRAD_MOST, e);
        UNROLL for (int j = 0; j < edge; j++)
            *(vf *)(v + (i * edge + j) * step) = e[j];
    }
}

/* A vector of outputs of one tile, of which rows x columns are stored. */
INLINE void conv_winograd_output(const struct conv_winograd *s, const float *restrict m, const float *restrict bias,
                                 const float *restrict residual, float *restrict y, int rows, int columns)
{
    const int edge = s->size + 2;
    const int64_t step = winograd_step(s->outputs, s->tiles);
    const vf shift = *(const vf *)bias;
    vf half[WINOGRAD_MOST * WINOGRAD_MOST];
    UNROLL for (int j = 0; j < edge; j++) {
        vf d[WINOGRAD_MOST], e[WINOGRAD_MOST];
        UNROLL for (int i = 0; i < edge; i++)
            d[i] = *(const vf *)(m + (i * edge + j) * step);
        winograd_output_line(s->size, d, e);
        UNROLL for (int i = 0; i < s->size; i++)
            half[i * WINOGRAD_MOST + j] = e[i];
    }
    UNROLL for (int i = 0; i < s->size; i++) {
        vf e[WINOGRAD_MOST];
        winograd_output_line(s->size, half + i * WINOGRAD_MOST, e);
        UNROLL for (int j = 0; j < s->size; j++)
            if (i < rows && j < columns) {
                vf value = e[j] + shift;
                if (s->adds_residual)
                    value += *(const vf *)(residual + i * s->residual.row + j * s->residual.column);
                *(vf *)(y + i * s->y.row + j * s->y.column) = activate(value, s->activation, s->alpha, s->beta);
            }
    }
}

/* The micro-kernels of a layer whose shape is NAME_shape, and whose products have the shape NAME_product_shape. */
#define CONV_WINOGRAD_TILES(name)                                                                          \
    CONV_DIRECT_TILES(name##_product)                                                                      \
    MICROKERNEL name##_input(const float *restrict x, float *restrict v)                                   \
    {                                                                                                      \
        conv_winograd_input(&name##_shape, x, v);                                                          \
    }                                                                                                      \
    MICROKERNEL name##_whole(const float *restrict m, const float *restrict bias,                          \
                             const float *restrict residual, float *restrict y, int rows, int columns)     \
    {                                                                                                      \
        (void)rows, (void)columns;                                                                         \
        conv_winograd_output(&name##_shape, m, bias, residual, y, name##_shape.size, name##_shape.size);   \
    }                                                                                                      \
    MICROKERNEL name##_part(const float *restrict m, const float *restrict bias,                           \
                            const float *restrict residual, float *restrict y, int rows, int columns)      \
    {                                                                                                      \
        conv_winograd_output(&name##_shape, m, bias, residual, y, rows, columns);                          \
    }                                                                                                      \
    static const struct conv_winograd_tiles name##_tiles = {                                               \
        name##_input, name##_whole, name##_part, &name##_product_tiles};

/* Initialiser of NAME_product_shape: a 1x1 convolution of a row of tiles. */
#define CONV_WINOGRAD_PRODUCT(channel_count, output_count, panel_width, tile_count)                        \
    {.x = BLOCKED(((channel_count) + 15) / 16, 1, tile_count),                                             \
     .y = BLOCKED(((output_count) + 15) / 16, 1, tile_count),                                              \
     .batch = 1,                                                                                           \
     .channels = (channel_count),                                                                          \
     .outputs = (output_count),                                                                            \
     .panel = (panel_width),                                                                               \
     .rows = 1,                                                                                            \
     .columns = (tile_count),                                                                              \
     .kernel_rows = 1,                                                                                     \
     .kernel_columns = 1,                                                                                  \
     .stride_rows = 1,                                                                                     \
     .stride_columns = 1,                                                                                  \
     .dilation_rows = 1,                                                                                   \
     .dilation_columns = 1,                                                                                \
     .without_bias = 1}

/* Tiles [first, first + s->tiles) of a map, in the order of rows. */
INLINE void conv_winograd_inputs(const struct conv_winograd *s, const struct conv_winograd_tiles *tiles,
                                 const float *restrict x, float *restrict v, int64_t first)
{
    const int64_t across = tile_count(s->columns, s->size);
    for (int64_t block = 0; block < (s->channels + W - 1) / W; block++)
        for (int64_t t = 0; t < s->tiles; t++) {
            const int64_t row = (first + t) / across * s->size, column = (first + t) % across * s->size;
            tiles->input(x + block * s->x.block + row * s->x.row + column * s->x.column, v + (block * s->tiles + t) * W);
        }
}

INLINE void conv_winograd_outputs(const struct conv_winograd *s, const struct conv_winograd_tiles *tiles,
                                  const float *restrict m, const float *restrict bias, const float *restrict residual,
                                  float *restrict y, int64_t first)
{
    const int64_t across = tile_count(s->columns, s->size);
    for (int64_t block = 0; block < (s->outputs + 15) / 16 * (16 / W); block++)
        for (int64_t t = 0; t < s->tiles; t++) {
            const int64_t row = (first + t) / across * s->size, column = (first + t) % across * s->size;
            const int whole = row + s->size <= s->rows && column + s->size <= s->columns;
            (whole ? tiles->whole : tiles->part)(
                m + (block * s->tiles + t) * W, bias + block * W,
                s->adds_residual
                    ? residual + block * s->residual.block + row * s->residual.row + column * s->residual.column
                    : residual,
                y + block * s->y.block + row * s->y.row + column * s->y.column, (int)(s->rows - row),
                (int)(s->columns - column));
        }
}

/* scratch: (size + 2)^2 times winograd_step() of the channels and of the outputs, in floats. The last block of tiles ends
 * with the last tile, and computes some once more where the tiles do not divide evenly. */
INLINE void conv_winograd(const struct conv_winograd *s, const struct conv_direct *product,
                          const struct conv_winograd_tiles *tiles, const float *restrict x,
                          const float *restrict weights, const float *restrict bias, const float *restrict residual,
                          float *restrict y, float *restrict scratch)
{
    const int64_t points = (s->size + 2) * (s->size + 2), outputs = (s->outputs + 15) / 16 * 16;
    const int64_t v_step = winograd_step(s->channels, s->tiles), m_step = winograd_step(s->outputs, s->tiles);
    const int64_t all = tile_count(s->rows, s->size) * tile_count(s->columns, s->size);
    float *v = scratch, *m = scratch + points * v_step;
    for (int64_t n = 0; n < s->batch; n++)
        for (int64_t done = 0; done < all; done += s->tiles) {
            const int64_t first = done + s->tiles <= all ? done : all - s->tiles;
            conv_winograd_inputs(s, tiles, x + n * s->x.batch, v, first);
            for (int64_t point = 0; point < points; point++)
                conv_direct(product, tiles->product, v + point * v_step, weights + point * outputs * s->channels,
                            NULL, NULL, m + point * m_step);
            conv_winograd_outputs(s, tiles, m, bias, s->adds_residual ? residual + n * s->residual.batch : residual,
                                  y + n * s->y.batch, first);
        }
}

#endif
