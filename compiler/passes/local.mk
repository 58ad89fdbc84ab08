compiler_libmednnc_a_SOURCES += \
	%D%/choose_kernels.c \
	%D%/choose_layouts.c \
	%D%/partition.c \
	%D%/passes.h \
	%D%/place_buffers.c \
	%D%/schedule.c
EXTRA_DIST += %D%/README.md
