/* report_page.h -- the two forms of the report: report.xml, and report.html for people, one self-contained file. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_REPORT_PAGE_H
#define MEDNN_REPORT_PAGE_H

#include "report.h"

/* As report.h says. */
void report_xml(struct text *file, const struct report *report);

/* templates/report.html.in, filled. Only names that went through text_escape() reach the page. */
void report_page(struct text *page, const struct report *report);

/* One layer's output as an SVG picture: the boxes that each device computes, over the two axes that show the cut. */
void report_picture(struct text *page, const struct plan *plan, const struct report_layer *layer);

/* What was foretold: rows of the plans compared and of the devices' times, and the time line as an SVG picture. */
const char *report_alternatives(struct arena *arena, const struct plan *plan);
const char *report_times(struct arena *arena, const struct plan *plan);
const char *report_time_line(struct arena *arena, const struct plan *plan);
/* Has the device no work, and why; "" where it has some. */
bool report_is_idle(const struct plan *plan, int device);
const char *report_reason(struct arena *arena, const struct plan *plan, int device);

/* Layers that several kernels can compute, a row each: the one that was taken, the others, and what they take. */
const char *report_kernels(struct arena *arena, const struct report *report);

/* Layers that lost channels or were fitted anew, a row each, "" when there are none; and rows of what that did to the whole. */
const char *report_changes(struct arena *arena, const struct report *report);
const char *report_change_totals(struct arena *arena, const struct report *report);

/* The class that gives a device its colour. */
int report_colour(int device);

#endif
