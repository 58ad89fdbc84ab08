/* import.c -- ModelProto -> graph. */
/* SPDX-License-Identifier: MIT */
#include "importer.h"
#include "wire_check.h"

#include "../support/fail.h"
#include "../support/file.h"

#include <limits.h>
#include <string.h>

enum { NEWEST_IR_VERSION = 13 };

/* ---- the file ---- */

/* protobuf-c's memory is the arena's. */
struct unpacking {
    struct arena *arena;
    struct mapping file;
};

static void *allocate(void *data, size_t size)
{
    struct unpacking *unpacking = data;
    /* Room for a large tensor: the file's copies of those before it are not needed any more. */
    if (size >= 1 << 20)
        file_forget(unpacking->file);
    return arena_alloc(unpacking->arena, size);
}

static void keep(void *data, void *block)
{
    (void)data, (void)block; /* all of it goes with the arena */
}

static struct import_limits with_defaults(struct import_limits limits)
{
    struct import_limits defaults = {.file_bytes = INT32_MAX,
                                     .memory_bytes = (size_t)1 << 32,
                                     .nodes = 100000,
                                     .tensors = 100000,
                                     .name_bytes = 4096,
                                     .elements = (int64_t)1 << 31,
                                     .depth = 64};
#define DEFAULT(field) limits.field = limits.field ? limits.field : defaults.field
    DEFAULT(file_bytes);
    DEFAULT(memory_bytes);
    DEFAULT(nodes);
    DEFAULT(tensors);
    DEFAULT(name_bytes);
    DEFAULT(elements);
    DEFAULT(depth);
#undef DEFAULT
    return limits;
}

static const Onnx__ModelProto *read_model(struct arena *arena, const char *path,
                                          const struct import_limits *limits)
{
    const struct wire_quota quota[] = {
        {&onnx__node_proto__descriptor, "nodes", limits->nodes},
        {&onnx__tensor_proto__descriptor, "tensors", limits->tensors},
        {&onnx__value_info_proto__descriptor, "value descriptions", limits->nodes + limits->tensors},
    };
    const struct wire_limits wire = {.depth = limits->depth,
                                     .string_bytes = limits->name_bytes,
                                     .memory_bytes = limits->memory_bytes,
                                     .quota = quota,
                                     .quota_count = sizeof quota / sizeof *quota};
    struct mapping file = file_map(path, limits->file_bytes);
    wire_check(file.bytes, file.size, &onnx__model_proto__descriptor, &wire);
    struct unpacking unpacking = {arena, file};
    ProtobufCAllocator allocator = {allocate, keep, &unpacking};
    Onnx__ModelProto *model = onnx__model_proto__unpack(&allocator, file.size, file.bytes);
    file_unmap(file);
    if (!model)
        fail("the file cannot be unpacked: it is no ONNX model");
    return model;
}

/* ---- versions ---- */

static const char *plain(const char *string)
{
    return string ? string : "";
}

static const char *plain_domain(const char *domain)
{
    return !domain || !strcmp(domain, "ai.onnx") ? "" : domain;
}

/* The version of the default domain. */
static int find_opset(const Onnx__ModelProto *model)
{
    int64_t found = 0;
    for (size_t i = 0; i < model->n_opset_import; i++) {
        if (*plain_domain(model->opset_import[i]->domain))
            continue;
        int64_t version = model->opset_import[i]->version;
        if (version < 1 || version > INT_MAX)
            fail("opset_import has version %lld of the default domain", (long long)version);
        if (found && version != found)
            fail("opset_import has versions %lld and %lld of the default domain", (long long)found,
                 (long long)version);
        found = version;
    }
    /* Before IR version 3 a file could not say. */
    if (!found && model->ir_version < 3)
        found = 1;
    if (!found)
        fail("opset_import has no version of the default domain");
    return (int)found;
}

static void check_model(const Onnx__ModelProto *model)
{
    if (!model->has_ir_version || !model->graph)
        fail("the file has no %s: it is no ONNX model", model->graph ? "ir_version" : "graph");
    if (model->ir_version < 1 || model->ir_version > NEWEST_IR_VERSION)
        fail("ir_version is %lld but 1 to %d are supported", (long long)model->ir_version, NEWEST_IR_VERSION);
}

static void state_facts(struct arena *arena, const Onnx__ModelProto *model, struct model_facts *facts)
{
    *facts = (struct model_facts){.ir_version = model->ir_version,
                                  .model_version = model->model_version,
                                  .producer_name = plain(model->producer_name),
                                  .producer_version = plain(model->producer_version),
                                  .domain = plain(model->domain),
                                  .opset_count = (int)model->n_opset_import};
    facts->opset = arena_array(arena, model->n_opset_import, sizeof *facts->opset);
    for (size_t i = 0; i < model->n_opset_import; i++)
        facts->opset[i] = (struct opset_import){plain_domain(model->opset_import[i]->domain),
                                                model->opset_import[i]->version};
}

