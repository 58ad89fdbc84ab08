/* channels.c -- classes of slices, groups of classes, and what they cost. */
/* SPDX-License-Identifier: MIT */
#include "channels.h"

#include <assert.h>
#include <string.h>

/* ---- classes ---- */

/* Classes as they are met first, with the places where each lies. */
struct draft {
    struct channel_place *place;
    int count, capacity;
    int group, number;
};

static void add_place(struct arena *arena, struct draft *draft, struct tensor *tensor, int axis)
{
    if (draft->count && draft->place[draft->count - 1].tensor == tensor &&
        draft->place[draft->count - 1].axis == axis) {
        draft->place[draft->count - 1].count++;
        return;
    }
    struct channel_place *place = arena_append(arena, draft->place, draft->count, draft->capacity);
    *place = (struct channel_place){tensor, axis, 1};
}

/* class_of holds numbers of drafts afterwards. */
static struct draft *draft_classes(struct channels *channels, int *count)
{
    const struct couples *couples = &channels->couples;
    struct draft *drafts = NULL;
    int capacity = 0,
        *draft_of = arena_array(channels->arena, (size_t)couples->slice_count, sizeof *draft_of);
    for (int t = 0; t < channels->graph->tensor_count; t++) {
        struct tensor *tensor = channels->graph->tensor[t];
        for (int axis = 0; axis < tensor->shape.rank; axis++) {
            int64_t base = couples->base[t][axis];
            for (int64_t i = 0; base >= 0 && i < tensor->shape.dim[axis]; i++) {
                int root = couples_root(couples, tensor, axis, i);
                if (root && !draft_of[root]) {
                    *arena_append(channels->arena, drafts, *count, capacity) = (struct draft){0};
                    draft_of[root] = *count; /* one too many: 0 means none */
                }
                channels->class_of[base + i] = draft_of[root] - 1;
                if (root)
                    add_place(channels->arena, &drafts[draft_of[root] - 1], tensor, axis);
            }
        }
    }
    return drafts;
}

static const char *signature(struct arena *arena, const struct draft *draft)
{
    struct text text = {.arena = arena};
    for (int i = 0; i < draft->count; i++)
        text_printf(&text, "%d.%d.%lld ", draft->place[i].tensor->id, draft->place[i].axis,
                    (long long)draft->place[i].count);
    return text.bytes;
}

/* Groups in the order of their first class; classes of a group get neighbouring numbers. */
static void group_classes(struct channels *channels, struct draft *drafts, int count)
{
    struct name_map map = {0};
    int capacity = 0;
    for (int i = 0; i < count; i++) {
        struct name_entry *entry = name_add(channels->arena, &map, signature(channels->arena, &drafts[i]));
        if (!entry->value) {
            struct channel_group *group =
                arena_append(channels->arena, channels->group, channels->group_count, capacity);
            *group = (struct channel_group){.place = drafts[i].place, .place_count = drafts[i].count};
            entry->value = &drafts[i];
            entry->number = (unsigned)channels->group_count - 1;
        }
        drafts[i].group = (int)entry->number;
        drafts[i].number = channels->group[drafts[i].group].count++;
    }
    for (int g = 1; g < channels->group_count; g++)
        channels->group[g].first = channels->group[g - 1].first + channels->group[g - 1].count;
    for (int64_t s = 0; s < channels->couples.slice_count; s++)
        if (channels->class_of[s] >= 0) {
            const struct draft *draft = &drafts[channels->class_of[s]];
            channels->class_of[s] = channels->group[draft->group].first + draft->number;
        }
    channels->class_count = count;
}

/* ---- producers and consumers ---- */

static void add_user(struct channels *channels, struct node *node, const struct linear *linear, int axis,
                     bool producer)
{
    const struct tensor *weights = node->input[linear->weights];
    const struct channel_group *last = NULL;
    for (int64_t i = 0; i < weights->shape.dim[axis]; i++) {
        int class = channels_class(channels, weights, axis, i);
        struct channel_group *group = class < 0 ? NULL : channels_group(channels, class);
        if (!group || group == last)
            continue;
        last = group;
        int *count = producer ? &group->producer_count : &group->consumer_count;
        struct channel_user **list = producer ? &group->producer : &group->consumer;
        if (*count && (*list)[*count - 1].node == node)
            continue;
        *list = arena_grow(channels->arena, *list, (size_t)*count, (size_t)*count + 1, sizeof **list);
        (*list)[(*count)++] = (struct channel_user){node, *linear};
    }
}

static bool node_is_sum(const struct node *node)
{
    static const char *const sums[] = {"Add", "Mean", "Sub", "Sum"};
    int computed = 0;
    for (int i = 0; i < node->input_count; i++)
        computed += node->input[i] && !tensor_is_constant(node->input[i]);
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
        if (!strcmp(node->op_type, sums[i]))
            return computed > 1;
    return false;
}

/* Groups that hold slices of the axis. */
static void mark_groups(const struct channels *channels, const struct tensor *tensor, int axis, bool mark[])
{
    for (int64_t i = 0; i < tensor->shape.dim[axis]; i++) {
        int class = channels_class(channels, tensor, axis, i);
        if (class >= 0)
            mark[channels_group(channels, class) - channels->group] = true;
    }
}

