"""Uploads straight to Cloudinary: form fields signed by the server, or an unsigned preset."""

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
    """There is no cloud's name, or neither a preset nor key and secret."""

    message = "Uploads to Cloudinary are not set up here."


def sign_cloudinary_post(config: Config, owner_id: str, asked: NewCloudinaryUpload, now: datetime) -> dict[str, Any]:
    """Return where to post the file and the form fields to send with it. Raises CloudinaryNotConfigured."""
    cloud, preset = config.cloudinary_cloud_name, config.cloudinary_upload_preset
    public_id = _public_id(owner_id, asked)
    signed = _sign(config, public_id, asked.resource_type, now)
    if cloud is None or (preset is None and signed is None):
        raise CloudinaryNotConfigured
    return {
        "upload_url": f"https://api.cloudinary.com/v1_1/{cloud}/{asked.resource_type}/upload",
        "unsigned_preset": preset,
        "params_sample": {"public_id": public_id} | ({"upload_preset": preset} if preset else {}),
        "signed_params": signed,
    }


def _public_id(owner_id: str, asked: NewCloudinaryUpload) -> str:
    # The whole path in the one parameter that all folder modes of Cloudinary understand alike.
    return "/".join(filter(None, ["venues", owner_id, asked.folder, asked.public_id or secrets.token_hex(16)]))


def _sign(config: Config, public_id: str, resource_type: str, now: datetime) -> dict[str, Any] | None:
    if config.cloudinary_api_key is None or config.cloudinary_api_secret is None:
        return None
    # Imported when first used: 0.1 s that a server without Cloudinary never spends.
    from cloudinary.utils import api_sign_request  # noqa: PLC0415

    # Cloudinary takes a signature for an hour: one that is used again must not replace the file.
    params = {
        "allowed_formats": FORMATS[resource_type],
        "overwrite": "false",
        "public_id": public_id,
        "timestamp": int(now.timestamp()),
    }
    signature: str = api_sign_request(params, config.cloudinary_api_secret)
    return {**params, "api_key": config.cloudinary_api_key, "signature": signature}