static void list_functions(struct importer *importer)
{
    for (size_t i = 0; i < importer->model->n_functions; i++) {
        const Onnx__FunctionProto *function = importer->model->functions[i];
        const char *key =
            arena_printf(importer->arena, "%s:%s", plain_domain(function->domain), plain(function->name));
        name_add(importer->arena, &importer->functions, key);
    }
}

/* ---- graphs ---- */

/* A graph that is being imported: names of its tensors, then those of the graphs around it. */
struct scope {
    struct importer *importer;
    struct scope *outer;
    struct graph *graph;
    struct name_map tensors; /* name in the file -> struct tensor */
};

/* Take the name, which nothing else of this graph may have. */
static struct name_entry *define(struct scope *scope, const char *what, const char *name)
{
    struct name_entry *entry = name_add(scope->importer->arena, &scope->tensors, name);
    if (entry->value)
        fail("%s: the graph has two sources of tensor '" SHOWN "'", what, name);
    return entry;
}

static struct tensor *find(const struct scope *scope, const char *name)
{
    for (; scope; scope = scope->outer) {
        struct name_entry *entry = name_find(&scope->tensors, name);
        if (entry)
            return entry->value;
    }
    return NULL;
}

static void import_initializers(struct scope *scope, const Onnx__GraphProto *from)
{
    struct arena *arena = scope->importer->arena;
    if (from->n_sparse_initializer)
        fail("sparse initializers are not supported");
    for (size_t i = 0; i < from->n_initializer; i++) {
        const Onnx__TensorProto *tensor = from->initializer[i];
        if (!tensor->name || !*tensor->name)
            fail("initializer %zu has no name", i);
        const char *what = arena_printf(arena, "initializer '" SHOWN "'", tensor->name);
        struct value value = import_tensor(scope->importer, what, tensor);
        define(scope, what, tensor->name)->value =
            graph_constant(scope->graph, tensor->name, value.type, value.shape, value.data);
    }
}

/* Inputs that no initializer feeds. Subgraphs get theirs from the node around them: shapes come with
 * inference. */
static void import_inputs(struct scope *scope, const Onnx__GraphProto *from)
{
    struct arena *arena = scope->importer->arena;
    const Onnx__ValueInfoProto **fed = arena_array(arena, from->n_input, sizeof *fed);
    struct name_map listed = {0};
    struct graph *graph = scope->graph;
    graph->input = arena_array(arena, from->n_input, sizeof *graph->input);
    for (size_t i = 0; i < from->n_input; i++) {
        const Onnx__ValueInfoProto *input = from->input[i];
        if (!input->name || !*input->name)
            fail("input %zu has no name", i);
        struct name_entry *entry = name_add(arena, &listed, input->name);
        if (entry->value)
            fail("input '" SHOWN "' is listed twice", input->name);
        entry->value = graph;
        if (name_find(&scope->tensors, input->name))
            continue;
        const char *what = arena_printf(arena, "input '" SHOWN "'", input->name);
        struct tensor *tensor = graph_tensor(graph, input->name);
        define(scope, what, input->name)->value = tensor;
        fed[graph->input_count] = input;
        graph->input[graph->input_count++] = tensor;
    }
    if (!scope->outer)
        import_input_shapes(scope->importer, graph->input_count, graph->input, fed);
}

static bool is_constant(const Onnx__NodeProto *node)
{
    return !strcmp(plain(node->op_type), "Constant") && !*plain_domain(node->domain);
}

/* How messages call a node that is not made yet. */
static const char *describe(struct arena *arena, const Onnx__NodeProto *node, size_t index)
{
    const char *name = plain(node->name), *output = node->n_output ? node->output[0] : "";
    if (!*name && !*output)
        return arena_printf(arena, SHOWN " number %zu", plain(node->op_type), index);
    return arena_printf(arena, SHOWN " '" SHOWN "'", plain(node->op_type), *name ? name : output);
}

static void import_constant_node(struct scope *scope, const char *what, const Onnx__NodeProto *from)
{
    if (from->n_input || from->n_output != 1 || !*from->output[0])
        fail("%s has %zu inputs and %zu outputs but 0 and 1 are expected", what, from->n_input,
             from->n_output);
    struct value value = import_constant(scope->importer, what, from);
    define(scope, what, from->output[0])->value =
        graph_constant(scope->graph, from->output[0], value.type, value.shape, value.data);
}

/* All results first: the file's order need not be one in which nodes can run. */
static void define_outputs(struct scope *scope, const Onnx__GraphProto *from)
{
    for (size_t n = 0; n < from->n_node; n++) {
        const Onnx__NodeProto *node = from->node[n];
        const char *what = describe(scope->importer->arena, node, n);
        if (!node->op_type || !*node->op_type)
            fail("node %zu%s" SHOWN "%s has no op_type", n, *plain(node->name) ? " '" : "", plain(node->name),
                 *plain(node->name) ? "'" : "");
        if (is_constant(node)) {
            import_constant_node(scope, what, node);
            continue;
        }
        for (size_t i = 0; i < node->n_output; i++)
            if (*node->output[i])
                define(scope, what, node->output[i])->value = graph_tensor(scope->graph, node->output[i]);
    }
}

