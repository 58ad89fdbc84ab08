/* signal.h -- the attributes of DFT and STFT, read once and checked. */
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

enum { STFT_WINDOW = 2 };

struct stft {
    int64_t step, length, frames; /* from one frame to the next; of a frame; how many there are */
    bool complex;                 /* input */
    bool onesided;
};
struct stft stft_of(const struct node *node);

#endif
