# Carried into generated files: embedded in mednnc, and installed to be read.
TEMPLATE_FILES = \
	%D%/activation.h \
	%D%/conv_depthwise.h \
	%D%/conv_direct.h \
	%D%/device.c.in \
	%D%/devices.mk.in \
	%D%/float_mode.h \
	%D%/mednn_model.h.in \
	%D%/region.h \
	%D%/report.html.in \
	%D%/tile.h \
	%D%/view.h
templatesdir = $(pkgdatadir)/templates
dist_templates_DATA = $(TEMPLATE_FILES)

# The same files as a table of strings in the compiler (compiler/backend/embed.h).
nodist_compiler_libmednnc_a_SOURCES += %D%/template_files.c
CLEANFILES += %D%/template_files.c
%D%/template_files.c: $(TEMPLATE_FILES) compiler/backend/embed.sh
	$(AM_V_GEN)$(MKDIR_P) %D% && (cd $(srcdir) && compiler/backend/embed.sh template_files $(TEMPLATE_FILES)) > $@.tmp && mv $@.tmp $@
