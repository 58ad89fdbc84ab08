compiler_libmednnc_a_SOURCES += \
	%D%/bands.c %D%/bands.h \
	%D%/build.c %D%/cluster.h \
	%D%/cost.c %D%/cost.h \
	%D%/divide.c %D%/divide.h \
	%D%/forecast.h \
	%D%/phases.c %D%/phases.h \
	%D%/plan.c %D%/plan.h \
	%D%/rates.c %D%/rates.h \
	%D%/program.c %D%/program.h \
	%D%/threads.c %D%/threads.h \
	%D%/timeline.c %D%/timeline.h %D%/timeline_state.c %D%/timeline_state.h \
	%D%/timeline_times.c
EXTRA_DIST += %D%/README.md
