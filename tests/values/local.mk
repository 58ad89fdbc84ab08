LONGEST_TESTS += %D%/run.sh
EXTRA_DIST += %D%/README.md %D%/run.sh %D%/control.cases %D%/functions.cases %D%/shapes.cases
