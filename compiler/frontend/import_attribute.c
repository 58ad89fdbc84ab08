/* import_attribute.c -- attributes of nodes, and the value of Constant. */
/* SPDX-License-Identifier: MIT */
#include "importer.h"

#include "../support/fail.h"

#include <string.h>

typedef Onnx__AttributeProto Attribute;

static const char *const kind_names[] = {
    "UNDEFINED", "FLOAT",   "INT",    "STRING",        "TENSOR",         "GRAPH",      "FLOATS",     "INTS",
    "STRINGS",   "TENSORS", "GRAPHS", "SPARSE_TENSOR", "SPARSE_TENSORS", "TYPE_PROTO", "TYPE_PROTOS"};
enum { KIND_COUNT = sizeof kind_names / sizeof *kind_names };

/* Bit k: the field of kind k has a value. */
static unsigned kinds_present(const Attribute *from)
{
    const bool present[KIND_COUNT] = {false,
                                      from->has_f,
                                      from->has_i,
                                      from->has_s,
                                      from->t != NULL,
                                      from->g != NULL,
                                      from->n_floats > 0,
                                      from->n_ints > 0,
                                      from->n_strings > 0,
                                      from->n_tensors > 0,
                                      from->n_graphs > 0,
                                      from->sparse_tensor != NULL,
                                      from->n_sparse_tensors > 0,
                                      from->tp != NULL,
                                      from->n_type_protos > 0};
    unsigned kinds = 0;
    for (int k = 0; k < KIND_COUNT; k++)
        kinds |= (unsigned)present[k] << k;
    return kinds;
}

/* By `type`, which has to agree with the values; files of IR version 1 have values only. */
static int kind_of(const char *what, const Attribute *from)
{
    unsigned kinds = kinds_present(from);
    int type = from->has_type ? (int)from->type : 0;
    if (type < 0 || type >= KIND_COUNT)
        fail("%s has type %d, which is unknown", what, type);
    if (!type) {
        if (!kinds || kinds & (kinds - 1))
            fail("%s has no type and %s value", what, kinds ? "more than one" : "no");
        return __builtin_ctz(kinds);
    }
    /* Writers that follow proto3 leave a zero out. */
    if (kinds & ~(1u << type))
        fail("%s has type %s but holds a value of %s", what, kind_names[type],
             kind_names[__builtin_ctz(kinds & ~(1u << type))]);
    return type;
}

static const char *import_string(struct importer *importer, const char *what,
                                 const ProtobufCBinaryData *bytes)
{
    if (bytes->len && memchr(bytes->data, 0, bytes->len))
        fail("%s contains a zero byte", what);
    char *string = arena_alloc(importer->arena, bytes->len + 1);
    if (bytes->len)
        memcpy(string, bytes->data, bytes->len);
    return string;
}

static const char *const *import_strings(struct importer *importer, const char *what, const Attribute *from)
{
    const char **strings = arena_array(importer->arena, from->n_strings, sizeof *strings);
    for (size_t i = 0; i < from->n_strings; i++)
        strings[i] = import_string(importer, what, &from->strings[i]);
    return strings;
}

static struct tensor *import_tensor_attribute(struct importer *importer, const char *what,
                                              const Attribute *from)
{
    if (!from->t)
        fail("%s has type TENSOR but no value", what);
    struct value value = import_tensor(importer, what, from->t);
    struct tensor *tensor = arena_alloc(importer->arena, sizeof *tensor);
    *tensor = (struct tensor){.name = from->t->name ? from->t->name : "",
                              .id = -1,
                              .type = value.type,
                              .shape = value.shape,
                              .shaped = true,
                              .data = value.data};
    return tensor;
}

static struct attribute import_attribute(struct importer *importer, const char *what, const Attribute *from,
                                         import_subgraph *subgraph, void *context)
{
    struct attribute to = {.name = from->name, .kind = (enum attribute_kind)kind_of(what, from)};
    switch (to.kind) {
    case ATTRIBUTE_FLOAT:
        to.f = from->f;
        break;
    case ATTRIBUTE_INT:
        to.i = from->i;
        break;
    case ATTRIBUTE_STRING:
        to.s = import_string(importer, what, &from->s);
        break;
    case ATTRIBUTE_TENSOR:
        to.tensor = import_tensor_attribute(importer, what, from);
        break;
    case ATTRIBUTE_GRAPH:
        if (!from->g)
            fail("%s has type GRAPH but no value", what);
        to.graph = subgraph(context, from->g);
        break;
    case ATTRIBUTE_FLOATS:
        to.floats = from->floats;
        to.count = (int64_t)from->n_floats;
        break;
    case ATTRIBUTE_INTS:
        to.ints = from->ints;
        to.count = (int64_t)from->n_ints;
        break;
    case ATTRIBUTE_STRINGS:
        to.strings = import_strings(importer, what, from);
        to.count = (int64_t)from->n_strings;
        break;
    case ATTRIBUTE_TYPE:
        break;
    default:
        fail("%s is of kind %s, which is not supported", what, kind_names[to.kind]);
    }
    return to;
}

