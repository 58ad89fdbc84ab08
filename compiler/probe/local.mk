bin_PROGRAMS += mednn-probe
mednn_probe_SOURCES = %D%/main.c %D%/kernels.c %D%/links.c %D%/probe.h
mednn_probe_LDADD = $(MEDNNC_LIBS)
EXTRA_DIST += %D%/README.md
