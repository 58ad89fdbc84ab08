# What a compiled model carries along in DIR/runtime: installed as source, and embedded in the compiler
# (compiler/backend/local.mk).
RUNTIME_FILES = \
	%D%/mednn_runtime.h \
	%D%/session.c %D%/session.h \
	%D%/weights.c \
	%D%/pool.c %D%/pool.h \
	%D%/turns.c %D%/turns.h \
	%D%/profile.c %D%/profile.h %D%/peak.h \
	%D%/pages.c \
	%D%/slow.c %D%/slow.h %D%/trace.c %D%/trace.h \
	%D%/transport.h %D%/transport_tcp.c %D%/tcp.h %D%/tcp_frames.c %D%/tcp_carrier.c \
	%D%/handshake.c %D%/handshake.h \
	%D%/npy.c %D%/npy.h %D%/tensor_proto.c \
	%D%/cluster_file.c %D%/cluster_file.h \
	%D%/arguments.c %D%/arguments.h %D%/lanes.c %D%/lanes.h %D%/main.c
runtimedir = $(pkgdatadir)/runtime
dist_runtime_DATA = $(RUNTIME_FILES)

bin_PROGRAMS += mednn-run
mednn_run_SOURCES = %D%/mednn_run.c %D%/mednn_run.h %D%/watch_devices.c %D%/cluster_file.c %D%/cluster_file.h %D%/mednn_runtime.h

EXTRA_DIST += %D%/README.md
