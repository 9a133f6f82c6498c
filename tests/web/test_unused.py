"""Every word and style of the pages is used: what nothing shows is deleted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.web.sources import list_keys, list_sources, name_source, without_comments

if TYPE_CHECKING:
    from pathlib import Path

WORDS = [path for path in list_sources(".js") if path.parent.name == "words" and path.stem == "en"]
CODE = {path: without_comments(path.read_text()) for path in list_sources(".js") if path.parent.name != "words"}
ALL_CODE = "\n".join(CODE.values())
STYLES = list_sources(".css")
CLASS = re.compile(r"\.([a-z][\w-]*)(?=[^{}]*\{)")
PROPERTY = re.compile(r"(--[\w-]+):")
# Words with a computed name in sections whose other words have none: `w.venue[state]`.
COMPUTED = {"venue.free", "venue.taken", "venue.none"} | {
    f"start.step{number}{part}" for number in (1, 2, 3) for part in ("", "Text")
}
MIXED = {key.partition(".")[0] for key in COMPUTED}
# Leaflet gives its elements these classes.
OF_LEAFLET = "leaflet-"


def is_used(key: str) -> bool:
    """Return whether the code reads a word: by its name after that of its section, or by a computed name."""
    *sections, name = key.split(".")
    if key in COMPUTED or any(section not in MIXED and re.search(rf"\b{section}\[", ALL_CODE) for section in sections):
        return True
    if not sections:
        return re.search(rf"\.{name}\b", ALL_CODE) is not None
    section = sections[-1]
    # `const w = words.value.venue;` and then `w.title`.
    alias = re.compile(rf"\.{section}\b(?!\??\.)|[{{,] {section}\b")
    return re.search(rf"\b{section}\??\.{name}\b", ALL_CODE) is not None or any(
        alias.search(text) and re.search(rf"\w\.{name}\b|\b{name}\b[^;]*\}} =", text) for text in CODE.values()
    )


@pytest.mark.parametrize("path", WORDS, ids=name_source)
def test_every_word_is_used(path: Path) -> None:
    keys = [key[1:] for key in list_keys(path.read_text()) if not key.endswith(".")]
    assert len(keys) > 10
    assert [key for key in keys if not is_used(key)] == []


def test_control_an_unused_word_is_found() -> None:
    assert not is_used("venue.nothingShowsThis")
    assert is_used("venue.request")


@pytest.mark.parametrize("path", STYLES, ids=name_source)
def test_every_class_of_a_style_is_used(path: Path) -> None:
    text = without_comments(path.read_text())
    names = {name for name in CLASS.findall(re.sub(r"url\([^)]*\)", "", text)) if not name.startswith(OF_LEAFLET)}
    # A class can end with a computed part, such as `of-${count}`.
    unused = [name for name in names if not re.search(rf"\b{re.sub(r'-[0-9]$', '-', name)}", ALL_CODE)]
    assert sorted(unused) == []


def test_every_property_of_the_styles_is_used() -> None:
    text = "\n".join(without_comments(path.read_text()) for path in STYLES)
    assert [name for name in sorted(set(PROPERTY.findall(text))) if f"var({name}" not in text] == []
