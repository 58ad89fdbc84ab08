compiler_libmednnc_a_SOURCES += \
	%D%/arena.c %D%/arena.h \
	%D%/fail.c %D%/fail.h \
	%D%/file.c %D%/file.h \
	%D%/name_map.c %D%/name_map.h \
	%D%/text.c %D%/text.h
EXTRA_DIST += %D%/README.md
