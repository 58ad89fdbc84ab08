# make bench/kernels && bench/kernels
EXTRA_PROGRAMS += %D%/kernels
bench_kernels_SOURCES = %D%/kernels.c
bench_kernels_CFLAGS = -std=c11 -O3 -march=native -ffp-contract=off -Wall -Wextra

EXTRA_DIST += \
	%D%/README.md \
	%D%/agreement.sh \
	%D%/export_torchvision.py \
	%D%/install-onnxruntime.sh \
	%D%/onnxruntime.c \
	%D%/prune-accuracy.sh \
	%D%/onnxruntime.js \
	%D%/usage.c \
	%D%/vgg16.sh \
	%D%/vs-onnxruntime.sh

# make bench/prune_accuracy
EXTRA_PROGRAMS += %D%/prune_accuracy
bench_prune_accuracy_SOURCES = %D%/prune_accuracy.c
bench_prune_accuracy_LDADD = $(MEDNNC_LIBS)
