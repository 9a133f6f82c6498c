"""The site that `make docs` builds loads nothing from other servers, and its menu has every page."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from tests.architecture.source import ROOT, list_files, name_place

if TYPE_CHECKING:
    from pathlib import Path

SITE = ROOT / "site"
URL_ATTRIBUTES = {"link": "href", **dict.fromkeys(("script", "img", "iframe", "source", "video", "embed"), "src")}
OTHER_ORIGIN = re.compile(r"\s*(?:\w+:)?//")
STYLE_URL = re.compile(r"""(?:url\(\s*["']?|@import\s+["'])([^"')]+)""")
PAGES = list_files(SITE, suffix=".html")


class _Assets(HTMLParser):
    """Collects the assets and the links of a page."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.feed(page.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record the assets and links of a tag."""
        attributes = dict(attrs)
        self.loaded.append(attributes.get(URL_ATTRIBUTES.get(tag, "")) or "")
        self.loaded += STYLE_URL.findall(attributes.get("style") or "")
        if tag == "a":
            self.links.append(attributes.get("href") or "")


def test_the_site_is_built() -> None:
    assert len(PAGES) > len(list_files(ROOT / "docs" / "decisions", suffix=".md"))


@pytest.mark.parametrize("page", PAGES, ids=name_place)
def test_a_page_loads_nothing_from_other_origins(page: Path) -> None:
    text = page.read_text()
    styles = STYLE_URL.findall("".join(re.findall(r"<style.*?</style>", text, re.DOTALL)))
    assert not [asset for asset in [*_Assets(page).loaded, *styles] if OTHER_ORIGIN.match(asset)]


@pytest.mark.parametrize("sheet", [*list_files(SITE, suffix=".css"), *list_files(SITE, suffix=".svg")], ids=name_place)
def test_a_style_sheet_or_picture_loads_nothing_from_other_origins(sheet: Path) -> None:
    assert not [asset for asset in STYLE_URL.findall(sheet.read_text()) if OTHER_ORIGIN.match(asset)]


def test_the_menu_has_every_page() -> None:
    linked = set(_Assets(SITE / "index.html").links)
    pages = [page.relative_to(ROOT / "docs").with_suffix(".html") for page in list_files(ROOT / "docs", suffix=".md")]
    assert {str(page).replace("README", "index") for page in pages} <= linked
