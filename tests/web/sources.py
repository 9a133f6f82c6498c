"""The sources of the pages, as the tests read them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from halls.web.assets import FOLDER

if TYPE_CHECKING:
    from pathlib import Path

COMMENT = re.compile(r"/\*.*?\*/|(?<![:\"'`\w])//[^\n]*", re.DOTALL)


def list_sources(suffix: str) -> list[Path]:
    """Return our own files with this suffix, not those of third parties."""
    return [path for path in sorted(FOLDER.rglob(f"*{suffix}")) if "vendor" not in path.parts]


def name_source(path: Path) -> str:
    """Return the name of a file in src/halls/web."""
    return path.relative_to(FOLDER).as_posix()


def without_comments(text: str) -> str:
    """Return JavaScript or CSS without its comments."""
    return COMMENT.sub("", text)


def list_keys(text: str) -> list[str]:
    """Return the dotted keys of the object literals of a word file, in their order. Texts and comments are skipped."""
    text = re.sub(r'"(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`', '""', without_comments(text))
    path: list[str] = []
    keys: list[str] = []
    for token in re.finditer(r"(\w+|\"\"):\s*(\{)?|([{}])", text.partition("export default")[2]):
        key, opens, brace = token.groups()
        if key:
            keys.append(".".join([*path, key]))
        if opens or brace == "{":
            path.append(key or "")
        elif brace == "}":
            path.pop()
    return keys
