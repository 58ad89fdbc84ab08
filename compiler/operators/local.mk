compiler_libmednnc_a_SOURCES += \
	%D%/batch_normalization.c \
	%D%/binary.c \
	%D%/cast.c \
	%D%/concat.c \
	%D%/conv.c %D%/conv.h \
	%D%/conv_transpose.c \
	%D%/cumulate.c \
	%D%/depth_to_space.c \
	%D%/einsum.c %D%/einsum.h \
	%D%/element.c \
	%D%/elementwise.c \
	%D%/expand.c \
	%D%/gather.c \
	%D%/gather_elements.c \
	%D%/gemm.c \
	%D%/grid_sample.c %D%/grid_sample.h \
	%D%/indexed.c %D%/indexed.h \
	%D%/lrn.c \
	%D%/matmul.c \
	%D%/max_unpool.c \
	%D%/normalize.c %D%/normalize.h \
	%D%/one_hot.c \
	%D%/op.c %D%/op.h \
	%D%/pad.c \
	%D%/pool.c \
	%D%/range.c \
	%D%/recurrent.c %D%/recurrent.h \
	%D%/reduce.c \
	%D%/reshape.c \
	%D%/resize.c %D%/resize.h \
	%D%/reverse_sequence.c \
	%D%/roi_align.c \
	%D%/rows.h \
	%D%/scatter.c \
	%D%/select.c \
	%D%/shape_of.c \
	%D%/signal.c %D%/signal.h \
	%D%/slice.c \
	%D%/softmax.c \
	%D%/split.c \
	%D%/transpose.c \
	%D%/unary.c

EXTRA_DIST += %D%/README.md
