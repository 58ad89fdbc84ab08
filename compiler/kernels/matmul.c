/* matmul.c -- MatMul and Gemm of computed matrices by templates/matmul.h. */
/* SPDX-License-Identifier: MIT */
#include "../operators/op.h"
#include "layer.h"

#include <inttypes.h>
#include <string.h>

static bool is_gemm(const struct node *node)
{
    return !strcmp(node->op_type, "Gemm");
}

static bool accepts(const struct node *node)
{
    return type_is_wide(node->output[0]->type) && !node->epilogue.bias;
}

/* An operand as a stack of matrices under the axes of the output. */
struct operand {
    int64_t row, column;      /* strides of the matrix */
    int64_t batch[MAX_RANK];  /* strides of the output's leading axes; 0 where it is broadcast */
};

/* `vector`: which side a vector is on: 0 the left one (a row), 1 the right one (a column). `axes`: leading axes of the
 * output. */
static struct operand operand_of(struct source *source, const struct tensor *tensor, int vector, bool transposed,
                                 int axes)
{
    struct operand operand = {0};
    int64_t stride[MAX_RANK];
    const int rank = tensor->shape.rank;
    storage_strides(source_storage(source, tensor), stride);
    if (rank == 1) {
        operand.row = vector ? stride[0] : 0;
        operand.column = vector ? 0 : stride[0];
        return operand;
    }
    operand.row = stride[transposed ? rank - 1 : rank - 2];
    operand.column = stride[transposed ? rank - 2 : rank - 1];
    for (int axis = 0; axis < rank - 2; axis++)
        if (tensor->shape.dim[axis] != 1)
            operand.batch[axes - (rank - 2) + axis] = stride[axis];
    return operand;
}

/* Gemm's C: its strides, 0 where it is broadcast. */
static struct operand addend_of(struct source *source, const struct tensor *tensor)
{
    struct operand operand = {0};
    int64_t stride[MAX_RANK];
    const int rank = tensor->shape.rank;
    storage_strides(source_storage(source, tensor), stride);
    if (rank > 0 && tensor->shape.dim[rank - 1] != 1)
        operand.column = stride[rank - 1];
    if (rank > 1 && tensor->shape.dim[rank - 2] != 1)
        operand.row = stride[rank - 2];
    return operand;
}

static const char *offset_text(struct arena *arena, const struct operand *operand, int axes)
{
    struct text text = {.arena = arena};
    text_add(&text, "");
    for (int axis = 0; axis < axes; axis++)
        if (operand->batch[axis])
            text_printf(&text, " + i%d * %" PRId64, axis, operand->batch[axis]);
    return text.bytes;
}

/* The product as seen from the output's region. */
struct product {
    int axes; /* leading axes */
    int64_t rows, depth, columns;
    struct operand a, b, c, y, residual;
    const struct tensor *addend;
};

static struct product product_of(struct source *source, const struct node *node, struct region region)
{
    const struct tensor *a = node->input[0], *b = node->input[1], *y = node->output[0];
    const bool a_turned = is_gemm(node) && node_int(node, "transA", 0);
    const bool b_turned = is_gemm(node) && node_int(node, "transB", 0);
    const bool has_rows = a->shape.rank > 1, has_columns = b->shape.rank > 1;
    struct product p = {.axes = region.rank - has_rows - has_columns, .rows = 1, .columns = 1};
    const struct range *axis = region.axis;
    if (has_rows)
        p.rows = axis[p.axes].end - axis[p.axes].begin;
    if (has_columns)
        p.columns = axis[region.rank - 1].end - axis[region.rank - 1].begin;
    p.depth = a->shape.dim[a_turned ? 0 : a->shape.rank - 1];
    p.a = operand_of(source, a, 0, a_turned, p.axes);
    p.b = operand_of(source, b, 1, b_turned, p.axes);
    int64_t stride[MAX_RANK];
    storage_strides(source_storage(source, y), stride);
    p.y.row = has_rows ? stride[p.axes] : 0;
    memcpy(p.y.batch, stride, (size_t)p.axes * sizeof *stride);
    if (node->epilogue.residual) {
        storage_strides(source_storage(source, node_input(node, node->epilogue.residual)), stride);
        p.residual.row = has_rows ? stride[p.axes] : 0;
        memcpy(p.residual.batch, stride, (size_t)p.axes * sizeof *stride);
    }
    p.addend = is_gemm(node) && node->epilogue.residual != 2 ? node_input(node, 2) : NULL;
    if (p.addend)
        p.c = addend_of(source, p.addend);
    return p;
}

