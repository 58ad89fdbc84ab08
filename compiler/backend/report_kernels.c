/* report_kernels.c -- report.html on the choice of kernels. */
/* SPDX-License-Identifier: MIT */
#include "report_page.h"

#include "../kernels/kernel.h"

static void add_price(struct text *text, const struct kernel_price *price)
{
    text_printf(text, "%s&nbsp;%.4g&nbsp;ms%s", price->kernel->name, 1e3 * price->seconds, price->measured ? ", measured" : "");
}

const char *report_kernels(struct arena *arena, const struct report *report)
{
    const struct graph *graph = report->program->plan->graph;
    struct text text = {.arena = arena};
    text_add(&text, "");
    for (int n = 0; n < graph->node_count; n++) {
        const struct node *node = graph->node[n];
        const struct kernel_choice *choice = node->choice;
        if (!choice || choice->count < 2)
            continue;
        text_printf(&text, "<tr><td class=\"n\">%d</td><td class=\"name\">%s</td><td>", n, text_escape(arena, node->name));
        for (int i = 0; i < choice->count; i++)
            if (choice->price[i].kernel == node->kernel)
                add_price(&text, &choice->price[i]);
        text_add(&text, "</td><td>");
        const char *between = "";
        for (int i = 0; i < choice->count; i++)
            if (choice->price[i].kernel != node->kernel) {
                text_add(&text, between);
                add_price(&text, &choice->price[i]);
                between = "; ";
            }
        text_add(&text, "</td></tr>\n");
    }
    return text.bytes;
}
