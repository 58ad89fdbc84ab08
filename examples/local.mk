DIGITS = \
	%D%/digits/README.md \
	%D%/digits/digits.onnx \
	%D%/digits/digits_scores.npy \
	%D%/digits/digits_x.npy \
	%D%/digits/digits_y.npy \
	%D%/digits/run.sh \
	%D%/digits/train.py
GROUP_LASSO = \
	%D%/train-with-group-lasso/README.md \
	%D%/train-with-group-lasso/run.sh \
	%D%/train-with-group-lasso/train.py
EXTRA_DIST += $(DIGITS) $(GROUP_LASSO)
TESTS += %D%/digits/run.sh %D%/train-with-group-lasso/run.sh
