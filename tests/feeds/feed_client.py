"""Creates and reads feeds in tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.feeds.strict_calendar import Part, read_strictly

if TYPE_CHECKING:
    from tests.api_client import ApiClient, ApiResponse


def make_feed(api: ApiClient, token: str, kind: str = "guest", **fields: Any) -> str:
    """Create a feed; return the path of its calendar."""
    answer = api.post("/feeds", {"kind": kind, **fields}, token=token)
    assert answer.status == 201, answer.json
    return str(urlsplit(answer.data["url"]).path)


def fetch(api: ApiClient, path: str, **headers: str) -> ApiResponse:
    """Read the calendar like a calendar program: without a token."""
    return api.get(path, **headers)


def read_events(api: ApiClient, path: str) -> list[dict[str, str]]:
    """Return the properties of the events of a feed, in order."""
    return [event.values for event in read_feed(api, path).parts]


def read_feed(api: ApiClient, path: str) -> Part:
    """Return the calendar of a feed, read strictly."""
    answer = fetch(api, path)
    assert answer.status == 200, answer.text
    return read_strictly(answer.content)
