"""Rules for uploaded files: types, sizes, keys, and the signatures in their first bytes. Pure functions."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from halls.http.schema import ID_PATTERN

if TYPE_CHECKING:
    from collections.abc import Callable

ContentType = Literal[
    "image/jpeg", "image/png", "image/webp", "image/avif", "video/mp4", "video/webm", "video/quicktime"
]
CONTENT_TYPES: tuple[str, ...] = get_args(ContentType)
# Types that clients send instead of the registered ones.
ALIASES = {"image/jpg": "image/jpeg"}
HEIC_TYPES = ("image/heic", "image/heif", "image/heic-sequence", "image/heif-sequence")
HEIC_HELP = (
    "must be a JPEG: browsers can't show HEIC. On an iPhone, choose Settings → Camera → Formats → Most Compatible, "
    "or send the picture as JPEG."
)
# A file never changes: its name is random and used once.
YEAR_SECONDS = 31_536_000
CACHE_CONTROL = f"public, max-age={YEAR_SECONDS}, immutable"
MIB = 1024 * 1024
MAX_PICTURE_BYTES = 10 * MIB
# The number of first bytes that determine the type. They contain all brands of an AVIF or MP4 file.
HEAD_BYTES = 1024
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
# The element DocType of an EBML document (RFC 8794), with its length in one to eight bytes. Matroska has another type.
_WEBM = re.compile(rb"\x42\x82(?:\x84|[\x01-\x40]\x00{0,6}\x04)webm")
_QUICKTIME_ATOMS = frozenset({b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"})


def _brands(head: bytes) -> list[bytes]:
    """Return the brands of an ISO base media file (ISO/IEC 14496-12), the major brand first; [] for other files.

    A file whose first box is not a complete `ftyp` within `head` is another file.
    """
    if head[4:8] != b"ftyp":
        return []
    size, start = int.from_bytes(head[:4], "big"), 8
    if size == 1:
        # The size has 64 bits and stands after the type.
        size, start = int.from_bytes(head[8:16], "big"), 16
    if not start + 8 <= size <= len(head) or size % 4:
        return []
    # Between the major brand and the others stands its version.
    return [head[start : start + 4], *(head[at : at + 4] for at in range(start + 8, size, 4))]


def _is_avif(head: bytes) -> bool:
    return not _AVIF_BRANDS.isdisjoint(_brands(head))


def is_heic(head: bytes) -> bool:
    """Return whether a file that begins with `head` is a HEIC picture, as iPhones take them."""
    return not _HEIC_BRANDS.isdisjoint(_brands(head[:HEAD_BYTES])) and not _is_avif(head[:HEAD_BYTES])


def _is_mp4(head: bytes) -> bool:
    # Any brand except those of pictures and QuickTime, because every camera maker has its own brands.
    brands = _brands(head)
    return bool(brands) and brands[0] != b"qt  " and (_AVIF_BRANDS | _HEIC_BRANDS).isdisjoint(brands)


def _is_quicktime(head: bytes) -> bool:
    # Old QuickTime files do not have brands. They begin with the size of one of a few atoms. A text begins with a
    # printable character, which would be a size above 512 MiB: "<!--moov" is not a video.
    is_old = head[4:8] in _QUICKTIME_ATOMS and head[0] < ord(" ")
    return is_old or b"qt  " in _brands(head)


@dataclass(frozen=True)
class _FileType:
    extension: str
    matches: Callable[[bytes], bool]


_FILE_TYPES = {
    "image/jpeg": _FileType("jpg", lambda head: head.startswith(b"\xff\xd8\xff")),
    "image/png": _FileType("png", lambda head: head.startswith(b"\x89PNG\r\n\x1a\n")),
    "image/webp": _FileType("webp", lambda head: head.startswith(b"RIFF") and head[8:12] == b"WEBP"),
    "image/avif": _FileType("avif", _is_avif),
    "video/mp4": _FileType("mp4", _is_mp4),
    "video/webm": _FileType("webm", lambda head: head.startswith(b"\x1a\x45\xdf\xa3") and bool(_WEBM.search(head))),
    "video/quicktime": _FileType("mov", _is_quicktime),
}
_TYPES = {file_type.extension: content_type for content_type, file_type in _FILE_TYPES.items()}
KEY_PATTERN = rf"venues/{ID_PATTERN}/[0-9a-f]{{32}}\.(?:{'|'.join(_TYPES)})"
_KEY = re.compile(KEY_PATTERN)


def standard_type(content_type: str) -> str:
    """Return the registered name of a content type."""
    return ALIASES.get(content_type, content_type)


def is_picture(content_type: str) -> bool:
    """Return whether a content type is that of a picture."""
    return content_type.startswith("image/")


def max_bytes(content_type: str, max_video_mb: float) -> int:
    """Return the maximum size of a file of this type, in bytes."""
    return MAX_PICTURE_BYTES if is_picture(content_type) else int(max_video_mb * MIB)


def looks_like(content_type: str, head: bytes) -> bool:
    """Return whether a file that begins with `head` can have this type."""
    return _FILE_TYPES[content_type].matches(head[:HEAD_BYTES])


def folder_of(owner_id: str) -> str:
    """Return the folder of all files of an owner, as their keys contain it."""
    return f"venues/{owner_id}"


def new_key(owner_id: str, content_type: str) -> str:
    """Return a new key for a file of this type: the owner's id and a random name, which the client can't choose."""
    return f"{folder_of(owner_id)}/{secrets.token_hex(16)}.{_FILE_TYPES[content_type].extension}"


def is_key(text: str) -> bool:
    """Return whether `text` has the form of a key. Only such a text may become part of a path."""
    return _KEY.fullmatch(text) is not None


def type_of(key: str) -> str:
    """Return the content type of the file with this key or name."""
    return _TYPES[key.rpartition(".")[2]]
