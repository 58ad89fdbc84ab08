/* conv_winograd.h -- convolution of stride 1 by Winograd's minimal filtering: F(2x2, 3x3), F(4x4, 3x3) and F(2x2, 5x5).
 *
 * Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, CVPR 2016; points 0, 1, -1, 2, -2. The map is
 * cut into tiles of size x size outputs, counted from the map's first row and column: a piece begins on a tile, and
 * every tile reads edge x edge inputs, edge = size + taps - 1, through a border of zeros where it reaches beyond the map. Input and
 * output are blocked. Weights: either [edge^2][panel][channels][panel width], each of the edge^2 matrices packed as conv_direct.h
 * wants a 1x1 kernel's; or, of 3x3 kernels, transformed along rows only, [edge][panel][channels][3][panel width], half as
 * much to read from far memory for F(4x4, 3x3), three quarters for F(2x2, 3x3): the way along columns is done for some channels
 * of a panel at a time, which stay in a near cache; or where few tiles share them, by every tile, as it reads them. Matrices are
 * numbered column by column.
 * Each output element is a fixed tree of additions, whatever the piece, the block of tiles and the vector width: the
 * transforms add products with powers of two only, so that it makes no difference whether they are contracted; what is
 * left of the factors of the way along columns is multiplied with the inputs, last, where `scaled`. The same whether weights are halfway or
 * wholly transformed, if they were in float. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_CONV_WINOGRAD_H
#define MEDNN_CONV_WINOGRAD_H

#include "activation.h"
#include "conv_direct.h"
#include "float_mode.h"
#include "view.h"

enum { WINOGRAD_MOST = 6 }; /* inputs of a tile along one axis */

/* Channels whose weights are transformed together, a multiple of 16: those of a panel along rows stay in the nearest cache, with what is
 * made of them. */
#define WINOGRAD_DEPTH(size) ((size) == 2 ? 128 : 64)

/* A piece: pointers given to conv_winograd() point at its first output element and the input that its first tap reads. */
struct conv_winograd {
    struct view x, y, residual;
    int64_t batch, channels, outputs; /* outputs: of the piece */
    int64_t rows, columns;            /* of the piece */
    int size;                         /* outputs of a tile along one axis: 2 or 4 */
    int taps;                         /* of the kernel along one axis: 3, or 5 where size is 2 */
    int64_t scaled;                   /* the inputs bear the factors of the way along columns; taps is 3 */
    int64_t halfway;                  /* the weights are transformed along rows only; scaled is 1, channels a multiple of 16 */
    int64_t tiles;                    /* that are transformed and multiplied together; at most all of the piece */
    int adds_residual;
    enum activation activation;
    finish_function *finish;
    float alpha, beta;
};

typedef void conv_winograd_input_function(const float *restrict x, float *restrict v);
typedef void conv_winograd_output_function(const float *restrict m, const float *restrict bias,
                                           const float *restrict residual, float *restrict y, int rows, int columns);

typedef void conv_winograd_column_function(const float *restrict w, int64_t channels, float *restrict u);
typedef void conv_winograd_product_function(const float *restrict v, const float *restrict w, uintptr_t next, int64_t blocks,
                                            int adds, float outer, float inner, float *restrict m);

/* How products find their weights: transformed; as one of the three in memory; or as a mix of them. */
enum winograd_weights { WINOGRAD_READY, WINOGRAD_ONE, WINOGRAD_MIX, WINOGRAD_WAYS };

/* Instances for one layer whose weights are transformed halfway: of whole panels, and of the half panel at the end; products of
 * wide tiles, and of those one smaller. */
struct conv_winograd_columns {
    conv_winograd_column_function *column[2];
    conv_winograd_product_function *product[WINOGRAD_WAYS][2][2]; /* [way][half panel][narrow] */
};

/* Instances for one layer; `part`: tiles that reach beyond the piece. One of `product` and `columns` is NULL. */
struct conv_winograd_tiles {
    conv_winograd_input_function *input;
    conv_winograd_output_function *whole, *part;
    const struct conv_direct_tiles *product;
    const struct conv_winograd_columns *columns;
};

