/* test_couple.c -- which channels go together in networks of all kinds, and that what is left computes the same.
 *
 * For each network: the groups whose channels may go, with their number of classes, are those that are expected; and with any
 * half of all classes removed the outputs are those of the whole network with zeros in the constants of what goes. */
/* SPDX-License-Identifier: MIT */
#include "interpret.h"
#include "node_cases.h"
#include "operators/op.h"
#include "prune/channels.h"
#include "prune/forward.h"
#include "prune/shuffles.h"
#include "support/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct network {
    const char *what, *text, *groups;
} networks[] = {
    {"residual stream",
     "%a Conv 1x3x6x6 =8x3x3x3 pads=[1,1,1,1]; %b Conv %a =6x8x1x1 =6; %r Relu %b; %c Conv %r =8x6x3x3 =8 pads=[1,1,1,1]; "
     "%s Add %a %c; Conv %s =4x8x1x1",
     "a:8 b:6"},
    {"shortcut padded with channels of zeros",
     "%a Conv 1x3x6x6 =4x3x3x3 pads=[1,1,1,1]; %b Conv %a =8x4x1x1; %p Pad %a @0,2,0,0,0,2,0,0; %s Add %b %p; "
     "Conv %s =3x8x1x1",
     "a:4 b:4"},
    {"depthwise",
     "%a Conv 1x3x6x6 =8x3x1x1 =8; %d Conv %a =8x1x3x3 =8 group=8 pads=[1,1,1,1]; %r Clip %d #0 #6; Conv %r =4x8x1x1",
     "a:8"},
    {"grouped convolution",
     "%a Conv 1x3x6x6 =8x3x1x1; %g Conv %a =12x2x3x3 =12 group=4; Conv %g =4x12x1x1",
     "a:4"},
    {"segments of a Concat",
     "%a Conv 1x3x6x6 =5x3x1x1; %b Conv 1x3x6x6 =7x3x1x1; %c Concat %a %b %a axis=1; Conv %c =4x17x1x1",
     "a:5 b:7"},
    {"dense block",
     "%a Conv 1x3x6x6 =6x3x1x1; %b Conv %a =4x6x3x3 pads=[1,1,1,1]; %c Concat %a %b axis=1; "
     "%n BatchNormalization %c =10+ =10 =10 =10+; %r Relu %n; Conv %r =3x10x1x1",
     "a:6 b:4"},
    {"maps flattened for a Gemm",
     "%a Conv 1x3x6x6 =6x3x3x3 =6; %p MaxPool %a kernel_shape=[2,2] strides=[2,2]; %f Flatten %p; %g Gemm %f =24x10 =10; "
     "%r Relu %g; Gemm %r =10x3",
     "a:6 g:10"},
    {"reshaped for a MatMul, weights transposed",
     "%a Conv 1x3x4x4 =6x3x1x1; %f Reshape %a @1,96; %g Gemm %f =9x96 =9 transB=1; %t Tanh %g; MatMul %t =9x4",
     "a:6 g:9"},
    {"channel shuffle",
     "%a Conv 1x3x4x4 =8x3x1x1 =8; %r Reshape %a @1,2,4,4,4; %t Transpose %r perm=[0,2,1,3,4]; %s Reshape %t @1,8,4,4; "
     "%d Conv %s =8x1x3x3 group=8; Conv %d =4x8x1x1",
     "a:8"},
    {"halves that are split",
     "%a Conv 1x3x4x4 =8x3x1x1; %s Split /2 %a @3,5 axis=1; %b Conv %s =6x3x1x1; Conv %b =4x6x1x1",
     "a:3 b:6"},
    {"overlapping slices",
     "%a Conv 1x3x4x4 =9x3x1x1; %l Slice %a @0 @6 @1; %m Slice %a @3 @9 @1; %c Concat %l %m axis=1; Conv %c =4x12x1x1",
     "a:3 a.2:3 a.3:3"},
    {"squeeze and excite",
     "%a Conv 1x3x4x4 =8x3x1x1 =8; %p GlobalAveragePool %a; %d Conv %p =4x8x1x1 =4; %r Relu %d; %u Conv %r =8x4x1x1 =8; "
     "%g Sigmoid %u; %m Mul %a %g; Conv %m =5x8x1x1",
     "a:8 d:4"},
    {"PRelu",
     "%a Conv 1x3x4x4 =8x3x1x1 =8; %p PRelu %a =8x1x1; Conv %p =5x8x3x3",
     "a:8"},
    {"decoder",
     "%a Conv 1x3x4x4 =8x3x1x1 =8; %r Relu %a; %u ConvTranspose %r =8x6x2x2 =6 strides=[2,2]; %s Relu %u; Conv %s =3x6x3x3",
     "a:8 u:6"},
    {"skip connection of a decoder",
     "%a Conv 1x3x8x8 =4x3x3x3 pads=[1,1,1,1]; %p MaxPool %a kernel_shape=[2,2] strides=[2,2]; "
     "%b Conv %p =7x4x3x3 pads=[1,1,1,1]; %u Resize %b - #1,1,2,2 mode=nearest; %c Concat %u %a axis=1; Conv %c =3x11x1x1",
     "a:4 b:7"},
    {"width of an MLP between LayerNormalizations",
     "%n LayerNormalization 2x5x6 =6 =6; %a MatMul %n =6x12; %b Add %a =12; %g Gelu %b; %c MatMul %g =12x6; "
     "LayerNormalization %c =6 =6",
     "a:12"},
    {"attention, separate products",
     "%q MatMul 1x5x12 =12x12; %k MatMul 1x5x12 =12x12; %v MatMul 1x5x12 =12x12; %qr Reshape %q @1,5,3,4; "
     "%qt Transpose %qr perm=[0,2,1,3]; %kr Reshape %k @1,5,3,4; %kt Transpose %kr perm=[0,2,3,1]; %vr Reshape %v @1,5,3,4; "
     "%vt Transpose %vr perm=[0,2,1,3]; %s MatMul %qt %kt; %p Softmax %s; %o MatMul %p %vt; "
     "%ot Transpose %o perm=[0,2,1,3]; %or Reshape %ot @1,5,12; MatMul %or =12x7",
     "q:3"},
    {"attention, one product for all",
     "%x MatMul 1x5x12 =12x36; %a Slice %x @0 @12 @2; %b Slice %x @12 @24 @2; %c Slice %x @24 @36 @2; "
     "%q Reshape %a @1,5,3,4; %qt Transpose %q perm=[0,2,1,3]; %k Reshape %b @1,5,3,4; %kt Transpose %k perm=[0,2,3,1]; "
     "%v Reshape %c @1,5,3,4; %vt Transpose %v perm=[0,2,1,3]; %m MatMul %qt %kt; %p Softmax %m; %o MatMul %p %vt; "
     "%ot Transpose %o perm=[0,2,1,3]; %or Reshape %ot @1,5,12; MatMul %or =12x7",
     "x:3"},
    {"gated unit",
     "%a Conv 1x3x4x4 =6x3x1x1; %b Conv 1x3x4x4 =6x3x1x1; %g Sigmoid %b; %m Mul %a %g; Conv %m =4x6x1x1",
     "a:6"},
    {"gated unit of one layer",
     "%a Conv 1x3x4x4 =12x3x1x1; %l Slice %a @0 @6 @1; %m Slice %a @6 @12 @1; %g Sigmoid %m; %p Mul %l %g; "
     "Conv %p =4x6x1x1",
     "a:6"},
    {"features of positions",
     "%a Conv 1x3x4x4 =8x3x1x1; %r Reshape %a @1,8,16; %t Transpose %r perm=[0,2,1]; %m MatMul %t =8x10; %g Relu %m; "
     "MatMul %g =10x3",
     "a:8 m:10"},
    {"channels gathered in another order",
     "%a Conv 1x3x4x4 =6x3x1x1; %g Gather %a @5,0,3,1,2,4 axis=1; Conv %g =4x6x1x1",
     "a:6"},
    {"channels become places",
     "%a Conv 1x3x4x4 =8x3x1x1; %d DepthToSpace %a blocksize=2; Conv %d =4x2x1x1",
     "a:2"},
    {"reduced over places",
     "%a Conv 1x3x4x4 =8x3x1x1; %r Relu %a; %m ReduceMean %r @2,3 keepdims=0; Gemm %m =8x5 =5",
     "a:8"},
};

