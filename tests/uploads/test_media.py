"""Tests of media types: signatures of files, size limits and storage keys."""

from __future__ import annotations

import pytest

from halls.uploads.media import CONTENT_TYPES, is_key, looks_like, max_bytes, new_key, type_of
from tests.uploads.files import EXTENSIONS, HEADS

OWNER_ID = "0123456789abcdef01234567"
HTML = b"<!doctype html><script>alert(1)</script>"


def test_each_content_type_has_a_sample() -> None:
    assert set(CONTENT_TYPES) == set(HEADS) == set(EXTENSIONS)


@pytest.mark.parametrize("declared_type", CONTENT_TYPES)
@pytest.mark.parametrize("actual_type", CONTENT_TYPES)
def test_signature_matches_only_its_own_type(declared_type: str, actual_type: str) -> None:
    assert looks_like(declared_type, HEADS[actual_type] + b"\x00" * 100) is (declared_type == actual_type)


@pytest.mark.parametrize("declared_type", CONTENT_TYPES)
@pytest.mark.parametrize(
    "head", [b"", b"\x00", HTML, b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7", b"GIF89a"]
)
def test_unsupported_files_match_no_type(declared_type: str, head: bytes) -> None:
    assert not looks_like(declared_type, head)


@pytest.mark.parametrize(
    ("declared_type", "head"),
    [
        ("image/avif", b"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1avifmiaf"),
        ("video/mp4", b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"),
        ("video/mp4", b"\x00\x00\x00\x01ftyp\x00\x00\x00\x00\x00\x00\x00\x1cmp42\x00\x00\x00\x00isom"),
        ("video/webm", b"\x1a\x45\xdf\xa3\x01\x00\x00\x00\x00\x00\x00\x23\x42\x82\x40\x04webm"),
        ("video/webm", b"\x1a\x45\xdf\xa3\x9f\x42\x82\x01\x00\x00\x00\x00\x00\x00\x04webm"),
        ("video/mp4", b"\x00\x00\x00\x18ftypM4V \x00\x00\x00\x00M4V isom"),
        ("video/quicktime", b"\x00\x00\x00\x08wide\x00\x00\x00\x00mdat"),
        ("video/quicktime", b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42qt  "),
        ("image/jpeg", b"\xff\xd8\xff\xe1\x1a\x2bExif\x00\x00"),
        ("image/webp", b"RIFF\xff\xff\xff\xffWEBPVP8X"),
    ],
)
def test_signature_variants_of_a_type_match(declared_type: str, head: bytes) -> None:
    assert looks_like(declared_type, head)


@pytest.mark.parametrize(
    ("declared_type", "head"),
    [
        ("video/mp4", b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"),
        ("video/mp4", b"<!--ftypisom\x00\x00\x00\x00isommp41--><script>"),  # a text: its "size" is above its end
        ("video/mp4", b"\x00\x00\x00\x0cftypisom"),  # too small for a major brand and its version
        ("video/mp4", b"\x00\x00\x00\x00ftypisom\x00\x00\x00\x00isom"),  # to the end of the file
        ("video/mp4", b"\x00\x00\x00\x20ftypisom\x00\x00\x00\x00isom"),  # the box is cut off
        ("video/mp4", b"\x00\x00\x00\x15ftypisom\x00\x00\x00\x00isom."),  # brands have four bytes
        ("video/mp4", b"\x00\x00\x01\x00ftypisom\x00\x00\x00\x00" + b"isom" * 59 + b"heic"),  # after 64 bytes
        ("video/mp4", b"\x00\x00\x00\x01ftyp\x00\x00\x00\x00\x00\x00\x00\x1cheic\x00\x00\x00\x00isom"),
        ("video/quicktime", b"<!--moov--><script>alert(1)</script>"),
        ("video/webm", b"\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska webm"),
        ("image/avif", b"\x00\x00\x00\x10ftypisom\x00\x00\x00\x00avif"),  # the brand is outside the ftyp box
        ("video/webm", b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x88matroska"),
        ("image/webp", b"RIFF\x24\x00\x00\x00WAVEfmt "),
    ],
)
def test_similar_signatures_do_not_match(declared_type: str, head: bytes) -> None:
    assert not looks_like(declared_type, head)


def test_picture_limit_is_fixed_and_video_limit_is_configurable() -> None:
    assert max_bytes("image/png", 25) == 10 * 1024 * 1024
    assert max_bytes("video/mp4", 25) == 25 * 1024 * 1024
    assert max_bytes("video/webm", 0.5) == 512 * 1024


@pytest.mark.parametrize("content_type", CONTENT_TYPES)
def test_key_contains_owner_and_type_and_is_unique(content_type: str) -> None:
    key = new_key(OWNER_ID, content_type)
    assert key.startswith(f"venues/{OWNER_ID}/")
    assert key.endswith(f".{EXTENSIONS[content_type]}")
    assert is_key(key)
    assert type_of(key) == content_type
    assert key != new_key(OWNER_ID, content_type)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/etc/passwd",
        f"venues/{OWNER_ID}/../{'a' * 32}.jpg",
        f"venues/{OWNER_ID}/{'a' * 32}.html",
        f"venues/{OWNER_ID}/{'a' * 32}.jpg\n",
        f"venues/{OWNER_ID}/{'a' * 32}.jpg/x",
        f"venues/{OWNER_ID.upper()}/{'a' * 32}.jpg",
        f"incoming/{'a' * 32}",
    ],
)
def test_malformed_key_is_rejected(text: str) -> None:
    assert not is_key(text)
