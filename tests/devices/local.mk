# Devices as processes: the runtime without generated code, and the programs that carry it.
check_LIBRARIES += %D%/libruntime.a
%C%_libruntime_a_CPPFLAGS = -I$(srcdir)/runtime
%C%_libruntime_a_SOURCES = \
	%D%/cluster.c %D%/cluster.h \
	runtime/session.c runtime/weights.c runtime/pages.c runtime/transport_tcp.c runtime/tcp_frames.c runtime/tcp_carrier.c runtime/slow.c runtime/trace.c runtime/profile.c runtime/pool.c runtime/turns.c \
	runtime/handshake.c \
	runtime/npy.c runtime/tensor_proto.c runtime/cluster_file.c

check_PROGRAMS += %D%/test_exchange %D%/test_refusal
%C%_test_exchange_CPPFLAGS = -I$(srcdir)/runtime
%C%_test_exchange_LDADD = %D%/libruntime.a
%C%_test_refusal_CPPFLAGS = -I$(srcdir)/runtime
%C%_test_refusal_LDADD = %D%/libruntime.a

# Generated code, linked with a transport of the test's own.
check_PROGRAMS += test_arrivals
LONGEST_TESTS += test_arrivals %D%/test_overlap.sh
test_arrivals_CPPFLAGS = -I$(srcdir)/runtime $(AM_CPPFLAGS)
test_arrivals_SOURCES = %D%/test_arrivals.c $(LAW_SOURCES) $(PROGRAM_SOURCES)
test_arrivals_LDADD = $(MEDNNC_LIBS)
EXTRA_DIST += %D%/arrivals.c %D%/arrivals.h

TESTS += %D%/test_exchange %D%/test_refusal %D%/test_mednn_run.sh %D%/test_mednn_tune.sh %D%/test_runtime_source.sh %D%/test_planner.sh %D%/test_profile.sh
CHECK_ONCE_TESTS += %D%/test_runtime_source.sh
CHECK_LONG_TESTS += %D%/test_arrivals_long.sh %D%/test_exchange_long.sh
EXTRA_DIST += %D%/README.md %D%/test_mednn_run.sh %D%/test_mednn_tune.sh %D%/test_runtime_source.sh %D%/test_overlap.sh %D%/test_planner.sh %D%/test_profile.sh %D%/pair.c %D%/make_npy.sh
