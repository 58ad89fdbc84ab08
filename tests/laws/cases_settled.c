/* cases_settled.c -- our own operators for shapes and counts that are settled at run time. */
/* SPDX-License-Identifier: MIT */
#include "node_lists.h"

const char *const settled_cases[] = {
    "mednn.Holds int64:2 kind=equal expected=[1,2]",
    "mednn.Holds float64:1 kind=equal expected=[1]",
    "mednn.Holds int32:1 kind=at_most expected=[2]",
    "mednn.Holds int64:2 kind=reshape expected=[2,6] from=[3,4]",
    "mednn.Holds =int64:2 kind=reshape_zero expected=[2,6] from=[3,4]",
    "mednn.Holds int64:1 kind=expand expected=[2,3] from=[2,1]",
    "mednn.Holds int64:1 kind=squeeze expected=[2,1,1,1] from=[2,1,1,1,1]",
    "mednn.Holds int64:2 kind=axes expected=[1,2] from=[5]",
    "mednn.Holds int64:scalar int64:scalar int64:scalar kind=range expected=[2]",
    "mednn.Holds scalar scalar scalar kind=range expected=[0]",
    "mednn.Require =bool:1+",
    "mednn.Require =bool:1+ bool:scalar",
    "mednn.SliceIndices /2 int64:2 int64:2 axis=1 rank=2 size=9 count=2",
    "mednn.SliceIndices /2 int32:2 int32:2 @0,1 int32:2 axis=1 rank=2 size=9 count=1",
    "mednn.PadIndices /2 int64:4 axis=0 rank=2 size=5 count=8 mode=1",
    "mednn.PadIndices /2 int64:2 @-1 axis=1 rank=2 size=6 count=9 mode=3",
    "mednn.NonZero /2 int8:2x5 capacity=12",
    "mednn.NonZero /2 3x4 capacity=7",
    "mednn.Compress /2 3x4x2 bool:4 axis=1 capacity=3",
    "mednn.Compress /2 int16:3x4 bool:9 capacity=7",
    NULL,
};
