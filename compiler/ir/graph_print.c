/* graph_print.c -- a graph as text, and a check of what graph.h promises. */
/* SPDX-License-Identifier: MIT */
#include "graph_print.h"

#include <stdlib.h>
#include <string.h>

enum { SHOWN_ELEMENTS = 8, SHOWN_BYTES = 60 };

static void print_name(struct text *text, const char *name)
{
    text_add(text, text_escape(text->arena, name));
}

static void print_type(struct text *text, const struct tensor *tensor)
{
    if (!tensor->shaped) {
        text_add(text, "?");
        return;
    }
    text_printf(text, "%s %s", type_name(tensor->type), shape_string(text->arena, tensor->shape));
    if (tensor->layout == LAYOUT_BLOCKED)
        text_add(text, " blocked");
}

static void print_element(struct text *text, const struct tensor *tensor, int64_t i)
{
    if (type_is_float(tensor->type))
        text_printf(text, "%.9g", tensor_double(tensor, i));
    else
        text_printf(text, "%lld", (long long)tensor_int(tensor, i));
}

/* Type, shape and, of a small constant, the values. */
static void print_constant(struct text *text, const struct tensor *tensor)
{
    print_type(text, tensor);
    if (!tensor->shaped || !tensor->data)
        return;
    int64_t size = shape_size(tensor->shape);
    if (size > SHOWN_ELEMENTS)
        return;
    text_add(text, " = [");
    for (int64_t i = 0; i < size; i++) {
        text_add(text, i ? ", " : "");
        print_element(text, tensor, i);
    }
    text_add(text, "]");
}

static void print_string(struct text *text, const char *string)
{
    const char *escaped = text_escape(text->arena, string);
    bool cut = strlen(escaped) > SHOWN_BYTES;
    text_printf(text, "\"%.*s%s\"", SHOWN_BYTES, escaped, cut ? "..." : "");
}

static void print_attribute(struct text *text, const struct attribute *attribute)
{
    print_name(text, attribute->name);
    text_add(text, "=");
    int64_t shown = attribute->count > 2 * SHOWN_ELEMENTS ? 2 * SHOWN_ELEMENTS : attribute->count;
    switch (attribute->kind) {
    case ATTRIBUTE_FLOAT:
        text_printf(text, "%.9g", (double)attribute->f);
        return;
    case ATTRIBUTE_INT:
        text_printf(text, "%lld", (long long)attribute->i);
        return;
    case ATTRIBUTE_STRING:
        print_string(text, attribute->s);
        return;
    case ATTRIBUTE_TENSOR:
        print_constant(text, attribute->tensor);
        return;
    case ATTRIBUTE_GRAPH:
    case ATTRIBUTE_TYPE:
        text_add(text, attribute->kind == ATTRIBUTE_GRAPH ? "graph" : "type");
        return;
    case ATTRIBUTE_FLOATS:
    case ATTRIBUTE_INTS:
    case ATTRIBUTE_STRINGS:
        break;
    }
    text_add(text, "[");
    for (int64_t i = 0; i < shown; i++) {
        text_add(text, i ? ", " : "");
        if (attribute->kind == ATTRIBUTE_FLOATS)
            text_printf(text, "%.9g", (double)attribute->floats[i]);
        else if (attribute->kind == ATTRIBUTE_INTS)
            text_printf(text, "%lld", (long long)attribute->ints[i]);
        else
            print_string(text, attribute->strings[i]);
    }
    text_add(text, shown < attribute->count ? ", ...]" : "]");
}

static void print_epilogue(struct text *text, const struct epilogue *epilogue)
{
    if (epilogue->bias)
        text_printf(text, " + input %d", epilogue->bias);
    if (epilogue->residual)
        text_printf(text, " + input %d", epilogue->residual);
    if (!epilogue->activation)
        return;
    text_printf(text, ", %s", activation_name(epilogue->activation));
    if (epilogue->activation == ACTIVATION_CLIP || epilogue->activation == ACTIVATION_HARD_SIGMOID)
        text_printf(text, "(%.9g, %.9g)", (double)epilogue->alpha, (double)epilogue->beta);
    else if (epilogue->activation == ACTIVATION_LEAKY_RELU || epilogue->activation == ACTIVATION_SWISH)
        text_printf(text, "(%.9g)", (double)epilogue->alpha);
}

