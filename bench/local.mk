# make bench/kernels && bench/kernels
EXTRA_PROGRAMS += %D%/kernels
bench_kernels_SOURCES = %D%/kernels.c
bench_kernels_CFLAGS = -std=c11 -O3 -march=native -ffp-contract=off -Wall -Wextra

# make bench/exchange && bench/exchange
EXTRA_PROGRAMS += %D%/exchange
bench_exchange_CPPFLAGS = -I$(srcdir)/runtime -I$(srcdir)/tests/devices
bench_exchange_SOURCES = %D%/exchange.c
bench_exchange_LDADD = tests/devices/libruntime.a

EXTRA_DIST += \
	%D%/README.md \
	%D%/phones/README.md \
	%D%/phones/air.c \
	%D%/phones/compare.sh \
	%D%/phones/link.c \
	%D%/phones/phones.sh \
	%D%/phones/plot.sh \
	%D%/phones/run.sh \
	%D%/agreement.sh \
	%D%/export_torchvision.py \
	%D%/install-onnxruntime.sh \
	%D%/held_processor.c \
	%D%/held_processor.h \
	%D%/onnxruntime.c \
	%D%/images.py \
	%D%/prune-accuracy.sh \
	%D%/prune-networks.sh \
	%D%/prune_accuracy.py \
	%D%/onnxruntime.js \
	%D%/predicted.sh \
	%D%/reference.sh \
	%D%/usage.c \
	%D%/compile-cost.sh \
	%D%/vs-onnxruntime.sh \
	%D%/operators.py \
	%D%/operators_cases.py \
	%D%/zoo.py \
	%D%/zoo_built.py \
	%D%/zoo_networks.py \
	%D%/zoo_torch.py

# make bench/plans
EXTRA_PROGRAMS += %D%/plans
bench_plans_SOURCES = %D%/plans.c
bench_plans_LDADD = $(MEDNNC_LIBS)
