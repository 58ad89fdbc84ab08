/* signal.h -- the attributes of DFT, read once and checked. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_SIGNAL_H
#define MEDNN_SIGNAL_H

#include "../ir/graph.h"

struct dft {
    int axis;
    int64_t length; /* the input is cut or filled with zeros to this */
    bool complex;   /* input */
    bool inverse, onesided;
};
struct dft dft_of(const struct node *node);

#endif
