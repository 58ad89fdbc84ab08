# Long suites: `make check-long` runs them besides `make check`.
CHECK_LONG_TESTS =
# What `make check` shows under any compiler: tests that take compilers by their names, and that compile what others compile, too.
CHECK_ONCE_TESTS =
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

.PHONY: check-long check-again
# For a second build with another compiler and sanitizers, where `make check` has passed in a first: what these can show. Tests that
# know MEDNN_AGAIN build fewer of the programs that mednnc writes (with sanitizers in it); those have none.
check-again:
	again=; for test in $(TESTS); do \
	  case ' $(CHECK_ONCE_TESTS) ' in *" $$test "*) ;; *) again="$$again $$test" ;; esac; done; \
	MEDNN_AGAIN=1 $(MAKE) check TESTS="$$again"
check-long: check
	MEDNN_LONG=1 $(MAKE) check TESTS='$(CHECK_LONG_TESTS)'
EXTRA_DIST += $(CHECK_LONG_TESTS)
