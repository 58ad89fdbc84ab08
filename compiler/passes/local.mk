compiler_libmednnc_a_SOURCES += \
	%D%/choose_kernels.c \
	%D%/choose_layouts.c \
	%D%/edit.c %D%/edit.h \
	%D%/fold_constants.c \
	%D%/fuse.c \
	%D%/infer_shapes.c \
	%D%/partition.c %D%/partition.h %D%/partition_baselines.c \
	%D%/partition_search.c %D%/partition_search.h \
	%D%/passes.h \
	%D%/place_buffers.c \
	%D%/schedule.c \
	%D%/simplify.c %D%/simplify.h \
	%D%/simplify_activations.c \
	%D%/upgrade.c
EXTRA_DIST += %D%/README.md
