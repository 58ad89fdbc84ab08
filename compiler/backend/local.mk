compiler_libmednnc_a_SOURCES += \
	%D%/cluster_file.c %D%/cluster_file.h \
	%D%/device_file.c %D%/device_layers.c \
	%D%/device_source.h \
	%D%/double_text.c %D%/double_text.h \
	%D%/embed.h \
	%D%/emit.c %D%/emit.h \
	%D%/names.c %D%/names.h \
	%D%/place.c %D%/place.h \
	%D%/report.c %D%/report.h %D%/report_changes.c %D%/report_kernels.c \
	%D%/report_page.c %D%/report_page.h %D%/report_picture.c %D%/report_plan.c %D%/report_xml.c \
	%D%/source.c %D%/source.h \
	%D%/template.c %D%/template.h \
	%D%/transfers.c \
	%D%/tuning_file.c %D%/tuning_file.h \
	%D%/weights.c %D%/weights.h \
	%D%/xml_file.c %D%/xml_file.h
EXTRA_DIST += %D%/README.md %D%/embed.sh

# The files of templates/ and runtime/ as tables of strings; the lists are set by their local.mk.
nodist_compiler_libmednnc_a_SOURCES += %D%/runtime_files.c %D%/template_files.c
CLEANFILES += %D%/runtime_files.c %D%/template_files.c
EMBED = mkdir -p %D% && (cd $(srcdir) && $(SHELL) %D%/embed.sh
%D%/runtime_files.c: $(RUNTIME_FILES) runtime/local.mk %D%/embed.sh
	$(AM_V_GEN)$(EMBED) runtime_files $(RUNTIME_FILES)) > $@.tmp && mv $@.tmp $@
%D%/template_files.c: $(TEMPLATE_FILES) %D%/embed.sh
	$(AM_V_GEN)$(EMBED) template_files $(TEMPLATE_FILES)) > $@.tmp && mv $@.tmp $@
