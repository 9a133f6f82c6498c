"""Asks for venues page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    from tests.api_client import Api

MANY_PAGES = 200


def find_all(api: Api, limit: int = 100, **asked: Any) -> list[Any]:
    """Return the venues of all pages, in order."""
    seen: list[Any] = []
    cursor: dict[str, str] = {}
    for _ in range(MANY_PAGES):
        page = api.get(f"/venues/search?{urlencode({**asked, 'limit': limit, **cursor})}").data
        assert page.keys() == {"venues", "next_cursor"}
        seen += page["venues"]
        if page["next_cursor"] is None:
            return seen
        assert len(page["venues"]) == limit, "only the last page may be short"
        cursor = {"cursor": page["next_cursor"]}
    raise AssertionError("the pages have no end")


def names(found: list[Any]) -> list[str]:
    """Return the names of found venues."""
    return [venue["venue_name"] for venue in found]
