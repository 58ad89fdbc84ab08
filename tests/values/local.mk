TESTS += %D%/run.sh
EXTRA_DIST += %D%/README.md %D%/run.sh %D%/shapes.cases
