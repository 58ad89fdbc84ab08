# What a compiled model carries along in DIR/runtime; installed as source, and embedded in the compiler.
RUNTIME_FILES = \
	%D%/mednn_runtime.h \
	%D%/session.c %D%/session.h \
	%D%/transport.h %D%/transport_tcp.c \
	%D%/handshake.c %D%/handshake.h \
	%D%/npy.c %D%/npy.h %D%/tensor_proto.c \
	%D%/cluster_file.c %D%/cluster_file.h \
	%D%/main.c

runtimedir = $(pkgdatadir)/runtime
dist_runtime_DATA = $(RUNTIME_FILES)

# The same files as a table of strings in the compiler (compiler/backend/embed.h).
nodist_compiler_libmednnc_a_SOURCES += %D%/runtime_files.c
CLEANFILES += %D%/runtime_files.c
EXTRA_DIST += compiler/backend/embed.sh compiler/backend/embed.h %D%/README.md
%D%/runtime_files.c: $(RUNTIME_FILES) compiler/backend/embed.sh
	$(AM_V_GEN)$(MKDIR_P) %D% && (cd $(srcdir) && compiler/backend/embed.sh runtime_files $(RUNTIME_FILES)) > $@.tmp && mv $@.tmp $@
