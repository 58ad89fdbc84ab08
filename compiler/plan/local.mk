compiler_libmednnc_a_SOURCES += \
	%D%/phases.c %D%/phases.h \
	%D%/plan.c %D%/plan.h \
	%D%/program.c %D%/program.h
EXTRA_DIST += %D%/README.md
