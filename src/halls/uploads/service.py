"""Use case of uploads: sign an address for one file, within the owner's quota."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from halls.accounts.store import lock_account
from halls.errors import LimitReached
from halls.mongo.client import in_transaction
from halls.uploads import store
from halls.uploads.local_storage import UploadTicket, sign_local_put
from halls.uploads.media import MIB, new_key
from halls.uploads.s3 import sign_s3_put

if TYPE_CHECKING:
    from datetime import datetime

    from halls.accounts.account import Account
    from halls.config import Config
    from halls.mongo.client import Db, Session
    from halls.uploads.schemas import NewUpload

ADDRESS_SECONDS = 600


class StorageFull(LimitReached):
    """The files of the owner take MAX_UPLOAD_MB_PER_OWNER."""

    message = "Your pictures and videos take all the space that an account may use. Remove some from your venues."

    def __init__(self, used_bytes: int, limit_mb: int) -> None:
        """Say how much is used, and what to do."""
        super().__init__(
            f"Your pictures and videos take {-(-used_bytes // MIB)} of the {limit_mb} MB that an account may use, so "
            "this file does not fit. Remove some from your venues: their files stop counting a day later. An upload "
            "address that was not used counts for up to a day, too."
        )


def sign_upload(db: Db, config: Config, owner: Account, upload: NewUpload, now: datetime) -> dict[str, Any]:
    """Return an upload address for one file: on S3 if it is configured, otherwise on this server.

    Raises StorageNotConfigured, StorageFull, TokenRevoked.
    """
    content_type, size = upload.content_type, upload.size_bytes
    key = new_key(str(owner.id), content_type)
    expires_at = now.replace(microsecond=0) + timedelta(seconds=ADDRESS_SECONDS)
    if config.s3_bucket:
        signed = sign_s3_put(config, key, content_type, size, seconds=ADDRESS_SECONDS)
        upload_url, public_url, headers = signed.upload_url, signed.public_url, signed.headers
    else:
        upload_url, public_url = sign_local_put(config, UploadTicket(key, size, owner.token_version), expires_at)
        headers = {"Content-Type": content_type}

    _reserve_space(db, config, owner, key, size, now)
    return {
        "upload_url": upload_url,
        "method": "PUT",
        "headers": headers,
        "public_url": public_url,
        "expires_at": expires_at,
    }


def _reserve_space(db: Db, config: Config, owner: Account, key: str, size: int, now: datetime) -> None:
    def reserve(session: Session) -> None:
        # Concurrent requests of the owner conflict here. Otherwise each of them could find room for its file.
        lock_account(db, owner, session)
        used = store.count_bytes(db, owner.id, session)
        limit_mb = config.max_upload_mb_per_owner
        if limit_mb and used + max(size, store.MIN_COUNTED_BYTES) > limit_mb * MIB:
            raise StorageFull(used, limit_mb)
        store.insert_upload(db, key, owner.id, size, now, session)

    in_transaction(db, reserve)
