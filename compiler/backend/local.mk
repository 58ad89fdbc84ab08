compiler_libmednnc_a_SOURCES += \
	%D%/cluster_file.c %D%/cluster_file.h \
	%D%/device_file.c \
	%D%/device_source.h \
	%D%/embed.h \
	%D%/emit.c %D%/emit.h \
	%D%/names.c %D%/names.h \
	%D%/report.c %D%/report.h \
	%D%/source.c %D%/source.h \
	%D%/template.c %D%/template.h \
	%D%/transfers.c \
	%D%/weights.c %D%/weights.h
nodist_compiler_libmednnc_a_SOURCES += %D%/runtime_files.c %D%/template_files.c
CLEANFILES += %D%/runtime_files.c %D%/template_files.c
EXTRA_DIST += %D%/embed.sh

# The file names come from the variables that templates/local.mk and runtime/local.mk set.
%D%/runtime_files.c: $(RUNTIME_FILES) %D%/embed.sh
	@$(MKDIR_P) %D%
	$(AM_V_GEN)cd $(srcdir) && $(SHELL) %D%/embed.sh runtime_files $(RUNTIME_FILES) > $(abs_builddir)/$@.tmp && mv $(abs_builddir)/$@.tmp $(abs_builddir)/$@
%D%/template_files.c: $(TEMPLATE_FILES) %D%/embed.sh
	@$(MKDIR_P) %D%
	$(AM_V_GEN)cd $(srcdir) && $(SHELL) %D%/embed.sh template_files $(TEMPLATE_FILES) > $(abs_builddir)/$@.tmp && mv $(abs_builddir)/$@.tmp $(abs_builddir)/$@
