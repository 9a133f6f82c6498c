"""Test helpers: files with the signature of each media type, and requests that upload and fetch them."""

from __future__ import annotations

import hashlib
import io
from functools import cache
from typing import TYPE_CHECKING, Any

from PIL import Image

from tests.factories import upload_body

if TYPE_CHECKING:
    from tests.api_client import ApiClient, ApiResponse

HEADS = {
    "image/jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00",
    "image/png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    "image/webp": b"RIFF\x24\x00\x00\x00WEBPVP8 ",
    "image/avif": b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1miaf",
    "video/mp4": b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41",
    "video/webm": b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm\x42\x87\x81\x04",
    "video/quicktime": b"\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00qt  ",
}
EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/avif": "avif",
    "video/mp4": "mp4",
    "video/webm": "webm",
    "video/quicktime": "mov",
}


@cache
def make_picture(content_type: str) -> bytes:
    """Return a picture of 16 by 14 pixels."""
    file = io.BytesIO()
    Image.linear_gradient("L").resize((16, 14)).convert("RGB").save(file, content_type.removeprefix("image/"))
    return file.getvalue()


def make_file(content_type: str = "image/jpeg", size: int = 1_000) -> bytes:
    """Return a file of exactly `size` bytes: a picture or the signature of a video, then pseudo-random content."""
    start = make_picture(content_type) if content_type.startswith("image/") else HEADS[content_type]
    return (start + hashlib.shake_256(content_type.encode()).digest(size))[:size]


def sign(api: ApiClient, owner: str, content_type: str = "image/jpeg", size: int = 1_000) -> Any:
    """Return the data of POST /uploads/sign-s3."""
    return api.post("/uploads/sign-s3", upload_body(content_type, size), token=owner).data


def path_of(url: str) -> str:
    """Return the path of a URL on this server."""
    return "/" + url.split("/", 3)[3]


def put(api: ApiClient, url: str, body: Any, content_type: str = "image/jpeg", **headers: str) -> ApiResponse:
    """Upload a file to a URL of the local storage; an iterator is sent in chunks."""
    return api.send("PUT", path_of(url), body, Content_Type=content_type, **headers)