static struct graph *import_graph(struct importer *importer, const Onnx__GraphProto *from,
                                  struct scope *outer);

static struct graph *import_inner(void *context, const Onnx__GraphProto *from)
{
    struct scope *scope = context;
    return import_graph(scope->importer, from, scope);
}

/* Absent inputs and outputs have empty names; those at the end need not be written at all. */
static int count_named(char *const *name, size_t count)
{
    while (count && !*name[count - 1])
        count--;
    return (int)count;
}

static void import_node(struct scope *scope, const Onnx__NodeProto *from)
{
    struct graph *graph = scope->graph;
    struct arena *arena = scope->importer->arena;
    int inputs = count_named(from->input, from->n_input), outputs = count_named(from->output, from->n_output);
    const char *name = plain(from->name);
    if (!*name)
        name = outputs && *from->output[0] ? from->output[0]
                                           : arena_printf(arena, "%s_%d", from->op_type, graph->node_count);
    struct node *node = graph_node(graph, graph->node_count, name, from->op_type, inputs, outputs);
    node->domain = plain_domain(from->domain);
    const char *key = arena_printf(arena, "%s:%s", node->domain, from->op_type);
    if (name_find(&scope->importer->functions, key))
        node_fail(
            node,
            "it calls a function of the model, which is not supported yet: inline the model's functions "
            "(onnx.inliner.inline_local_functions)");
    for (int i = 0; i < inputs; i++) {
        if (!*from->input[i])
            continue;
        node->input[i] = find(scope, from->input[i]);
        if (!node->input[i])
            node_fail(node,
                      "input %d, '" SHOWN
                      "', is no output of a node, no initializer and no input of the graph",
                      i, from->input[i]);
    }
    for (int i = 0; i < outputs; i++)
        if (*from->output[i]) {
            node->output[i] = name_find(&scope->tensors, from->output[i])->value;
            node->output[i]->producer = node;
        }
    import_attributes(scope->importer, node, from, import_inner, scope);
}

static void import_outputs(struct scope *scope, const Onnx__GraphProto *from)
{
    struct graph *graph = scope->graph;
    struct name_map listed = {0};
    graph->output = arena_array(scope->importer->arena, from->n_output, sizeof *graph->output);
    for (size_t i = 0; i < from->n_value_info; i++) {
        struct name_entry *entry = name_find(&scope->tensors, plain(from->value_info[i]->name));
        if (entry)
            import_declared_shape(scope->importer, entry->value, from->value_info[i]);
    }
    for (size_t i = 0; i < from->n_output; i++) {
        const char *name = plain(from->output[i]->name);
        if (!*name)
            fail("output %zu has no name", i);
        struct tensor *tensor = find(scope, name);
        if (!tensor)
            fail("output '" SHOWN "' is no output of a node, no initializer and no input of the graph", name);
        struct name_entry *entry = name_add(scope->importer->arena, &listed, name);
        if (entry->value)
            fail("output '" SHOWN "' is listed twice", name);
        entry->value = tensor;
        import_declared_shape(scope->importer, tensor, from->output[i]);
        graph->output[graph->output_count++] = tensor;
    }
    if (!graph->output_count)
        fail("graph '" SHOWN "' has no outputs", graph->name);
}

static struct graph *import_graph(struct importer *importer, const Onnx__GraphProto *from,
                                  struct scope *outer)
{
    struct graph *graph = arena_alloc(importer->arena, sizeof *graph);
    *graph = (struct graph){.arena = importer->arena, .name = plain(from->name), .opset = importer->opset};
    struct scope scope = {.importer = importer, .outer = outer, .graph = graph};
    import_initializers(&scope, from);
    import_inputs(&scope, from);
    define_outputs(&scope, from);
    for (size_t n = 0; n < from->n_node; n++)
        if (!is_constant(from->node[n]))
            import_node(&scope, from->node[n]);
    import_outputs(&scope, from);
    import_order(graph);
    return graph;
}

struct graph *import_model(struct arena *arena, const char *path, const struct import_options *options)
{
    struct importer importer = {.arena = arena,
                                .options = options,
                                .limits = with_defaults(options->limits),
                                .external = {.arena = arena, .model_path = path}};
    importer.model = read_model(arena, path, &importer.limits);
    check_model(importer.model);
    importer.opset = find_opset(importer.model);
    if (options->facts)
        state_facts(arena, importer.model, options->facts);
    list_functions(&importer);
    struct graph *graph = import_graph(&importer, importer.model->graph, NULL);
    graph_index(graph);
    return graph;
}
