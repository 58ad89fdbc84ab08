/* curves.c -- in which order channels go, and what each step costs in accuracy. */
/* SPDX-License-Identifier: MIT */
#include "curves.h"

#include "parallel.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One reader while channels go: inverse and W W' of the features that are left. */
struct surgeon {
    struct reader *reader;
    int64_t size;   /* of the matrices */
    int64_t stride; /* between their rows */
    int64_t *first; /* [class of the curve + 1]: its features in `feature` */
    int64_t *feature;
    int64_t *to; /* for surgeon_compact() */
    double *inverse, *square; /* the reader's own memory */
    double *side, *change;    /* size x features of a class */
    double *block;            /* two squares of the features of a class */
};

/* One curve at work; classes are numbered from 0 in it. */
struct removal {
    struct curve *curve;
    struct surgeon *surgeon;
    int surgeon_count, class_count;
    int *class, *group; /* of the graph */
    bool *gone;
    double *score;
    const double *class_worth;
    int *left; /* [group of the graph] */
    const int *snap;
};

/* ---- which groups hang together ---- */

static int root_of(int parent[], int i)
{
    while (parent[i] != i)
        i = parent[i] = parent[parent[i]];
    return i;
}

static void join_readers(const struct channels *channels, const struct readers *readers, const bool may_go[],
                         int parent[])
{
    for (int g = 0; g < channels->group_count; g++)
        parent[g] = g;
    for (int r = 0; r < readers->count; r++) {
        int before = -1;
        for (int64_t f = 0; f < readers->item[r].size; f++) {
            int class = readers->item[r].class[f];
            int g = class < 0 ? -1 : (int)(channels_group(channels, class) - channels->group);
            if (g < 0 || !may_go[g])
                continue;
            if (before >= 0)
                parent[root_of(parent, g)] = root_of(parent, before);
            before = g;
        }
    }
}

/* ---- preparing ---- */

static int64_t widest(const struct surgeon *surgeon, int classes)
{
    int64_t most = 1;
    for (int c = 0; c < classes; c++)
        if (surgeon->first[c + 1] - surgeon->first[c] > most)
            most = surgeon->first[c + 1] - surgeon->first[c];
    return most;
}

static void surgeon_begin(struct surgeon *surgeon, struct reader *reader, const struct removal *removal)
{
    int classes = removal->class_count;
    *surgeon = (struct surgeon){.reader = reader,
                                .size = reader->size,
                                .stride = reader->size,
                                .inverse = reader->inputs.gram,
                                .square = reader->square};
    surgeon->first = memory_new((size_t)classes + 1, sizeof *surgeon->first);
    surgeon->feature = memory_new((size_t)reader->size, sizeof *surgeon->feature);
    surgeon->to = memory_new((size_t)reader->size, sizeof *surgeon->to);
    int64_t filled = 0;
    for (int c = 0; c < classes; c++) {
        surgeon->first[c] = filled;
        for (int64_t f = 0; f < reader->size; f++)
            if (reader->class[f] == removal->class[c])
                surgeon->feature[filled++] = f;
    }
    surgeon->first[classes] = filled;
    size_t wide = (size_t)widest(surgeon, classes);
    surgeon->side = memory_new((size_t)reader->size * wide, sizeof *surgeon->side);
    surgeon->change = memory_new((size_t)reader->size * wide, sizeof *surgeon->change);
    surgeon->block = memory_new(2 * wide * wide, sizeof *surgeon->block);
}

static bool reads_group(const struct channels *channels, const struct reader *reader, const int parent[], int root,
                        const bool may_go[])
{
    for (int64_t f = 0; f < reader->size; f++) {
        int class = reader->class[f];
        if (class < 0)
            continue;
        int g = (int)(channels_group(channels, class) - channels->group);
        if (may_go[g] && root_of((int *)(uintptr_t)parent, g) == root)
            return true;
    }
    return false;
}

static void removal_begin(struct removal *removal, struct curve *curve, const struct channels *channels,
                          struct readers *readers, const bool may_go[], const int parent[], int root)
{
    int groups = 0, classes = 0;
    curve->group = memory_new((size_t)channels->group_count, sizeof *curve->group);
    for (int g = 0; g < channels->group_count; g++)
        if (may_go[g] && root_of((int *)(uintptr_t)parent, g) == root) {
            curve->group[groups++] = g;
            classes += channels->group[g].count;
        }
    curve->group_count = groups;
    curve->order = memory_new((size_t)classes, sizeof *curve->order);
    curve->error = memory_new((size_t)classes + 1, sizeof *curve->error);
    curve->aligned = memory_new((size_t)classes + 1, sizeof *curve->aligned);
    removal->curve = curve;
    removal->class = memory_new((size_t)classes, sizeof *removal->class);
    removal->group = memory_new((size_t)classes, sizeof *removal->group);
    removal->gone = memory_new((size_t)classes, sizeof *removal->gone);
    removal->score = memory_new((size_t)classes, sizeof *removal->score);
    removal->left = memory_new((size_t)channels->group_count, sizeof *removal->left);
    for (int i = 0; i < groups; i++) {
        const struct channel_group *group = &channels->group[curve->group[i]];
        removal->left[curve->group[i]] = group->count;
        for (int c = 0; c < group->count; c++) {
            removal->class[removal->class_count] = group->first + c;
            removal->group[removal->class_count] = curve->group[i];
            removal->gone[removal->class_count++] = false;
        }
    }
    removal->surgeon = memory_new((size_t)readers->count, sizeof *removal->surgeon);
    for (int r = 0; r < readers->count; r++)
        if (reads_group(channels, &readers->item[r], parent, root, may_go)) {
            surgeon_begin(&removal->surgeon[removal->surgeon_count++], &readers->item[r], removal);
            curve->thin |= readers->item[r].thin;
        }
}

