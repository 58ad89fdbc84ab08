/* source.c -- what kernels' emit() functions are offered. */
/* SPDX-License-Identifier: MIT */
#include "source.h"

#include "../kernels/kernel.h"
#include "../operators/op.h"
#include "device_source.h"
#include "place.h"
#include "template.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

const char *source_name(const struct source *source)
{
    return source->name;
}

struct arena *source_arena(const struct source *source)
{
    return source->arena;
}

static bool is_new(struct source *source, const char *template_name)
{
    for (int i = 0; i < source->used_count; i++)
        if (!strcmp(source->used_template[i], template_name))
            return false;
    *arena_append(source->arena, source->used_template, source->used_count, source->used_capacity) = template_name;
    return true;
}

static void use_in(struct source *source, const char *template_name, bool in_double);

/* Templates name each other by #include "NAME": those go first, and the lines themselves are left out. */
static const char *without_includes(struct source *source, const char *template_name, bool in_double)
{
    struct text kept = {.arena = source->arena};
    for (const char *line = template_text(template_name); *line;) {
        const char *end = strchr(line, '\n') + 1;
        static const char include[] = "#include \"";
        if (!strncmp(line, include, sizeof include - 1)) {
            const char *name = line + sizeof include - 1;
            char *other = arena_string(source->arena, name);
            *strchr(other, '"') = 0;
            use_in(source, other, in_double);
        } else {
            text_add_bytes(&kept, line, (size_t)(end - line));
        }
        line = end;
    }
    return kept.bytes;
}

static void use_written(struct source *source, const char *template_name)
{
    if (!is_new(source, arena_printf(source->arena, "%s in double", template_name)))
        return;
    use_in(source, "double_vectors.h", false);
    const char *text = without_includes(source, template_name, true);
    doubles_learn(&source->doubles, text);
    text_printf(&source->templates, "/* ---- %s in double ---- */\n", template_name);
    doubles_write(&source->doubles, &source->templates, text, true);
    text_add(&source->templates, "\n");
}

static void use_in(struct source *source, const char *template_name, bool in_double)
{
    const char *by_hand = NULL;
    switch (in_double ? doubles_kind(template_name, &by_hand) : DOUBLES_AS_IS) {
    case DOUBLES_WRITTEN:
        use_written(source, template_name);
        return;
    case DOUBLES_BY_HAND:
        doubles_learn(&source->doubles, without_includes(source, template_name, true));
        template_name = by_hand;
        break;
    case DOUBLES_AS_IS:
        break;
    }
    if (!is_new(source, template_name))
        return;
    text_add(&source->templates, without_includes(source, template_name, false));
    text_add(&source->templates, "\n");
}

void source_use(struct source *source, const char *template_name)
{
    use_in(source, template_name, source->in_double);
}

bool source_in_double(const struct source *source)
{
    return source->in_double;
}

static bool has_doubles(struct tensor *const tensor[], int count)
{
    for (int i = 0; i < count; i++)
        if (tensor[i] && tensor[i]->type == TYPE_DOUBLE)
            return true;
    return false;
}

size_t source_begin_node(struct source *source, const struct node *node)
{
    source->node = node;
    source->in_double = node->kernel->doubles && (has_doubles(node->input, node->input_count) ||
                                                  has_doubles(node->output, node->output_count));
    return source->functions.length;
}

void source_end_node(struct source *source, size_t start)
{
    struct text *functions = &source->functions;
    if (source->in_double) {
        const char *layer = arena_string(source->arena, functions->bytes + start);
        functions->length = start;
        doubles_write(&source->doubles, functions, layer, false);
    }
    source->in_double = false;
}

void source_printf(struct source *source, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    text_vprintf(&source->functions, format, arguments);
    va_end(arguments);
}

static void print_attribute(struct text *text, const struct attribute *attribute)
{
    text_printf(text, " %s", text_escape(text->arena, attribute->name));
    if (attribute->kind == ATTRIBUTE_INT)
        text_printf(text, "=%" PRId64, attribute->i);
    else if (attribute->kind == ATTRIBUTE_FLOAT)
        text_printf(text, "=%.9g", (double)attribute->f);
    else if (attribute->kind == ATTRIBUTE_STRING)
        text_printf(text, "=%s", text_escape(text->arena, attribute->s));
    else if (attribute->kind == ATTRIBUTE_INTS)
        for (int64_t i = 0; i < attribute->count && i < MAX_RANK * 2; i++)
            text_printf(text, "%c%" PRId64, i ? ',' : '=', attribute->ints[i]);
}

static const char *operator_of(enum activation activation)
{
    static const char *const name[] = {"",        "Relu", "Clip", "LeakyRelu", "HardSigmoid", "HardSwish", "Sigmoid",
                                       "Tanh", "Swish", "Swish", "Gelu", "Gelu of tanh", "Mish"};
    return name[activation];
}

