# Carried into generated files: embedded in mednnc, and installed to be read.
TEMPLATE_FILES = \
	%D%/activation.h \
	%D%/attention.h \
	%D%/batch_normalization.h \
	%D%/col2im.h \
	%D%/conv_depthwise.h \
	%D%/conv_direct.h \
	%D%/conv_direct_cut.h \
	%D%/conv_grouped.h \
	%D%/conv_transpose.h \
	%D%/conv_winograd.h \
	%D%/copy.h \
	%D%/deform_conv.h \
	%D%/det.h \
	%D%/device.c.in \
	%D%/devices.mk.in \
	%D%/dft.h \
	%D%/double_bits.h \
	%D%/double_functions.h \
	%D%/double_vectors.h \
	%D%/doubles.h \
	%D%/einsum.h \
	%D%/einsum_scalar.h \
	%D%/elementwise.h \
	%D%/finish.h \
	%D%/float_mode.h \
	%D%/found.h \
	%D%/functions.h \
	%D%/functions_of_doubles.h \
	%D%/gemm.h \
	%D%/grid_sample.h \
	%D%/indexed.h \
	%D%/interpolate.h \
	%D%/integer_products.h \
	%D%/lanes.h \
	%D%/layout.h \
	%D%/lines.h \
	%D%/loss.h \
	%D%/lrn.h \
	%D%/matmul.h \
	%D%/mednn_model.h.in \
	%D%/max_roi_pool.h \
	%D%/move.h \
	%D%/non_max_suppression.h \
	%D%/normalize.h \
	%D%/placed.h \
	%D%/pool.h \
	%D%/pool_scalar.h \
	%D%/quantize.h \
	%D%/recurrent.h \
	%D%/reduce.h \
	%D%/reduce_log.h \
	%D%/reduce_scalar.h \
	%D%/region.h \
	%D%/report.html.in \
	%D%/resample.h \
	%D%/resize.h \
	%D%/roi_align.h \
	%D%/rotary.h \
	%D%/scalars.h \
	%D%/scalars_of_doubles.h \
	%D%/scalars_of_vectors.h \
	%D%/settle.h \
	%D%/smooth.h \
	%D%/softmax.h \
	%D%/tensor_scatter.h \
	%D%/tf_idf.h \
	%D%/tile.h \
	%D%/unique.h \
	%D%/unpool.h \
	%D%/view.h \
	%D%/walk.h \
	%D%/wire.h

templatesdir = $(pkgdatadir)/templates
dist_templates_DATA = $(TEMPLATE_FILES)
EXTRA_DIST += %D%/README.md