/* Returns whose loop serves it. */
static const char *write_shape(struct source *source, const struct node *node, const struct product *p)
{
    const size_t mark = source_mark(source);
    source_printf(source,
                  " = {\n    .rows = %" PRId64 ", .depth = %" PRId64
                  ", .columns = %" PRId64 ",\n    .a_row = %" PRId64 ", .a_depth = %" PRId64 ", .b_depth = %" PRId64
                  ", .b_column = %" PRId64 ", .y_row = %" PRId64 ", .scale = %s",
                  p->rows, p->depth, p->columns, p->a.row, p->a.column, p->b.row, p->b.column,
                  p->y.row, real_text(source, is_gemm(node) ? (double)node_float(node, "alpha", 1) : 1));
    if (p->addend)
        source_printf(source, ",\n    .adds_c = 1, .c_row = %" PRId64 ", .c_column = %" PRId64 ", .c_scale = %s",
                      p->c.row, p->c.column, real_text(source, (double)node_float(node, "beta", 1)));
    if (node->epilogue.residual)
        source_printf(source, ",\n    .adds_residual = 1, .residual_row = %" PRId64, p->residual.row);
    write_activation(source, node);
    source_printf(source, "};\n");
    const char *loop = source_loop(source, mark, "matmul", "");
    if (loop == source_name(source))
        source_printf(source, "MATMUL_TILES(%s)\nMATMUL_LOOP(%s)\n\n", loop, loop);
    return loop;
}

/* The first element that the region reads of an input. */
static const char *input_at(struct source *source, const struct node *node, int input, struct region region)
{
    return plain_at(source, node->input[input], node_reads(node, input, 0, region));
}

static void emit(struct source *source, const struct node *node, const struct region *region)
{
    struct arena *arena = source_arena(source);
    const struct product p = product_of(source, node, *region);
    const struct tensor *residual = node->epilogue.residual ? node_input(node, node->epilogue.residual) : NULL;
    source_use(source, "matmul.h");
    const char *loop = write_shape(source, node, &p);
    source_function(source);
    for (int i = 0; i < p.axes; i++)
        source_printf(source, "%*sfor (int64_t i%d = 0; i%d < %" PRId64 "; i%d++)\n", 4 + 4 * i, "", i, i,
                      region->axis[i].end - region->axis[i].begin, i);
    source_printf(source, "%*s%s_loop(%s%s,\n%*s%s%s,\n%*s%s, %s%s,\n%*s%s%s);\n", 4 + 4 * p.axes, "", loop, input_at(source, node, 0, *region),
                  offset_text(arena, &p.a, p.axes), 8 + 4 * p.axes, "",
                  input_at(source, node, 1, *region), offset_text(arena, &p.b, p.axes), 8 + 4 * p.axes,
                  "", p.addend ? input_at(source, node, 2, *region) : "NULL",
                  residual ? plain_at(source, residual, *region) : "NULL",
                  residual ? offset_text(arena, &p.residual, p.axes) : "", 8 + 4 * p.axes, "",
                  plain_at(source, node->output[0], *region), offset_text(arena, &p.y, p.axes));
    source_end(source);
}

static void work(const struct node *node, struct region piece, struct work *work)
{
    const double unpacked = 1.3; /* measured: against packed matrices */
    const int64_t columns = piece.rank ? piece.axis[piece.rank - 1].end - piece.axis[piece.rank - 1].begin : 1;
    /* Columns that are no vectors go one by one, as slowly as vectors. */
    const bool vectors = columns >= BLOCK && !(is_gemm(node) && node_int(node, "transB", 0));
    work->amount[WORK_MATRIX] += unpacked * (double)node_macs(node, piece) / (double)columns *
                                 (double)(vectors ? round_up(columns, BLOCK) : columns * BLOCK);
    for (int i = 0; i < 2; i++)
        if (tensor_is_constant(node->input[i]))
            work->amount[WORK_STREAM] +=
                unpacked * (double)region_size(node_reads(node, i, 0, piece)) * (double)type_size(node->input[i]->type);
}

const struct kernel kernel_matmul = {
    .name = "matmul", .op_type = "MatMul", .accepts = accepts, .work = work, .doubles = true,
    .emit = emit};
const struct kernel kernel_matmul_gemm = {
    .name = "matmul_gemm", .op_type = "Gemm", .accepts = accepts, .work = work, .doubles = true,
    .emit = emit};