/* Inputs of a tile along one axis. */
INLINE int winograd_edge(const struct conv_winograd *s)
{
    return s->size + s->taps - 1;
}

/* Floats from one of the edge^2 matrices of a block of tiles, or of weights, to the next: not a multiple of a page. */
INLINE int64_t winograd_step(int64_t channels, int64_t tiles)
{
    return (channels + 15) / 16 * 16 * tiles + 48;
}

/* One line of a tile to the points' domain: rows of B transposed. */
INLINE void winograd_input_line(int edge, const vf *restrict d, vf *restrict e)
{
    CONTRACT
    if (edge == 4) {
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
INLINE void winograd_output_line(int size, int edge, const vf *restrict d, vf *restrict e)
{
    CONTRACT
    const vf sum = d[1] + d[2], difference = d[1] - d[2];
    if (edge == 4) {
        e[0] = d[0] + sum;
        e[1] = difference - d[3];
        return;
    }
    const vf sum_2 = d[3] + d[4], difference_2 = d[3] - d[4];
    e[0] = (d[0] + sum) + sum_2;
    e[1] = difference + 2.0f * difference_2;
    if (size == 2) {
        e[1] += d[5];
        return;
    }
    e[2] = sum + 4.0f * sum_2;
    e[3] = (difference + 8.0f * difference_2) + d[5];
}

/* One column of a kernel: rows of G without their factors. */
INLINE void winograd_column_line(int size, const vf *restrict g, vf *restrict u)
{
    CONTRACT
    const vf sum = g[0] + g[2];
    u[0] = g[0];
    u[1] = sum + g[1];
    u[2] = sum - g[1];
    u[size + 1] = g[2];
    if (size == 2)
        return;
    const vf sum_4 = g[0] + 4.0f * g[2];
    u[3] = sum_4 + 2.0f * g[1];
    u[4] = sum_4 - 2.0f * g[1];
}

/* Those factors. */
INLINE float winograd_factor(int size, int point)
{
    if (size == 2)
        return point == 1 || point == 2 ? 0.5f : 1.0f;
    return point == 0 ? 0.25f : point <= 2 ? -1.0f / 6 : point <= 4 ? 1.0f / 24 : 1.0f;
}

/* A vector of channels of one tile. */
INLINE void conv_winograd_input(const struct conv_winograd *s, const float *restrict x, float *restrict v)
{
    const int edge = winograd_edge(s);
    const int64_t step = winograd_step(s->channels, s->tiles);
    vf half[WINOGRAD_MOST * WINOGRAD_MOST];
    UNROLL for (int j = 0; j < edge; j++) {
        vf d[WINOGRAD_MOST], e[WINOGRAD_MOST];
        UNROLL for (int i = 0; i < edge; i++)
            d[i] = *(const vf *)(x + i * s->x.row + j * s->x.column);
        winograd_input_line(edge, d, e);
        UNROLL for (int i = 0; i < edge; i++)
            half[i * WINOGRAD_MOST + j] = e[i];
    }
    UNROLL for (int i = 0; i < edge; i++) {
        vf e[WINOGRAD_MOST];
        winograd_input_line(edge, half + i * WINOGRAD_MOST, e);
        UNROLL for (int j = 0; j < edge; j++)
            *(vf *)(v + (j * edge + i) * step) = e[j] * (s->scaled ? winograd_factor(s->size, i) : 1.0f);
    }
}

/* How products at a point of a column find weights that are transformed halfway. The outer points' need nothing made of them; few tiles
 * make the others' as they read them. */
INLINE enum winograd_weights conv_winograd_way(const struct conv_winograd *s, const struct conv_direct *product, int point)
{
    if (point == 0 || point == s->size + 1)
        return WINOGRAD_ONE;
    return conv_direct_cut(product).tiles <= (s->size == 2 ? TILE_MIXES / 2 : TILE_MIXES) ? WINOGRAD_MIX : WINOGRAD_READY;
}

/* One column of the weights of some channels, for outputs that are a panel apart, at the points where products want them ready. */
INLINE void conv_winograd_weights(const struct conv_winograd *s, const struct conv_direct *product, int panel,
                                  const float *restrict w, int64_t channels, float *restrict u)
{
    const int edge = s->size + 2;
    const int64_t step = winograd_step(panel, WINOGRAD_DEPTH(s->size));
    for (int64_t c = 0; c < channels; c++, w += 3 * panel, u += panel)
        UNROLL for (int o = 0; o < panel; o += W) {
            const vf g[3] = {*(const vf *)(w + o), *(const vf *)(w + panel + o), *(const vf *)(w + 2 * panel + o)};
            vf e[WINOGRAD_MOST];
            winograd_column_line(s->size, g, e);
            UNROLL for (int i = 0; i < edge; i++)
                if (conv_winograd_way(s, product, i) == WINOGRAD_READY)
                    *(vf *)(u + i * step + o) = e[i];
        }
}

/* `vectors` of outputs for the tiles of a wide or narrow one: products of `blocks` of 16 channels at one point, added to what is there, or
 * stored. Of a mix: (w[0] + outer * w[2]) + inner * w[1], which are a panel apart. */
INLINE void conv_winograd_product(const struct conv_direct *s, enum winograd_weights way, int vectors, int narrow, int panel,
                                  const float *restrict v, const float *restrict w, uintptr_t next, int64_t blocks,
                                  int adds, float outer, float inner, float *restrict m)
{
    const struct conv_direct_mix mix = {panel, outer, inner};
    const struct conv_direct_cut cut = conv_direct_cut(s);
    const struct conv_direct_fetch fetch = conv_direct_fetch(s, &cut);
    const int tiles = conv_direct_columns(&cut, narrow);
    const int step = way == WINOGRAD_READY ? panel : 3 * panel;
    vf a[TILE_ACCUMULATORS];
    UNROLL for (int t = 0; t < tiles; t++)
        UNROLL for (int o = 0; o < vectors; o++)
            a[t * vectors + o] = adds ? *(const vf *)(m + o * s->y.block + t * s->y.column) : (vf){0};
    for (; blocks > 0; blocks--, next += fetch.share) {
        conv_direct_fetch_few(&fetch, next);
        for (int part = 0; part < 16; part += W, v += s->x.block, w += W * step)
            conv_direct_lanes(s, &fetch, way == WINOGRAD_MIX ? &mix : NULL, vectors, tiles, tiles, W, step, part, v, w, next, a);
    }
    UNROLL for (int t = 0; t < tiles; t++)
        UNROLL for (int o = 0; o < vectors; o++)
            *(vf *)(m + o * s->y.block + t * s->y.column) = a[t * vectors + o];
}

/* A vector of outputs of one tile, of which rows x columns are stored. */
INLINE void conv_winograd_output(const struct conv_winograd *s, const float *restrict m, const float *restrict bias,
                                 const float *restrict residual, float *restrict y, int rows, int columns)
{
    const int edge = winograd_edge(s);
    const int64_t step = winograd_step(s->outputs, s->tiles);
    const vf shift = *(const vf *)bias;
    const float alpha = activation_low(s->activation, s->alpha), beta = activation_high(s->activation, s->beta);
    vf half[WINOGRAD_MOST * WINOGRAD_MOST];
    UNROLL for (int j = 0; j < edge; j++) {
        vf d[WINOGRAD_MOST], e[WINOGRAD_MOST];
        UNROLL for (int i = 0; i < edge; i++)
            d[i] = *(const vf *)(m + (j * edge + i) * step);
        winograd_output_line(s->size, edge, d, e);
        UNROLL for (int i = 0; i < s->size; i++)
            half[i * WINOGRAD_MOST + j] = e[i];
    }
    UNROLL for (int i = 0; i < s->size; i++) {
        vf e[WINOGRAD_MOST];
        winograd_output_line(s->size, edge, half + i * WINOGRAD_MOST, e);
        UNROLL for (int j = 0; j < s->size; j++)
            if (i < rows && j < columns) {
                vf value = e[j] + shift;
                if (s->adds_residual)
                    value += *(const vf *)(residual + i * s->residual.row + j * s->residual.column);
                *(vf *)(y + i * s->y.row + j * s->y.column) = activate(value, s->activation, alpha, beta);
            }
    }
    if (s->finish)
        s->finish(y, rows < s->size ? rows : s->size, s->y.row, (columns < s->size ? columns : s->size) * W, s->alpha);
}

#define CONV_WINOGRAD_PRODUCT_TILE(name, kind, way, narrow, panel)                                         \
    MICROKERNEL name##_##kind(const float *restrict v, const float *restrict w, uintptr_t next,            \
                              int64_t blocks, int adds, float outer, float inner, float *restrict m)       \
    {                                                                                                      \
        conv_winograd_product(&name##_product_shape, way, conv_direct_vectors(panel), narrow, panel,       \
                              v, w, next, blocks, adds, outer, inner, m);                                  \
    }

/* Of wide and narrow tiles, for whole panels and, if there is one, for the half one. */
#define CONV_WINOGRAD_PRODUCT_TILES(name, kind, way, panels)                                               \
    CONV_WINOGRAD_PRODUCT_TILE(name, kind##_wide, way, 0, (int)name##_product_shape.panel)                 \
    CONV_WINOGRAD_PRODUCT_TILE(name, kind##_narrow, way, 1, (int)name##_product_shape.panel)               \
    TILE_IF_HALF_##panels(CONV_WINOGRAD_PRODUCT_TILE(name, kind##_half_wide, way, 0, 16)                   \
                          CONV_WINOGRAD_PRODUCT_TILE(name, kind##_half_narrow, way, 1, 16))

#define CONV_WINOGRAD_PRODUCT_TABLE(name, kind, panels)                                                    \
    {{name##_##kind##_wide, name##_##kind##_narrow},                                                       \
     {TILE_HALF_OR_NULL_##panels(name##_##kind##_half_wide), TILE_HALF_OR_NULL_##panels(name##_##kind##_half_narrow)}}

/* The micro-kernels of a layer whose shape is NAME_shape, and whose products have the shape NAME_product_shape: of whole weights,
 * and of weights that are transformed halfway; panels: WHOLE_PANELS or HALF_PANEL. */
#define CONV_WINOGRAD_TILES(name, panels)                                                                  \
    CONV_DIRECT_TILES(name##_product, panels)                                                              \
    CONV_WINOGRAD_TRANSFORMS(name, &name##_product_tiles, NULL)

#define CONV_WINOGRAD_HALFWAY_TILES(name, panels)                                                          \
    CONV_WINOGRAD_PRODUCT_TILES(name, ready, WINOGRAD_READY, panels)                                       \
    CONV_WINOGRAD_PRODUCT_TILES(name, one, WINOGRAD_ONE, panels)                                           \
    CONV_WINOGRAD_PRODUCT_TILES(name, mix, WINOGRAD_MIX, panels)                                           \
    MICROKERNEL name##_column(const float *restrict w, int64_t channels, float *restrict u)                \
    {                                                                                                      \
        conv_winograd_weights(&name##_shape, &name##_product_shape, (int)name##_product_shape.panel, w,    \
                              channels, u);                                                                \
    }                                                                                                      \
    TILE_IF_HALF_##panels(MICROKERNEL name##_half_column(const float *restrict w, int64_t channels, float *restrict u) \
    {                                                                                                      \
        conv_winograd_weights(&name##_shape, &name##_product_shape, 16, w, channels, u);                   \
    })                                                                                                     \
    static const struct conv_winograd_columns name##_columns = {                                           \
        {name##_column, TILE_HALF_OR_NULL_##panels(name##_half_column)},                                   \
        {CONV_WINOGRAD_PRODUCT_TABLE(name, ready, panels), CONV_WINOGRAD_PRODUCT_TABLE(name, one, panels), \
         CONV_WINOGRAD_PRODUCT_TABLE(name, mix, panels)}};                                                 \
    CONV_WINOGRAD_TRANSFORMS(name, NULL, &name##_columns)

#define CONV_WINOGRAD_TRANSFORMS(name, products, by_columns)                                                  \
    MICROKERNEL name##_input(const float *restrict x, float *restrict v)                                   \
    {                                                                                                      \
        conv_winograd_input(&name##_shape, x, v);                                                          \
    }                                                                                                      \
    MICROKERNEL name##_whole(const float *restrict m, const float *restrict bias,                          \
                             const float *restrict residual, float *restrict y, int rows, int columns)    \
    {                                                                                                      \
        (void)rows, (void)columns;                                                                        \
        conv_winograd_output(&name##_shape, m, bias, residual, y, name##_shape.size, name##_shape.size);   \
    }                                                                                                      \
    MICROKERNEL name##_part(const float *restrict m, const float *restrict bias,                           \
                            const float *restrict residual, float *restrict y, int rows, int columns)     \
    {                                                                                                      \
        conv_winograd_output(&name##_shape, m, bias, residual, y, rows, columns);                         \
    }                                                                                                      \
    static const struct conv_winograd_tiles name##_tiles = {name##_input, name##_whole, name##_part,       \
                                                            products, by_columns};

/* Initialiser of NAME_product_shape: a 1x1 convolution of a row of tiles. Where weights are transformed halfway: the lines of the cache
 * that are fetched for a panel with 16 channels at one point of a column. */
#define CONV_WINOGRAD_PRODUCT(channel_count, output_count, panel_width, tile_count, size, halfway)         \
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
     .without_bias = 1,                                                                                    \
     .next_lines = (halfway) ? 3 * (panel_width) / ((size) + 2) : 0,                                       \
     .next_positions = WINOGRAD_DEPTH(size) / 16 * ((size) + 2)}

/* Tiles [first, first + s->tiles) of a map, in the order of rows. */
INLINE void conv_winograd_inputs(const struct conv_winograd *s, const struct conv_winograd_tiles *tiles,
                                 const float *restrict x, float *restrict v, int64_t first)
{
    const int64_t across = tile_count(s->columns, s->size);
    for (int64_t block = 0; block < (s->channels + 15) / 16 * (16 / W); block++)
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

/* Products of some channels with a panel at one point, while the weights from `next` on are fetched; returns what to fetch then. */
INLINE uintptr_t conv_winograd_point(const struct conv_direct *product, conv_winograd_product_function *const tiles[2],
                                     int64_t panel, const float *v, const float *w, uintptr_t next, int64_t blocks, int adds,
                                     float outer, float inner, float *m)
{
    const struct conv_direct_cut cut = conv_direct_cut(product);
    const uintptr_t share = (uintptr_t)blocks * conv_direct_fetch(product, &cut).share;
    const int64_t broad = tile_wide_count(cut.columns, cut.most);
    const int64_t width = (int64_t)conv_direct_vectors((int)panel) * W;
    for (int64_t part = 0; part < panel; part += width)
        for (int64_t t = 0, column = 0; t < cut.tiles; t++) {
            (t < broad ? tiles[0] : tiles[1])(v + column * W, w + part, next, blocks, adds, outer, inner,
                                              m + part / W * product->y.block + column * W);
            column += conv_direct_columns(&cut, t >= broad);
            next += share;
        }
    return next;
}

/* Those at the points of one column; u: memory for the weights at them. */
INLINE void conv_winograd_points(const struct conv_winograd *s, const struct conv_direct *product,
                                 const struct conv_winograd_columns *tiles, int half, const float *v, const float *w,
                                 int64_t channels, int adds, float *m, float *u)
{
    const int64_t panel = half ? 16 : product->panel, blocks = channels / 16;
    const int64_t v_step = winograd_step(s->channels, s->tiles), m_step = winograd_step(s->outputs, s->tiles);
    const int64_t u_step = winograd_step(panel, WINOGRAD_DEPTH(s->size));
    uintptr_t next = (uintptr_t)(w + channels * 3 * panel);
    if (conv_winograd_way(s, product, 1) == WINOGRAD_READY)
        tiles->column[half](w, channels, u);
    for (int i = 0; i < s->size + 2; i++) {
        const enum winograd_weights way = conv_winograd_way(s, product, i);
        const float *from = way == WINOGRAD_READY ? u + i * u_step : i > s->size ? w + 2 * panel : w;
        next = conv_winograd_point(product, tiles->product[way][half], panel, v + i * v_step, from, next, blocks, adds,
                                   i <= 2 ? 1 : 4, (i % 2 ? 1.0f : -1.0f) * (i <= 2 ? 1 : 2), m + i * m_step);
    }
}

/* Those of all channels with a whole or the half panel; returns the weights that follow. */
INLINE const float *conv_winograd_channels(const struct conv_winograd *s, const struct conv_direct *product,
                                           const struct conv_winograd_columns *tiles, int half, const float *v,
                                           const float *w, float *m, float *u)
{
    const int64_t depth = WINOGRAD_DEPTH(s->size);
    for (int64_t c = 0; c < s->channels; c += depth) {
        const int64_t channels = c + depth < s->channels ? depth : s->channels - c;
        conv_winograd_points(s, product, tiles, half, v + c * s->tiles, w, channels, c > 0, m, u);
        w += channels * 3 * (half ? 16 : product->panel);
    }
    return w;
}

/* Those of all outputs. */
INLINE void conv_winograd_column(const struct conv_winograd *s, const struct conv_direct *product,
                                 const struct conv_winograd_columns *tiles, const float *v, const float *w, float *m,
                                 float *u)
{
    const int64_t outputs = (s->outputs + 15) / 16 * 16, whole = outputs / product->panel * product->panel;
    for (int64_t o = 0; o < whole; o += product->panel)
        w = conv_winograd_channels(s, product, tiles, 0, v, w, m + o * s->tiles, u);
    if (whole < outputs)
        conv_winograd_channels(s, product, tiles, 1, v, w, m + whole * s->tiles, u);
}

/* Floats of scratch memory: for the tiles' inputs and outputs at all points, and a column of weights. */
INLINE int64_t conv_winograd_scratch(const struct conv_winograd *s, const struct conv_direct *product)
{
    const int64_t edge = winograd_edge(s);
    return edge * edge * (winograd_step(s->channels, s->tiles) + winograd_step(s->outputs, s->tiles)) +
           (s->halfway ? edge * winograd_step(product->panel, WINOGRAD_DEPTH(s->size)) : 0);
}

/* The last block of tiles ends with the last tile, and computes some once more where the tiles do not divide evenly. */
INLINE void conv_winograd(const struct conv_winograd *s, const struct conv_direct *product,
                          const struct conv_winograd_tiles *tiles, const float *restrict x,
                          const float *restrict weights, const float *restrict bias, const float *restrict residual,
                          float *restrict y, float *restrict scratch)
{
    const int64_t edge = winograd_edge(s), matrix = (s->outputs + 15) / 16 * 16 * s->channels;
    const int64_t v_step = winograd_step(s->channels, s->tiles), m_step = winograd_step(s->outputs, s->tiles);
    const int64_t all = tile_count(s->rows, s->size) * tile_count(s->columns, s->size);
    float *v = scratch, *m = v + edge * edge * v_step, *u = m + edge * edge * m_step;
    for (int64_t n = 0; n < s->batch; n++)
        for (int64_t done = 0; done < all; done += s->tiles) {
            const int64_t first = done + s->tiles <= all ? done : all - s->tiles;
            conv_winograd_inputs(s, tiles, x + n * s->x.batch, v, first);
            for (int64_t j = 0; s->halfway && j < edge; j++)
                conv_winograd_column(s, product, tiles->columns, v + j * edge * v_step, weights + j * 3 * matrix,
                                     m + j * edge * m_step, u);
            for (int64_t point = 0; !s->halfway && point < edge * edge; point++)
                conv_direct(product, tiles->product, v + point * v_step, weights + point * matrix, NULL, NULL,
                            m + point * m_step);
            conv_winograd_outputs(s, tiles, m, bias, s->adds_residual ? residual + n * s->residual.batch : residual,
                                  y + n * s->y.batch, first);
        }
}

/* All of a layer whose shape is NAME_shape, with the micro-kernels of the layer `owner`. */
#define CONV_WINOGRAD_LOOP(name, owner)                                                                    \
    static __attribute__((noinline)) void name##_loop(const float *restrict x, const float *restrict weights, \
                                                      const float *restrict bias, const float *restrict residual, \
                                                      float *restrict y, float *restrict scratch)          \
    {                                                                                                      \
        conv_winograd(&name##_shape, &owner##_product_shape, &owner##_tiles, x, weights, bias, residual, y, \
                      scratch);                                                                            \
    }

#endif
