"""Direct uploads to S3 or a compatible storage, by presigned URLs (SigV4 query parameters)."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import structlog

from halls.errors import NotConfigured

if TYPE_CHECKING:
    from halls.config import Config

log = structlog.get_logger()


class StorageNotConfigured(NotConfigured):
    """S3_BUCKET is set, but there are no credentials to sign with."""

    message = "Uploads are not set up here: there are no credentials for S3."


def sign_s3_put(config: Config, key: str, content_type: str, size: int, *, seconds: int) -> tuple[str, str]:
    """Return the upload address, valid for exactly this type and size, and the public address of the file.

    Raises StorageNotConfigured.
    """
    # Imported here: the import takes 0.4 s, which a server without S3 does not need.
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415

    params = {"Bucket": config.s3_bucket, "Key": key, "ContentType": content_type, "ContentLength": size}
    try:
        url: str = _s3_client(config).generate_presigned_url("put_object", Params=params, ExpiresIn=seconds)
    except BotoCoreError as error:
        # A new client looks for credentials again. They may appear later, in a file or the role of the machine.
        _s3_client.cache_clear()
        log.error("can't sign for S3", error=type(error).__name__)  # noqa: TRY400 - wrong settings
        raise StorageNotConfigured from None
    if config.s3_public_url:
        return url, f"{config.s3_public_url.rstrip('/')}/{key}"
    return url, url.partition("?")[0]


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
