compiler_libmednnc_a_SOURCES += \
	%D%/batch_normalization.c \
	%D%/binary.c \
	%D%/cast.c \
	%D%/concat.c \
	%D%/conv.c %D%/conv.h \
	%D%/conv_transpose.c \
	%D%/depth_to_space.c \
	%D%/element.c \
	%D%/elementwise.c \
	%D%/expand.c \
	%D%/gather.c \
	%D%/gemm.c \
	%D%/lrn.c \
	%D%/matmul.c \
	%D%/normalize.c \
	%D%/normalize.h \
	%D%/op.c %D%/op.h \
	%D%/pad.c \
	%D%/pool.c \
	%D%/range.c \
	%D%/reduce.c \
	%D%/reshape.c \
	%D%/resize.c \
	%D%/resize.h \
	%D%/rows.h \
	%D%/shape_of.c \
	%D%/slice.c \
	%D%/softmax.c \
	%D%/split.c \
	%D%/transpose.c \
	%D%/unary.c

EXTRA_DIST += %D%/README.md
