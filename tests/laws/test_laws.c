/* test_laws.c -- what must hold for every operator, tried on every case of cases_*.c.
 *
 * - every row of the table has a case;
 * - evaluate fills exactly the outputs that infer describes, the same every time;
 * - the elements of `region` do not depend on anything outside node_reads(region), and a part reads no more
 * than what it is a part of;
 * - the pieces of a data movement are disjoint, fill the output, and copy what evaluate copies; moves_reads
 * is the smallest box;
 * - multiply-accumulates of parts add up; keeps_zero operators do;
 * - `linear` and `unroll` make the same product as evaluate. */
/* SPDX-License-Identifier: MIT */
#include "node_cases.h"
#include "operators/op.h"
#include "support/fail.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static int failures, linears;
static const char *current = "";

#define CHECK(condition, ...)                                                                                \
    ((condition) ? (void)0 : (failures++, printf("%s: ", current), printf(__VA_ARGS__), (void)puts("")))

enum { MAX_TENSORS = 16, GUARD = 64 };

/* A node and the values of its inputs and outputs. */
struct trial {
    struct arena *arena;
    struct graph *graph;
    struct node *node;
    const void *input[MAX_TENSORS];
    void *output[MAX_TENSORS];
};

static size_t bytes_of(const struct tensor *tensor)
{
    return (size_t)shape_size(tensor->shape) * type_size(tensor->type);
}

static struct trial trial_new(struct arena *arena, int index)
{
    struct trial trial = {.arena = arena, .graph = node_case_graph(arena, index)};
    trial.node = trial.graph->node[0];
    for (int i = 0; i < trial.node->input_count; i++)
        if (trial.node->input[i])
            trial.input[i] = tensor_is_constant(trial.node->input[i])
                                 ? trial.node->input[i]->data
                                 : node_case_values(arena, trial.node->input[i], (uint64_t)(index * 10 + i));
    return trial;
}

/* Evaluate into fresh memory that was filled with `filler`; a guard behind each output must survive. */
static void run(struct trial *trial, unsigned char filler)
{
    const struct node *node = trial->node;
    for (int k = 0; k < node->output_count; k++) {
        size_t size = bytes_of(node->output[k]);
        trial->output[k] = arena_alloc(trial->arena, size + GUARD);
        memset(trial->output[k], filler, size + GUARD);
    }
    node_evaluate(trial->arena, node, trial->input, trial->output);
    for (int k = 0; k < node->output_count; k++)
        for (int i = 0; i < GUARD; i++)
            CHECK(((unsigned char *)trial->output[k])[bytes_of(node->output[k]) + (size_t)i] == filler,
                  "evaluate writes behind output %d", k);
}

static void check_evaluate(struct trial *trial)
{
    run(trial, 0x11);
    struct trial first = *trial;
    run(trial, 0xee);
    for (int k = 0; k < trial->node->output_count; k++)
        CHECK(!memcmp(first.output[k], trial->output[k], bytes_of(trial->node->output[k])),
              "evaluate leaves elements of output %d, or is not deterministic", k);
}

/* ---- reads ---- */

static bool region_has(struct region region, const int64_t at[])
{
    for (int a = 0; a < region.rank; a++)
        if (at[a] < region.axis[a].begin || at[a] >= region.axis[a].end)
            return false;
    return region.some;
}

static bool next(struct shape shape, int64_t at[])
{
    for (int a = shape.rank - 1; a >= 0; a--) {
        if (++at[a] < shape.dim[a])
            return true;
        at[a] = 0;
    }
    return false;
}

/* A copy of the values with everything outside `region` poisoned: NaN, or a large integer that is a legal
 * bool. */
static void *poisoned(struct arena *arena, const struct tensor *tensor, const void *values,
                      struct region region)
{
    size_t size = type_size(tensor->type);
    unsigned char *copy = arena_copy(arena, values, bytes_of(tensor)), poison[8];
    int64_t at[MAX_RANK] = {0}, count = shape_size(tensor->shape);
    memset(poison, tensor->type == TYPE_BOOL ? 1 : type_is_float(tensor->type) ? 0xff : 0x55, sizeof poison);
    for (int64_t i = 0; i < count; i++, next(tensor->shape, at))
        if (!region_has(region, at))
            memcpy(copy + (size_t)i * size, poison, size);
    return copy;
}

