"""Routes of uploads: sign addresses, receive and serve files of the local storage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request

from halls.accounts.authentication import Access
from halls.accounts.store import has_token_version
from halls.errors import NotFound, RateLimited
from halls.http.body_stream import read_pieces
from halls.http.endpoint import endpoint
from halls.http.rate_limits import Limit
from halls.uploads import local_storage
from halls.uploads import service as uploads
from halls.uploads.cloudinary import CloudinaryNotConfigured, sign_cloudinary_post
from halls.uploads.media import CONTENT_TYPES
from halls.uploads.pictures import TooManyPictures
from halls.uploads.s3 import StorageNotConfigured
from halls.uploads.schemas import CloudinaryAddress, NewCloudinaryUpload, NewUpload, UploadAddress, Uploaded
from halls.uploads.service import StorageFull
from halls.uploads.serving import send_stored
from halls.uploads.slots import TooManyUploads, hold_slots

if TYPE_CHECKING:
    from datetime import datetime

    from halls.accounts.account import Account
    from halls.context import AppContext
    from halls.mongo.client import Db

blueprint = Blueprint("uploads", __name__)
SIGNATURES = Limit("uploads", 60, 60, by_account=True)


@endpoint(
    blueprint,
    "POST /uploads/sign-s3",
    access=Access.OWNER,
    body=NewUpload,
    response=UploadAddress,
    errors=[StorageNotConfigured, StorageFull, RateLimited],
    limits=[SIGNATURES],
)
def sign_upload(context: AppContext, db: Db, caller: Account, body: NewUpload, now: datetime) -> dict[str, Any]:
    """Get an upload address for one picture or video: on S3 if it is configured, otherwise on this server."""
    return uploads.sign_upload(db, context.config, caller, body, now)


@endpoint(
    blueprint,
    "POST /uploads/sign-cloudinary",
    access=Access.OWNER,
    body=NewCloudinaryUpload,
    body_optional=True,
    response=CloudinaryAddress,
    errors=[CloudinaryNotConfigured, RateLimited],
    limits=[SIGNATURES],
)
def sign_cloudinary(context: AppContext, caller: Account, body: NewCloudinaryUpload, now: datetime) -> dict[str, Any]:
    """Get the address and the form fields to upload one picture or video to Cloudinary."""
    return sign_cloudinary_post(context.config, str(caller.id), body, now)


@endpoint(
    blueprint,
    "PUT /uploads/local/<path:address>",
    access=Access.PUBLIC,
    response=Uploaded,
    file_types=CONTENT_TYPES,
    errors=[
        NotFound,
        local_storage.BadSignature,
        local_storage.WrongFileType,
        local_storage.FileTooLarge,
        local_storage.StoreUnusable,
        TooManyPictures,
        TooManyUploads,
    ],
)
def take_upload(context: AppContext, db: Db, address: str, now: datetime) -> dict[str, Any]:
    """Upload the file that the address was signed for; the body is the file itself.

    A picture is stored upright and without metadata such as the position where it was taken.
    """
    config = context.config
    ticket = local_storage.read_ticket(address, secret=config.secret, now=now)
    if not has_token_version(db, ticket.owner_id, ticket.token_version):
        raise local_storage.BadSignature
    local_storage.check_upload_headers(
        ticket,
        content_type=request.headers.get("Content-Type"),
        encoding=request.headers.get("Content-Encoding"),
        length=request.content_length,
    )
    folder = local_storage.storage_folder(config)
    with hold_slots(folder, ticket):
        local_storage.save_file(folder, ticket, read_pieces(request))
    return {"public_url": local_storage.public_url_of(config, ticket.key)}


@endpoint(
    blueprint,
    "GET /media/<path:file>",
    access=Access.PUBLIC,
    response=None,
    file_types=CONTENT_TYPES,
    errors=[NotFound],
)
def get_media(context: AppContext, file: str) -> Response:
    """Return an uploaded picture or video, or the range of it that the header Range requests."""
    return send_stored(local_storage.get_stored_path(local_storage.storage_folder(context.config), file))