/* Operator, ONNX name, what is computed from what, and the attributes. */
static void print_comment(struct source *source)
{
    const struct node *node = source->node;
    struct text *text = &source->functions;
    struct arena *arena = source->arena;
    text_printf(text, "/* %s '%s' (%s)", node->op_type, text_escape(arena, node->name), node->kernel->name);
    for (int k = 0; k < node->output_count; k++)
        if (node->output[k])
            text_printf(text, "\n * %s %s", text_escape(arena, node->output[k]->name),
                        region_string(arena, source->piece[k]));
    for (int i = 0; i < node->input_count; i++) {
        const struct tensor *tensor = node->input[i];
        if (!tensor || tensor_is_constant(tensor))
            continue;
        text_printf(text, "\n *   from %s %s", text_escape(arena, tensor->name),
                    region_string(arena, node_reads(node, i, 0, source->piece[0])));
        if (node->epilogue.residual == i && i)
            text_add(text, ", added");
    }
    if (node->attribute_count)
        text_add(text, "\n *  ");
    for (int i = 0; i < node->attribute_count; i++)
        print_attribute(text, &node->attribute[i]);
    if (node->epilogue.activation)
        text_printf(text, "\n *   then %s(%.9g, %.9g)", operator_of(node->epilogue.activation),
                    (double)node->epilogue.alpha, (double)node->epilogue.beta);
    text_add(text, " */\n");
}

void source_function(struct source *source)
{
    print_comment(source);
    if (source->node->kernel->fails)
        source_printf(source, "STEP int %s(struct mednn_session *session, unsigned char *restrict arena)\n{\n",
                      source->name);
    else
        source_printf(source, "STEP void %s(unsigned char *restrict arena)\n{\n", source->name);
    for (int k = 0; source->first_piece && k < source->node->output_count; k++) {
        const struct tensor *tensor = source->node->output[k];
        if (tensor && program_buffer(source->program, tensor, source->device)->first_step == source->first_step)
            source_clear_border(source, tensor);
    }
}

void source_end(struct source *source)
{
    source_printf(source, "}\n\n");
}

static const struct buffer *buffer_of(const struct source *source, const struct tensor *tensor)
{
    const struct buffer *buffer = program_buffer(source->program, tensor, source->device);
    assert(buffer->used);
    return buffer;
}

static const char *bake_constant(struct source *source, const struct tensor *tensor)
{
    const char **name = &source->constant_name[tensor->id];
    if (!*name) {
        *name = arena_printf(source->arena, "constant_%s", source->tensor_name[tensor->id]);
        weights_add(source->weights, *name, tensor, tensor->type, tensor->data, (size_t)shape_size(tensor->shape));
    }
    return *name;
}

int64_t source_offset(const struct source *source, const struct tensor *tensor)
{
    return source->arena_base + buffer_of(source, tensor)->offset;
}

const char *source_buffer(struct source *source, const struct tensor *tensor)
{
    if (tensor_is_constant(tensor))
        return bake_constant(source, tensor);
    const char *type = type_c_name(tensor->type);
    return arena_printf(source->arena, "(%s *)(arena + %" PRId64 ")", type ? type : "uint16_t",
                        source_offset(source, tensor));
}

const char *source_scratch_buffer(struct source *source)
{
    const struct buffer *buffer = program_scratch(source->program, source->node_index, source->device);
    assert(buffer->used);
    return arena_printf(source->arena, "(float *)(arena + %" PRId64 ")",
                        source->arena_base + buffer->offset + source->scratch_offset);
}

const struct region_list *source_own(const struct source *source, const struct node *node)
{
    return plan_own(source->program->plan, node->output[0], source->device);
}

struct region source_storage(const struct source *source, const struct tensor *tensor)
{
    if (tensor_is_constant(tensor))
        return region_whole(tensor->shape);
    if (source->run) {
        const struct region storage = bands_storage(source->program, source->run, source->band, tensor);
        if (!region_is_empty(storage))
            return storage;
    }
    return buffer_of(source, tensor)->storage;
}

const char *source_view(struct source *source, const struct tensor *tensor)
{
    struct map map = map_of(source_storage(source, tensor));
    bool blocked = !tensor_is_constant(tensor) && tensor->layout == LAYOUT_BLOCKED;
    int64_t channels = map.c.end - map.c.begin;
    return arena_printf(source->arena, "%s(%" PRId64 ", %" PRId64 ", %" PRId64 ")", blocked ? "BLOCKED" : "PLAIN",
                        blocked ? channels / 16 : channels, map.row.end - map.row.begin,
                        map.column.end - map.column.begin);
}

const char *source_sample_view(struct source *source, const struct tensor *tensor)
{
    const struct map map = map_of(source_storage(source, tensor));
    return arena_printf(source->arena, "BLOCKED(1, %" PRId64 ", %" PRId64 ")", map.row.end - map.row.begin,
                        map.column.end - map.column.begin);
}

