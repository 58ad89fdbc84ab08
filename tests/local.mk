# Long suites: `make check-long` runs them besides `make check`.
CHECK_LONG_TESTS =
UNIT_LIBS = $(MEDNNC_LIBS) $(CUNIT_LIBS)

include tests/unit/local.mk
include tests/laws/local.mk
include tests/golden/local.mk
include tests/devices/local.mk
include tests/models/local.mk
include tests/negative/local.mk
include tests/conformance/local.mk
include tests/opset24/local.mk
include tests/values/local.mk

.PHONY: check-long
check-long: check
	MEDNN_LONG=1 $(MAKE) check TESTS='$(CHECK_LONG_TESTS)'
EXTRA_DIST += $(CHECK_LONG_TESTS)
