# Operators of opset 17 to 24 against recorded results of ONNX Runtime.
LONGEST_TESTS += %D%/run.sh
EXTRA_DIST += %D%/README.md %D%/run.sh %D%/make.py %D%/cases.py %D%/onnxruntime.js $(OPSET24_FIXTURES)
OPSET24_FIXTURES = \
	%D%/activations.pbtxt \
	%D%/attention.pbtxt \
	%D%/detections.pbtxt \
	%D%/doubles.pbtxt \
	%D%/group_normalization_18.pbtxt \
	%D%/images.pbtxt \
	%D%/movement.pbtxt \
	%D%/normalization.pbtxt \
	%D%/reductions.pbtxt \
	%D%/resize.pbtxt \
	%D%/rotary_embedding.pbtxt \
	%D%/signals.pbtxt
