TESTS += %D%/run.sh
EXTRA_DIST += %D%/run.sh $(GOLDEN_FILES)
GOLDEN_FILES =
