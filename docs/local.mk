TESTS += %D%/operators.sh %D%/report.sh
dist_pkgdata_DATA = %D%/report.rng
EXTRA_DIST += %D%/README.md %D%/operators.md %D%/operators.sh %D%/report.sh