static void print_node(struct text *text, const struct node *node, graph_print_more *more)
{
    for (int i = 0; i < node->output_count; i++) {
        text_add(text, i ? ", " : "");
        if (node->output[i]) {
            print_name(text, node->output[i]->name);
            text_add(text, ": ");
            print_type(text, node->output[i]);
        } else {
            text_add(text, "-");
        }
    }
    text_add(text, node->output_count ? " = " : "= ");
    print_name(text, node->domain);
    text_add(text, *node->domain ? "." : "");
    print_name(text, node->op_type);
    text_add(text, " '");
    print_name(text, node->name);
    text_add(text, "' (");
    for (int i = 0; i < node->input_count; i++) {
        text_add(text, i ? ", " : "");
        print_name(text, node->input[i] ? node->input[i]->name : "-");
    }
    text_add(text, ")");
    for (int a = 0; a < node->attribute_count; a++) {
        text_add(text, a ? ", " : " {");
        print_attribute(text, &node->attribute[a]);
    }
    text_add(text, node->attribute_count ? "}" : "");
    print_epilogue(text, &node->epilogue);
    if (more)
        more(text, node);
    text_add(text, "\n");
}

static void print_graph(struct text *text, const struct graph *graph, int indent, graph_print_more *more)
{
    text_printf(text, "%*sgraph ", indent, "");
    print_name(text, graph->name ? graph->name : "");
    text_printf(text, " (opset %d)\n", graph->opset);
    indent += 2;
    for (int i = 0; i < graph->input_count; i++) {
        text_printf(text, "%*sinput ", indent, "");
        print_name(text, graph->input[i]->name);
        text_add(text, ": ");
        print_type(text, graph->input[i]);
        text_add(text, "\n");
    }
    for (int i = 0; i < graph->tensor_count; i++)
        if (graph->tensor[i]->data) {
            text_printf(text, "%*sconstant ", indent, "");
            print_name(text, graph->tensor[i]->name);
            text_add(text, ": ");
            print_constant(text, graph->tensor[i]);
            text_add(text, "\n");
        }
    for (int n = 0; n < graph->node_count; n++) {
        const struct node *node = graph->node[n];
        text_printf(text, "%*s", indent, "");
        print_node(text, node, more);
        for (int a = 0; a < node->attribute_count; a++)
            if (node->attribute[a].kind == ATTRIBUTE_GRAPH) {
                text_printf(text, "%*s", indent + 2, "");
                print_name(text, node->attribute[a].name);
                text_add(text, ":\n");
                print_graph(text, node->attribute[a].graph, indent + 4, more);
            }
    }
    for (int i = 0; i < graph->output_count; i++) {
        text_printf(text, "%*soutput ", indent, "");
        print_name(text, graph->output[i]->name);
        text_add(text, "\n");
    }
}

static int compare_attributes(const void *left, const void *right)
{
    const struct attribute *a = left, *b = right;
    return strcmp(a->name, b->name);
}

static void describe_tensor(struct text *text, const struct tensor *tensor)
{
    if (tensor)
        text_printf(text, "%s%s %s", tensor_is_constant(tensor) ? "constant " : "", type_name(tensor->type),
                    shape_string(text->arena, tensor->shape));
    else
        text_add(text, "-");
}

void node_describe(struct text *text, const struct node *node)
{
    struct attribute *attribute =
        arena_copy(text->arena, node->attribute, (size_t)node->attribute_count * sizeof *attribute);
    qsort(attribute, (size_t)node->attribute_count, sizeof *attribute, compare_attributes);
    print_name(text, node->domain);
    text_add(text, *node->domain ? "." : "");
    print_name(text, node->op_type);
    text_add(text, " (");
    for (int i = 0; i < node->input_count; i++) {
        text_add(text, i ? ", " : "");
        describe_tensor(text, node->input[i]);
    }
    text_add(text, ") -> (");
    for (int i = 0; i < node->output_count; i++) {
        text_add(text, i ? ", " : "");
        describe_tensor(text, node->output[i]);
    }
    text_add(text, ")");
    for (int a = 0; a < node->attribute_count; a++) {
        text_add(text, a ? ", " : " {");
        print_attribute(text, &attribute[a]);
    }
    text_add(text, node->attribute_count ? "}" : "");
    print_epilogue(text, &node->epilogue);
}

void graph_print(struct text *text, const struct graph *graph, graph_print_more *more)
{
    print_graph(text, graph, 0, more);
}
