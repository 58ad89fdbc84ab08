bin_PROGRAMS += mednn-probe
mednn_probe_SOURCES = %D%/main.c %D%/kernels.c %D%/links.c %D%/probe.h
mednn_probe_LDADD = $(MEDNNC_LIBS)
bin_PROGRAMS += mednn-tune
mednn_tune_SOURCES = %D%/tune.c %D%/profile.c %D%/profile.h
mednn_tune_LDADD = $(MEDNNC_LIBS)
EXTRA_DIST += %D%/README.md
