compiler_libmednnc_a_SOURCES += \
	%D%/conv_depthwise.c \
	%D%/conv_direct.c \
	%D%/conv_grouped.c \
	%D%/conv_window.c %D%/conv_window.h \
	%D%/conv_winograd.c \
	%D%/copy.c \
	%D%/element.c %D%/element.h \
	%D%/elementwise.c \
	%D%/elementwise_blocked.c \
	%D%/gemm.c \
	%D%/kernel.c %D%/kernel.h \
	%D%/layer.c %D%/layer.h \
	%D%/layout.c \
	%D%/matmul.c \
	%D%/move.c \
	%D%/pool.c \
	%D%/reduce.c \
	%D%/softmax.c
