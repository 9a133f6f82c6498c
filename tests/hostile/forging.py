"""Makes access tokens and Google ID tokens: valid ones, and forged ones as a case describes them."""

import base64
import hashlib
import hmac
import json
import re
from typing import Any

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.accounts.google_keys import KID, claims, id_token, rsa_key
from tests.conftest import SECRET
from tests.hostile.catalogue import Step
from tests.hostile.filling import expand, object_text

_NOW = re.compile(r"now([+-][0-9]+)?")
_HASHES = {"HS256": hashlib.sha256, "HS512": hashlib.sha512}


def valid_access_token(claims: dict[str, Any]) -> str:
    """Return a token with these claims, signed as the server signs."""
    return jwt.encode(claims, SECRET, algorithm="HS256")


def forged_token(recipe: Step, valid_token: str, now: int) -> str:
    """Return the token that a case describes: `valid_token`, changed by the recipe."""
    valid_header, valid_payload, valid_signature = valid_token.split(".")
    header = _decoded(valid_header) | recipe.get("header", {})
    claims = _decoded(valid_payload) | {
        name: _timestamp(value, now) for name, value in recipe.get("claims", {}).items()
    }
    claims = {name: value for name, value in claims.items() if name not in recipe.get("drop", [])}
    header_text = recipe.get("header_text", object_text(header))
    payload_text = recipe.get("payload_text", object_text(claims, recipe.get("literal")))
    signed = f"{_segment(expand(header_text).encode())}.{_segment(expand(payload_text).encode())}"
    return f"{signed}.{_signature(recipe, signed, valid_signature)}"


def google_token(recipe: Step, number: str, now: int) -> str:
    """Return the Google ID token that a case describes: a valid one, changed by the recipe.

    Raises: ValueError for an unknown way to sign.
    """
    changes = {"sub": f"g-{number}", "email": f"gu{number}@gmail.com"}
    changes |= {name: _timestamp(value, now) for name, value in recipe.get("claims", {}).items()}
    changes |= dict.fromkeys(recipe.get("drop", []), ...)
    if "sign" not in recipe:
        return id_token(**changes)
    if recipe["sign"] != "public key":
        raise ValueError(f"unknown way to sign: {recipe['sign']}")
    public = rsa_key(KID).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    header, payload = (
        _segment(json.dumps(part).encode()) for part in ({"kid": KID} | recipe["header"], claims(**changes))
    )
    signed = f"{header}.{payload}"
    return f"{signed}.{_segment(hmac.new(public, signed.encode(), hashlib.sha256).digest())}"


def _signature(recipe: Step, signed: str, valid_signature: str) -> str:
    kind = recipe.get("sign", "HS256")
    if kind == "empty":
        return ""
    if kind == "kept":
        return valid_signature
    if kind == "altered":
        return ("B" if valid_signature[0] == "A" else "A") + valid_signature[1:]
    key = recipe.get("key", SECRET).encode()
    return _segment(hmac.new(key, signed.encode(), _HASHES[kind]).digest())


def _timestamp(value: Any, now: int) -> Any:
    match = _NOW.fullmatch(value) if isinstance(value, str) else None
    return now + int(match[1] or 0) if match else value


def _segment(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decoded(segment: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    return claims
