"""Tests of uploads to S3 against a server that verifies signatures, and of the URLs for AWS."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import time_machine
from pydantic import ValidationError

from halls.clock import utc_now
from halls.uploads.media import CONTENT_TYPES, new_key
from halls.uploads.s3 import FIXED_HEADERS, StorageNotConfigured, sign_s3_put
from tests.conftest import make_config
from tests.factories import upload_body
from tests.uploads.files import make_file, sign

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.api_client import ApiClient
    from tests.uploads.seaweed import Seaweed

OWNER_ID = "0123456789abcdef01234567"
KEYS = {"aws_access_key_id": "AKID", "aws_secret_access_key": "secret"}


def send(url: str, body: bytes, content_type: str = "image/jpeg", **headers: str) -> int:
    """Upload a file to S3; return the status."""
    sent = {"Content-Type": content_type, **FIXED_HEADERS, **headers}
    return requests.put(url, data=body, headers=sent, timeout=30).status_code


@pytest.fixture
def no_aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Hide the AWS settings of this machine; return the path of the absent credentials file."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return tmp_path / "credentials"


@pytest.mark.parametrize("content_type", CONTENT_TYPES)
def test_uploaded_file_is_publicly_readable(
    make_api: Callable[..., ApiClient], seaweed: Seaweed, content_type: str
) -> None:
    api = make_api(**seaweed.settings)
    owner = api.owner()
    owner_id = api.get("/auth/me", token=owner).data["profile"]["id"]
    file = make_file(content_type, 100_000)
    address = sign(api, owner, content_type, len(file))
    assert (address["method"], address["headers"]) == ("PUT", {"Content-Type": content_type, **FIXED_HEADERS})
    assert requests.put(address["upload_url"], data=file, headers=address["headers"], timeout=30).status_code == 200
    assert address["public_url"].startswith(f"{seaweed.url}/pictures/venues/{owner_id}/")
    response = requests.get(address["public_url"], timeout=30)
    assert (response.status_code, response.headers["Content-Type"], response.content) == (200, content_type, file)


@pytest.fixture
def url(seaweed: Seaweed) -> str:
    """Return a signed URL for a JPEG of 1 000 bytes."""
    return sign_s3_put(
        make_config(**seaweed.settings), new_key(OWNER_ID, "image/jpeg"), "image/jpeg", 1_000, seconds=600
    ).upload_url


def test_length_and_type_are_signed_for_ten_minutes(url: str) -> None:
    query = parse_qs(urlsplit(url).query)
    signed = "cache-control;content-disposition;content-encoding;content-length;content-type;host;if-none-match"
    assert query["X-Amz-SignedHeaders"] == [signed]
    assert query["X-Amz-Expires"] == ["600"]
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]


@pytest.mark.parametrize(
    ("tamper", "size", "content_type"),
    [
        (lambda url: url, 1_001, "image/jpeg"),
        (lambda url: url, 999, "image/jpeg"),
        (lambda url: url, 1_000, "image/png"),
        (lambda url: url, 1_000, "text/html"),
        (lambda url: url.replace(".jpg?", ".png?"), 1_000, "image/jpeg"),
        (lambda url: url.replace(OWNER_ID, "f" * 24), 1_000, "image/jpeg"),
        (lambda url: url.replace("/pictures/", "/others/"), 1_000, "image/jpeg"),
        (lambda url: url.replace("Expires=600", "Expires=6000"), 1_000, "image/jpeg"),
        (lambda url: url[:-1] + ("0" if url[-1] != "0" else "1"), 1_000, "image/jpeg"),
        (lambda url: url.partition("?")[0], 1_000, "image/jpeg"),
    ],
)
def test_server_rejects_requests_that_differ_from_the_signed_one(
    url: str, tamper: Callable[[str], str], size: int, content_type: str
) -> None:
    assert send(tamper(url), make_file(size=size), content_type) == 403
    assert requests.get(url.partition("?")[0], timeout=30).status_code == 404
    assert send(url, make_file()) == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Encoding": "gzip"},
        {"Content-Disposition": 'attachment; filename="setup.exe"'},
        {"Cache-Control": "no-store"},
        {"If-None-Match": ""},
    ],
)
def test_server_rejects_headers_that_differ_from_the_signed_ones(url: str, headers: dict[str, str]) -> None:
    assert send(url, make_file(), **headers) == 403
    without = {name: value for name, value in FIXED_HEADERS.items() if name not in headers}
    sent = {"Content-Type": "image/jpeg", **without}
    assert requests.put(url, data=make_file(), headers=sent, timeout=30).status_code == 403
    assert requests.get(url.partition("?")[0], timeout=30).status_code == 404


def test_a_second_use_of_the_url_does_not_replace_the_file(url: str) -> None:
    first, second = make_file(), make_file()[::-1]
    assert send(url, first) == 200
    assert send(url, second) == 412
    response = requests.get(url.partition("?")[0], timeout=30)
    assert response.content == first
    stored = {name: response.headers[name] for name in ("Cache-Control", "Content-Disposition")}
    assert stored == {"Cache-Control": "public, max-age=31536000, immutable", "Content-Disposition": "inline"}


def test_server_rejects_a_url_signed_with_another_secret(seaweed: Seaweed) -> None:
    config = make_config(**{**seaweed.settings, "aws_secret_access_key": "another secret"})
    url = sign_s3_put(config, new_key(OWNER_ID, "image/jpeg"), "image/jpeg", 1_000, seconds=600).upload_url
    assert send(url, make_file()) == 403


def test_server_rejects_an_expired_url(seaweed: Seaweed) -> None:
    config = make_config(**seaweed.settings)
    with time_machine.travel(utc_now() - timedelta(minutes=11), tick=True):
        url = sign_s3_put(config, new_key(OWNER_ID, "image/jpeg"), "image/jpeg", 1_000, seconds=600).upload_url
    assert send(url, make_file()) == 403


@pytest.mark.parametrize(
    ("settings", "upload_start", "public_start"),
    [
        ({"s3_region": "ap-south-1"}, "https://halls.s3.ap-south-1.amazonaws.com/venues/", None),
        ({"s3_region": "us-east-1"}, "https://halls.s3.us-east-1.amazonaws.com/venues/", None),
        ({"s3_bucket": "a.b", "s3_region": "eu-west-1"}, "https://s3.eu-west-1.amazonaws.com/a.b/venues/", None),
        ({"s3_endpoint_url": "http://minio:9000", "s3_region": "x"}, "http://minio:9000/halls/venues/", None),
        (
            {"s3_region": "ap-south-1", "s3_public_url": "https://cdn.example/halls/"},
            "https://halls.s3.ap-south-1.amazonaws.com/venues/",
            "https://cdn.example/halls/venues/",
        ),
    ],
)
def test_urls_follow_bucket_region_endpoint_and_cdn_settings(
    settings: dict[str, Any], upload_start: str, public_start: str | None
) -> None:
    config = make_config(**{"s3_bucket": "halls", **KEYS, **settings})
    key = new_key(OWNER_ID, "image/jpeg")
    upload_url, _, public_url = sign_s3_put(config, key, "image/jpeg", 1_000, seconds=600)
    assert upload_url.startswith(upload_start)
    assert public_url.startswith(public_start or upload_start)
    assert public_url.endswith(key)


def test_session_token_is_part_of_the_signed_url() -> None:
    config = make_config(s3_bucket="halls", s3_region="ap-south-1", **KEYS, aws_session_token="a token")
    url = sign_s3_put(config, new_key(OWNER_ID, "image/jpeg"), "image/jpeg", 1_000, seconds=600).upload_url
    assert parse_qs(urlsplit(url).query)["X-Amz-Security-Token"] == ["a token"]


def test_credentials_file_is_used_as_soon_as_it_exists(no_aws: Path, make_api: Callable[..., ApiClient]) -> None:
    api = make_api(s3_bucket="chain", s3_region="ap-south-1")
    owner = api.owner()
    answer = api.post("/uploads/sign-s3", upload_body(), token=owner)
    assert (answer.status, answer.code) == (503, "not_configured")
    no_aws.write_text("[default]\naws_access_key_id = FROMFILE\naws_secret_access_key = x\n")
    assert "FROMFILE" in sign(api, owner)["upload_url"]


@pytest.mark.usefixtures("no_aws")
def test_signing_without_credentials_raises_storage_not_configured() -> None:
    config = make_config(s3_bucket="nobodys", s3_region="ap-south-1")
    with pytest.raises(StorageNotConfigured):
        sign_s3_put(config, new_key(OWNER_ID, "image/jpeg"), "image/jpeg", 1_000, seconds=600)


@pytest.mark.parametrize(
    ("settings", "invalid_setting"),
    [
        ({"aws_access_key_id": "AKID"}, "aws_secret_access_key"),
        ({"aws_secret_access_key": "secret"}, "aws_secret_access_key"),
        ({"s3_endpoint_url": "minio:9000"}, "s3_endpoint_url"),
        ({"s3_public_url": "cdn.example"}, "s3_public_url"),
        ({"public_url": "halls.example"}, "public_url"),
        ({"cloudinary_cloud_name": "a/b"}, "cloudinary_cloud_name"),
    ],
)
def test_invalid_upload_settings_are_rejected(settings: dict[str, str], invalid_setting: str) -> None:
    with pytest.raises(ValidationError) as caught:
        make_config(**settings)
    assert [error["loc"] for error in caught.value.errors()] == [(invalid_setting,)]
