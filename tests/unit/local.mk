if HAVE_CUNIT
check_PROGRAMS += test_region test_partition test_search test_choice
TESTS += test_region test_partition test_search test_choice
test_choice_SOURCES = %D%/test_choice.c
test_choice_CFLAGS = $(AM_CFLAGS) $(CUNIT_CFLAGS)
test_choice_LDADD = $(UNIT_LIBS)
test_search_SOURCES = %D%/test_search.c
test_search_CFLAGS = $(AM_CFLAGS) $(CUNIT_CFLAGS)
test_search_LDADD = $(UNIT_LIBS)
test_partition_SOURCES = %D%/test_partition.c
test_partition_CFLAGS = $(AM_CFLAGS) $(CUNIT_CFLAGS)
test_partition_LDADD = $(UNIT_LIBS)
test_region_SOURCES = %D%/test_region.c
test_region_CFLAGS = $(AM_CFLAGS) $(CUNIT_CFLAGS)
test_region_LDADD = $(UNIT_LIBS)
endif

if HAVE_CUNIT
check_PROGRAMS += test_npy test_cluster_file test_pages test_pool test_double_text
TESTS += test_npy test_cluster_file test_pages test_pool test_double_text
test_double_text_SOURCES = %D%/test_double_text.c
test_double_text_CFLAGS = $(AM_CFLAGS) $(CUNIT_CFLAGS)
test_double_text_LDADD = $(UNIT_LIBS)
test_pages_SOURCES = %D%/test_pages.c
test_pages_CPPFLAGS = -I$(srcdir)/runtime
test_pages_CFLAGS = $(AM_CFLAGS) $(CUNIT_CFLAGS)
test_pages_LDADD = tests/devices/libruntime.a $(CUNIT_LIBS)
test_pool_SOURCES = %D%/test_pool.c
test_pool_CPPFLAGS = -I$(srcdir)/runtime
test_pool_CFLAGS = $(AM_CFLAGS) $(CUNIT_CFLAGS)
test_pool_LDADD = tests/devices/libruntime.a $(CUNIT_LIBS)
test_npy_SOURCES = %D%/test_npy.c
test_npy_CPPFLAGS = -I$(srcdir)/runtime
test_npy_CFLAGS = $(AM_CFLAGS) $(CUNIT_CFLAGS)
test_npy_LDADD = tests/devices/libruntime.a $(CUNIT_LIBS)
test_cluster_file_SOURCES = %D%/test_cluster_file.c
test_cluster_file_CPPFLAGS = -I$(srcdir)/runtime
test_cluster_file_CFLAGS = $(AM_CFLAGS) $(CUNIT_CFLAGS)
test_cluster_file_LDADD = tests/devices/libruntime.a $(CUNIT_LIBS)
endif

if HAVE_CUNIT
check_PROGRAMS += test_frontend test_import
TESTS += test_frontend test_import
test_import_SOURCES = %D%/test_import.c
test_import_CFLAGS = $(AM_CFLAGS) $(CUNIT_CFLAGS)
test_import_LDADD = $(UNIT_LIBS)
test_frontend_SOURCES = %D%/test_frontend.c
test_frontend_CFLAGS = $(AM_CFLAGS) $(CUNIT_CFLAGS)
test_frontend_LDADD = $(UNIT_LIBS)
endif

check_PROGRAMS += test_functions test_element_templates
TESTS += test_functions test_element_templates
test_functions_SOURCES = %D%/test_functions.c %D%/templates.h
test_functions_CFLAGS = $(AM_CFLAGS) -ffp-contract=off
test_functions_LDADD = -lm
test_element_templates_SOURCES = %D%/test_element_templates.c %D%/templates.h
test_element_templates_CFLAGS = $(AM_CFLAGS) -ffp-contract=off
test_element_templates_LDADD = -lm

TEMPLATE_TESTS = test_region_template test_conv_templates test_gemm_templates test_pool_template \
	test_winograd_template
check_PROGRAMS += $(TEMPLATE_TESTS)
TESTS += $(TEMPLATE_TESTS) %D%/test_float_mode.sh %D%/test_spills.sh
CHECK_ONCE_TESTS += %D%/test_float_mode.sh %D%/test_spills.sh
CHECK_LONG_TESTS += %D%/test_templates.sh
EXTRA_DIST += %D%/test_float_mode.sh %D%/float_mode.c %D%/test_spills.sh %D%/spills.c
TEMPLATE_CFLAGS = $(AM_CFLAGS) -std=c11 -ffp-contract=off
test_region_template_SOURCES = %D%/test_region_template.c %D%/templates.h
test_region_template_CFLAGS = $(TEMPLATE_CFLAGS)
test_conv_templates_SOURCES = %D%/test_conv_templates.c %D%/templates.h
test_conv_templates_CFLAGS = $(TEMPLATE_CFLAGS) -O1
test_conv_templates_LDADD = -lm
test_gemm_templates_SOURCES = %D%/test_gemm_templates.c %D%/templates.h
test_gemm_templates_CFLAGS = $(TEMPLATE_CFLAGS) -O1
test_gemm_templates_LDADD = -lm
test_pool_template_SOURCES = %D%/test_pool_template.c %D%/templates.h
test_pool_template_CFLAGS = $(TEMPLATE_CFLAGS)
test_pool_template_LDADD = -lm
test_winograd_template_SOURCES = %D%/test_winograd_template.c %D%/templates.h
test_winograd_template_CFLAGS = $(TEMPLATE_CFLAGS) -O1
test_winograd_template_LDADD = -lm
