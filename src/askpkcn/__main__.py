"""`python -m askpkcn` is the command line."""

from askpkcn.cli import main

main()
