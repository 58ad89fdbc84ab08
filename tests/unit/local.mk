if HAVE_CUNIT
check_PROGRAMS += test_region
TESTS += test_region
test_region_SOURCES = %D%/test_region.c
test_region_CFLAGS = $(AM_CFLAGS) $(CUNIT_CFLAGS)
test_region_LDADD = $(UNIT_LIBS)
endif
