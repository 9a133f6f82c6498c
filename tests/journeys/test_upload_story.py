"""Uploads over HTTP on a new installation: sign, upload, read, and show with the venue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.conftest import uri_of
from tests.factories import PASSWORD, venue_body
from tests.servers import running_server
from tests.uploads.files import make_file
from tests.uploads.seaweed import running_seaweed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.uploads.seaweed import Seaweed

TIMEOUT_SECONDS = 20
# A WebP of 16 by 14 pixels.
PICTURE = b"RIFF\x16\0\0\0WEBPVP8L\n\0\0\0/\x0f@\x03\0(V\x7f3\x02"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server with the embedded database and local storage, as after an installation."""
    folder: Path = tmp_path_factory.mktemp("uploads")
    with running_server(mongo_uri=None, folder=folder) as server:
        yield server.url


@pytest.fixture(scope="module")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seaweed]:
    """An S3 server that verifies signatures."""
    with running_seaweed(tmp_path_factory.mktemp("seaweed")) as server:
        yield server


def request(method: str, url: str, **options: Any) -> requests.Response:
    return requests.request(method, url, timeout=TIMEOUT_SECONDS, **options)


def test_a_picture_is_uploaded_and_shown_with_its_venue(address: str) -> None:
    account = {"email": "sara@halls.example", "password": PASSWORD, "is_venue_owner": True}
    token = request("POST", f"{address}/auth/signup", json=account).json()["data"]["token"]
    headers = {"Authorization": f"Bearer {token}"}
    file = {"filename": "stage.webp", "content_type": "image/webp", "size_bytes": len(PICTURE)}
    signed = request("POST", f"{address}/uploads/sign-s3", json=file, headers=headers).json()["data"]

    # A longer file and another type are rejected. The picture is accepted, also for a second upload.
    put = {"method": signed["method"], "url": signed["upload_url"], "headers": signed["headers"]}
    assert request(**put, data=PICTURE + b"more").json()["code"] == "body_too_large"
    assert request(**put, data=b"x" * len(PICTURE)).json()["code"] == "not_json"
    assert request("GET", signed["public_url"]).status_code == 404
    for _ in range(2):
        assert request(**put, data=PICTURE).json()["data"] == {"public_url": signed["public_url"]}

    response = request("GET", signed["public_url"])
    assert (response.content, response.headers["Content-Type"]) == (PICTURE, "image/webp")
    body = venue_body(pictures=[signed["public_url"]])
    venue_id = request("POST", f"{address}/venues/register", json=body, headers=headers).json()["data"]["venue_id"]
    venue = request("GET", f"{address}/venues/{venue_id}").json()["data"]["venue"]
    assert request("GET", venue["pictures"][0]).content == PICTURE


def test_a_video_goes_to_s3_and_is_shown_with_its_venue(mongo_uri: str, seaweed: Seaweed, tmp_path: Path) -> None:
    settings = {name.upper(): value for name, value in seaweed.settings.items()}
    video = make_file("video/mp4", 300_000)
    with running_server(mongo_uri=uri_of(mongo_uri, "test_upload_story"), folder=tmp_path, **settings) as server:
        account = {"email": "sara@halls.example", "password": PASSWORD, "is_venue_owner": True}
        token = request("POST", f"{server.url}/auth/signup", json=account).json()["data"]["token"]
        headers = {"Authorization": f"Bearer {token}"}
        file = {"filename": "tour.mp4", "content_type": "video/mp4", "size_bytes": len(video)}
        signed = request("POST", f"{server.url}/uploads/sign-s3", json=file, headers=headers).json()["data"]
        # The steps are the same as for local storage; only the server that stores the file differs.
        put = {"method": signed["method"], "url": signed["upload_url"], "headers": signed["headers"]}
        assert signed["upload_url"].startswith(f"{seaweed.url}/")
        assert request(**put, data=video + b"more").status_code == 403
        assert request(**put, data=video).status_code == 200
        body = venue_body(videos=[{"url": signed["public_url"], "size_mb": 0.3}])
        registered = request("POST", f"{server.url}/venues/register", json=body, headers=headers).json()["data"]
        venue = request("GET", f"{server.url}/venues/{registered['venue_id']}").json()["data"]["venue"]
    response = request("GET", venue["videos"][0]["url"])
    assert (response.content, response.headers["Content-Type"]) == (video, "video/mp4")


def test_an_upload_url_with_a_forged_signature_is_rejected(address: str) -> None:
    key = f"venues/{'0' * 24}/{'0' * 32}.webp"
    forged = f"{address}/uploads/local/{key}/30/99999999999/{'0' * 64}"
    response = request("PUT", forged, data=PICTURE, headers={"Content-Type": "image/webp"})
    assert (response.status_code, response.json()["code"]) == (403, "bad_signature")
