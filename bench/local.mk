# Not run by `make check`: `make bench/exchange && bench/exchange`.
EXTRA_PROGRAMS += %D%/exchange
%C%_exchange_CPPFLAGS = -I$(srcdir)/runtime -I$(srcdir)/tests/devices
%C%_exchange_LDADD = tests/devices/libruntime.a
EXTRA_DIST += %D%/README.md
CLEANFILES += %D%/exchange
