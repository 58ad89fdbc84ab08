/* element.c -- the table of element-wise functions: one more function is one line. */
/* SPDX-License-Identifier: MIT */
#include "element.h"

#include "../operators/op.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Names without their prefix: function_ (vectors of float), real_ and integer_ (scalars of other types), which is
 * integer_unsigned_ for uint64 where that differs. Without a name in real_, halves take that of vectors with real_vector_
 * before it, and doubles with real_double_. */
struct row {
    const char *op_type;
    int operands; /* 0: any number, taken two by two */
    const char *vector, *real, *integer, *unsigned_integer;
    bool through_double; /* that of vectors is one of functions_of_doubles.h */
    struct {
        const char *attribute;
        float otherwise;
    } number[2]; /* attributes that follow the inputs as operands */
};

#define VECTOR(name) .vector = name
#define THROUGH_DOUBLE(name) .vector = name, .through_double = true
#define NUMBER(name) .vector = name, .real = name, .integer = name
#define BOTH(name) .vector = name, .real = name
#define SCALAR(name) .real = name, .integer = name
#define LOGIC(name) .integer = name
#define UNSIGNED(name) .unsigned_integer = "unsigned_" name

static const struct row rows[] = {
    {"Abs", 1, NUMBER("abs"), .unsigned_integer = "identity"},
    {"Acos", 1, THROUGH_DOUBLE("acos")},
    {"Acosh", 1, THROUGH_DOUBLE("acosh")},
    {"Add", 2, NUMBER("add")},
    {"And", 2, LOGIC("and")},
    {"Asin", 1, THROUGH_DOUBLE("asin")},
    {"Asinh", 1, THROUGH_DOUBLE("asinh")},
    {"Atan", 1, THROUGH_DOUBLE("atan")},
    {"Atanh", 1, THROUGH_DOUBLE("atanh")},
    {"BitShift", 2, LOGIC("shift_left")},
    {"BitwiseAnd", 2, LOGIC("bitwise_and")},
    {"BitwiseNot", 1, LOGIC("bitwise_not")},
    {"BitwiseOr", 2, LOGIC("bitwise_or")},
    {"BitwiseXor", 2, LOGIC("bitwise_xor")},
    {"Cast", 1, SCALAR("identity"), .vector = "identity"},
    {"CastLike", 1, SCALAR("identity")},
    {"Ceil", 1, BOTH("ceil")},
    {"Celu", 1, VECTOR("celu"), .number = {{"alpha", 1}}},
    {"Clip", 3, VECTOR("clip")},
    {"Cos", 1, VECTOR("cos")},
    {"Cosh", 1, THROUGH_DOUBLE("cosh")},
    {"Div", 2, NUMBER("div"), UNSIGNED("div")},
    {"Elu", 1, VECTOR("elu"), .number = {{"alpha", 1}}},
    {"Equal", 2, SCALAR("equal")},
    {"Erf", 1, VECTOR("erf")},
    {"Exp", 1, VECTOR("exp")},
    {"Floor", 1, BOTH("floor")},
    {"Gelu", 1, VECTOR("gelu")},
    {"Greater", 2, SCALAR("greater"), UNSIGNED("greater")},
    {"GreaterOrEqual", 2, SCALAR("greater_or_equal"), UNSIGNED("greater_or_equal")},
    {"HardSigmoid", 1, BOTH("hard_sigmoid"), .number = {{"alpha", 0.2f}, {"beta", 0.5f}}},
    {"HardSwish", 1, BOTH("hard_swish")},
    {"Identity", 1, NUMBER("identity")},
    {"IsInf", 1, .real = "is_inf"},
    {"IsNaN", 1, .real = "is_nan"},
    {"LeakyRelu", 1, BOTH("leaky_relu"), .number = {{"alpha", 0.01f}}},
    {"Less", 2, SCALAR("less"), UNSIGNED("less")},
    {"LessOrEqual", 2, SCALAR("less_or_equal"), UNSIGNED("less_or_equal")},
    {"Log", 1, VECTOR("log")},
    {"Max", 0, NUMBER("max"), UNSIGNED("max")},
    {"Mean", 0, .vector = "add", .real = "add"},
    {"Min", 0, NUMBER("min"), UNSIGNED("min")},
    {"Mish", 1, VECTOR("mish")},
    {"Mod", 2, .real = "fmod", .integer = "mod", UNSIGNED("mod")},
    {"Mul", 2, NUMBER("mul")},
    {"Neg", 1, NUMBER("neg")},
    {"Not", 1, LOGIC("not")},
    {"Or", 2, LOGIC("or")},
    {"Pow", 2, VECTOR("pow"), .integer = "pow"},
    {"PRelu", 2, NUMBER("prelu")},
    {"Reciprocal", 1, BOTH("reciprocal")},
    {"Relu", 1, NUMBER("relu")},
    {"Round", 1, BOTH("round")},
    {"Selu", 1, VECTOR("selu"), .number = {{"alpha", 1.67326319f}, {"gamma", 1.05070102f}}},
    {"Shrink", 1, BOTH("shrink"), .number = {{"bias", 0}, {"lambd", 0.5f}}},
    {"Sigmoid", 1, VECTOR("sigmoid")},
    {"Sign", 1, NUMBER("sign"), UNSIGNED("sign")},
    {"Sin", 1, VECTOR("sin")},
    {"Sinh", 1, THROUGH_DOUBLE("sinh")},
    {"Softplus", 1, VECTOR("softplus")},
    {"Softsign", 1, BOTH("softsign")},
    {"Sqrt", 1, BOTH("sqrt")},
    {"Sub", 2, NUMBER("sub")},
    {"Sum", 0, .vector = "add", .real = "add"},
    {"Swish", 1, VECTOR("swish"), .number = {{"alpha", 1}}},
    {"Tan", 1, THROUGH_DOUBLE("tan")},
    {"Tanh", 1, VECTOR("tanh")},
    {"ThresholdedRelu", 1, BOTH("thresholded_relu"), .number = {{"alpha", 1}}},
    {"Where", 3, SCALAR("where")},
    {"Xor", 2, LOGIC("xor")},
};

