"""Direct uploads to Cloudinary: form fields signed by the server, or an unsigned preset."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from halls.errors import NotConfigured

if TYPE_CHECKING:
    from datetime import datetime

    from halls.config import Config
    from halls.uploads.schemas import NewCloudinaryUpload

FORMATS = {"image": "jpg,png,webp,avif", "video": "mp4,webm,mov"}


class CloudinaryNotConfigured(NotConfigured):
    """The cloud name is missing, or both the preset and the key with its secret."""

    message = "Uploads to Cloudinary are not set up here."


def sign_cloudinary_post(config: Config, owner_id: str, upload: NewCloudinaryUpload, now: datetime) -> dict[str, Any]:
    """Return the URL for the upload and its form fields. Raises CloudinaryNotConfigured."""
    cloud, preset = config.cloudinary_cloud_name, config.cloudinary_upload_preset
    public_id = _public_id(owner_id, upload)
    signed = _sign(config, public_id, upload.resource_type, now)
    if cloud is None or (preset is None and signed is None):
        raise CloudinaryNotConfigured
    return {
        "upload_url": f"https://api.cloudinary.com/v1_1/{cloud}/{upload.resource_type}/upload",
        "unsigned_preset": preset,
        "params_sample": {"public_id": public_id} | ({"upload_preset": preset} if preset else {}),
        "signed_params": signed,
    }


def _public_id(owner_id: str, upload: NewCloudinaryUpload) -> str:
    # The path is part of public_id, because `folder` has different meanings in the folder modes of Cloudinary.
    return "/".join(filter(None, ["venues", owner_id, upload.folder, upload.public_id or secrets.token_hex(16)]))


def _sign(config: Config, public_id: str, resource_type: str, now: datetime) -> dict[str, Any] | None:
    if config.cloudinary_api_key is None or config.cloudinary_api_secret is None:
        return None
    # Imported here: the import takes 0.1 s, which a server without Cloudinary does not need.
    from cloudinary.utils import api_sign_request  # noqa: PLC0415

    # Cloudinary accepts a signature for an hour. Without overwrite=false a second use would replace the file.
    params = {
        "allowed_formats": FORMATS[resource_type],
        "overwrite": "false",
        "public_id": public_id,
        "timestamp": int(now.timestamp()),
    }
    signature: str = api_sign_request(params, config.cloudinary_api_secret)
    return {**params, "api_key": config.cloudinary_api_key, "signature": signature}
