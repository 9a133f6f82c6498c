"""Tests of GET /media: content type, ranges, caching and access to uploaded files only."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from halls.errors import NotFound
from halls.uploads.serving import send_stored
from tests.uploads.files import make_file, path_of, put, sign

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask

    from tests.api_client import ApiClient

FILE = make_file("video/mp4", 10_000)


@pytest.fixture
def path(api: ApiClient, owner: str) -> str:
    """Return the path of an uploaded video."""
    address = sign(api, owner, "video/mp4", len(FILE))
    assert put(api, address["upload_url"], FILE, "video/mp4").status == 200
    return path_of(address["public_url"])


def test_file_is_public_and_cached_as_immutable(api: ApiClient, path: str) -> None:
    response = api.get(path)
    assert response.content == FILE
    headers = response.headers
    assert headers["Content-Type"] == "video/mp4"
    assert headers["X-Content-Type-Options"] == "nosniff"
    policy = headers["Content-Security-Policy"].split("; ")
    assert policy[0] == "default-src 'none'"
    # Without allow-scripts and allow-same-origin: no script runs.
    assert policy[-1] == "sandbox"
    assert headers["Content-Disposition"].startswith("inline")
    assert headers["Accept-Ranges"] == "bytes"
    assert set(headers["Cache-Control"].split(", ")) == {"public", "max-age=31536000", "immutable"}
    assert "Set-Cookie" not in headers


def test_head_returns_the_headers_without_the_body(api: ApiClient, path: str) -> None:
    response = api.send("HEAD", path)
    assert (response.status, response.headers["Content-Length"], response.content) == (200, "10000", b"")


@pytest.mark.parametrize(
    ("byte_range", "first", "last"),
    [("bytes=0-99", 0, 99), ("bytes=9000-", 9_000, 9_999), ("bytes=-100", 9_900, 9_999), ("bytes=0-99999", 0, 9_999)],
)
def test_range_request_returns_206_and_that_part(
    api: ApiClient, path: str, byte_range: str, first: int, last: int
) -> None:
    response = api.get(path, Range=byte_range)
    assert response.status == 206
    assert response.headers["Content-Range"] == f"bytes {first}-{last}/10000"
    assert response.headers["Content-Length"] == str(last - first + 1)
    assert response.content == FILE[first : last + 1]


@pytest.mark.parametrize("byte_range", ["bytes=10000-", "bytes=5-2", "bytes=0-1,5-6", "pages=1-2", "bytes=x"])
def test_unsatisfiable_range_returns_the_whole_file(api: ApiClient, path: str, byte_range: str) -> None:
    response = api.get(path, Range=byte_range)
    assert (response.status, response.content) == (200, FILE)
    assert "immutable" in response.headers["Cache-Control"]


def test_matching_etag_returns_304(api: ApiClient, path: str) -> None:
    etag = api.get(path).headers["ETag"]
    response = api.get(path, If_None_Match=etag)
    assert (response.status, response.content) == (304, b"")


def test_etag_is_unchanged_after_the_cleanup_sets_the_mtime(api: ApiClient, path: str, store: Path) -> None:
    etag = api.get(path).headers["ETag"]
    os.utime(store / path.removeprefix("/media/"), (0, time.monotonic()))
    assert api.get(path).headers["ETag"] == etag


@pytest.mark.parametrize(
    "path",
    [
        "/media/venues/0123456789abcdef01234567/0123456789abcdef0123456789abcdef.jpg",
        "/media/",
        "/media/venues",
        "/media/../jwt_secret",
        "/media/%2e%2e/jwt_secret",
        "/media/..%2fjwt_secret",
        "/media//etc/passwd",
        "/media/%00",
        "/media/secret.html",
    ],
)
def test_other_files_on_the_disk_are_not_served(api: ApiClient, store: Path, path: str) -> None:
    store.mkdir()
    for secret_file in (store / "secret.html", store.parent / "jwt_secret"):
        secret_file.write_text("<script>")
    answer = api.get(path)
    assert (answer.status, answer.code) == (404, "not_found")


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH"])
def test_stored_file_allows_only_reading_methods(api: ApiClient, path: str, method: str) -> None:
    answer = api.send(method, path)
    assert (answer.status, answer.code) == (405, "method_not_allowed")
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_file_deleted_before_sending_returns_404(app: Flask, tmp_path: Path) -> None:
    with app.test_request_context(), pytest.raises(NotFound):
        send_stored(tmp_path / "gone.jpg")
