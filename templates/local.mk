# Carried into generated files: embedded in mednnc, and installed to be read.
TEMPLATE_FILES = \
	%D%/activation.h \
	%D%/conv_depthwise.h \
	%D%/conv_direct.h \
	%D%/conv_grouped.h \
	%D%/conv_winograd.h \
	%D%/copy.h \
	%D%/device.c.in \
	%D%/devices.mk.in \
	%D%/elementwise.h \
	%D%/float_mode.h \
	%D%/functions.h \
	%D%/gemm.h \
	%D%/lanes.h \
	%D%/layout.h \
	%D%/matmul.h \
	%D%/mednn_model.h.in \
	%D%/move.h \
	%D%/pool.h \
	%D%/reduce.h \
	%D%/region.h \
	%D%/report.html.in \
	%D%/scalars.h \
	%D%/softmax.h \
	%D%/tile.h \
	%D%/view.h
templatesdir = $(pkgdatadir)/templates
dist_templates_DATA = $(TEMPLATE_FILES)
