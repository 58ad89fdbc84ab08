/* import_function.c -- the model's own functions: which there are, and what a call makes of their nodes' attributes. */
/* SPDX-License-Identifier: MIT */
#include "importer.h"

#include "../support/fail.h"

#include <string.h>

static const char *plain(const char *string)
{
    return string ? string : "";
}

const char *import_domain(const char *domain)
{
    return !domain || !strcmp(domain, "ai.onnx") ? "" : domain;
}

static const char *key_of(struct importer *importer, const char *domain, const char *name, const char *overload)
{
    return arena_printf(importer->arena, "%s:%s:%s", import_domain(domain), plain(name), plain(overload));
}

void import_functions(struct importer *importer)
{
    for (size_t i = 0; i < importer->model->n_functions; i++) {
        const Onnx__FunctionProto *function = importer->model->functions[i];
        if (!function->name || !*function->name)
            fail("function %zu has no name", i);
        struct name_entry *entry = name_add(importer->arena, &importer->functions,
                                            key_of(importer, function->domain, function->name, function->overload));
        if (entry->value)
            fail("the model has two functions '" SHOWN "' of domain '" SHOWN "'", function->name,
                 import_domain(function->domain));
        entry->value = (void *)(uintptr_t)function;
    }
}

const Onnx__FunctionProto *import_find_function(struct importer *importer, const Onnx__NodeProto *node)
{
    const struct name_entry *entry =
        name_find(&importer->functions, key_of(importer, node->domain, node->op_type, node->overload));
    return entry ? entry->value : NULL;
}

/* ---- calls ---- */

static void check_opset(struct importer *importer, const char *what, const Onnx__FunctionProto *function)
{
    for (size_t i = 0; i < function->n_opset_import; i++) {
        const Onnx__OperatorSetIdProto *opset = function->opset_import[i];
        if (!*import_domain(opset->domain) && opset->version != importer->opset)
            fail("%s: the function follows opset %lld of the default domain but the model %d; convert the model to one opset",
                 what, (long long)opset->version, importer->opset);
    }
}

void import_check_call(struct importer *importer, const char *what, const struct call *call)
{
    const Onnx__FunctionProto *function = call->function;
    int depth = 1;
    for (const struct call *outer = call->caller; outer; outer = outer->caller, depth++)
        if (outer->function == function)
            fail("%s: the function calls itself", what);
    if (depth > importer->limits.depth)
        fail("%s: calls of functions nest deeper than %d", what, importer->limits.depth);
    if (call->node->n_input > function->n_input || call->node->n_output > function->n_output)
        fail("%s: it has %zu inputs and %zu outputs but the function %zu and %zu", what, call->node->n_input,
             call->node->n_output, function->n_input, function->n_output);
    check_opset(importer, what, function);
}

static const Onnx__AttributeProto *find_attribute(size_t count, Onnx__AttributeProto *const *list, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(plain(list[i]->name), name))
            return list[i];
    return NULL;
}

/* What the call gives, else the function's default, else NULL; fails when the function has no such attribute. */
static const Onnx__AttributeProto *referred(const struct call *call, const char *what, const char *name)
{
    const Onnx__FunctionProto *function = call->function;
    const Onnx__AttributeProto *given = find_attribute(call->node->n_attribute, call->node->attribute, name);
    if (!given)
        given = find_attribute(function->n_attribute_proto, function->attribute_proto, name);
    bool declared = given != NULL;
    for (size_t i = 0; i < function->n_attribute && !declared; i++)
        declared = !strcmp(function->attribute[i], name);
    if (!declared)
        fail("%s: function '" SHOWN "' has no attribute '" SHOWN "'", what, function->name, name);
    if (given && given->g)
        fail("%s: attribute '" SHOWN "' of function '" SHOWN "' is a graph, which is not supported", what, name,
             function->name);
    return given;
}

const Onnx__NodeProto *import_resolve(struct importer *importer, const char *what, const struct call *call,
                                      const Onnx__NodeProto *node)
{
    bool refers = false;
    for (size_t i = 0; i < node->n_attribute; i++)
        refers |= *plain(node->attribute[i]->ref_attr_name) != 0;
    if (!refers || !call)
        return node;
    Onnx__NodeProto *resolved = arena_copy(importer->arena, node, sizeof *node);
    resolved->attribute = arena_array(importer->arena, node->n_attribute, sizeof *resolved->attribute);
    resolved->n_attribute = 0;
    for (size_t i = 0; i < node->n_attribute; i++) {
        Onnx__AttributeProto *attribute = node->attribute[i];
        if (*plain(attribute->ref_attr_name)) {
            const Onnx__AttributeProto *given = referred(call, what, attribute->ref_attr_name);
            if (!given)
                continue;
            char *name = attribute->name;
            attribute = arena_copy(importer->arena, given, sizeof *given);
            attribute->name = name;
        }
        resolved->attribute[resolved->n_attribute++] = attribute;
    }
    return resolved;
}
