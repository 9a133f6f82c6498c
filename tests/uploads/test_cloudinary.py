"""Tests of POST /uploads/sign-cloudinary against the signing helper of Cloudinary's package."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from cloudinary.utils import api_sign_request

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.api_client import ApiClient

PRESET = {"cloudinary_cloud_name": "demo", "cloudinary_upload_preset": "halls-unsigned"}
SECRET = {"cloudinary_cloud_name": "demo", "cloudinary_api_key": "123", "cloudinary_api_secret": "a secret"}


def sign_cloudinary(api: ApiClient, owner: str, **body: Any) -> Any:
    """Return the data of POST /uploads/sign-cloudinary."""
    return api.post("/uploads/sign-cloudinary", body, token=owner).data


def test_unsigned_preset_works_without_a_secret(make_api: Callable[..., ApiClient]) -> None:
    api = make_api(**PRESET)
    owner = api.owner()
    owner_id = api.get("/auth/me", token=owner).data["profile"]["id"]
    answer = sign_cloudinary(api, owner)
    assert set(answer) == {"upload_url", "unsigned_preset", "params_sample", "signed_params"}
    assert answer["upload_url"] == "https://api.cloudinary.com/v1_1/demo/image/upload"
    assert answer["unsigned_preset"] == answer["params_sample"]["upload_preset"] == "halls-unsigned"
    assert answer["params_sample"]["public_id"].startswith(f"venues/{owner_id}/")
    assert answer["signed_params"] is None


def test_signature_equals_that_of_the_cloudinary_package(make_api: Callable[..., ApiClient]) -> None:
    api = make_api(**SECRET)
    owner = api.owner()
    owner_id = api.get("/auth/me", token=owner).data["profile"]["id"]
    answer = sign_cloudinary(api, owner, folder="halls/2026", public_id="front", resource_type="video")
    assert answer["upload_url"] == "https://api.cloudinary.com/v1_1/demo/video/upload"
    assert (answer["unsigned_preset"], "upload_preset" in answer["params_sample"]) == (None, False)
    signed = answer["signed_params"]
    signature, api_key = signed.pop("signature"), signed.pop("api_key")
    assert api_key == "123"
    assert signature == api_sign_request(signed, "a secret")
    assert abs(signed.pop("timestamp") - time.time()) < 10  # noqa: TID251 - Cloudinary compares wall-clock time
    assert signed == {
        "public_id": f"venues/{owner_id}/halls/2026/front",
        "allowed_formats": "mp4,webm,mov",
        "overwrite": "false",
    }


def test_public_ids_are_unique(make_api: Callable[..., ApiClient]) -> None:
    api = make_api(**SECRET, cloudinary_upload_preset="halls-unsigned")
    public_ids = {sign_cloudinary(api, api.owner(), public_id="hall")["signed_params"]["public_id"] for _ in range(2)}
    assert len(public_ids) == 2
    owner = api.owner()
    assert (
        sign_cloudinary(api, owner)["signed_params"]["public_id"]
        != sign_cloudinary(api, owner)["signed_params"]["public_id"]
    )


def test_request_without_a_body_uses_defaults(make_api: Callable[..., ApiClient]) -> None:
    api = make_api(**PRESET)
    assert api.send("POST", "/uploads/sign-cloudinary", token=api.owner()).status == 200


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"cloudinary_cloud_name": "demo"},
        {"cloudinary_upload_preset": "halls-unsigned"},
        {"cloudinary_api_key": "123", "cloudinary_api_secret": "a secret"},
        {"cloudinary_cloud_name": "demo", "cloudinary_api_key": "123"},
    ],
)
def test_incomplete_settings_return_503(make_api: Callable[..., ApiClient], settings: dict[str, str]) -> None:
    api = make_api(**settings)
    answer = api.post("/uploads/sign-cloudinary", {}, token=api.owner())
    assert (answer.status, answer.code) == (503, "not_configured")


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"public_id": "hall", "eval": "x", "notification_url": "http://127.0.0.1/"}, {"eval", "notification_url"}),
        ({"resource_type": "raw"}, {"resource_type"}),
        ({"resource_type": "auto"}, {"resource_type"}),
        ({"public_id": "../other"}, {"public_id"}),
        ({"public_id": "a/b"}, {"public_id"}),
        ({"public_id": "a&eval=x"}, {"public_id"}),
        ({"public_id": "a\n"}, {"public_id"}),
        ({"public_id": ""}, {"public_id"}),
        ({"public_id": "a" * 101}, {"public_id"}),
        ({"folder": "/a"}, {"folder"}),
        ({"folder": "a//b"}, {"folder"}),
        ({"folder": "a/../b"}, {"folder"}),
        ({"folder": "a/b/c/d/e/f"}, {"folder"}),
        ({"timestamp": 1}, {"timestamp"}),
    ],
)
def test_unknown_or_invalid_parameter_is_rejected(
    make_api: Callable[..., ApiClient], body: dict[str, Any], fields: set[str]
) -> None:
    api = make_api(**SECRET)
    answer = api.post("/uploads/sign-cloudinary", body, token=api.owner())
    assert (answer.status, answer.code, set(answer.fields)) == (422, "validation_error", fields)
