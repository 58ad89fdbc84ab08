/* settle.h -- values that decide shapes, looked at when they are there: do they mean what the program was compiled for, and
 * which elements do they choose? Whatever they are, indices stay in range. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_SETTLE_H
#define MEDNN_SETTLE_H

#include "scalars.h"

enum holds_kind {
    HOLDS_EQUAL,
    HOLDS_AT_MOST,
    HOLDS_RESHAPE,
    HOLDS_RESHAPE_ZERO,
    HOLDS_EXPAND,
    HOLDS_SQUEEZE,
    HOLDS_AXES,
    HOLDS_RANGE
};

struct holds {
    enum holds_kind kind;
    enum element_type type;
    int64_t count; /* elements of the value */
    int64_t expected_count, from_count;
    const int64_t *expected, *from;
};

__attribute__((unused)) static int holds_equal(const struct holds *s, const void *value)
{
    int truth = 1;
    for (int64_t i = 0; i < s->count; i++)
        if (s->type <= ELEMENT_BFLOAT16) {
            const double element = load_real(value, s->type, i), expected = (double)s->expected[i];
            truth &= element <= expected && (s->kind == HOLDS_AT_MOST || element >= expected);
        } else {
            const int64_t element = load_integer(value, s->type, i);
            truth &= s->kind == HOLDS_AT_MOST ? element <= s->expected[i] : element == s->expected[i];
        }
    return truth;
}

__attribute__((unused)) static int holds_reshape(const struct holds *s, const void *value)
{
    int64_t open = 0, empty = 0;
    for (int64_t i = 0; i < s->count; i++) {
        int64_t dim = load_integer(value, s->type, i);
        open += dim == -1;
        if (dim == 0 && s->kind == HOLDS_RESHAPE)
            dim = i < s->from_count ? s->from[i] : -2;
        if (dim != -1 && dim != s->expected[i])
            return 0;
        empty += dim == 0;
    }
    return s->count == s->expected_count && (open == 0 || (open == 1 && empty == 0));
}

/* Axes are counted from the last one. */
__attribute__((unused)) static int holds_expand(const struct holds *s, const void *value)
{
    for (int64_t i = 0; i < s->expected_count; i++) {
        const int64_t from = i < s->from_count ? s->from[s->from_count - 1 - i] : 1;
        const int64_t to = i < s->count ? load_integer(value, s->type, s->count - 1 - i) : 1;
        const int64_t dim = from == to || to == 1 ? from : from == 1 ? to : -1;
        if (dim != s->expected[s->expected_count - 1 - i])
            return 0;
    }
    return s->count <= s->expected_count;
}

/* The axes as bits; -1 when one is out of range or there twice. */
INLINE int64_t axes_set(const struct holds *s, const void *value, int64_t rank)
{
    int64_t set = 0;
    for (int64_t i = 0; i < s->count; i++) {
        int64_t axis = load_integer(value, s->type, i);
        axis += axis < 0 ? rank : 0;
        if (axis < 0 || axis >= rank || set >> axis & 1)
            return -1;
        set |= (int64_t)1 << axis;
    }
    return set;
}

__attribute__((unused)) static int holds_squeeze(const struct holds *s, const void *value)
{
    const int64_t set = axes_set(s, value, s->from_count);
    int64_t left = 0;
    if (set < 0)
        return 0;
    for (int64_t i = 0; i < s->from_count; i++) {
        const int dropped = (int)(set >> i & 1);
        if (dropped ? s->from[i] != 1 : left >= s->expected_count || s->expected[left] != s->from[i])
            return 0;
        left += !dropped;
    }
    return left == s->expected_count;
}

__attribute__((unused)) static int holds_axes(const struct holds *s, const void *value)
{
    int64_t set = 0;
    for (int64_t i = 0; i < s->expected_count; i++)
        set |= (int64_t)1 << s->expected[i];
    return axes_set(s, value, s->from[0]) == set;
}

