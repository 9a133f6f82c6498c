"""The question before a command that can't be undone."""

from __future__ import annotations

import sys

import click

YES = click.option("--yes", "is_agreed", is_flag=True, help="Do not ask for confirmation.")


def confirm(question: str, *, is_agreed: bool) -> None:
    """Ask on the terminal, unless `--yes` was given.

    Raises click.Abort if the answer is no, and click.ClickException without a terminal.
    """
    if is_agreed:
        return
    if not is_terminal():
        raise click.ClickException("This can't be undone. Without a terminal the command needs --yes.")
    click.confirm(question, abort=True, err=True)


def is_terminal() -> bool:
    """Return whether a person can answer."""
    return sys.stdin.isatty()
