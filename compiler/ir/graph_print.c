/* graph_print.c -- printing and verifying graphs. */
/* SPDX-License-Identifier: MIT */
#include "graph_print.h"

#include <assert.h>
#include <inttypes.h>

static void print_tensor(struct text *text, const struct tensor *tensor)
{
    text_add(text, text_escape(text->arena, tensor->name));
    if (tensor->shaped)
        text_printf(text, " %s %s", type_name(tensor->type), shape_string(text->arena, tensor->shape));
    if (tensor->layout == LAYOUT_BLOCKED)
        text_add(text, " blocked");
}

static void print_attribute(struct text *text, const struct attribute *attribute)
{
    text_printf(text, " %s", text_escape(text->arena, attribute->name));
    switch (attribute->kind) {
    case ATTRIBUTE_FLOAT:
        text_printf(text, "=%.9g", (double)attribute->f);
        break;
    case ATTRIBUTE_INT:
        text_printf(text, "=%" PRId64, attribute->i);
        break;
    case ATTRIBUTE_STRING:
        text_printf(text, "=%s", text_escape(text->arena, attribute->s));
        break;
    case ATTRIBUTE_FLOATS:
        for (int64_t i = 0; i < attribute->count; i++)
            text_printf(text, "%c%.9g", i ? ',' : '=', (double)attribute->floats[i]);
        break;
    case ATTRIBUTE_INTS:
        for (int64_t i = 0; i < attribute->count; i++)
            text_printf(text, "%c%" PRId64, i ? ',' : '=', attribute->ints[i]);
        break;
    default:
        break;
    }
}

static void print_epilogue(struct text *text, const struct node *node)
{
    static const char *const name[] = {"", "Relu", "Clip", "LeakyRelu", "HardSigmoid", "HardSwish"};
    if (node->epilogue.residual)
        text_printf(text, " + input %d", node->epilogue.residual);
    if (node->epilogue.activation)
        text_printf(text, " then %s(%.9g, %.9g)", name[node->epilogue.activation], (double)node->epilogue.alpha,
                    (double)node->epilogue.beta);
}

static void print_node(struct text *text, const struct node *node)
{
    for (int k = 0; k < node->output_count; k++) {
        text_add(text, k ? ", " : "");
        if (node->output[k])
            print_tensor(text, node->output[k]);
    }
    text_printf(text, " = %s%s%s '%s'(", text_escape(text->arena, node->domain), *node->domain ? "." : "",
                text_escape(text->arena, node->op_type), text_escape(text->arena, node->name));
    for (int i = 0; i < node->input_count; i++)
        text_printf(text, "%s%s", i ? ", " : "", node->input[i] ? text_escape(text->arena, node->input[i]->name) : "-");
    text_add(text, ")");
    for (int i = 0; i < node->attribute_count; i++)
        print_attribute(text, &node->attribute[i]);
    print_epilogue(text, node);
    text_add(text, "\n");
}

void graph_print(struct text *text, const struct graph *graph)
{
    text_printf(text, "graph %s opset %d\n", text_escape(text->arena, graph->name), graph->opset);
    for (int i = 0; i < graph->input_count; i++) {
        text_add(text, "input ");
        print_tensor(text, graph->input[i]);
        text_add(text, "\n");
    }
    for (int n = 0; n < graph->node_count; n++)
        print_node(text, graph->node[n]);
    for (int i = 0; i < graph->output_count; i++)
        text_printf(text, "output %s\n", text_escape(text->arena, graph->output[i]->name));
}

void graph_verify(const struct graph *graph)
{
    struct arena scratch = {0};
    bool *known = arena_array(&scratch, (size_t)graph->tensor_count + 1, sizeof *known);
    for (int t = 0; t < graph->tensor_count; t++) {
        assert(graph->tensor[t]->id == t);
        known[t] = tensor_is_constant(graph->tensor[t]);
    }
    for (int i = 0; i < graph->input_count; i++)
        known[graph->input[i]->id] = true;
    for (int n = 0; n < graph->node_count; n++) {
        const struct node *node = graph->node[n];
        assert(node->name && *node->name);
        for (int i = 0; i < node->input_count; i++)
            assert(!node->input[i] || (graph->tensor[node->input[i]->id] == node->input[i] && known[node->input[i]->id]));
        for (int k = 0; k < node->output_count; k++)
            if (node->output[k]) {
                assert(!known[node->output[k]->id] && node->output[k]->producer == node);
                known[node->output[k]->id] = true;
            }
    }
    for (int i = 0; i < graph->output_count; i++)
        assert(known[graph->output[i]->id]);
    arena_free(&scratch);
}
