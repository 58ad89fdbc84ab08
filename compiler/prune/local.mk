compiler_libmednnc_a_SOURCES += \
	%D%/channels.c %D%/channels.h \
	%D%/cut.c \
	%D%/prepare.c

EXTRA_DIST += %D%/README.md
