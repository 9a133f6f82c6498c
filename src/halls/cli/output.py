"""Terminal output: tables and progress bars. Colours only on a terminal, and not with NO_COLOR."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeVar

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# In a file or a pipe rows are not wrapped or cut, because `grep` and `awk` need one line per row.
PIPE_WIDTH = 10_000
Item = TypeVar("Item")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table with a header line."""
    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    console = Console(markup=False, highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)
    console.print(table, soft_wrap=True)


def show_progress(numbered_items: Iterable[tuple[int, Item]], label: str, total: int | None) -> Iterator[Item]:
    """Yield the items and show a progress bar on standard error. Each item comes with the amount of work done.

    `total` is None if the amount of work is not known.
    """
    progress = Progress(console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True)
    with progress:
        task = progress.add_task(label, total=total)
        for completed, item in numbered_items:
            progress.update(task, completed=completed)
            yield item
        progress.update(task, completed=total)
