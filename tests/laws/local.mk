# What must hold for every operator, and whole graphs against stored results.
LAW_SOURCES = %D%/interpret.c %D%/interpret.h %D%/node_cases.c %D%/node_cases.h %D%/node_lists.h \
	%D%/cases_attention.c %D%/cases_doubles.c %D%/cases_elementwise.c %D%/cases_images.c %D%/cases_layers.c %D%/cases_movement.c \
	%D%/cases_quantized.c %D%/cases_reductions.c %D%/cases_settled.c

check_PROGRAMS += test_compact test_couple test_cut test_export test_laws test_models test_onnx_nodes test_passes test_random test_shares
TESTS += test_compact test_couple test_cut test_export test_laws test_models test_onnx_nodes test_passes test_random test_shares
test_compact_SOURCES = %D%/test_compact.c %D%/random_graphs.c %D%/random_graphs.h $(LAW_SOURCES)
test_compact_LDADD = $(MEDNNC_LIBS)
test_couple_SOURCES = %D%/test_couple.c $(LAW_SOURCES)
test_couple_LDADD = $(MEDNNC_LIBS)
test_cut_SOURCES = %D%/test_cut.c $(LAW_SOURCES)
test_cut_LDADD = $(MEDNNC_LIBS)
test_export_SOURCES = %D%/test_export.c %D%/random_graphs.c %D%/random_graphs.h $(LAW_SOURCES)
test_export_LDADD = $(MEDNNC_LIBS)
test_laws_SOURCES = %D%/test_laws.c $(LAW_SOURCES)
test_laws_LDADD = $(MEDNNC_LIBS)
test_models_SOURCES = %D%/test_models.c $(LAW_SOURCES)
test_models_LDADD = $(MEDNNC_LIBS)
test_onnx_nodes_SOURCES = %D%/test_onnx_nodes.c $(LAW_SOURCES)
test_onnx_nodes_LDADD = $(MEDNNC_LIBS)
test_passes_SOURCES = %D%/test_passes.c $(LAW_SOURCES)
test_passes_LDADD = $(MEDNNC_LIBS)
check_PROGRAMS += test_tune
TESTS += test_tune
test_tune_SOURCES = %D%/test_tune.c $(LAW_SOURCES)
test_tune_LDADD = $(MEDNNC_LIBS)

check_PROGRAMS += test_prune
TESTS += test_prune
test_prune_SOURCES = %D%/test_prune.c $(LAW_SOURCES)
test_prune_LDADD = $(MEDNNC_LIBS)
test_random_SOURCES = %D%/test_random.c $(LAW_SOURCES)
test_random_LDADD = $(MEDNNC_LIBS)
test_shares_SOURCES = %D%/test_shares.c $(LAW_SOURCES)
test_shares_LDADD = $(MEDNNC_LIBS)

if HAVE_CUNIT
check_PROGRAMS += test_operators
TESTS += test_operators
test_operators_SOURCES = tests/unit/test_operators.c $(LAW_SOURCES)
test_operators_CFLAGS = $(AM_CFLAGS) $(CUNIT_CFLAGS)
test_operators_LDADD = $(UNIT_LIBS)
endif

EXTRA_DIST += %D%/README.md
CHECK_LONG_TESTS += %D%/test_compact_long.sh

PROGRAM_SOURCES = %D%/programs.c %D%/programs.h runtime/npy.c runtime/npy.h runtime/tensor_proto.c
check_PROGRAMS += test_bands test_emit
LONGEST_TESTS += test_emit test_bands
test_bands_CPPFLAGS = -I$(srcdir)/runtime $(AM_CPPFLAGS)
test_bands_SOURCES = %D%/test_bands.c $(LAW_SOURCES) $(PROGRAM_SOURCES)
test_bands_LDADD = $(MEDNNC_LIBS)
test_emit_CPPFLAGS = -I$(srcdir)/runtime $(AM_CPPFLAGS)
test_emit_SOURCES = %D%/test_emit.c $(LAW_SOURCES) $(PROGRAM_SOURCES)
test_emit_LDADD = $(MEDNNC_LIBS)
