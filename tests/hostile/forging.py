"""Makes access tokens: good ones for the people of the world, and bad ones as a case describes them."""

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
from tests.hostile.filling import object_text, spelled_out

_NOW = re.compile(r"now([+-][0-9]+)?")
_HASHES = {"HS256": hashlib.sha256, "HS512": hashlib.sha512}


def good_token(claims: dict[str, Any]) -> str:
    """Sign claims as the server does."""
    return jwt.encode(claims, SECRET, algorithm="HS256")


def forged_token(recipe: Step, own: str, now: int) -> str:
    """Make the token that a case describes out of somebody's own one."""
    own_head, own_payload, own_signature = own.split(".")
    header = _decoded(own_head) | recipe.get("header", {})
    claims = _decoded(own_payload) | {name: _timed(value, now) for name, value in recipe.get("claims", {}).items()}
    claims = {name: value for name, value in claims.items() if name not in recipe.get("drop", [])}
    header_text = recipe.get("header_text", object_text(header))
    payload_text = recipe.get("payload_text", object_text(claims, recipe.get("literal")))
    signed = f"{_segment(spelled_out(header_text).encode())}.{_segment(spelled_out(payload_text).encode())}"
    return f"{signed}.{_signature(recipe, signed, own_signature)}"


def google_token(recipe: Step, number: str, now: int) -> str:
    """Make the id token that a case describes: a good one of our own Google, changed."""
    changes = {"sub": f"g-{number}", "email": f"gu{number}@gmail.com"}
    changes |= {name: _timed(value, now) for name, value in recipe.get("claims", {}).items()}
    changes |= dict.fromkeys(recipe.get("drop", []), ...)
    if "sign" not in recipe:
        return id_token(**changes)
    if recipe["sign"] != "public key":
        raise ValueError(f"nobody can sign by {recipe['sign']}")
    public = rsa_key(KID).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    header, payload = (
        _segment(json.dumps(part).encode()) for part in ({"kid": KID} | recipe["header"], claims(**changes))
    )
    signed = f"{header}.{payload}"
    return f"{signed}.{_segment(hmac.new(public, signed.encode(), hashlib.sha256).digest())}"


def _signature(recipe: Step, signed: str, own: str) -> str:
    kind = recipe.get("sign", "HS256")
    if kind == "empty":
        return ""
    if kind == "kept":
        return own
    if kind == "altered":
        return ("B" if own[0] == "A" else "A") + own[1:]
    key = recipe.get("key", SECRET).encode()
    return _segment(hmac.new(key, signed.encode(), _HASHES[kind]).digest())


def _timed(value: Any, now: int) -> Any:
    moment = _NOW.fullmatch(value) if isinstance(value, str) else None
    return now + int(moment[1] or 0) if moment else value


def _segment(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decoded(segment: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    return claims