void import_attributes(struct importer *importer, struct node *node, const Onnx__NodeProto *from,
                       import_subgraph *subgraph, void *context)
{
    struct attribute *list = arena_array(importer->arena, from->n_attribute, sizeof *list);
    struct name_map names = {0};
    for (size_t i = 0; i < from->n_attribute; i++) {
        const Attribute *attribute = from->attribute[i];
        if (!attribute->name || !*attribute->name)
            node_fail(node, "attribute %zu has no name", i);
        const char *what = arena_printf(importer->arena, SHOWN " '" SHOWN "': attribute '" SHOWN "'",
                                        node->op_type, node->name, attribute->name);
        struct name_entry *entry = name_add(importer->arena, &names, attribute->name);
        if (entry->value)
            fail("%s occurs twice", what);
        entry->value = list;
        if (attribute->ref_attr_name && *attribute->ref_attr_name)
            fail("%s refers to attribute '" SHOWN "' of a function but is in none", what,
                 attribute->ref_attr_name);
        list[i] = import_attribute(importer, what, attribute, subgraph, context);
    }
    node->attribute = list;
    node->attribute_count = (int)from->n_attribute;
}

/* ---- Constant ---- */

static struct value vector(struct importer *importer, enum type type, size_t count, const void *data)
{
    if ((uint64_t)count > (uint64_t)importer->limits.elements)
        fail("a list has %zu elements but the limit is %lld", count, (long long)importer->limits.elements);
    struct shape shape = {.rank = 1, .dim = {(int64_t)count}};
    return (struct value){type, shape, data ? data : arena_alloc(importer->arena, 1)};
}

static struct value scalar(struct importer *importer, enum type type, const void *data)
{
    return (struct value){type, {0}, arena_copy(importer->arena, data, type_size(type))};
}

struct value import_constant(struct importer *importer, const char *what, const Onnx__NodeProto *node)
{
    static const struct {
        const char *name;
        enum attribute_kind kind;
    } forms[] = {{"value", ATTRIBUTE_TENSOR},
                 {"value_float", ATTRIBUTE_FLOAT},
                 {"value_floats", ATTRIBUTE_FLOATS},
                 {"value_int", ATTRIBUTE_INT},
                 {"value_ints", ATTRIBUTE_INTS}};
    if (node->n_attribute != 1)
        fail("%s has %zu attributes but one, its value, is expected", what, node->n_attribute);
    const Attribute *from = node->attribute[0];
    const char *name = from->name ? from->name : "";
    const char *inner = arena_printf(importer->arena, "%s: attribute '" SHOWN "'", what, name);
    size_t form = 0;
    while (form < sizeof forms / sizeof *forms && strcmp(forms[form].name, name))
        form++;
    if (form == sizeof forms / sizeof *forms)
        fail("%s is not supported: value, value_float, value_floats, value_int and value_ints are", inner);
    int kind = kind_of(inner, from);
    if (kind != (int)forms[form].kind)
        fail("%s has type %s but %s is expected", inner, kind_names[kind], kind_names[forms[form].kind]);
    switch (forms[form].kind) {
    case ATTRIBUTE_FLOAT:
        return scalar(importer, TYPE_FLOAT, &from->f);
    case ATTRIBUTE_FLOATS:
        return vector(importer, TYPE_FLOAT, from->n_floats, from->floats);
    case ATTRIBUTE_INT:
        return scalar(importer, TYPE_INT64, &from->i);
    case ATTRIBUTE_INTS:
        return vector(importer, TYPE_INT64, from->n_ints, from->ints);
    default:
        if (!from->t)
            fail("%s has no value", inner);
        return import_tensor(importer, inner, from->t);
    }
}