static void removal_free(struct removal *removal)
{
    for (int s = 0; s < removal->surgeon_count; s++) {
        free(removal->surgeon[s].first);
        free(removal->surgeon[s].feature);
        free(removal->surgeon[s].to);
        free(removal->surgeon[s].side);
        free(removal->surgeon[s].change);
        free(removal->surgeon[s].block);
    }
    free(removal->surgeon);
    free(removal->class);
    free(removal->group);
    free(removal->gone);
    free(removal->score);
    free(removal->left);
}

/* ---- scores ---- */

static int64_t features(const struct surgeon *surgeon, int class)
{
    return surgeon->first[class + 1] - surgeon->first[class];
}

static void read_block(const struct surgeon *surgeon, const double *matrix, int class, double *block)
{
    int64_t count = features(surgeon, class);
    const int64_t *feature = surgeon->feature + surgeon->first[class];
    for (int64_t a = 0; a < count; a++)
        for (int64_t b = 0; b < count; b++)
            block[a * count + b] = symmetric(matrix, surgeon->stride, feature[a], feature[b]);
}

/* tr(K_ii^-1 (W W')_ii) / variance */
static double class_score(const struct surgeon *surgeon, int class)
{
    int64_t count = features(surgeon, class);
    double *k = surgeon->block, *w = k + count * count, trace = 0;
    if (!count || surgeon->reader->variance <= 0)
        return 0;
    if (count == 1) {
        int64_t f = surgeon->feature[surgeon->first[class]] * (surgeon->stride + 1);
        trace = surgeon->square[f] / surgeon->inverse[f];
        return fmax(trace, 0) / surgeon->reader->variance;
    }
    read_block(surgeon, surgeon->inverse, class, k);
    read_block(surgeon, surgeon->square, class, w);
    if (!matrix_factor(k, count))
        return INFINITY;
    int n = (int)count;
    cblas_dtrsm(CblasRowMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, n, n, 1, k, n, w, n);
    cblas_dtrsm(CblasRowMajor, CblasLeft, CblasLower, CblasTrans, CblasNonUnit, n, n, 1, k, n, w, n);
    for (int64_t i = 0; i < count; i++)
        trace += w[i * count + i];
    return fmax(trace, 0) / surgeon->reader->variance;
}

/* ---- removing ---- */

static void surgeon_remove(struct surgeon *surgeon, int class)
{
    int count = (int)features(surgeon, class), size = (int)surgeon->size, stride = (int)surgeon->stride;
    const int64_t *feature = surgeon->feature + surgeon->first[class];
    double *k = surgeon->block, *w = k + count * count;
    if (!count)
        return;
    for (int64_t f = 0; f < size; f++)
        for (int64_t a = 0; a < count; a++) {
            surgeon->side[f * count + a] = symmetric(surgeon->inverse, stride, f, feature[a]);
            surgeon->change[f * count + a] = symmetric(surgeon->square, stride, f, feature[a]);
        }
    read_block(surgeon, surgeon->inverse, class, k);
    read_block(surgeon, surgeon->square, class, w);
    if (!matrix_factor(k, count))
        return;
    /* K_ii = F F': side becomes K[:,i] F^-T for K's update, then K[:,i] K_ii^-1 for that of W W'. */
    cblas_dtrsm(CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, size, count, 1, k, count,
                surgeon->side, count);
    cblas_dsyrk(CblasRowMajor, CblasLower, CblasNoTrans, size, count, -1, surgeon->side, count, 1, surgeon->inverse,
                stride);
    cblas_dtrsm(CblasRowMajor, CblasRight, CblasLower, CblasNoTrans, CblasNonUnit, size, count, 1, k, count,
                surgeon->side, count);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, size, count, count, -0.5, surgeon->side, count, w, count, 1,
                surgeon->change, count);
    cblas_dsyr2k(CblasRowMajor, CblasLower, CblasNoTrans, size, count, -1, surgeon->side, count, surgeon->change,
                 count, 1, surgeon->square, stride);
}