static const struct row *find_row(const struct node *node)
{
    for (size_t i = 0; !*node->domain && i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(rows[i].op_type, node->op_type))
            return &rows[i];
    return NULL;
}

static bool is_op(const struct node *node, const char *op_type)
{
    return !strcmp(node->op_type, op_type);
}

/* Inputs that the operator itself has: not the residual. */
static int own_inputs(const struct node *node)
{
    return node->epilogue.residual ? node->epilogue.residual : node->input_count;
}

static bool is_float(const struct node *node)
{
    for (int i = 0; i < node->input_count; i++)
        if (node->input[i] && node->input[i]->type != TYPE_FLOAT)
            return false;
    return node->output[0]->type == TYPE_FLOAT;
}

static struct element_operand input_operand(const struct node *node, int i)
{
    const struct tensor *tensor = node_input(node, i);
    if (tensor && tensor_is_constant(tensor) && tensor->type == TYPE_FLOAT && is_float(node) &&
        shape_size(tensor->shape) == 1)
        return (struct element_operand){NULL, tensor_double(tensor, 0)};
    return (struct element_operand){tensor, 0};
}

static void set_call(struct element_call *call, const char *function, struct element_operand x,
                     struct element_operand y)
{
    *call = (struct element_call){.function = function, .operands = 2, .x = {x, y}};
}

/* x[0] f x[1], then that f x[2], ... */
static bool fold_call(const struct node *node, const struct row *row, const char *function, int k,
                      struct element_call *call)
{
    const int inputs = own_inputs(node);
    const struct element_operand result = {node->output[0], 0};
    if (inputs == 1 && k == 0) {
        *call = (struct element_call){.function = "identity", .operands = 1, .x = {input_operand(node, 0)}};
        return true;
    }
    if (k < inputs - 1) {
        set_call(call, function, k ? result : input_operand(node, 0), input_operand(node, k + 1));
        return true;
    }
    if (k > inputs - 1 || inputs == 1 || strcmp(row->op_type, "Mean"))
        return false;
    set_call(call, "div", result, (struct element_operand){NULL, inputs});
    return true;
}

static bool plain_call(const struct node *node, const struct row *row, const char *function, int k,
                       struct element_call *call)
{
    if (k > 0)
        return false;
    *call = (struct element_call){.function = function, .operands = row->operands};
    for (int i = 0; i < row->operands; i++) {
        if (!node_input(node, i))
            return false;
        call->x[i] = input_operand(node, i);
    }
    for (int i = 0; i < 2 && row->number[i].attribute; i++)
        call->x[call->operands++].number =
            (double)node_float(node, row->number[i].attribute, row->number[i].otherwise);
    return true;
}

bool element_vector_call(const struct node *node, int k, struct element_call *call)
{
    const struct row *row = find_row(node);
    bool found;
    if (!row || !row->vector || !is_float(node))
        return false;
    if (is_op(node, "Clip")) {
        *call = (struct element_call){.function = row->vector, .operands = 3, .x = {input_operand(node, 0)}};
        for (int i = 1; i < 3; i++)
            call->x[i] = node_input(node, i) ? input_operand(node, i)
                                             : (struct element_operand){NULL, i == 1 ? -INFINITY : INFINITY};
        found = k == 0;
    } else if (row->operands) {
        found = plain_call(node, row, row->vector, k, call);
        call->through_double = row->through_double;
        if (found && is_op(node, "Gelu") && !strcmp(node_string(node, "approximate", "none"), "tanh"))
            call->function = "gelu_tanh";
        if (found && is_op(node, "Swish") && call->x[1].number == 1) {
            call->function = "silu";
            call->operands = 1;
        }
        if (found && is_op(node, "Pow") && !call->x[1].tensor && call->x[1].number == 2) {
            call->function = "square";
            call->operands = 1;
        }
    } else {
        found = fold_call(node, row, row->vector, k, call);
    }
    return found;
}

