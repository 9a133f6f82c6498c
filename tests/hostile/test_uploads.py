"""Hostile requests for permission to upload a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.hostile.client import UPLOAD, assert_invalid, assert_outcome, changed, short_id
from tests.hostile.world import O1, O2_ID, U1

if TYPE_CHECKING:
    from tests.hostile.client import HostileClient

INVALID_UPLOADS = [
    ("content_type", "text/html"),
    ("content_type", "application/x-php"),
    ("content_type", "image/*"),
    ("content_type", "IMAGE/JPEG;x=<script>"),
    ("content_type", ""),
    ("bucket", "other"),
    ("key", f"venues/{O2_ID}/x.jpg"),
]
UNSAFE_NAMES = [
    "../../etc/passwd",
    "..\\..\\x.jpg",
    "/abs.jpg",
    "a\x00.jpg",
    "a.jpg\r\nX-Amz-Acl: public-read-write",
    ".",
]
UNSAFE_TEXTS = ["..", "\\", "%2e", "%2E", "%00", "\x00", "%0D", "%0d", "\r", "\n"]


@pytest.mark.parametrize(("field", "value"), INVALID_UPLOADS, ids=short_id)
def test_an_upload_with_an_invalid_field_is_rejected(api: HostileClient, field: str, value: object) -> None:
    assert_invalid(api.post("/uploads/sign-s3", changed(UPLOAD, **{field: value}), token=O1), field)


@pytest.mark.parametrize("name", UNSAFE_NAMES)
def test_an_unsafe_file_name_is_rejected_or_not_part_of_the_url(api: HostileClient, name: str) -> None:
    response = api.post("/uploads/sign-s3", changed(UPLOAD, filename=name), token=O1)
    if response.status == 200:
        assert [text for text in UNSAFE_TEXTS if text in response.data["public_url"]] == []
    else:
        assert_invalid(response, "filename")


def test_a_video_over_the_limit_is_rejected(api: HostileClient) -> None:
    video = changed(UPLOAD, content_type="video/mp4", size_bytes=52_428_802)
    assert_invalid(api.post("/uploads/sign-s3", video, token=O1), "size_bytes")


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        # A signature over free parameters would let its owner sign anything.
        ({"public_id": "hall", "eval": "x", "notification_url": "http://127.0.0.1/"}, ["eval", "notification_url"]),
        ({"resource_type": "raw"}, ["resource_type"]),
    ],
    ids=["free parameters", "raw"],
)
def test_cloudinary_parameters_are_limited(api: HostileClient, body: dict[str, Any], fields: list[str]) -> None:
    assert_invalid(api.post("/uploads/sign-cloudinary", body, token=O1), *fields)


@pytest.mark.parametrize(
    ("caller", "outcome"), [(None, "401 missing_token"), (U1, "403 owner_only")], ids=["no token", "a guest"]
)
def test_only_owners_upload(api: HostileClient, caller: str | None, outcome: str) -> None:
    assert_outcome(api.post("/uploads/sign-s3", UPLOAD, token=caller), outcome)
