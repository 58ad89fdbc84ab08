compiler_libmednnc_a_SOURCES += \
	%D%/batch_normalization.c \
	%D%/binary.c \
	%D%/cast.c \
	%D%/compress.c \
	%D%/concat.c \
	%D%/cumulate.c \
	%D%/conv.c %D%/conv.h \
	%D%/depth_to_space.c \
	%D%/element.c \
	%D%/elementwise.c \
	%D%/expand.c \
	%D%/gather.c \
	%D%/gather_elements.c \
	%D%/gemm.c \
	%D%/indexed.c %D%/indexed.h \
	%D%/matmul.c \
	%D%/max_unpool.c \
	%D%/one_hot.c \
	%D%/op.c %D%/op.h \
	%D%/pad.c \
	%D%/pool.c \
	%D%/range.c \
	%D%/reduce.c \
	%D%/reshape.c \
	%D%/resize.c \
	%D%/resize.h \
	%D%/reverse_sequence.c \
	%D%/select.c \
	%D%/rows.h \
	%D%/scatter.c \
	%D%/shape_of.c \
	%D%/slice.c \
	%D%/softmax.c \
	%D%/split.c \
	%D%/transpose.c \
	%D%/unary.c

EXTRA_DIST += %D%/README.md
