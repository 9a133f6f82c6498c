"""The server's own store: a folder that takes a file at a signed address, whole or not at all."""

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

from halls.errors import ApiError, BodyTooLarge, NotConfigured, NotFound, NotJson, invalid
from halls.uploads.media import KEY_PATTERN, is_key, looks_like, type_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from halls.config import Config

log = structlog.get_logger()
# The embedded database lives on the same disk, and a full disk would stop the bookings.
SPARE_BYTES = 512 * 1024 * 1024
PARTS = "incoming"
_LABEL = b"halls: an address to upload a file to, version 1"
_ADDRESS = re.compile(rf"({KEY_PATTERN})/([0-9]{{1,15}})/([0-9]{{1,11}})/([0-9a-f]{{64}})")


class BadSignature(ApiError):
    """An upload address that we did not sign, whose time is over, or that another file was sent to."""

    status, code, message = 403, "bad_signature", "This upload address is not valid, or no longer. Ask for a new one."


class WrongFileType(NotJson):
    """The file is not of the type that the address was signed for."""

    message = "The file, or its Content-Type, is not of the type that this address was signed for."


class FileTooLarge(BodyTooLarge):
    """The file is longer than the address was signed for."""

    message = "The file is longer than this address was signed for."


class StoreUnusable(NotConfigured):
    """The disk is full, or does not take the file for another reason."""

    message = "This server can't take files just now. Its operator has to look at the disk."


@dataclass(frozen=True)
class UploadTicket:
    """What one address takes: so many bytes, for one key, which tells the type."""

    key: str
    size: int

    @property
    def content_type(self) -> str:
        """The only type it takes."""
        return type_of(self.key)


def storage_folder(config: Config) -> Path:
    """Return the folder that holds the files, each under its key."""
    return config.data_dir / "uploads"


def sign_local_put(config: Config, ticket: UploadTicket, expires_at: datetime) -> tuple[str, str]:
    """Return the address that takes what the ticket says until then, and the file's public address."""
    said = f"{ticket.key}/{ticket.size}/{int(expires_at.timestamp())}"
    address = f"{config.own_url}/uploads/local/{said}/{_sign(config.secret, said)}"
    return address, public_url_of(config, ticket.key)


def public_url_of(config: Config, key: str) -> str:
    """Return where everybody finds the file."""
    return f"{config.own_url}/media/{key}"


def read_ticket(address: str, *, secret: str, now: datetime) -> UploadTicket:
    """Return what the address (its path after /uploads/local/) allows. Raises BadSignature."""
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise BadSignature
    key, size, expires, signature = match.groups()
    is_ours = hmac.compare_digest(signature, _sign(secret, f"{key}/{size}/{expires}"))
    if not is_ours or now >= datetime.fromtimestamp(int(expires), timezone.utc):
        raise BadSignature
    return UploadTicket(key, int(size))


def _sign(secret: str, said: str) -> str:
    # A key of its own, made from the one that signs tokens: neither can ever stand in for the other.
    own_key = hmac.digest(secret.encode(), _LABEL, hashlib.sha256)
    return hmac.new(own_key, said.encode(), hashlib.sha256).hexdigest()


def check_upload_headers(
    ticket: UploadTicket, *, content_type: str | None, encoding: str | None, length: int | None
) -> None:
    """Refuse what a request's headers say already; a length need not be said. Raises WrongFileType and for sizes."""
    if content_type != ticket.content_type or encoding is not None:
        raise WrongFileType
    if length is not None:
        _check_length(ticket, length, is_whole=True)


def save_file(folder: Path, ticket: UploadTicket, pieces: Iterable[bytes]) -> None:
    """Keep the file that comes in `pieces`; of one that is not exactly what the ticket says nothing is left.

    The same file again is welcome, as its sender may not have heard the first answer; another one is refused.
    Raises WrongFileType, FileTooLarge, Invalid for one too short, BadSignature, StoreUnusable, and what `pieces` raise.
    """
    try:
        _keep(folder, ticket, pieces)
    except OSError as error:
        log.error("upload not kept", error=type(error).__name__, errno=error.errno)  # noqa: TRY400 - the disk's fault, not ours
        raise StoreUnusable from None


def _keep(folder: Path, ticket: UploadTicket, pieces: Iterable[bytes]) -> None:
    place = folder / ticket.key
    part = folder / PARTS / secrets.token_hex(16)
    for parent in (part.parent, place.parent):
        parent.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(folder).free - ticket.size < SPARE_BYTES:
        log.error("upload refused: the disk is nearly full")
        raise StoreUnusable
    try:
        with part.open("xb") as file:
            _write(file, ticket, pieces)
        _publish(part, place)
    finally:
        part.unlink(missing_ok=True)


def _write(file: BinaryIO, ticket: UploadTicket, pieces: Iterable[bytes]) -> None:
    size = 0
    for piece in pieces:
        if size == 0 and not looks_like(ticket.content_type, piece):
            raise WrongFileType
        size += len(piece)
        _check_length(ticket, size, is_whole=False)
        file.write(piece)
    _check_length(ticket, size, is_whole=True)
    file.flush()
    os.fsync(file.fileno())


def _check_length(ticket: UploadTicket, size: int, *, is_whole: bool) -> None:
    if size > ticket.size:
        raise FileTooLarge
    if is_whole and size < ticket.size:
        raise invalid("body", f"The file must have exactly {ticket.size} bytes, as this address was signed for.")


def _publish(part: Path, place: Path) -> None:
    """Give the whole file its name. A link, unlike a rename, never replaces what is there."""
    try:
        place.hardlink_to(part)
    except FileExistsError:
        if not filecmp.cmp(part, place, shallow=False):
            raise BadSignature from None
    folder = os.open(place.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def find_stored(folder: Path, key: str) -> Path:
    """Return where the file at `key` is. Raises NotFound."""
    path = folder / key
    if not is_key(key) or not path.is_file():
        raise NotFound
    return path
