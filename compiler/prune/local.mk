compiler_libmednnc_a_SOURCES += \
	%D%/backward.c %D%/backward.h %D%/backward_inner.h \
	%D%/backward_conv.c \
	%D%/backward_elementwise.c \
	%D%/backward_product.c \
	%D%/backward_simple.c \
	%D%/budget.c %D%/budget.h \
	%D%/calibration.c %D%/calibration.h \
	%D%/calibration_copies.c \
	%D%/channels.c %D%/channels.h \
	%D%/compact.c %D%/compact.h \
	%D%/curves.c %D%/curves.h \
	%D%/cut.c \
	%D%/forward.c %D%/forward.h %D%/forward_inner.h \
	%D%/forward_conv.c %D%/forward_conv.h \
	%D%/forward_conv_transpose.c \
	%D%/forward_product.c \
	%D%/forward_simple.c \
	%D%/forward_winograd.c \
	%D%/goals.c %D%/goals.h \
	%D%/graph_change.c \
	%D%/guard.c %D%/guard.h \
	%D%/layers.c %D%/layers.h \
	%D%/matrix.c %D%/matrix.h \
	%D%/parallel.c %D%/parallel.h \
	%D%/prepare.c \
	%D%/probe.c %D%/probe.h \
	%D%/prospect.c %D%/prospect.h \
	%D%/prune.c %D%/prune.h \
	%D%/prune_print.c \
	%D%/readers.c %D%/readers.h \
	%D%/repair.c %D%/repair.h \
	%D%/replay.c %D%/replay.h \
	%D%/shuffles.c %D%/shuffles.h \
	%D%/tape.c %D%/tape.h \
	%D%/tune.c %D%/tune.h \
	%D%/variety.c %D%/variety.h

# The readers of .npy files are the runtime's.
compiler_libmednnc_a_SOURCES += runtime/npy.c runtime/npy.h runtime/tensor_proto.c

EXTRA_DIST += %D%/README.md
