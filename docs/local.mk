TESTS += %D%/operators.sh
EXTRA_DIST += %D%/README.md %D%/operators.md %D%/operators.sh