/* Leave out what is gone, when that is a fifth. */
static void surgeon_compact(struct surgeon *surgeon, const struct removal *removal)
{
    int64_t *to = surgeon->to, kept = 0, size = surgeon->size;
    memset(to, 0, (size_t)size * sizeof *to);
    for (int c = 0; c < removal->class_count; c++)
        for (int64_t i = surgeon->first[c]; removal->gone[c] && i < surgeon->first[c + 1]; i++)
            if (surgeon->feature[i] >= 0)
                to[surgeon->feature[i]] = -1;
    for (int64_t f = 0; f < size; f++)
        if (to[f] >= 0)
            to[f] = kept++;
    if (kept * 5 <= size * 4) {
        for (int64_t f = 0; f < size; f++)
            for (int64_t h = 0; to[f] >= 0 && h <= f; h++)
                if (to[h] >= 0) {
                    surgeon->inverse[to[f] * surgeon->stride + to[h]] = surgeon->inverse[f * surgeon->stride + h];
                    surgeon->square[to[f] * surgeon->stride + to[h]] = surgeon->square[f * surgeon->stride + h];
                }
        for (int64_t i = 0; i < surgeon->first[removal->class_count]; i++)
            if (surgeon->feature[i] >= 0)
                surgeon->feature[i] = to[surgeon->feature[i]];
        surgeon->size = kept;
    }
}

static bool surgeons_invert(const struct removal *removal)
{
    for (int s = 0; s < removal->surgeon_count; s++) {
        struct surgeon *surgeon = &removal->surgeon[s];
        for (int64_t f = 0; f < surgeon->size; f++)
            surgeon->inverse[f * surgeon->stride + f] += fmax(surgeon->reader->ridge, 1e-30);
        if (!matrix_factor(surgeon->inverse, surgeon->size))
            return false;
        matrix_invert(surgeon->inverse, surgeon->size);
    }
    return true;
}

static bool is_aligned(const struct removal *removal, int group)
{
    return removal->left[group] % removal->snap[group] == 0;
}

/* The class that costs least for what it is worth; within a group that was begun until it is aligned again. */
static int choose_class(const struct removal *removal, int begun)
{
    int best = -1;
    double least = INFINITY;
    for (int c = 0; c < removal->class_count; c++) {
        int group = removal->group[c];
        if (removal->gone[c] || removal->left[group] <= 1 || (begun >= 0 && group != begun))
            continue;
        double score = 0;
        for (int s = 0; s < removal->surgeon_count; s++)
            score += class_score(&removal->surgeon[s], c);
        removal->score[c] = score;
        score /= fmax(removal->class_worth[group], 1e-30);
        if (best < 0 || score < least) {
            best = c;
            least = score;
        }
    }
    return best;
}

static void remove_in_order(void *data, int64_t i, int worker)
{
    (void)worker;
    struct removal *removal = (struct removal *)data + i;
    struct curve *curve = removal->curve;
    curve->error[0] = 0;
    curve->aligned[0] = true;
    if (curve->thin)
        return;
    if (!surgeons_invert(removal)) {
        curve->failed = true;
        return;
    }
    int begun = -1;
    for (int c; (c = choose_class(removal, begun)) >= 0;) {
        int group = removal->group[c];
        removal->gone[c] = true;
        removal->left[group]--;
        for (int s = 0; s < removal->surgeon_count; s++) {
            surgeon_remove(&removal->surgeon[s], c);
            if (curve->count % 16 == 15)
                surgeon_compact(&removal->surgeon[s], removal);
        }
        curve->order[curve->count++] = removal->class[c];
        curve->error[curve->count] = curve->error[curve->count - 1] + removal->score[c];
        begun = is_aligned(removal, group) ? -1 : group;
        curve->aligned[curve->count] = begun < 0;
    }
}

struct curves curves_compute(const struct channels *channels, struct readers *readers, const bool may_go[], const int snap[],
                             const double class_worth[])
{
    size_t groups = (size_t)channels->group_count;
    int *parent = memory_new(groups, sizeof *parent);
    struct curves curves = {.item = memory_new(groups, sizeof *curves.item)};
    struct removal *removal = memory_new(groups, sizeof *removal);
    join_readers(channels, readers, may_go, parent);
    for (int g = 0; g < channels->group_count; g++) {
        if (!may_go[g] || root_of(parent, g) != g)
            continue;
        curves.item[curves.count] = (struct curve){0};
        removal[curves.count] = (struct removal){.class_worth = class_worth, .snap = snap};
        removal_begin(&removal[curves.count], &curves.item[curves.count], channels, readers, may_go, parent, g);
        curves.count++;
    }
    parallel_run(curves.count, remove_in_order, removal);
    for (int i = 0; i < curves.count; i++)
        removal_free(&removal[i]);
    free(removal);
    free(parent);
    return curves;
}

void curves_free(struct curves *curves)
{
    for (int i = 0; i < curves->count; i++) {
        free(curves->item[i].group);
        free(curves->item[i].order);
        free(curves->item[i].error);
        free(curves->item[i].aligned);
    }
    free(curves->item);
    *curves = (struct curves){0};
}
