"""Direct uploads to S3 or a compatible storage, by presigned URLs (SigV4 query parameters), and their deletion."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NamedTuple

import structlog

from halls.errors import NotConfigured
from halls.uploads.media import CACHE_CONTROL

if TYPE_CHECKING:
    from halls.config import Config

log = structlog.get_logger()
# S3 stores these headers and sends them with the file. A client that could choose them could make the file compressed
# or expired. `If-None-Match: *` keeps a second use of the address from replacing the file.
FIXED_HEADERS = {
    "Cache-Control": CACHE_CONTROL,
    "Content-Disposition": "inline",
    "Content-Encoding": "identity",
    "If-None-Match": "*",
}
TIMEOUT_SECONDS = 10


class StorageNotConfigured(NotConfigured):
    """S3_BUCKET is set, but there are no credentials to sign with."""

    message = "Uploads are not set up here: there are no credentials for S3."


class SignedPut(NamedTuple):
    """An upload address, the headers that it is signed for, and the public address of the file."""

    upload_url: str
    headers: dict[str, str]
    public_url: str


def sign_s3_put(config: Config, key: str, content_type: str, size: int, *, seconds: int) -> SignedPut:
    """Return the upload address, valid for exactly this type, size and these headers. Raises StorageNotConfigured."""
    # Imported here: the import takes 0.4 s, which a server without S3 does not need.
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415

    headers = {"Content-Type": content_type, **FIXED_HEADERS}
    params: dict[str, Any] = {"Bucket": config.s3_bucket, "Key": key, "ContentLength": size}
    # The driver's names of the headers.
    params |= {name.replace("-", ""): value for name, value in headers.items()}
    try:
        url: str = _s3_client(config).generate_presigned_url("put_object", Params=params, ExpiresIn=seconds)
    except BotoCoreError as error:
        # A new client looks for credentials again. They may appear later, in a file or the role of the machine.
        _s3_client.cache_clear()
        log.error("can't sign for S3", error=type(error).__name__)  # noqa: TRY400 - wrong settings
        raise StorageNotConfigured from None
    public_url = f"{config.s3_public_url.rstrip('/')}/{key}" if config.s3_public_url else url.partition("?")[0]
    return SignedPut(url, headers, public_url)


def delete_s3_file(config: Config, key: str) -> None:
    """Delete the file with this key, if there is one. Raises botocore's errors."""
    _s3_client(config).delete_object(Bucket=config.s3_bucket, Key=key)


def delete_s3_folder(config: Config, folder: str) -> None:
    """Delete all files whose keys begin with `folder` and a slash. Raises botocore's errors."""
    pages = _s3_client(config).get_paginator("list_objects_v2")
    for page in pages.paginate(Bucket=config.s3_bucket, Prefix=f"{folder}/"):
        # One by one: not all compatible servers can delete several.
        for found in page.get("Contents", ()):
            delete_s3_file(config, found["Key"])


@functools.lru_cache(maxsize=8)
def _s3_client(config: Config) -> Any:
    import botocore.session  # noqa: PLC0415
    from botocore.config import Config as ClientConfig  # noqa: PLC0415

    # Path style: compatible servers often lack bucket host names, and wildcard certificates don't cover dots in names.
    by_path = config.s3_endpoint_url is not None or "." in (config.s3_bucket or "")
    settings = ClientConfig(
        signature_version="s3v4",  # presigning defaults to an older version, which does not sign the length
        request_checksum_calculation="when_required",
        s3={"addressing_style": "path" if by_path else "virtual", "us_east_1_regional_endpoint": "regional"},
        connect_timeout=TIMEOUT_SECONDS,
        read_timeout=TIMEOUT_SECONDS,
    )
    return botocore.session.get_session().create_client(
        "s3",
        region_name=config.s3_region,
        endpoint_url=config.s3_endpoint_url,
        aws_access_key_id=config.aws_access_key_id,
        aws_secret_access_key=config.aws_secret_access_key,
        aws_session_token=config.aws_session_token,
        config=settings,
    )