static void find_users(struct channels *channels)
{
    size_t groups = (size_t)channels->group_count;
    bool *summed = arena_array(channels->arena, groups, sizeof *summed);
    bool *open = arena_array(channels->arena, groups, sizeof *open);
    for (int n = 0; n < channels->graph->node_count; n++) {
        struct node *node = channels->graph->node[n];
        struct linear linear;
        if (node_is_sum(node))
            for (int axis = 0; axis < node->output[0]->shape.rank; axis++)
                mark_groups(channels, node->output[0], axis, summed);
        if (!node->op->linear || !node->op->linear(node, &linear) || linear.depthwise)
            continue;
        add_user(channels, node, &linear, linear.column_axis, true);
        add_user(channels, node, &linear, linear.row_axis, false);
    }
    for (int i = 0; i < channels->couples.contraction_count; i++) {
        const struct contraction *contraction = &channels->couples.contraction[i];
        const struct node *node = contraction->node;
        struct linear linear;
        if (!node->op->linear || !node->op->linear(node, &linear))
            mark_groups(channels, node->input[contraction->input_a], contraction->axis_a, open);
    }
    for (size_t g = 0; g < groups; g++) {
        struct channel_group *group = &channels->group[g];
        group->is_open = open[g];
        group->is_stream = summed[g] && group->producer_count > 1;
    }
}

static void name_groups(struct channels *channels)
{
    struct name_map names = {0};
    for (int g = 0; g < channels->group_count; g++) {
        struct channel_group *group = &channels->group[g];
        const char *name =
            group->producer_count ? group->producer[0].node->name : group->place[0].tensor->name;
        struct name_entry *entry = name_add(channels->arena, &names, name);
        entry->number++;
        group->name = entry->number == 1 ? name : arena_printf(channels->arena, "%s.%u", name, entry->number);
    }
}

struct channels *channels_find(struct graph *graph)
{
    struct channels *channels = arena_alloc(graph->arena, sizeof *channels);
    *channels = (struct channels){.graph = graph, .arena = graph->arena};
    graph_index(graph);
    couples_find(graph->arena, graph, &channels->couples);
    size_t slices = (size_t)channels->couples.slice_count;
    channels->class_of = arena_array(graph->arena, slices, sizeof *channels->class_of);
    channels->class_of[0] = -1;
    int count = 0;
    struct draft *drafts = draft_classes(channels, &count);
    group_classes(channels, drafts, count);
    find_users(channels);
    name_groups(channels);
    return channels;
}

/* ---- questions ---- */

int channels_class(const struct channels *channels, const struct tensor *tensor, int axis, int64_t index)
{
    return channels->class_of[couples_slice(&channels->couples, tensor, axis, index)];
}

struct channel_group *channels_group(const struct channels *channels, int class)
{
    int low = 0, high = channels->group_count - 1;
    assert(class >= 0 && class < channels->class_count);
    while (low < high) {
        int middle = (low + high + 1) / 2;
        if (channels->group[middle].first <= class)
            low = middle;
        else
            high = middle - 1;
    }
    return &channels->group[low];
}

int64_t channels_kept(const struct channels *channels, const struct tensor *tensor, int axis,
                      const bool removed[])
{
    int64_t length = tensor->shape.dim[axis], kept = length;
    if (!removed || !couples_follows(&channels->couples, tensor, axis))
        return length;
    for (int64_t i = 0; i < length; i++) {
        int class = channels_class(channels, tensor, axis, i);
        kept -= class >= 0 && removed[class];
    }
    return kept;
}

static struct shape kept_shape(const struct channels *channels, const struct tensor *tensor,
                               const bool removed[])
{
    struct shape shape = tensor->shape;
    for (int axis = 0; axis < shape.rank; axis++)
        shape.dim[axis] = channels_kept(channels, tensor, axis, removed);
    return shape;
}

/* The number of products is proportional to each axis of the result and to each axis that is summed away. */
int64_t channels_node_macs(const struct channels *channels, const struct node *node, const bool removed[])
{
    if (!node->op->macs)
        return 0;
    const struct tensor *y = node->output[0];
    struct shape left = kept_shape(channels, y, removed);
    int64_t macs = node_macs(node, region_whole(y->shape));
    if (!macs)
        return 0;
    for (int axis = 0; axis < left.rank; axis++)
        if (left.dim[axis] != y->shape.dim[axis])
            macs = macs / y->shape.dim[axis] * left.dim[axis];
    for (int i = 0; i < channels->couples.contraction_count; i++) {
        const struct contraction *contraction = &channels->couples.contraction[i];
        if (contraction->node != node)
            continue;
        const struct tensor *a = node->input[contraction->input_a];
        macs = macs / a->shape.dim[contraction->axis_a] *
               channels_kept(channels, a, contraction->axis_a, removed);
    }
    return macs;
}

int64_t channels_macs(const struct channels *channels, const bool removed[])
{
    int64_t macs = 0;
    for (int n = 0; n < channels->graph->node_count; n++)
        macs += channels_node_macs(channels, channels->graph->node[n], removed);
    return macs;
}

int64_t channels_parameters(const struct channels *channels, const bool removed[])
{
    int64_t count = 0;
    for (int t = 0; t < channels->graph->tensor_count; t++) {
        const struct tensor *tensor = channels->graph->tensor[t];
        if (tensor_is_constant(tensor) && type_is_float(tensor->type))
            count += shape_size(kept_shape(channels, tensor, removed));
    }
    return count;
}

int64_t channels_bytes(const struct channels *channels, const struct tensor *tensor, const bool removed[])
{
    return shape_size(kept_shape(channels, tensor, removed)) * (int64_t)type_size(tensor->type);
}

void channels_keep_one(const struct channels *channels, bool removed[])
{
    for (int t = 0; t < channels->graph->tensor_count; t++) {
        const struct tensor *tensor = channels->graph->tensor[t];
        for (int axis = 0; axis < tensor->shape.rank; axis++)
            if (tensor->shape.dim[axis] && !channels_kept(channels, tensor, axis, removed))
                removed[channels_class(channels, tensor, axis, 0)] = false;
    }
}
