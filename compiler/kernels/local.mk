compiler_libmednnc_a_SOURCES += \
	%D%/attention.c \
	%D%/batch_normalization.c \
	%D%/col2im.c \
	%D%/conv_depthwise.c \
	%D%/conv_direct.c \
	%D%/conv_grouped.c \
	%D%/conv_transpose.c \
	%D%/conv_window.c \
	%D%/conv_window.h \
	%D%/conv_winograd.c \
	%D%/copy.c \
	%D%/deform_conv.c \
	%D%/det.c \
	%D%/dft.c \
	%D%/einsum.c \
	%D%/element.c \
	%D%/element.h \
	%D%/elementwise.c \
	%D%/elementwise_blocked.c \
	%D%/found.c \
	%D%/gemm.c \
	%D%/grid_sample.c \
	%D%/indexed.c \
	%D%/interpolate.c \
	%D%/integer.c \
	%D%/kernel.c \
	%D%/kernel.h \
	%D%/layer.c \
	%D%/layer.h \
	%D%/layout.c \
	%D%/lines.c \
	%D%/loss.c \
	%D%/lrn.c \
	%D%/matmul.c \
	%D%/move.c \
	%D%/non_max_suppression.c \
	%D%/normalize.c \
	%D%/placed.c \
	%D%/pool.c \
	%D%/quantize.c \
	%D%/recurrent.c \
	%D%/reduce.c \
	%D%/resize.c \
	%D%/max_roi_pool.c \
	%D%/roi_align.c \
	%D%/rotary.c \
	%D%/settle.c \
	%D%/softmax.c \
	%D%/split.c \
	%D%/tensor_scatter.c \
	%D%/tf_idf.c \
	%D%/tuning.c %D%/tuning.h \
	%D%/unique.c \
	%D%/unpool.c

EXTRA_DIST += %D%/README.md
