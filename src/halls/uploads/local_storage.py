"""Local storage: signs upload addresses, and stores each uploaded file completely or not at all."""

from __future__ import annotations

import filecmp
import hashlib
import hmac
import os
import re
import secrets
import shutil
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, BinaryIO

import structlog
from bson import ObjectId

from halls.errors import ApiError, BodyTooLarge, NotConfigured, NotFound, NotJson, invalid
from halls.uploads.media import HEIC_HELP, KEY_PATTERN, is_heic, is_key, is_picture, looks_like, standard_type, type_of
from halls.uploads.pictures import clean_picture
from halls.uploads.store import MIN_COUNTED_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from halls.config import Config

log = structlog.get_logger()
# The part of the disk that uploads leave free. The embedded database uses the same disk: a full disk stops bookings.
SPARE_PERCENT = 5
PARTS = "incoming"
# Without its metadata, a picture may be this many times as large as the size that the quota counts. A forged PNG can
# become 100 times as large.
MAX_GROWTH = 2
GROWS = "The picture becomes too large when its metadata is removed. Save it again, for example as JPEG."
_LABEL = b"halls: an address to upload a file to, version 2"
_ADDRESS = re.compile(rf"({KEY_PATTERN})/([0-9]{{1,15}})/([0-9]{{1,19}})/([0-9]{{1,11}})/([0-9a-f]{{64}})")


class BadSignature(ApiError):
    """The upload address has a wrong signature, has expired, or was used for another file."""

    status, code, message = 403, "bad_signature", "This upload address is not valid or has expired. Request a new one."


class WrongFileType(NotJson):
    """The file has another type than the address was signed for."""

    message = "The file, or its Content-Type, is not of the type that this address was signed for."


class FileTooLarge(BodyTooLarge):
    """The file is larger than the address was signed for."""

    message = "The file is longer than this address was signed for."


class StoreUnusable(NotConfigured):
    """The disk is nearly full, or writing the file failed."""

    message = "This server can't store files at the moment. Its operator must check the disk."


@dataclass(frozen=True)
class UploadTicket:
    """The permission of an upload address: one file of `size` bytes, with the type of the extension in `key`."""

    key: str
    size: int
    # Of the account when the address was signed. After a takeover or a logout everywhere the address is invalid.
    token_version: int = 0

    @property
    def owner_id(self) -> ObjectId:
        """The account that the address was signed for."""
        return ObjectId(self.key.split("/")[1])

    @property
    def content_type(self) -> str:
        """The only allowed Content-Type."""
        return type_of(self.key)


def storage_folder(config: Config) -> Path:
    """Return the folder of the stored files. The key of a file is its path in this folder."""
    return config.data_dir / "uploads"


def sign_local_put(config: Config, ticket: UploadTicket, expires_at: datetime) -> tuple[str, str]:
    """Return the upload address for the ticket, valid until `expires_at`, and the public address of the file."""
    signed_text = f"{ticket.key}/{ticket.size}/{ticket.token_version}/{int(expires_at.timestamp())}"
    address = f"{config.own_url}/uploads/local/{signed_text}/{_sign(config.secret, signed_text)}"
    return address, public_url_of(config, ticket.key)


def public_url_of(config: Config, key: str) -> str:
    """Return the public address of the file."""
    return f"{config.own_url}/media/{key}"


def read_ticket(address: str, *, secret: str, now: datetime) -> UploadTicket:
    """Return the ticket in an upload address (its path after /uploads/local/). Raises BadSignature."""
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise BadSignature
    key, size, version, expires, signature = match.groups()
    is_authentic = hmac.compare_digest(signature, _sign(secret, f"{key}/{size}/{version}/{expires}"))
    if not is_authentic or now >= datetime.fromtimestamp(int(expires), timezone.utc):
        raise BadSignature
    return UploadTicket(key, int(size), int(version))


def _sign(secret: str, signed_text: str) -> str:
    # A derived key, so that a signature of an address is never valid for a token, or the reverse.
    own_key = hmac.digest(secret.encode(), _LABEL, hashlib.sha256)
    return hmac.new(own_key, signed_text.encode(), hashlib.sha256).hexdigest()


def check_upload_headers(
    ticket: UploadTicket, *, content_type: str | None, encoding: str | None, length: int | None
) -> None:
    """Check the headers before the body is read. Raises WrongFileType, FileTooLarge, Invalid for a smaller length."""
    if standard_type(content_type or "") != ticket.content_type or encoding is not None:
        raise WrongFileType
    if length is not None:
        _check_length(ticket, length, is_whole=True)


def save_file(folder: Path, ticket: UploadTicket, pieces: Iterable[bytes]) -> None:
    """Store the file in `pieces` if it matches the ticket. Otherwise nothing of it remains.

    A picture is stored upright and without metadata. The same file may be sent again, because the client may have
    missed the first response. Raises BadSignature if the address was used for another file, WrongFileType,
    FileTooLarge, Invalid for a file that is too short and for a picture that can't be read, TooManyPictures,
    StoreUnusable, and the exceptions of `pieces`.
    """
    try:
        _store_file(folder, ticket, pieces)
    except OSError as error:
        log.error("upload not stored", error=type(error).__name__, errno=error.errno)  # noqa: TRY400 - the disk failed
        raise StoreUnusable from None


def _store_file(folder: Path, ticket: UploadTicket, pieces: Iterable[bytes]) -> None:
    path = folder / ticket.key
    part = folder / PARTS / secrets.token_hex(16)
    for parent in (part.parent, path.parent):
        parent.mkdir(parents=True, exist_ok=True)
    disk = shutil.disk_usage(folder)
    if disk.free - ticket.size < disk.total * SPARE_PERCENT / 100:
        log.error("upload rejected: the disk is nearly full")
        raise StoreUnusable
    try:
        with part.open("xb") as file:
            _write(file, ticket, pieces)
        if is_picture(ticket.content_type):
            cleaned = clean_picture(part.read_bytes(), ticket.content_type)
            if len(cleaned) > MAX_GROWTH * max(ticket.size, MIN_COUNTED_BYTES):
                raise invalid("body", GROWS)
            part.write_bytes(cleaned)
        _sync(part)
        _publish(part, path)
    finally:
        part.unlink(missing_ok=True)


def _write(file: BinaryIO, ticket: UploadTicket, pieces: Iterable[bytes]) -> None:
    size = 0
    for piece in pieces:
        if size == 0 and not looks_like(ticket.content_type, piece):
            raise invalid("body", f"The file {HEIC_HELP}") if is_heic(piece) else WrongFileType
        size += len(piece)
        _check_length(ticket, size, is_whole=False)
        file.write(piece)
    _check_length(ticket, size, is_whole=True)


def _check_length(ticket: UploadTicket, size: int, *, is_whole: bool) -> None:
    if size > ticket.size:
        raise FileTooLarge
    if is_whole and size < ticket.size:
        raise invalid("body", f"The file must have exactly {ticket.size} bytes, as this address was signed for.")


def _publish(part: Path, path: Path) -> None:
    """Link the complete file to its final path. Unlike a rename, a hard link never replaces an existing file."""
    try:
        path.hardlink_to(part)
    except FileExistsError:
        if not filecmp.cmp(part, path, shallow=False):
            raise BadSignature from None
    _sync(path.parent)


def _sync(path: Path) -> None:
    """Wait until the file or folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def get_stored_path(folder: Path, key: str) -> Path:
    """Return the path of the file with this key. Raises NotFound."""
    path = folder / key
    if not is_key(key) or not path.is_file():
        raise NotFound
    return path
