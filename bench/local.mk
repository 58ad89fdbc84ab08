EXTRA_DIST += \
	%D%/README.md \
	%D%/export_torchvision.py \
	%D%/install-onnxruntime.sh \
	%D%/onnxruntime.c \
	%D%/onnxruntime.js \
	%D%/usage.c \
	%D%/vgg16.sh \
	%D%/vs-onnxruntime.sh