static struct region random_region(struct shape shape, uint64_t *state)
{
    struct region region = region_whole(shape);
    for (int a = 0; a < shape.rank; a++) {
        int64_t size = shape.dim[a];
        if (!size || random_next(state) % 3 == 0)
            continue;
        region.axis[a].begin = (int64_t)(random_next(state) % (uint64_t)size);
        region.axis[a].end = region.axis[a].begin + 1 +
                             (int64_t)(random_next(state) % (uint64_t)(size - region.axis[a].begin));
    }
    return region;
}

static void check_region(const struct trial *trial, int k, struct region region)
{
    const struct node *node = trial->node;
    struct arena arena = {0};
    struct trial other = *trial;
    other.arena = &arena;
    for (int i = 0; i < node->input_count; i++) {
        if (!node->input[i])
            continue;
        struct region reads = node_reads(node, i, k, region);
        if (!tensor_is_constant(node->input[i]))
            other.input[i] = poisoned(&arena, node->input[i], trial->input[i], reads);
        else if (type_is_float(node->input[i]->type) && shape_size(node->input[i]->shape) > 1)
            other.input[i] = poisoned(&arena, node->input[i], trial->input[i], reads);
    }
    run(&other, 0x33);
    size_t size = type_size(node->output[k]->type);
    int64_t at[MAX_RANK] = {0}, count = shape_size(node->output[k]->shape);
    for (int64_t i = 0; i < count; i++, next(node->output[k]->shape, at))
        if (region_has(region, at) && memcmp((char *)trial->output[k] + (size_t)i * size,
                                             (char *)other.output[k] + (size_t)i * size, size)) {
            CHECK(false, "element %lld of output %d, in %s, depends on what is outside of reads",
                  (long long)i, k, region_string(&arena, region));
            break;
        }
    arena_free(&arena);
}

static void check_part(const struct trial *trial, int k, struct region part, struct region region)
{
    const struct node *node = trial->node;
    struct arena arena = {0};
    for (int i = 0; i < node->input_count; i++) {
        if (!node->input[i])
            continue;
        struct region some = node_reads(node, i, k, part), all = node_reads(node, i, k, region);
        CHECK(region_contains(all, some), "%s of output %d reads %s of input %d, but %s only %s", region_string(&arena, part), k,
              region_string(&arena, some), i, region_string(&arena, region), region_string(&arena, all));
    }
    arena_free(&arena);
}

static void check_reads(const struct trial *trial, uint64_t seed)
{
    for (int k = 0; k < trial->node->output_count; k++)
        for (int n = 0; n < 12; n++) {
            const struct shape shape = trial->node->output[k]->shape;
            const struct region region = random_region(shape, &seed);
            check_region(trial, k, region);
            check_part(trial, k, region, region_whole(shape));
            for (int m = 0; m < 12; m++) {
                struct region part = random_region(region_shape(region), &seed);
                for (int a = 0; a < part.rank; a++) {
                    part.axis[a].begin += region.axis[a].begin;
                    part.axis[a].end += region.axis[a].begin;
                }
                check_part(trial, k, part, region);
            }
        }
}

/* ---- moves ---- */

static int64_t offset(struct shape shape, const int64_t at[])
{
    int64_t result = 0;
    for (int a = 0; a < shape.rank; a++)
        result = result * shape.dim[a] + at[a];
    return result;
}

/* Where every output element comes from: source[i] is an offset in input from[i]; -1: fill, -2: nowhere. */
struct origin {
    int *from;
    int64_t *source;
};

