/* report_picture.c -- the partition of one layer as a small picture. */
/* SPDX-License-Identifier: MIT */
#include "report_page.h"

#include <inttypes.h>

enum { PICTURE_SIDE = 96, STRIP_HEIGHT = 20, COLOURS = 8, LABEL_ROOM = 9 };

int report_colour(int device)
{
    return device % COLOURS;
}

/* The axes drawn to the right and downwards; down is -1 for a strip. */
struct frame {
    int right, down;
    double right_scale, down_scale, width, height;
};

static int last_cut_axis(const struct report_layer *layer, int rank)
{
    for (int a = rank - 1; a >= 0; a--)
        if (layer->axis_cut[a])
            return a;
    return rank - 1;
}

static struct frame frame_of(const struct report_layer *layer)
{
    struct shape shape = layer->node->output[0]->shape;
    struct frame frame = {.right = last_cut_axis(layer, shape.rank), .down = -1, .width = PICTURE_SIDE};
    /* Feature maps look like images, unless it is their channels that are cut. */
    bool image = shape.rank == 4 && frame.right >= 2 && shape.dim[2] > 1;
    frame.height = STRIP_HEIGHT;
    if (image) {
        frame.right = 3;
        frame.down = 2;
        double rows = (double)shape.dim[2], columns = (double)shape.dim[3];
        double longest = rows > columns ? rows : columns;
        frame.width = PICTURE_SIDE * columns / longest;
        frame.height = PICTURE_SIDE * rows / longest;
        /* A sliver must stay visible. */
        frame.width = frame.width < 4 ? 4 : frame.width;
        frame.height = frame.height < 4 ? 4 : frame.height;
        frame.down_scale = frame.height / rows;
    }
    frame.right_scale = shape.rank && shape.dim[frame.right] ? frame.width / (double)shape.dim[frame.right] : 0;
    return frame;
}

static void draw_box(struct text *page, const struct frame *frame, struct region box, int device)
{
    double x = 0, y = 0, width = frame->width, height = frame->height;
    if (box.rank) {
        x = (double)box.axis[frame->right].begin * frame->right_scale;
        width = (double)box.axis[frame->right].end * frame->right_scale - x;
    }
    if (frame->down >= 0) {
        y = (double)box.axis[frame->down].begin * frame->down_scale;
        height = (double)box.axis[frame->down].end * frame->down_scale - y;
    }
    text_printf(page, "<g><title>device %d: %s</title>", device, region_string(page->arena, box));
    text_printf(page, "<rect class=\"c%d\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>", report_colour(device),
                x, y, width, height);
    if (width > LABEL_ROOM && height > LABEL_ROOM)
        text_printf(page, "<text x=\"%.1f\" y=\"%.1f\">%d</text>", x + width / 2, y + height / 2, device);
    text_add(page, "</g>");
}

void report_picture(struct text *page, const struct plan *plan, const struct report_layer *layer)
{
    const struct tensor *output = layer->node->output[0];
    struct frame frame = frame_of(layer);
    text_printf(page, "<svg role=\"img\" aria-label=\"who computes which part\" viewBox=\"-1 -1 %.1f %.1f\" width=\"%.0f\" height=\"%.0f\">",
                frame.width + 2, frame.height + 2, frame.width + 2, frame.height + 2);
    for (int d = 0; d < plan->cluster->count; d++) {
        const struct region_list *own = plan_own(plan, output, d);
        for (int i = 0; i < own->count; i++)
            draw_box(page, &frame, own->item[i], d);
    }
    text_add(page, "</svg>");
}
