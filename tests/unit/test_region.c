/* test_region.c -- the algebra of boxes. */
/* SPDX-License-Identifier: MIT */
#include "ir/region.h"

#include <CUnit/Basic.h>
#include <stdlib.h>

static struct arena arena;

static struct region box(int64_t a, int64_t b, int64_t c, int64_t d)
{
    return (struct region){true, 2, {{a, b}, {c, d}}};
}

/* First of all: without the flag `some`, phantom transfers appear and real ones vanish. */
static void scalar_is_not_empty(void)
{
    struct region scalar = region_whole((struct shape){0});
    CU_ASSERT(!region_is_empty(scalar));
    CU_ASSERT(region_size(scalar) == 1);
    CU_ASSERT(region_is_empty((struct region){0}));
    CU_ASSERT(region_size((struct region){0}) == 0);
    CU_ASSERT(!region_is_empty(region_intersect(scalar, scalar)));
    CU_ASSERT(region_is_empty(region_intersect(scalar, (struct region){0})));
    CU_ASSERT(region_equal(region_cover(scalar, (struct region){0}), scalar));
}

static void intersects_and_covers(void)
{
    CU_ASSERT(region_equal(region_intersect(box(0, 4, 0, 4), box(2, 6, 1, 3)), box(2, 4, 1, 3)));
    CU_ASSERT(region_is_empty(region_intersect(box(0, 4, 0, 4), box(4, 6, 0, 4))));
    CU_ASSERT(region_equal(region_cover(box(0, 1, 0, 1), box(3, 4, 2, 3)), box(0, 4, 0, 3)));
    CU_ASSERT(region_contains(box(0, 4, 0, 4), box(1, 2, 3, 4)));
    CU_ASSERT(!region_contains(box(0, 4, 0, 4), box(1, 5, 3, 4)));
    CU_ASSERT(region_contains(box(0, 1, 0, 1), (struct region){0}));
}

/* Boxes meet where they have elements in common. */
static void meets_as_intersections(void)
{
    const struct region scalar = region_whole((struct shape){0}), none = {0};
    CU_ASSERT(regions_meet(&scalar, &scalar));
    CU_ASSERT(!regions_meet(&scalar, &none) && !regions_meet(&none, &scalar));
    for (int i = 0; i < 256; i++) {
        const struct region a = box(1, 3, 1, 3), b = box(i & 3, i >> 2 & 3, i >> 4 & 3, i >> 6 & 3);
        CU_ASSERT_EQUAL(regions_meet(&a, &b), !region_is_empty(region_intersect(a, b)));
        CU_ASSERT_EQUAL(regions_meet(&b, &a), !region_is_empty(region_intersect(b, a)));
    }
}

static void lists_stay_disjoint(void)
{
    struct region_list list = {0};
    regions_add(&arena, &list, box(0, 4, 0, 4));
    regions_add(&arena, &list, box(2, 6, 2, 6));
    CU_ASSERT(regions_size(&list) == 16 + 16 - 4);
    regions_add(&arena, &list, box(0, 6, 0, 6));
    CU_ASSERT(regions_size(&list) == 36);
    regions_subtract(&arena, &list, box(1, 2, 1, 2));
    CU_ASSERT(regions_size(&list) == 35);
    CU_ASSERT(regions_size(&(struct region_list){0}) == 0);
}

static void neighbours_join(void)
{
    struct region_list list = {0};
    regions_add(&arena, &list, box(0, 2, 0, 4));
    regions_add(&arena, &list, box(4, 6, 0, 4));
    regions_add(&arena, &list, box(2, 4, 0, 4));
    CU_ASSERT(list.count == 1);
    CU_ASSERT(region_equal(list.item[0], box(0, 6, 0, 4)));
}

enum { SIDE = 12, ROUNDS = 300 };

static void paint(bool cell[SIDE][SIDE], struct region region, bool value)
{
    for (int64_t i = region.axis[0].begin; i < region.axis[0].end; i++)
        for (int64_t k = region.axis[1].begin; k < region.axis[1].end; k++)
            cell[i][k] = value;
}

/* Random additions and subtractions against a bitmap. */
static void agrees_with_a_bitmap(void)
{
    srand(1);
    struct region_list list = {0};
    bool cell[SIDE][SIDE] = {{0}};
    for (int round = 0; round < ROUNDS; round++) {
        int a = rand() % SIDE, b = rand() % SIDE;
        struct region region = box(a, a + 1 + rand() % (SIDE - a), b, b + 1 + rand() % (SIDE - b));
        bool add = rand() % 2;
        if (add)
            regions_add(&arena, &list, region);
        else
            regions_subtract(&arena, &list, region);
        paint(cell, region, add);
        int64_t painted = 0;
        bool covered[SIDE][SIDE] = {{0}};
        for (int i = 0; i < list.count; i++)
            paint(covered, list.item[i], true);
        for (int i = 0; i < SIDE; i++)
            for (int k = 0; k < SIDE; k++) {
                painted += cell[i][k];
                CU_ASSERT(cell[i][k] == covered[i][k]);
            }
        CU_ASSERT(regions_size(&list) == painted); /* disjoint */
    }
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("region", NULL, NULL);
    CU_add_test(suite, "a scalar's region is not empty", scalar_is_not_empty);
    CU_add_test(suite, "intersection and cover", intersects_and_covers);
    CU_add_test(suite, "boxes meet where they intersect", meets_as_intersections);
    CU_add_test(suite, "lists stay disjoint", lists_stay_disjoint);
    CU_add_test(suite, "neighbours join", neighbours_join);
    CU_add_test(suite, "random sets agree with a bitmap", agrees_with_a_bitmap);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    arena_free(&arena);
    return failures != 0;
}
