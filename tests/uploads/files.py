"""Files that begin as real ones of each type do, and the requests that send them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from tests.api_client import Answer

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

    from tests.api_client import Api

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


def make_file(content_type: str = "image/jpeg", size: int = 1_000) -> bytes:
    """Return a file of exactly that many bytes, no two parts of it alike."""
    return (HEADS[content_type] + hashlib.shake_256(content_type.encode()).digest(size))[:size]


def upload_body(content_type: str = "image/jpeg", size: int = 1_000, **fields: Any) -> dict[str, Any]:
    """Return a body of POST /uploads/sign-s3."""
    return {"filename": "a.jpg", "content_type": content_type, "size_bytes": size, **fields}


def sign(api: Api, owner: str, content_type: str = "image/jpeg", size: int = 1_000) -> Any:
    """Ask for an address."""
    return api.post("/uploads/sign-s3", upload_body(content_type, size), as_=owner).data


def path_of(url: str) -> str:
    """Return the path of an address on this server."""
    return "/" + url.split("/", 3)[3]


def put(api: Api, url: str, body: bytes, content_type: str = "image/jpeg", **headers: str) -> Answer:
    """Send a file to an address of the own store; an underscore in a header's name stands for a dash."""
    sent = {"Content-Type": content_type, **{name.replace("_", "-"): value for name, value in headers.items()}}
    response = api.client.put(path_of(url), data=body, headers=sent)
    return Answer(response.status_code, response.get_json(silent=True), response.headers)


def get(api: Api, path: str, **headers: str) -> TestResponse:
    """Fetch what is kept, whole; an underscore in a header's name stands for a dash."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return api.client.get(path, headers=sent, buffered=True)
