# What must hold for every operator, and whole graphs against stored results.
LAW_SOURCES = %D%/interpret.c %D%/interpret.h

check_PROGRAMS += test_onnx_nodes test_models
TESTS += test_onnx_nodes test_models
test_onnx_nodes_SOURCES = %D%/test_onnx_nodes.c $(LAW_SOURCES)
test_onnx_nodes_LDADD = $(MEDNNC_LIBS)
test_models_SOURCES = %D%/test_models.c $(LAW_SOURCES)
test_models_LDADD = $(MEDNNC_LIBS)
