"""`python -m edgebert` is the `edgebert` command."""

from edgebert.cli import main

main(prog_name="edgebert")