static struct origin trace_moves(struct trial *trial, const struct moves *moves)
{
    const struct node *node = trial->node;
    struct shape y = node->output[0]->shape;
    int64_t count = shape_size(y);
    struct origin origin = {arena_array(trial->arena, (size_t)count, sizeof *origin.from),
                            arena_array(trial->arena, (size_t)count, sizeof *origin.source)};
    for (int64_t i = 0; i < count; i++)
        origin.from[i] = -2;
    for (int m = 0; m < moves->count; m++) {
        const struct move *move = &moves->item[m];
        struct shape loop = shape_of(y.rank, move->count);
        int64_t k[MAX_RANK] = {0}, left = shape_size(loop), to[MAX_RANK], at[MAX_RANK];
        for (; left > 0; left--, next(loop, k)) {
            for (int a = 0; a < y.rank; a++)
                to[a] = move->output_start[a] + move->output_step[a] * k[a];
            for (int a = 0; a < move->input_rank; a++)
                at[a] = move->input_start[a] +
                        (move->input_step[a] ? move->input_step[a] * k[move->input_axis[a]] : 0);
            int64_t i = offset(y, to);
            CHECK(origin.from[i] == -2, "two pieces write element %lld", (long long)i);
            origin.from[i] = move->input < 0 ? -1 : move->input;
            origin.source[i] = move->input < 0 ? 0 : offset(node->input[move->input]->shape, at);
        }
    }
    return origin;
}

static void check_tight(struct trial *trial, const struct moves *moves, const struct origin *origin,
                        uint64_t seed)
{
    const struct node *node = trial->node;
    struct shape y = node->output[0]->shape;
    for (int n = 0; n < 8; n++) {
        struct region region = random_region(y, &seed), cover[MAX_TENSORS] = {{0}};
        int64_t at[MAX_RANK] = {0}, count = shape_size(y);
        for (int64_t i = 0; i < count; i++, next(y, at)) {
            if (!region_has(region, at) || origin->from[i] < 0)
                continue;
            struct shape x = node->input[origin->from[i]]->shape;
            struct region one = {.some = true, .rank = x.rank};
            int64_t rest = origin->source[i];
            for (int a = x.rank - 1; a >= 0; a--) {
                one.axis[a] = (struct range){rest % x.dim[a], rest % x.dim[a] + 1};
                rest /= x.dim[a];
            }
            cover[origin->from[i]] = region_cover(cover[origin->from[i]], one);
        }
        for (int i = 0; i < node->input_count; i++)
            CHECK(!node->input[i] || region_equal(moves_reads(moves, i, region), cover[i]),
                  "moves_reads of input %d is %s, copied is %s", i,
                  region_string(trial->arena, moves_reads(moves, i, region)),
                  region_string(trial->arena, cover[i]));
        for (int i = 0; i < node->input_count; i++)
            CHECK(!node->op->moves_read || region_equal(node_touches(node, i, 0, region), cover[i]),
                  "%s of input %d is touched, copied is %s", region_string(trial->arena, node_touches(node, i, 0, region)), i,
                  region_string(trial->arena, cover[i]));
    }
}

static void check_moves(struct trial *trial, uint64_t seed)
{
    const struct node *node = trial->node;
    struct moves moves = node_moves(trial->arena, node);
    if (!moves.count)
        return;
    struct origin origin = trace_moves(trial, &moves);
    size_t size = type_size(node->output[0]->type);
    int64_t count = shape_size(node->output[0]->shape);
    for (int64_t i = 0; i < count; i++) {
        const char *got = (char *)trial->output[0] + (size_t)i * size;
        float fill = (float)moves.fill;
        CHECK(origin.from[i] != -2, "no piece writes element %lld", (long long)i);
        if (origin.from[i] >= 0)
            CHECK(!memcmp(got, (const char *)trial->input[origin.from[i]] + (size_t)origin.source[i] * size,
                          size),
                  "the pieces move another element to %lld than evaluate", (long long)i);
        else if (origin.from[i] == -1 && node->output[0]->type == TYPE_FLOAT)
            CHECK(!memcmp(got, &fill, size), "element %lld is not the fill value", (long long)i);
    }
    check_tight(trial, &moves, &origin, seed);
}

/* ---- the rest ---- */

static void check_macs(const struct trial *trial)
{
    struct region whole = region_whole(trial->node->output[0]->shape);
    int64_t all = node_macs(trial->node, whole);
    CHECK(!trial->node->op->macs || all > 0, "no multiply-accumulates");
    for (int a = 0; a < whole.rank; a++) {
        struct region low = whole, high = whole;
        low.axis[a].end = high.axis[a].begin = whole.axis[a].end / 2;
        CHECK(node_macs(trial->node, low) + node_macs(trial->node, high) == all,
              "multiply-accumulates of parts along axis %d do not add up", a);
    }
}

