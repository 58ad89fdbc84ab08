compiler_libmednnc_a_SOURCES += \
	%D%/graph.c %D%/graph.h %D%/graph_print.c %D%/graph_print.h \
	%D%/number.c %D%/number.h \
	%D%/region.c %D%/region.h \
	%D%/shape.c %D%/shape.h