static int failures;

#define CHECK(condition, ...)                                                                                                          \
    ((condition) ? (void)0 : (failures++, printf("%s: ", network->what), printf(__VA_ARGS__), (void)puts("")))

static const char *groups_of(struct arena *arena, const struct channels *channels)
{
    struct text text = {.arena = arena};
    for (int g = 0; g < channels->group_count; g++) {
        const struct channel_group *group = &channels->group[g];
        if (group->producer_count && group->consumer_count)
            text_printf(&text, "%s%s:%d%s", text.length ? " " : "", group->name, group->count, group->is_open ? "*" : "");
    }
    return text.length ? text.bytes : "";
}

/* A copy of a constant with zeros in all slices that go. */
static void zero_constant(struct graph *graph, const struct channels *channels, struct tensor *tensor, const bool removed[])
{
    if (!tensor_is_constant(tensor) || tensor->type != TYPE_FLOAT)
        return;
    int64_t size = shape_size(tensor->shape), inner = size;
    float *values = arena_copy(graph->arena, tensor->data, tensor_bytes(tensor));
    for (int axis = 0; axis < tensor->shape.rank; axis++) {
        inner /= tensor->shape.dim[axis];
        for (int64_t i = 0; i < size; i++) {
            int class = channels_class(channels, tensor, axis, i / inner % tensor->shape.dim[axis]);
            if (class >= 0 && removed[class])
                values[i] = 0;
        }
    }
    tensor->data = values;
}

