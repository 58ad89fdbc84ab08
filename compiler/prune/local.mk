compiler_libmednnc_a_SOURCES += \
	%D%/channels.h

EXTRA_DIST += %D%/README.md