INLINE double number_at(const void *value, enum element_type type)
{
    return type <= ELEMENT_BFLOAT16 ? load_real(value, type, 0) : (double)load_integer(value, type, 0);
}

__attribute__((unused)) static int holds_range(const struct holds *s, const void *start, const void *limit,
                                               const void *delta)
{
    const double first = number_at(start, s->type), steps = (number_at(limit, s->type) - first) / number_at(delta, s->type);
    const double count = (double)s->expected[0];
    return count > 0 ? steps > count - 1 && steps <= count : steps <= 0;
}

/* ---- which elements ---- */

/* Elements of an axis of `size` elements that make up `count` elements of a result. */
struct chosen {
    int64_t axis, rank, size, count;
    int64_t entries;     /* of starts, or of axes that pads speak of */
    enum element_type type, axes_type;
    int reflect, edge, wrap; /* else filled */
};

/* The entry that speaks of the axis; -1: none, -2: several, or an axis that does not exist. */
INLINE int64_t chosen_entry(const struct chosen *s, const void *axes)
{
    int64_t found = -1;
    for (int64_t i = 0; i < s->entries; i++) {
        int64_t axis = axes ? load_integer(axes, s->axes_type, i) : i;
        axis += axis < 0 ? s->rank : 0;
        if (axis < 0 || axis >= s->rank)
            return -2;
        if (axis == s->axis)
            found = found == -1 ? i : -2;
    }
    return found;
}

INLINE int64_t number_clamped(int64_t number, int64_t low, int64_t high)
{
    return number < low ? low : number > high ? high : number;
}

/* The way Python slices; returns whether `count` elements come out. */
__attribute__((unused)) static int slice_indices(const struct chosen *s, int64_t *indices, const void *starts,
                                                 const void *ends, const void *axes, const void *steps)
{
    const int64_t entry = chosen_entry(s, axes), far = INT64_MAX / 4;
    int64_t start = 0, end = s->size, step = 1;
    if (entry >= 0) {
        start = load_integer(starts, s->type, entry);
        end = load_integer(ends, s->type, entry);
        step = steps ? number_clamped(load_integer(steps, s->type, entry), -far, far) : 1;
        start += start < 0 ? s->size : 0;
        end += end < 0 ? s->size : 0;
        start = number_clamped(start, 0, step < 0 ? s->size - 1 : s->size);
        end = step < 0 ? number_clamped(end, -1, s->size - 1) : number_clamped(end, 0, s->size);
    }
    const int64_t length = step < 0 ? start - end : end - start, stride = step < 0 ? -step : step;
    const int truth = entry > -2 && step != 0 &&
                      (length > 0 && s->size > 0 ? (length - 1) / stride + 1 : 0) == s->count;
    for (int64_t i = 0; i < s->count; i++)
        indices[i] = truth ? start + i * step : 0;
    return truth;
}

/* -1 where the result is filled. */
__attribute__((unused)) static int pad_indices(const struct chosen *s, int64_t *indices, const void *pads, const void *axes)
{
    const int64_t entry = chosen_entry(s, axes), size = s->size, far = INT32_MAX;
    const int64_t most = s->reflect ? size - 1 : s->wrap ? size : far;
    int64_t begin = 0, end = 0;
    if (entry >= 0) {
        begin = load_integer(pads, s->type, entry);
        end = load_integer(pads, s->type, entry + s->entries);
    }
    const int truth = entry > -2 && begin <= most && end <= most && begin >= -size && end >= -size &&
                      begin + size + end == s->count;
    for (int64_t i = 0; i < s->count; i++) {
        int64_t from = truth ? i - begin : 0;
        if (from < 0)
            from = s->reflect ? -from : s->edge ? 0 : s->wrap ? from + size : -1;
        else if (from >= size)
            from = s->reflect ? 2 * (size - 1) - from : s->edge ? size - 1 : s->wrap ? from - size : -1;
        indices[i] = from;
    }
    return truth;
}

#endif
