"""Lets `python -m halls.cli` run the `halls` command."""

from halls.cli.main import main

main()
