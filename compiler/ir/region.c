/* region.c -- algebra of boxes. */
/* SPDX-License-Identifier: MIT */
#include "region.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int64_t lesser(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t greater(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

struct region region_whole(struct shape shape)
{
    struct region region = {.some = true, .rank = shape.rank};
    for (int i = 0; i < shape.rank; i++)
        region.axis[i].end = shape.dim[i];
    return region;
}

struct region region_intersect(struct region a, struct region b)
{
    if (!a.some || !b.some)
        return (struct region){0};
    assert(a.rank == b.rank);
    for (int i = 0; i < a.rank; i++) {
        a.axis[i].begin = greater(a.axis[i].begin, b.axis[i].begin);
        a.axis[i].end = lesser(a.axis[i].end, b.axis[i].end);
        if (a.axis[i].begin >= a.axis[i].end)
            return (struct region){0};
    }
    return a;
}

bool regions_meet(const struct region *a, const struct region *b)
{
    bool meet = a->some && b->some;
    for (int i = 0; meet && i < a->rank; i++)
        meet = greater(a->axis[i].begin, b->axis[i].begin) < lesser(a->axis[i].end, b->axis[i].end);
    return meet;
}

struct region region_cover(struct region a, struct region b)
{
    if (region_is_empty(a))
        return region_is_empty(b) ? (struct region){0} : b;
    if (region_is_empty(b))
        return a;
    assert(a.rank == b.rank);
    for (int i = 0; i < a.rank; i++) {
        a.axis[i].begin = lesser(a.axis[i].begin, b.axis[i].begin);
        a.axis[i].end = greater(a.axis[i].end, b.axis[i].end);
    }
    return a;
}

bool region_is_empty(struct region region)
{
    if (!region.some)
        return true;
    for (int i = 0; i < region.rank; i++)
        if (region.axis[i].begin >= region.axis[i].end)
            return true;
    return false;
}

bool region_equal(struct region a, struct region b)
{
    if (region_is_empty(a) || region_is_empty(b))
        return region_is_empty(a) && region_is_empty(b);
    if (a.rank != b.rank)
        return false;
    for (int i = 0; i < a.rank; i++)
        if (a.axis[i].begin != b.axis[i].begin || a.axis[i].end != b.axis[i].end)
            return false;
    return true;
}

bool region_contains(struct region outer, struct region inner)
{
    return region_is_empty(inner) || region_equal(region_intersect(outer, inner), inner);
}

int64_t region_size(struct region region)
{
    if (region_is_empty(region))
        return 0;
    int64_t size = 1;
    for (int i = 0; i < region.rank; i++)
        size *= region.axis[i].end - region.axis[i].begin;
    return size;
}

struct shape region_shape(struct region region)
{
    struct shape shape = {.rank = region.rank};
    for (int i = 0; i < region.rank; i++)
        shape.dim[i] = region.axis[i].end - region.axis[i].begin;
    return shape;
}

const char *region_string(struct arena *arena, struct region region)
{
    if (region_is_empty(region))
        return "[]";
    char text[MAX_RANK * 44 + 4];
    int used = 0;
    text[used++] = '[';
    for (int i = 0; i < region.rank; i++)
        used += snprintf(text + used, sizeof text - (size_t)used, "%s%" PRId64 ":%" PRId64, i ? ", " : "",
                         region.axis[i].begin, region.axis[i].end);
    text[used++] = ']';
    text[used] = 0;
    return arena_string(arena, text);
}

static void append(struct arena *arena, struct region_list *list, struct region region)
{
    if (!region_is_empty(region))
        *arena_append(arena, list->item, list->count, list->capacity) = region;
}

/* Append the parts of `a` outside `b`: at most two slabs per axis, cut axis by axis. */
static void append_difference(struct arena *arena, struct region_list *list, struct region a, struct region b)
{
    struct region common = region_intersect(a, b);
    if (region_is_empty(common)) {
        append(arena, list, a);
        return;
    }
    for (int i = 0; i < a.rank; i++) {
        const struct range all = a.axis[i];
        a.axis[i].end = common.axis[i].begin;
        append(arena, list, a);
        a.axis[i] = (struct range){common.axis[i].end, all.end};
        append(arena, list, a);
        a.axis[i] = common.axis[i];
    }
}

void regions_subtract(struct arena *arena, struct region_list *list, struct region region)
{
    struct region_list rest = {0};
    bool touched = false;
    for (int i = 0; i < list->count && !touched; i++)
        touched = regions_meet(&list->item[i], &region);
    if (!touched)
        return;
    for (int i = 0; i < list->count; i++)
        append_difference(arena, &rest, list->item[i], region);
    *list = rest;
}

/* Two boxes that differ along one axis only and touch there are one box. */
static bool join(struct region *a, struct region b)
{
    int different = -1;
    for (int i = 0; i < a->rank; i++)
        if (a->axis[i].begin != b.axis[i].begin || a->axis[i].end != b.axis[i].end) {
            if (different >= 0)
                return false;
            different = i;
        }
    if (different < 0)
        return true;
    struct range *range = &a->axis[different], other = b.axis[different];
    if (range->end != other.begin && range->begin != other.end)
        return false;
    range->begin = lesser(range->begin, other.begin);
    range->end = greater(range->end, other.end);
    return true;
}

static void join_all(struct region_list *list)
{
    for (int i = 0; i < list->count; i++)
        for (int k = i + 1; k < list->count; k++)
            if (join(&list->item[i], list->item[k])) {
                list->item[k] = list->item[--list->count];
                i = -1;
                break;
            }
}

void regions_add(struct arena *arena, struct region_list *list, struct region region)
{
    struct region_list fresh = {0};
    append(arena, &fresh, region);
    for (int i = 0; i < list->count && fresh.count; i++)
        regions_subtract(arena, &fresh, list->item[i]);
    for (int i = 0; i < fresh.count; i++)
        append(arena, list, fresh.item[i]);
    if (fresh.count)
        join_all(list);
}

struct region_list regions_within(struct arena *arena, const struct region_list *list, struct region region)
{
    struct region_list result = {0};
    for (int i = 0; i < list->count; i++)
        append(arena, &result, region_intersect(list->item[i], region));
    return result;
}

struct region regions_cover(const struct region_list *list)
{
    struct region cover = {0};
    for (int i = 0; i < list->count; i++)
        cover = region_cover(cover, list->item[i]);
    return cover;
}

int64_t regions_size(const struct region_list *list)
{
    int64_t size = 0;
    for (int i = 0; i < list->count; i++)
        size += region_size(list->item[i]);
    return size;
}
