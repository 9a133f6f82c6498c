"""Draws the map of src/halls from the first line of each file into ARCHITECTURE.md: `make map`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tests.architecture.source import ROOT, SRC, parse_file

if TYPE_CHECKING:
    from pathlib import Path

PAGE = ROOT / "ARCHITECTURE.md"
BEGIN, END = "<!-- map: written by `make map` -->\n```\n", "```\n<!-- end of map -->"
WIDTH = 22


def read_first_line(path: Path) -> str:
    """Return the first line of a file's docstring, or an empty string."""
    return (ast.get_docstring(parse_file(path)) or "").partition("\n")[0]


def draw_map(folder: Path = SRC, indent: str = "") -> str:
    """Return the tree below `folder`: subfolders, which hold features, before files."""
    lines = [f"{indent}{folder.name + '/':{WIDTH - len(indent)}}{read_first_line(folder / '__init__.py')}\n"]
    inner_indent = f"{indent}  "
    lines += [draw_map(path.parent, inner_indent) for path in sorted(folder.glob("*/__init__.py"))]
    for path in sorted(folder.glob("*.py")):
        if path.name != "__init__.py":
            lines.append(f"{inner_indent}{path.name:{WIDTH - len(inner_indent)}}{read_first_line(path)}\n")
    return "".join(lines)


def place_map(page: str) -> str:
    """Return `page` with the current map."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{draw_map()}{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(place_map(PAGE.read_text()))