/* The product as `linear` and `unroll` lay it out. */
static void check_linear(const struct trial *trial)
{
    const struct node *node = trial->node;
    struct linear l;
    if (!node->op->linear || !node->op->linear(node, &l))
        return;
    const float *w = node->input[l.weights]->data, *b = l.biased ? node->input[l.bias]->data : NULL;
    const float *y = trial->output[0], *data = trial->input[l.data];
    float *row = arena_array(trial->arena, (size_t)l.rows, sizeof *row);
    linears++;
    CHECK(l.positions * l.group * l.columns == shape_size(node->output[0]->shape) &&
              l.group * l.rows * l.columns == shape_size(node->input[l.weights]->shape) && l.rows % l.taps == 0,
          "linear does not cover weights and output");
    CHECK(node->input[l.data]->shape.dim[l.data_axis] == l.group * (l.rows / l.taps) &&
              node->output[0]->shape.dim[l.output_axis] == l.group * l.columns &&
              node->input[l.weights]->shape.dim[l.row_axis] == l.rows / l.taps,
          "linear names other axes");
    for (int64_t g = 0; g < l.group; g++)
        for (int64_t i = 0; i < l.positions; i++) {
            node->op->unroll(node, &l, g, i, data, row);
            for (int64_t m = 0; m < l.columns; m++) {
                double sum = 0;
                int64_t k = g * l.columns + m;
                for (int64_t p = 0; p < l.rows; p++)
                    sum += (double)row[p] * (double)w[linear_at(&l, g, p, m)];
                sum = l.scale * sum + (b ? l.bias_scale * (double)b[k] : 0);
                double got = (double)y[i / l.inner * (l.group * l.columns * l.inner) + k * l.inner + i % l.inner];
                if (!(fabs(sum - got) <= 1e-5 * fmax(1, fabs(got)))) {
                    CHECK(false, "output %lld at position %lld is %g, its product %g", (long long)k, (long long)i,
                          got, sum);
                    return;
                }
            }
        }
}

static void check_keeps_zero(const struct trial *trial)
{
    const struct node *node = trial->node;
    double zero[MAX_TENSORS] = {0};
    if (node->op->keeps_zero && node->op->real)
        CHECK(node->op->real(node, zero) == 0, "does not keep zero");
}

static void check_table(void)
{
    int count;
    const struct op *const *table = op_table(&count);
    for (int i = 0; i < count; i++) {
        bool found = false;
        for (int c = 0; c < node_case_count() && !found; c++) {
            const char *line = node_case_line(c);
            size_t length = strcspn(line, " ");
            const char *dot = memchr(line, '.', length);
            const char *name = dot ? dot + 1 : line;
            found = strlen(table[i]->type) == (size_t)(line + length - name) &&
                    !strncmp(name, table[i]->type, strlen(table[i]->type));
        }
        current = table[i]->type;
        if (table[i]->settle && !table[i]->infer)
            continue; /* no node of it is left after inference */
        CHECK(found, "has no case in cases_*.c");
        CHECK(table[i]->infer && table[i]->evaluate, "lacks infer or evaluate");
    }
}

static void check_case(void *data)
{
    int index = *(int *)data;
    struct arena arena = {0};
    struct trial trial = trial_new(&arena, index);
    uint64_t seed = (uint64_t)index;
    check_evaluate(&trial);
    check_reads(&trial, seed);
    check_moves(&trial, seed);
    check_macs(&trial);
    check_linear(&trial);
    check_keeps_zero(&trial);
    arena_free(&arena);
}

int main(void)
{
    check_table();
    for (int i = 0; i < node_case_count(); i++) {
        current = node_case_line(i);
        CHECK(fail_catch(check_case, &i) == STATUS_OK, "refused");
    }
    printf("%d cases, %d of them linear, %d failures\n", node_case_count(), linears, failures);
    return failures || !linears;
}
