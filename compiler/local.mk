# The compiler without main(), so that the unit tests link it too.
noinst_LIBRARIES += %D%/libmednnc.a
%C%_libmednnc_a_SOURCES = %D%/inspect.c %D%/inspect.h %D%/list_operators.c %D%/list_operators.h \
	%D%/measure.c %D%/measure.h %D%/pipeline.c %D%/pipeline.h %D%/options.c %D%/options.h
nodist_%C%_libmednnc_a_SOURCES =

include compiler/support/local.mk
include compiler/ir/local.mk
include compiler/operators/local.mk
include compiler/prune/local.mk
include compiler/frontend/local.mk
include compiler/passes/local.mk
include compiler/kernels/local.mk
include compiler/plan/local.mk
include compiler/backend/local.mk

bin_PROGRAMS += mednnc
mednnc_SOURCES = %D%/main.c
mednnc_LDADD = $(MEDNNC_LIBS)
MEDNNC_LIBS = %D%/libmednnc.a $(PROTOBUF_C_LIBS) $(LIBXML_LIBS) $(SODIUM_LIBS) $(OPENBLAS_LIBS) -lpthread -lm

EXTRA_DIST += %D%/README.md %D%/frontend/onnx.proto
include compiler/probe/local.mk
