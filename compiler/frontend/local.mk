compiler_libmednnc_a_SOURCES += \
	%D%/external_data.c %D%/external_data.h \
	%D%/export.c %D%/export.h \
	%D%/export_opset.c \
	%D%/import.c %D%/import.h %D%/importer.h \
	%D%/import_attribute.c \
	%D%/import_order.c \
	%D%/import_shape.c \
	%D%/import_tensor.c \
	%D%/wire_check.c %D%/wire_check.h

# The schema becomes C at build time; #include "frontend/onnx.pb-c.h" finds it in the build tree.
ONNX_SCHEMA = $(srcdir)/%D%/onnx.proto
nodist_compiler_libmednnc_a_SOURCES += %D%/onnx.pb-c.c %D%/onnx.pb-c.h
BUILT_SOURCES += %D%/onnx.pb-c.h
CLEANFILES += %D%/onnx.pb-c.c %D%/onnx.pb-c.h

%D%/onnx.pb-c.c: %D%/onnx.proto
	$(AM_V_GEN)$(MKDIR_P) %D% && $(PROTOC_C) --proto_path=$(srcdir)/%D% --c_out=%D% $(ONNX_SCHEMA)
%D%/onnx.pb-c.h: %D%/onnx.pb-c.c
	@test -f $@ || { rm -f $<; $(MAKE) $(AM_MAKEFLAGS) $<; }

EXTRA_DIST += %D%/README.md %D%/onnx.proto