static void compare_outputs(struct arena *arena, const struct network *network, const struct graph *whole, const struct graph *cut)
{
    const void *input[8];
    for (int i = 0; i < whole->input_count; i++)
        input[i] = node_case_values(arena, whole->input[i], (uint64_t)i);
    const struct values a = interpret(arena, whole, input), b = interpret(arena, cut, input);
    for (int k = 0; k < whole->output_count; k++) {
        const float *want = value_of(&a, whole->output[k]), *got = value_of(&b, cut->output[k]);
        double most = 0, worst = 0;
        for (int64_t i = 0; i < shape_size(whole->output[k]->shape); i++) {
            most = fmax(most, fabs((double)want[i]));
            worst = fmax(worst, fabs((double)want[i] - (double)got[i]));
        }
        CHECK(worst <= 1e-5 * fmax(most, 1), "outputs differ by %.2g of %.2g", worst, most);
    }
}

static struct graph *prepared(struct arena *arena, const struct network *network)
{
    struct graph *graph = graph_from_text(arena, network->text, 5);
    shuffles_gather(graph);
    channels_prepare(graph);
    return graph;
}

static void check_cut(struct arena *arena, const struct network *network, uint64_t seed)
{
    struct graph *whole = prepared(arena, network), *cut = prepared(arena, network);
    struct channels *channels = channels_find(whole), *own = channels_find(cut);
    bool *removed = arena_array(arena, (size_t)channels->class_count + 1, sizeof *removed);
    int going = 0, chosen = channels->class_count ? (int)(seed % (uint64_t)channels->class_count) : 0;
    for (int c = 0; c < channels->class_count; c++)
        removed[c] = random_next(&seed) % 2 || c == chosen;
    channels_keep_one(channels, removed);
    for (int c = 0; c < channels->class_count; c++)
        going += removed[c];
    int64_t left = channels_macs(channels, removed);
    for (int t = 0; t < whole->tensor_count; t++)
        zero_constant(whole, channels, whole->tensor[t], removed);
    graph_cut(cut, own, removed);
    CHECK(going > 0, "nothing goes");
    CHECK(channels_macs(channels_find(cut), NULL) == left, "other work is left than was said");
    compare_outputs(arena, network, whole, cut);
}

static void run(void *data)
{
    struct arena *arena = data;
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++) {
        const struct network *network = &networks[i];
        const char *groups = groups_of(arena, channels_find(prepared(arena, network)));
        CHECK(!strcmp(groups, network->groups), "groups are %s, expected %s", groups, network->groups);
        for (uint64_t seed = 1; seed <= 6; seed++)
            check_cut(arena, network, seed);
    }
    printf("%d failures\n", failures);
}

int main(void)
{
    return run_in_arena(run) || failures;
}
