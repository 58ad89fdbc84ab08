compiler_libmednnc_a_SOURCES += \
	%D%/channels.c %D%/channels.h \
	%D%/compact.c %D%/compact.h \
	%D%/cut.c \
	%D%/graph_change.c \
	%D%/prepare.c \
	%D%/shuffles.c %D%/shuffles.h

EXTRA_DIST += %D%/README.md
