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
	%D%/onnxruntime.js \
	%D%/usage.c \
	%D%/vgg16.sh \
	%D%/vs-onnxruntime.sh
