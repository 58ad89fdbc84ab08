# Whole models: compiled, run on several devices, compared. A NAME.model file is a row of the table.
check_PROGRAMS += compare check_shares
compare_SOURCES = %D%/compare.c runtime/npy.c runtime/npy.h runtime/tensor_proto.c runtime/mednn_runtime.h
compare_CPPFLAGS = -I$(srcdir)/runtime $(AM_CPPFLAGS)
compare_LDADD = -lm
check_shares_SOURCES = %D%/check_shares.c
check_shares_LDADD = $(LIBXML_LIBS)

MODEL_LOG_COMPILER = $(SHELL) $(srcdir)/%D%/run_model.sh

# In `make check`, on fewer clusters than in `make check-long`.
SHORT_MODELS = \
	%D%/digits.model \
	%D%/digits8x8_cnn_bn.model \
	%D%/mlperftiny_kws_dscnn.model \
	%D%/mlperftiny_resnet8_cifar10.model \
	%D%/mnist_cntk_v1.model \
	%D%/mnist_lenet.model \
	%D%/superres_x3_core_96.model
LONG_MODELS = \
	%D%/akamaster_resnet20_cifar10_folded.model \
	%D%/blazeface_front_128.model \
	%D%/ch_ppocr_mobile_v2.0_cls_infer.model \
	%D%/cifar_resnetc_bn.model \
	%D%/cifar_resnetc_folded.model \
	%D%/cifar_resnetc_gl_bn.model \
	%D%/cifar_resnetc_gl_folded.model \
	%D%/digits8x8_cnn_folded.model \
	%D%/fastestdet.model \
	%D%/mlperftiny_ad_autoencoder.model \
	%D%/mnist_lenet_dynbatch.model \
	%D%/mobilenet_v1_0.25_128_deq.model \
	%D%/mobilenet_v2_1.0_224_deq.model \
	%D%/silero_vad_legacy.model \
	%D%/silero_vad_op18_ifless.model \
	%D%/ultraface_slim_320_simplified.model \
	%D%/yunet_n_320_320.model \
	%D%/yunet_n_dynamic.model
MODEL_CHECKS = %D%/prune_goals.sh %D%/targets.sh %D%/threads.sh %D%/weights.sh
QUICK_CHECKS = %D%/compact.sh %D%/same_output.sh

LONGEST_TESTS += $(MODEL_CHECKS) $(SHORT_MODELS)
TESTS += $(QUICK_CHECKS)
CHECK_ONCE_TESTS += %D%/targets.sh %D%/threads.sh
CHECK_LONG_TESTS += $(SHORT_MODELS) $(LONG_MODELS) $(MODEL_CHECKS) $(QUICK_CHECKS) %D%/accuracy.sh %D%/warnings.sh
EXTRA_DIST += %D%/README.md %D%/model.sh %D%/run_model.sh $(SHORT_MODELS) $(LONG_MODELS) $(MODEL_CHECKS) $(QUICK_CHECKS) %D%/accuracy.sh %D%/warnings.sh
