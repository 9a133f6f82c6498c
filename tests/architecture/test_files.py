"""Limits on the size and depth of files and functions; the first line of each file says its purpose."""

from __future__ import annotations

import ast

from tests.architecture.map import PAGE, place_map
from tests.architecture.source import PROGRAMS, SRC, TESTS, list_files, list_functions, name_place

MAX_LINES = {SRC: 300, TESTS: 400}
MAX_DEPTH = 2
MAX_FUNCTION_LINES = 25
# The first line of a file is its docstring.
DOCSTRING_QUOTES = '"""'


def test_no_file_is_too_long() -> None:
    long = [
        f"{name_place(path)} has {lines} lines, over {limit}"
        for folder, limit in MAX_LINES.items()
        for path in list_files(folder)
        if (lines := len(path.read_text().splitlines())) > limit
    ]
    assert not long, "\n".join(long)


def test_no_file_is_nested_deeper_than_two_folders() -> None:
    deep = [name_place(path) for path in list_files(SRC) if len(path.relative_to(SRC).parts) > MAX_DEPTH + 1]
    assert not deep, deep


def test_the_first_line_of_each_file_is_a_docstring() -> None:
    undocumented = [
        name_place(path)
        for path in list_files(SRC, TESTS, *PROGRAMS)
        if not path.read_text().startswith(DOCSTRING_QUOTES)
    ]
    assert not undocumented, undocumented


def test_no_function_is_too_long() -> None:
    long = [
        f"{name_place(path, function)} {function.name} has {lines} lines, over {MAX_FUNCTION_LINES}"
        for path in list_files(SRC)
        for function in list_functions(path)
        if (lines := _count_lines(function)) > MAX_FUNCTION_LINES
    ]
    assert not long, "\n".join(long)


def _count_lines(function: ast.FunctionDef) -> int:
    """Count from `def` to the end, without the docstring."""
    first = function.body[0]
    docstring = (first.end_lineno or 0) - first.lineno + 1 if ast.get_docstring(function) else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring


def test_the_map_in_architecture_md_matches_the_code() -> None:
    page = PAGE.read_text()
    assert page == place_map(page), "run `make map`"
