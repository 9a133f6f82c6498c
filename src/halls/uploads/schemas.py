"""Request and response models of uploads."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from halls.http.field_faults import field_error
from halls.http.schema import READS_INTEGER, Line, RequestModel, ResponseModel, with_examples
from halls.uploads.media import HEIC_HELP, HEIC_TYPES, ContentType, max_bytes, standard_type

# Excludes "..", which changes the path, and "&" and "=", which add parameters to the signed text.
NAME = r"[A-Za-z0-9_-]+"
_PUBLIC_NAME, _FOLDER = re.compile(NAME), re.compile(f"{NAME}(/{NAME}){{0,4}}")
# Values of the examples in the OpenAPI document.
_KEY = "venues/65a0c0ffee0123456789abcd/2b1f6c0d9e8a47f3b5c4d2e1f0a9b8c7.jpg"
_PUBLIC_ID = "venues/65a0c0ffee0123456789abcd/stage"
_SIGNATURE = "0f3a5c7e9b1d2f4a6c8e0b2d4f6a8c0e1b3d5f7a9c1e3b5d7f9a1c3e5b7d9f1a"


def _reject_heic(content_type: Any, info: ValidationInfo) -> Any:
    # Most browsers do not know the type of a HEIC file.
    unknown = content_type in ("", "application/octet-stream")
    has_extension = info.data.get("filename", "").lower().endswith((".heic", ".heif"))
    if content_type in HEIC_TYPES or (unknown and has_extension):
        raise field_error("not_one_of", HEIC_HELP)
    return content_type


def _check_size(size: int, info: ValidationInfo) -> int:
    content_type = info.data.get("content_type")
    if content_type is not None:
        limit = max_bytes(content_type, (info.context or {})["max_video_mb"])
        if size > limit:
            raise field_error("too_large", "must be at most {max} bytes", max=limit)
    return size


def _check_form(text: str, form: re.Pattern[str]) -> str:
    if not form.fullmatch(text):
        parts = "" if form is _PUBLIC_NAME else ", in at most five parts with / between them"
        raise field_error("bad_format", "must be letters, digits, - and _" + parts)
    return text


_Folder = Annotated[
    str,
    Field(max_length=100, json_schema_extra={"pattern": f"^{_FOLDER.pattern}$"}),
    AfterValidator(lambda text: _check_form(text, _FOLDER)),
]
_PublicName = Annotated[
    str,
    Field(max_length=100, json_schema_extra={"pattern": f"^{_PUBLIC_NAME.pattern}$"}),
    AfterValidator(lambda text: _check_form(text, _PUBLIC_NAME)),
]


class NewUpload(RequestModel):
    """A file that the client wants to upload. The server stores it under a name of its own choice."""

    model_config = with_examples({"filename": "stage.jpg", "content_type": "image/jpeg", "size_bytes": 482113})

    filename: Annotated[Line, Field(min_length=1, max_length=255)] = Field(
        description="The name on the user's device. It is not part of the address."
    )
    content_type: Annotated[
        Literal[ContentType, "image/jpg"], BeforeValidator(_reject_heic), AfterValidator(standard_type)
    ] = Field(description="The type of the file. `image/jpg` is read as `image/jpeg`.")
    size_bytes: Annotated[int, Field(ge=1), AfterValidator(_check_size), READS_INTEGER] = Field(
        description="The exact size of the file that you send, in bytes."
    )


class UploadAddress(ResponseModel):
    """Where and how to upload the file, when the address expires, and the public address of the file."""

    model_config = with_examples(
        {
            "upload_url": f"https://halls.example/uploads/local/{_KEY}/482113/0/1795378200/{_SIGNATURE}",
            "method": "PUT",
            "headers": {"Content-Type": "image/jpeg"},
            "public_url": f"https://halls.example/media/{_KEY}",
            "expires_at": "2026-11-22T20:10:00Z",
        }
    )

    upload_url: str
    method: Literal["PUT"]
    headers: dict[str, str]
    public_url: str
    expires_at: datetime


class Uploaded(ResponseModel):
    """The file is stored."""

    model_config = with_examples({"public_url": f"https://halls.example/media/{_KEY}"})

    public_url: str


class NewCloudinaryUpload(RequestModel):
    """The options of an upload to Cloudinary."""

    model_config = with_examples({"folder": "venues", "resource_type": "image"})

    folder: _Folder | None = Field(default=None, description="A folder below `venues/` and the id of the owner.")
    public_id: _PublicName | None = Field(
        default=None, description="The name of the file at Cloudinary. By default a random one."
    )
    resource_type: Literal["image", "video"] = Field(default="image", description="A picture or a video.")


class CloudinaryAddress(ResponseModel):
    """Where to post the file, and its form fields: with an unsigned preset, or signed."""

    model_config = with_examples(
        {
            "upload_url": "https://api.cloudinary.com/v1_1/halls/image/upload",
            "unsigned_preset": "venues",
            "params_sample": {"public_id": _PUBLIC_ID, "upload_preset": "venues"},
            "signed_params": None,
        }
    )

    upload_url: str
    unsigned_preset: str | None
    params_sample: dict[str, str]
    signed_params: dict[str, Any] | None
