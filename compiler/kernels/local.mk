compiler_libmednnc_a_SOURCES += \
	%D%/conv_depthwise.c \
	%D%/conv_direct.c \
	%D%/conv_window.c %D%/conv_window.h \
	%D%/gemm.c \
	%D%/kernel.c %D%/kernel.h \
	%D%/layer.c %D%/layer.h \
	%D%/move.c \
	%D%/pool.c
