dist_man_MANS = %D%/mednnc.1 %D%/mednn-probe.1 %D%/mednn-run.1 %D%/mednn-tune.1
