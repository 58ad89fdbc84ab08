TESTS += %D%/run.sh %D%/options.sh
EXTRA_DIST += %D%/README.md %D%/run.sh %D%/options.sh \
	%D%/attributes.cases %D%/control.cases %D%/external_data.cases %D%/graph.cases %D%/names.cases %D%/operators.cases %D%/pruning.cases %D%/tensors.cases \
	%D%/wire_format.cases
