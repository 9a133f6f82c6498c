"""Which files may be uploaded: types, sizes, keys, and what the first bytes of each type look like; pure."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Callable

ContentType = Literal[
    "image/jpeg", "image/png", "image/webp", "image/avif", "video/mp4", "video/webm", "video/quicktime"
]
CONTENT_TYPES: tuple[str, ...] = get_args(ContentType)
MIB = 1024 * 1024
MAX_PICTURE_BYTES = 10 * MIB
# So many first bytes tell the type; the brands of a real AVIF or MP4 all stand in them.
HEAD_BYTES = 64
_PICTURE_BRANDS = frozenset({b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1"})
_QUICKTIME_ATOMS = frozenset({b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"})


def _brands(head: bytes) -> list[bytes]:
    """Return the brands of an ISO base media file (ISO/IEC 14496-12), the major one first; none of another file."""
    if head[4:8] != b"ftyp":
        return []
    end = min(int.from_bytes(head[:4], "big"), len(head))
    return [head[8:12], *(head[at : at + 4] for at in range(16, end, 4))]


def _is_avif(head: bytes) -> bool:
    return not {b"avif", b"avis"}.isdisjoint(_brands(head))


def _is_mp4(head: bytes) -> bool:
    # Any brand but those of pictures and QuickTime: every camera maker has its own.
    brands = _brands(head)
    return bool(brands) and brands[0] != b"qt  " and _PICTURE_BRANDS.isdisjoint(brands)


def _is_quicktime(head: bytes) -> bool:
    # Files older than the brands begin with any of a few atoms.
    return b"qt  " in _brands(head) or head[4:8] in _QUICKTIME_ATOMS


@dataclass(frozen=True)
class _Kind:
    extension: str
    has_head: Callable[[bytes], bool]


_KINDS = {
    "image/jpeg": _Kind("jpg", lambda head: head.startswith(b"\xff\xd8\xff")),
    "image/png": _Kind("png", lambda head: head.startswith(b"\x89PNG\r\n\x1a\n")),
    "image/webp": _Kind("webp", lambda head: head.startswith(b"RIFF") and head[8:12] == b"WEBP"),
    "image/avif": _Kind("avif", _is_avif),
    "video/mp4": _Kind("mp4", _is_mp4),
    # An EBML document (RFC 8794) that says it is WebM; Matroska begins with the same four bytes.
    "video/webm": _Kind("webm", lambda head: head.startswith(b"\x1a\x45\xdf\xa3") and b"webm" in head),
    "video/quicktime": _Kind("mov", _is_quicktime),
}
_TYPES = {kind.extension: content_type for content_type, kind in _KINDS.items()}
KEY_PATTERN = rf"venues/[0-9a-f]{{24}}/[0-9a-f]{{32}}\.(?:{'|'.join(_TYPES)})"
_KEY = re.compile(KEY_PATTERN)


def max_bytes(content_type: str, max_video_mb: float) -> int:
    """Return how large a file of that type may be."""
    return int(max_video_mb * MIB) if content_type.startswith("video/") else MAX_PICTURE_BYTES


def looks_like(content_type: str, head: bytes) -> bool:
    """Tell whether a file that begins with `head` can be of that type."""
    return _KINDS[content_type].has_head(head[:HEAD_BYTES])


def new_key(owner_id: str, content_type: str) -> str:
    """Return a new place for a file of that type, under its owner's id and named by nobody."""
    return f"venues/{owner_id}/{secrets.token_hex(16)}.{_KINDS[content_type].extension}"


def is_key(text: str) -> bool:
    """Tell whether `text` is a key of ours: nothing else ever becomes part of a path."""
    return _KEY.fullmatch(text) is not None


def type_of(key: str) -> str:
    """Return the content type of the file at `key`."""
    return _TYPES[key.rpartition(".")[2]]
