DIGITS = \
	%D%/digits/README.md \
	%D%/digits/digits.onnx \
	%D%/digits/digits_scores.npy \
	%D%/digits/digits_x.npy \
	%D%/digits/digits_y.npy \
	%D%/digits/run.sh \
	%D%/digits/train.py
EXTRA_DIST += $(DIGITS)
TESTS += %D%/digits/run.sh
