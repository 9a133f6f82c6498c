"""What people see on a terminal: tables and progress bars. Colours are only there, and never with NO_COLOR."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeVar

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# Into a file or a pipe nothing is folded or cut: `grep` and `awk` want a line a row.
PIPE_WIDTH = 10_000
Item = TypeVar("Item")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under the names of their columns."""
    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    console = Console(markup=False, highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)
    console.print(table, soft_wrap=True)


def show_progress(placed: Iterable[tuple[int, Item]], label: str, total: int) -> Iterator[Item]:
    """Yield the items, each given with how far into the work it is; a terminal shows that on standard error."""
    progress = Progress(console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True)
    with progress:
        task = progress.add_task(label, total=total)
        for place, item in placed:
            progress.update(task, completed=place)
            yield item
        progress.update(task, completed=total)
