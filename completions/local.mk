# bash finds completions by the name of the command.
bashcompletiondir = $(datarootdir)/bash-completion/completions
zshcompletiondir = $(datarootdir)/zsh/site-functions
dist_bashcompletion_DATA = %D%/mednnc
dist_zshcompletion_DATA = %D%/_mednnc
TESTS += %D%/test.sh
EXTRA_DIST += %D%/test.sh

install-data-hook:
	cd '$(DESTDIR)$(bashcompletiondir)' && rm -f mednn-run mednn-probe mednn-tune && $(LN_S) mednnc mednn-run && $(LN_S) mednnc mednn-probe && $(LN_S) mednnc mednn-tune
uninstall-hook:
	cd '$(DESTDIR)$(bashcompletiondir)' && rm -f mednn-run mednn-probe mednn-tune
