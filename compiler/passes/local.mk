compiler_libmednnc_a_SOURCES += \
	%D%/band.c \
	%D%/choose_kernels.c \
	%D%/choose_layouts.c \
	%D%/compact_channels.c \
	%D%/edit.c %D%/edit.h \
	%D%/expand_recurrent.c \
	%D%/fold_constants.c \
	%D%/fold_scales.c \
	%D%/fuse.c \
	%D%/infer_shapes.c \
	%D%/partition.c %D%/partition.h %D%/partition_baselines.c \
	%D%/partition_search.c %D%/partition_search.h \
	%D%/partition_state.h %D%/partition_start.c %D%/partition_chain.c %D%/partition_moves.c \
	%D%/passes.h \
	%D%/place_buffers.c \
	%D%/schedule.c \
	%D%/simplify.c %D%/simplify.h \
	%D%/simplify_activations.c \
	%D%/simplify_affine_grid.c \
	%D%/simplify_attention.c \
	%D%/simplify_losses.c \
	%D%/simplify_normalization.c \
	%D%/simplify_types.c \
	%D%/split_pools.c \
	%D%/split_sums.c \
	%D%/upgrade.c \
	%D%/widen.c
EXTRA_DIST += %D%/README.md
