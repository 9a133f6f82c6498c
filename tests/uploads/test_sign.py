"""Tests of POST /uploads/sign-s3: authorization, validation, response and rate limit."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, cast

import pytest

from halls.clock import utc_now
from halls.uploads.schemas import CloudinaryAddress, UploadAddress
from tests.factories import upload_body
from tests.uploads.files import EXTENSIONS, sign

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.api_client import ApiClient

MIB = 1024 * 1024
HARMFUL_FRAGMENTS = ["..", "\\", "%2e", "%2E", "%00", "\0", "%0D", "%0d", "\r", "\n", "passwd", "abs", "Acl"]


def test_signing_requires_an_owner_token(api: ApiClient) -> None:
    for path in ("/uploads/sign-s3", "/uploads/sign-cloudinary"):
        assert api.post(path, upload_body()).code == "missing_token"
        assert api.post(path, upload_body(), token=api.guest()).code == "owner_only"


def test_response_contains_url_method_headers_and_expiry(api: ApiClient, owner: str) -> None:
    owner_id = api.get("/auth/me", token=owner).data["profile"]["id"]
    answer = sign(api, owner)
    assert set(answer) == {"upload_url", "method", "headers", "public_url", "expires_at"}
    assert answer["method"] == "PUT"
    assert answer["headers"] == {"Content-Type": "image/jpeg"}
    assert answer["upload_url"].startswith(f"http://127.0.0.1:5000/uploads/local/venues/{owner_id}/")
    assert answer["public_url"].startswith(f"http://127.0.0.1:5000/media/venues/{owner_id}/")
    expires_at = datetime.strptime(answer["expires_at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    assert timedelta(seconds=590) < expires_at - utc_now() <= timedelta(minutes=10)


def test_examples_have_the_form_of_real_responses(make_api: Callable[..., ApiClient]) -> None:
    api = make_api(cloudinary_cloud_name="halls", cloudinary_upload_preset="venues")
    owner = api.owner()
    for path, body, model in (
        ("/uploads/sign-s3", upload_body(), UploadAddress),
        ("/uploads/sign-cloudinary", {}, CloudinaryAddress),
    ):
        (example,) = cast("list[Any]", cast("dict[str, Any]", model.model_config["json_schema_extra"])["examples"])
        answer = api.post(path, body, token=owner).data
        assert outline(example) == outline(answer), path


def outline(value: Any) -> Any:
    """Return the value with host names, hashes, numbers, timestamps and file names replaced."""
    if isinstance(value, dict):
        return {name: outline(item) for name, item in value.items()}
    text = re.sub(r"https?://(halls\.example|127\.0\.0\.1:5000)", "", str(value))
    text = re.sub(r"[0-9a-f]{24,64}|\b[0-9]+\b|[0-9-]+T[0-9:]+Z", lambda match: str(len(match[0]) // 24), text)
    return re.sub(r"^venues/1/\w+$", "venues/1/name", text)


def test_urls_use_public_url_and_ignore_the_host_header(make_api: Callable[..., ApiClient]) -> None:
    api = make_api(public_url="https://halls.example/api/")
    answer = api.post("/uploads/sign-s3", upload_body(), token=api.owner(), Host="evil.example").data
    assert answer["upload_url"].startswith("https://halls.example/api/uploads/local/venues/")
    assert answer["public_url"].startswith("https://halls.example/api/media/venues/")


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("0.0.0.0", "localhost"),  # noqa: S104 - no socket is opened in this test
        ("::", "localhost"),
        ("[::]", "localhost"),
        ("::1", "[::1]"),
        ("[::1]", "[::1]"),
        ("192.0.2.7", "192.0.2.7"),
    ],
)
def test_urls_without_public_url_name_the_host_or_localhost(
    make_api: Callable[..., ApiClient], host: str, shown: str
) -> None:
    api = make_api(host=host, port=8000)
    assert sign(api, api.owner())["public_url"].startswith(f"http://{shown}:8000/media/")


@pytest.mark.parametrize("filename", ["../../etc/passwd", "..\\..\\x.jpg", "/abs.jpg", ".", "a" * 255, "تصویر.jpg"])
def test_client_file_name_is_not_part_of_the_url(api: ApiClient, owner: str, filename: str) -> None:
    answer = api.post("/uploads/sign-s3", upload_body(filename=filename), token=owner).data
    assert not any(fragment in answer["public_url"] for fragment in HARMFUL_FRAGMENTS)
    assert answer["public_url"].endswith(".jpg")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"filename": "a\0.jpg"}, "filename"),
        ({"filename": "a.jpg\r\nX-Amz-Acl: public-read-write"}, "filename"),
        ({"filename": "  "}, "filename"),
        ({"filename": "a" * 256}, "filename"),
        ({"filename": None}, "filename"),
        ({"content_type": "text/html"}, "content_type"),
        ({"content_type": "image/svg+xml"}, "content_type"),
        ({"content_type": "application/x-php"}, "content_type"),
        ({"content_type": "image/*"}, "content_type"),
        ({"content_type": "IMAGE/JPEG;x=<script>"}, "content_type"),
        ({"content_type": "image/jpeg\n"}, "content_type"),
        ({"content_type": ""}, "content_type"),
        ({"content_type": ["image/jpeg"]}, "content_type"),
        ({"size_bytes": 0}, "size_bytes"),
        ({"size_bytes": -1}, "size_bytes"),
        ({"size_bytes": 1.5}, "size_bytes"),
        ({"size_bytes": "1000"}, "size_bytes"),
        ({"size_bytes": True}, "size_bytes"),
        ({"size_bytes": 10 * MIB + 1}, "size_bytes"),
        ({"content_type": "video/mp4", "size_bytes": 25 * MIB + 1}, "size_bytes"),
        ({"content_type": "video/mp4", "size_bytes": 52_428_802}, "size_bytes"),
        ({"content_type": "video/mp4", "size_bytes": 2**62}, "size_bytes"),
        ({"bucket": "other"}, "bucket"),
        ({"key": "venues/0123456789abcdef01234567/x.jpg"}, "key"),
    ],
)
def test_invalid_field_is_rejected_by_name(api: ApiClient, owner: str, changes: dict[str, Any], field: str) -> None:
    answer = api.post("/uploads/sign-s3", upload_body(**changes), token=owner)
    assert (answer.status, answer.code, answer.fields) == (422, "validation_error", [field])


@pytest.mark.parametrize(("content_type", "limit"), [("image/avif", 10 * MIB), ("video/quicktime", 25 * MIB)])
def test_file_of_the_maximum_size_is_accepted(api: ApiClient, owner: str, content_type: str, limit: int) -> None:
    answer = sign(api, owner, content_type, limit)
    assert answer["public_url"].endswith(f".{EXTENSIONS[content_type]}")


def test_video_size_limit_is_configurable(make_api: Callable[..., ApiClient]) -> None:
    api = make_api(max_video_mb=0.5)
    owner = api.owner()
    sign(api, owner, "video/mp4", MIB // 2)
    answer = api.post("/uploads/sign-s3", upload_body("video/mp4", MIB // 2 + 1), token=owner)
    assert answer.fields == ["size_bytes"]


def test_account_may_sign_sixty_uploads_a_minute(make_api: Callable[..., ApiClient]) -> None:
    api = make_api(
        rate_limits="on",
        rate_limit_storage_uri="memory://",
        cloudinary_cloud_name="demo",
        cloudinary_upload_preset="halls",
    )
    owner, other = api.owner(), api.owner()
    for _ in range(30):
        assert api.post("/uploads/sign-s3", upload_body(), token=owner).status == 200
        assert api.post("/uploads/sign-cloudinary", {}, token=owner).status == 200
    limited = api.post("/uploads/sign-s3", upload_body(), token=owner)
    assert (limited.status, limited.code) == (429, "rate_limited")
    assert 1 <= int(limited.headers["Retry-After"]) <= 60
    assert api.post("/uploads/sign-cloudinary", {}, token=owner).status == 429
    assert api.post("/uploads/sign-s3", upload_body(), token=other).status == 200
