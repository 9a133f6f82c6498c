"""Deletes all files of a deleted account, from this server and from S3."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from halls.uploads.local_storage import storage_folder
from halls.uploads.media import folder_of
from halls.uploads.s3 import delete_s3_folder

if TYPE_CHECKING:
    from bson import ObjectId

    from halls.config import Config


def delete_files_of(config: Config, owner_id: ObjectId) -> None:
    """Delete the files of an account. Files at Cloudinary stay.

    It can be repeated. Raises OSError, StorageNotConfigured, and botocore's errors, such as missing permissions.
    """
    folder = folder_of(str(owner_id))
    # Also with S3: the server may have stored files itself before S3 was configured.
    path = storage_folder(config) / folder
    if path.exists():
        shutil.rmtree(path)
    if config.s3_bucket:
        delete_s3_folder(config, folder)
