/* cases_images.c -- resampling of pictures, and signals. */
/* SPDX-License-Identifier: MIT */
#include "node_lists.h"

const char *const images_cases[] = {
    /* grid_sample.c */
    "GridSample 2x3x5x4 2x3x7x2",
    "GridSample 1x20x5x4 1x6x3x2 padding_mode=border align_corners=1",
    "GridSample 1x2x5x4 1x6x3x2 padding_mode=reflection mode=cubic",
    "GridSample 1x2x5x4 1x6x3x2 padding_mode=reflection mode=nearest",
    "GridSample 1x2x3x5x4 1x2x6x3x3 mode=linear padding_mode=reflection align_corners=1",
    /* roi_align.c signal.c */
    "RoiAlign 5x3x9x8 3x4+ =int64:3 output_height=3 output_width=2 spatial_scale=2.5",
    "RoiAlign 5x3x9x8 3x4+ =int64:3 output_height=2 output_width=2 mode=max sampling_ratio=2 "
    "coordinate_transformation_mode=output_half_pixel",
    "BlackmanWindow =int64:1 periodic=0",
    "DFT 2x9x1 onesided=1",
    "DFT 2x8x3x2 - @1",
    "DFT 2x8x2 @11 inverse=1",
    "HammingWindow =int64:1",
    "HannWindow =int64:1",
    /* resize.c */
    "Resize 1x20x5x4 - #1.0,1.0,2.0,2.0 coordinate_transformation_mode=asymmetric nearest_mode=floor",
    "Resize 1x20x5x4 - - @1,20,7,9 mode=linear",
    "Resize 1x3x5x4 - - @1,3,11,3 mode=cubic",
    "Resize 2x3x5x4 - - @3,4,7,3 mode=linear coordinate_transformation_mode=align_corners",
    "Resize 1x20x9x8 - - @4,5 axes=[2,3] mode=linear antialias=1",
    "Resize 1x2x9x8 - #0.4,0.6 axes=[3,2] mode=cubic antialias=1 exclude_outside=1",
    "Resize 1x20x4x4 #0.2,0.1,0.7,1.4 - @5,6 axes=[2,3] mode=linear "
    "coordinate_transformation_mode=tf_crop_and_resize extrapolation_value=9.5",
    "Resize 2x5 #-0.1,1.2 - @7 axes=[1] coordinate_transformation_mode=tf_crop_and_resize",
    "Resize 7 - #0.5, axes=[0] nearest_mode=ceil coordinate_transformation_mode=half_pixel_symmetric",
    "Resize 1x1x2x4 - #1.0,1.0,0.6,0.6 mode=linear coordinate_transformation_mode=align_corners",
    "Resize 3x7 - - @9,9 axes=[0,1] keep_aspect_ratio_policy=not_larger nearest_mode=round_prefer_ceil",
    "Resize 2x17x13 - - @5 axes=[2] mode=linear coordinate_transformation_mode=pytorch_half_pixel",
    NULL,
};