const char *source_at(struct source *source, const struct tensor *tensor, int64_t n, int64_t c, int64_t row,
                      int64_t column)
{
    struct map map = map_of(source_storage(source, tensor));
    const char *buffer = source_buffer(source, tensor);
    n -= map.n.begin;
    c -= map.c.begin;
    row -= map.row.begin;
    column -= map.column.begin;
    if (!n && !c && !row && !column)
        return buffer;
    return arena_printf(source->arena,
                        "%s + AT(%s, %" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64 ")", buffer,
                        source_view(source, tensor), n, c, row, column);
}

const char *source_weights(struct source *source, const char *role, const struct tensor *from, const float *values,
                           size_t count)
{
    const char *name = arena_printf(source->arena, "%s_%s", source->name, role);
    weights_add(source->weights, name, from, TYPE_FLOAT, values, count);
    return name;
}

const char *source_reals(struct source *source, const char *role, const double *values, size_t count)
{
    const char *name = arena_printf(source->arena, "%s_%s", source->name, role);
    if (source->in_double) {
        weights_add(source->weights, name, NULL, TYPE_DOUBLE, values, count);
        return name;
    }
    float *rounded = arena_array(source->arena, count, sizeof *rounded);
    for (size_t i = 0; i < count; i++)
        rounded[i] = (float)values[i];
    return source_weights(source, role, NULL, rounded, count);
}

const char *source_shared(struct source *source, const char *what, int64_t key)
{
    const struct region *piece = source->piece;
    const struct range channels = piece->rank > 1 ? piece->axis[1] : (struct range){0, 1};
    for (int i = 0; i < source->share_count; i++) {
        const struct piece_share *share = &source->share[i];
        if (share->key == key && share->channels.begin == channels.begin && share->channels.end == channels.end &&
            !strcmp(share->what, what))
            return share->name;
    }
    *arena_append(source->arena, source->share, source->share_count, source->share_capacity) =
        (struct piece_share){what, source->name, key, channels};
    return source->name;
}

const char *source_same(struct source *source, const char *definition, const char *name)
{
    const char *own = source->in_double ? arena_printf(source->arena, "double %s", definition) : definition;
    for (int i = 0; i < source->definition_count; i++)
        if (!strcmp(source->definition[i].text, own))
            return source->definition[i].name;
    *arena_append(source->arena, source->definition, source->definition_count, source->definition_capacity) =
        (struct definition){own, name};
    return name;
}

size_t source_mark(const struct source *source)
{
    return source->functions.length;
}

const char *source_taken(struct source *source, size_t mark)
{
    const char *taken = arena_printf(source->arena, "%s", source->functions.bytes + mark);
    source->functions.length = mark;
    source->functions.bytes[mark] = '\0';
    return taken;
}

const char *source_loop(struct source *source, size_t mark, const char *kind, const char *more)
{
    const char *shape = source_taken(source, mark);
    const char *name = source_same(source, arena_printf(source->arena, "%s%s%s", kind, more, shape), source->name);
    if (name == source->name)
        source_printf(source, "static const struct %s %s_shape%s", kind, name, shape);
    return name;
}

/* The slices of axis 0 that layers of this device read. */
static struct range slices_read(const struct source *source, const struct tensor *tensor)
{
    const struct graph *graph = source->program->plan->graph;
    struct region cover = {0};
    for (int n = 0; n < graph->node_count; n++) {
        const struct node *node = graph->node[n];
        for (int i = 0; i < node->input_count; i++) {
            if (node->input[i] != tensor)
                continue;
            const struct region_list *own = plan_own(source->program->plan, node->output[0], source->device);
            for (int k = 0; k < own->count; k++)
                cover = region_cover(cover, piece_reads(node, i, own->item[k]));
        }
    }
    return cover.axis[0];
}

const char *source_slices(struct source *source, const struct tensor *tensor, int64_t first)
{
    struct slices *slices = &source->slices[tensor->id];
    const int64_t each = shape_size(tensor->shape) / tensor->shape.dim[0];
    if (!slices->name) {
        const struct range range = slices_read(source, tensor);
        slices->name = arena_printf(source->arena, "slices_%s", source->tensor_name[tensor->id]);
        slices->first = range.begin;
        weights_add(source->weights, slices->name, tensor, tensor->type,
                    (const char *)tensor->data + (size_t)(range.begin * each) * type_size(tensor->type),
                    (size_t)((range.end - range.begin) * each));
    }
    if (first == slices->first)
        return slices->name;
    return arena_printf(source->arena, "%s + %" PRId64, slices->name, (first - slices->first) * each);
}

void *source_scratch(struct source *source, size_t size)
{
    struct scratch *scratch = source->scratch;
    if (size > scratch->capacity) {
        scratch->bytes = arena_alloc(source->arena, size);
        scratch->capacity = size;
    } else {
        memset(scratch->bytes, 0, size);
    }
    return scratch->bytes;
}
