# Devices as processes: the runtime without generated code, and the programs that carry it.
check_LIBRARIES += %D%/libruntime.a
%C%_libruntime_a_CPPFLAGS = -I$(srcdir)/runtime
%C%_libruntime_a_SOURCES = \
	%D%/cluster.c %D%/cluster.h \
	runtime/session.c runtime/transport_tcp.c runtime/handshake.c \
	runtime/npy.c runtime/tensor_proto.c runtime/cluster_file.c

check_PROGRAMS += %D%/test_exchange %D%/test_refusal
%C%_test_exchange_CPPFLAGS = -I$(srcdir)/runtime
%C%_test_exchange_LDADD = %D%/libruntime.a
%C%_test_refusal_CPPFLAGS = -I$(srcdir)/runtime
%C%_test_refusal_LDADD = %D%/libruntime.a
TESTS += %D%/test_exchange %D%/test_refusal %D%/test_mednn_run.sh %D%/test_runtime_source.sh
LONG_TESTS += %D%/test_exchange_long.sh

if HAVE_CUNIT
check_PROGRAMS += tests/unit/test_npy tests/unit/test_cluster_file
tests_unit_test_npy_CPPFLAGS = -I$(srcdir)/runtime
tests_unit_test_npy_CFLAGS = $(AM_CFLAGS) $(CUNIT_CFLAGS)
tests_unit_test_npy_LDADD = %D%/libruntime.a $(CUNIT_LIBS)
tests_unit_test_cluster_file_CPPFLAGS = -I$(srcdir)/runtime
tests_unit_test_cluster_file_CFLAGS = $(AM_CFLAGS) $(CUNIT_CFLAGS)
tests_unit_test_cluster_file_LDADD = %D%/libruntime.a $(CUNIT_LIBS)
TESTS += tests/unit/test_npy tests/unit/test_cluster_file
endif

EXTRA_DIST += %D%/README.md %D%/test_mednn_run.sh %D%/test_runtime_source.sh %D%/test_exchange_long.sh \
	%D%/pair.c %D%/make_npy.sh