/* max(x, low), then min(that, high). */
static bool clip_call(const struct node *node, const char *unsign, int k, struct element_call *call)
{
    const struct element_operand x = {k ? node->output[0] : node->input[0], 0};
    const struct tensor *low = node_input(node, 1), *high = node_input(node, 2);
    const bool least = low && k == 0;
    if (!low && !high) {
        *call = (struct element_call){.function = "identity", .operands = 1, .x = {x}};
        return k == 0;
    }
    if (!least && (!high || k > (low != NULL)))
        return false;
    const char *name = least ? (unsign ? "unsigned_max" : "max") : (unsign ? "unsigned_min" : "min");
    set_call(call, name, x, (struct element_operand){least ? low : high, 0});
    return true;
}

static const char *real_function(const struct node *node, const struct row *row)
{
    static const char *const infinite[] = {"none", "is_positive_inf", "is_negative_inf", "is_inf"};
    if (is_op(node, "IsInf"))
        return infinite[(node_int(node, "detect_positive", 1) != 0) + 2 * (node_int(node, "detect_negative", 1) != 0)];
    if (is_op(node, "Gelu") && !strcmp(node_string(node, "approximate", "none"), "tanh"))
        return "gelu_tanh";
    return row->real ? row->real : row->vector;
}

static const char *integer_function(const struct node *node, const struct row *row)
{
    const bool is_signed = !(TYPES_UNSIGNED & TYPE_BIT(node->input[0]->type));
    if (is_op(node, "BitShift") && !strcmp(node_string(node, "direction", ""), "RIGHT"))
        return "shift_right";
    if (is_op(node, "Mod") && is_signed && node_int(node, "fmod", 0))
        return "fmod";
    if (is_op(node, "PRelu") && !is_signed)
        return "identity";
    return row->integer;
}

/* Integers whose result needs real numbers in between. */
static bool takes_reals(const struct node *node)
{
    return is_op(node, "Erf") || is_op(node, "Shrink") || (is_op(node, "Pow") && type_is_float(node->input[1]->type));
}

static bool is_half(enum type type)
{
    return type == TYPE_FLOAT16 || type == TYPE_BFLOAT16;
}

bool element_scalar_call(const struct node *node, int k, struct element_call *call)
{
    const struct row *row = find_row(node);
    if (!row)
        return false;
    const enum type value = node->input[is_op(node, "Where") ? 1 : 0]->type;
    const bool is_cast = is_op(node, "Cast") || is_op(node, "CastLike");
    const bool real = type_is_float(value) || (is_cast && type_is_float(node->output[0]->type)) || takes_reals(node);
    const bool is_unsigned = value == TYPE_UINT64 && row->unsigned_integer;
    const char *function = real          ? real_function(node, row)
                           : is_unsigned ? row->unsigned_integer
                                         : integer_function(node, row);
    bool found;
    if (is_op(node, "Clip"))
        found = clip_call(node, value == TYPE_UINT64 ? "unsigned" : NULL, k, call);
    else if (!function)
        return false;
    else
        found = row->operands ? plain_call(node, row, function, k, call) : fold_call(node, row, function, k, call);
    call->integer = !real;
    call->accuracy = "";
    if (real && !row->real && row->vector && !is_op(node, "Clip"))
        call->accuracy = is_half(value) ? "vector_" : "double_";
    return found;
}

void element_use(struct source *source, const struct element_call *call)
{
    if (call->through_double)
        source_use(source, "functions_of_doubles.h");
    if (call->accuracy && *call->accuracy)
        source_use(source, *call->accuracy == 'v' ? "scalars_of_vectors.h" : "scalars_of_doubles.h");
}

int element_axis(const struct tensor *operand, int rank, int axis)
{
    const int own = axis - (rank - operand->shape.rank);
    return own >= 0 && operand->shape.dim[own] != 1 ? own : -1;
}

struct element_place element_place(struct source *source, const struct element_operand *operand,
                                   struct region region)
{
    struct element_place place = {.at = "NULL"};
    const struct tensor *tensor = operand->tensor;
    if (!tensor)
        return place;
    const struct region storage = source_storage(source, tensor);
    int64_t stride[MAX_RANK], first = 0;
    storage_strides(storage, stride);
    for (int own = 0; own < tensor->shape.rank; own++) {
        const int axis = own + region.rank - tensor->shape.rank;
        const bool moves = axis >= 0 && element_axis(tensor, region.rank, axis) == own;
        first += ((moves ? region.axis[axis].begin : 0) - storage.axis[own].begin) * stride[own];
        if (moves)
            place.stride[axis] = stride[own];
    }
    const char *buffer = source_buffer(source, tensor);
    place.at = first ? arena_printf(source_arena(source), "%s + %" PRId64, buffer, first) : buffer;
    return place;
}
