"""What `make docs` built loads nothing from another server, and has every page in its menu."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from tests.architecture.source import ROOT, list_files, name_place

if TYPE_CHECKING:
    from pathlib import Path

SITE = ROOT / "site"
LOADING = {"link": "href", **dict.fromkeys(("script", "img", "iframe", "source", "video", "embed"), "src")}
ELSEWHERE = re.compile(r"\s*(?:\w+:)?//")
IN_STYLES = re.compile(r"""(?:url\(\s*["']?|@import\s+["'])([^"')]+)""")
PAGES = list_files(SITE, suffix=".html")


class _Assets(HTMLParser):
    """Collects what a page loads, and what it links to."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.feed(page.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what the tag loads."""
        given = dict(attrs)
        self.loaded.append(given.get(LOADING.get(tag, "")) or "")
        self.loaded += IN_STYLES.findall(given.get("style") or "")
        if tag == "a":
            self.links.append(given.get("href") or "")


def test_the_site_is_built() -> None:
    assert len(PAGES) > len(list_files(ROOT / "docs" / "decisions", suffix=".md"))


@pytest.mark.parametrize("page", PAGES, ids=name_place)
def test_a_page_loads_nothing_from_elsewhere(page: Path) -> None:
    text = page.read_text()
    styles = IN_STYLES.findall("".join(re.findall(r"<style.*?</style>", text, re.DOTALL)))
    assert not [asset for asset in [*_Assets(page).loaded, *styles] if ELSEWHERE.match(asset)]


@pytest.mark.parametrize("sheet", [*list_files(SITE, suffix=".css"), *list_files(SITE, suffix=".svg")], ids=name_place)
def test_a_style_sheet_or_picture_loads_nothing_from_elsewhere(sheet: Path) -> None:
    assert not [asset for asset in IN_STYLES.findall(sheet.read_text()) if ELSEWHERE.match(asset)]


def test_the_menu_has_every_page() -> None:
    linked = set(_Assets(SITE / "index.html").links)
    pages = [page.relative_to(ROOT / "docs").with_suffix(".html") for page in list_files(ROOT / "docs", suffix=".md")]
    assert {str(page).replace("README", "index") for page in pages} <= linked
