# ONNX's backend suite through the whole product.
check_PROGRAMS += judge
judge_SOURCES = %D%/judge.c tests/laws/interpret.c tests/laws/interpret.h \
	runtime/npy.c runtime/npy.h runtime/tensor_proto.c
judge_CPPFLAGS = -I$(srcdir)/runtime $(AM_CPPFLAGS)
judge_LDADD = $(MEDNNC_LIBS)

TESTS += %D%/run.sh %D%/tally.sh
CHECK_ONCE_TESTS += %D%/tally.sh
CHECK_LONG_TESTS += %D%/run.sh %D%/three_devices.sh
EXTRA_DIST += %D%/README.md %D%/run.sh %D%/three_devices.sh %D%/one_test.sh %D%/tally.sh %D%/expected.txt %D%/fast.txt
