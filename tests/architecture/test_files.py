"""No file or function is long, none lies deep, and each file says in its first line what it is for."""

from __future__ import annotations

import ast

from tests.architecture.map import PAGE, place_map
from tests.architecture.source import PROGRAMS, SRC, TESTS, list_files, list_functions, name_place

MAX_LINES = {SRC: 300, TESTS: 400}
MAX_DEPTH = 2
MAX_FUNCTION_LINES = 25
# As one reads it in the file: a quote, a capital, an end.
FIRST_LINE_BEGINS = '"""'


def test_no_file_is_too_long_to_read_in_one_sitting() -> None:
    long = [
        f"{name_place(path)} has {lines} lines, over {limit}"
        for folder, limit in MAX_LINES.items()
        for path in list_files(folder)
        if (lines := len(path.read_text().splitlines())) > limit
    ]
    assert not long, "\n".join(long)


def test_no_file_lies_deeper_than_two_folders() -> None:
    deep = [name_place(path) for path in list_files(SRC) if len(path.relative_to(SRC).parts) > MAX_DEPTH + 1]
    assert not deep, deep


def test_each_file_says_in_its_first_line_what_it_is_for() -> None:
    silent = [
        name_place(path)
        for path in list_files(SRC, TESTS, *PROGRAMS)
        if not path.read_text().startswith(FIRST_LINE_BEGINS)
    ]
    assert not silent, silent


def test_no_function_is_longer_than_a_screen_shows() -> None:
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


def test_the_map_in_architecture_md_is_the_one_of_the_code() -> None:
    page = PAGE.read_text()
    assert page == place_map(page), "run `make map`"
