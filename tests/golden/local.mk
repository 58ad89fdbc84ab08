TESTS += %D%/run.sh
EXTRA_DIST += %D%/run.sh %D%/README.md $(GOLDEN_FILES)
GOLDEN_FILES = \
	%D%/concat_in_place.device0.c \
	%D%/concat_in_place.graph \
	%D%/concat_in_place.pbtxt \
	%D%/concat_in_place.program \
	%D%/emit_onnx_nowhere.err \
	%D%/emit_onnx_nowhere.pbtxt \
	%D%/gtdp_unequal.pbtxt \
	%D%/gtdp_unequal.plan \
	%D%/joined.device0.c \
	%D%/joined.pbtxt \
	%D%/joined.program \
	%D%/kernel_shape_differs.err \
	%D%/kernel_shape_differs.pbtxt \
	%D%/more_devices_than_rows.device4.c \
	%D%/more_devices_than_rows.pbtxt \
	%D%/more_devices_than_rows.plan \
	%D%/overlap.device0.c \
	%D%/overlap.pbtxt \
	%D%/overlap.program \
	%D%/residual_concat.graph \
	%D%/residual_concat.kernels \
	%D%/residual_concat.pbtxt \
	%D%/residual_concat.plan \
	%D%/twins.device0.c \
	%D%/twins.pbtxt \
	%D%/two_convs.device1.c \
	%D%/two_convs.graph \
	%D%/two_convs.pbtxt \
	%D%/two_convs.plan \
	%D%/two_convs.program \
	%D%/zero_channels.graph \
	%D%/zero_channels.pbtxt \
	%D%/zero_threshold.graph \
	%D%/zero_threshold.pbtxt \
	%D%/zero_threshold_negative.err \
	%D%/zero_threshold_negative.pbtxt
