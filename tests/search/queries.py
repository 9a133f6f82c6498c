"""Searches for venues over HTTP, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    from tests.api_client import ApiClient

MAX_PAGES = 200


def find_all(api: ApiClient, limit: int | None = None, **parameters: Any) -> list[Any]:
    """Return the venues of all pages of a search, in order. The default limit is the highest one."""
    limit = limit or (20 if "calendar" in parameters.get("include", "") else 100)
    pages = read_pages(api, limit, **parameters)
    assert {len(page) for page in pages[:-1]} <= {limit}, "only the last page may be short"
    return [venue for page in pages for venue in page]


def read_pages(api: ApiClient, limit: int, **parameters: Any) -> list[list[Any]]:
    """Return the venues of each page of a search. Pages of a bounded search may be short."""
    pages: list[list[Any]] = []
    cursor: dict[str, str] = {}
    for _ in range(MAX_PAGES):
        page = api.get(f"/venues/search?{urlencode({**parameters, 'limit': limit, **cursor})}").data
        assert page.keys() == {"venues", "next_cursor"}
        pages.append(page["venues"])
        if page["next_cursor"] is None:
            return pages
        cursor = {"cursor": page["next_cursor"]}
    raise AssertionError("the search returned a cursor after the maximum number of pages")


def names(venues: list[Any]) -> list[str]:
    """Return the names of the venues."""
    return [venue["venue_name"] for venue in venues]
