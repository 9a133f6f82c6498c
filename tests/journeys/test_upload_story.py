"""A picture's way over real HTTP on a fresh machine: an address for it, the file, everybody sees it, on the venue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.people import PASSWORD, venue_body
from tests.servers import running_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TIMEOUT_SECONDS = 20
# A WebP of 16 by 14 pixels.
PICTURE = b"RIFF\x16\0\0\0WEBPVP8L\n\0\0\0/\x0f@\x03\0(V\x7f3\x02"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve on the embedded database and the own store, as after a first install."""
    folder: Path = tmp_path_factory.mktemp("uploads")
    with running_server(mongo_uri=None, folder=folder) as server:
        yield server.url


def ask(method: str, url: str, **options: Any) -> requests.Response:
    return requests.request(method, url, timeout=TIMEOUT_SECONDS, **options)


def test_a_picture_is_uploaded_and_shown_with_its_venue(address: str) -> None:
    person = {"email": "sara@halls.example", "password": PASSWORD, "is_venue_owner": True}
    token = ask("POST", f"{address}/auth/signup", json=person).json()["data"]["token"]
    as_sara = {"Authorization": f"Bearer {token}"}
    asked = {"filename": "stage.webp", "content_type": "image/webp", "size_bytes": len(PICTURE)}
    signed = ask("POST", f"{address}/uploads/sign-s3", json=asked, headers=as_sara).json()["data"]

    # A file that is longer, or of another kind, gets nowhere; the picture itself does, also when it is sent again.
    put = {"method": signed["method"], "url": signed["upload_url"], "headers": signed["headers"]}
    assert ask(**put, data=PICTURE + b"more").json()["code"] == "body_too_large"
    assert ask(**put, data=b"x" * len(PICTURE)).json()["code"] == "not_json"
    assert ask("GET", signed["public_url"]).status_code == 404
    for _ in range(2):
        assert ask(**put, data=PICTURE).json()["data"] == {"public_url": signed["public_url"]}

    seen = ask("GET", signed["public_url"])
    assert (seen.content, seen.headers["Content-Type"]) == (PICTURE, "image/webp")
    body = venue_body(pictures=[signed["public_url"]])
    venue_id = ask("POST", f"{address}/venues/register", json=body, headers=as_sara).json()["data"]["venue_id"]
    venue = ask("GET", f"{address}/venues/{venue_id}").json()["data"]["venue"]
    assert ask("GET", venue["pictures"][0]).content == PICTURE


def test_an_address_that_was_changed_takes_nothing(address: str) -> None:
    key = f"venues/{'0' * 24}/{'0' * 32}.webp"
    forged = f"{address}/uploads/local/{key}/30/99999999999/{'0' * 64}"
    answer = ask("PUT", forged, data=PICTURE, headers={"Content-Type": "image/webp"})
    assert (answer.status_code, answer.json()["code"]) == (403, "bad_signature")
