compiler_libmednnc_a_SOURCES += \
	%D%/graph.c %D%/graph.h %D%/graph_inline.c %D%/graph_print.c %D%/graph_print.h %D%/graph_verify.c \
	%D%/number.c %D%/number.h \
	%D%/region.c %D%/region.h \
	%D%/shape.c %D%/shape.h \
	%D%/window.h
EXTRA_DIST += %D%/README.md
