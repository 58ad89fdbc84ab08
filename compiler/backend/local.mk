compiler_libmednnc_a_SOURCES += \
	%D%/cluster_file.c %D%/cluster_file.h \
	%D%/device_file.c \
	%D%/device_source.h \
	%D%/embed.h \
	%D%/emit.c %D%/emit.h \
	%D%/names.c %D%/names.h \
	%D%/report.c %D%/report.h %D%/report_page.c %D%/report_page.h %D%/report_picture.c \
	%D%/source.c %D%/source.h \
	%D%/template.c %D%/template.h \
	%D%/transfers.c \
	%D%/weights.c %D%/weights.h
EXTRA_DIST += %D%/README.md
