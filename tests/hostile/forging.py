"""Makes access tokens: good ones for the people of the world, and bad ones as a case describes them."""

import base64
import hashlib
import hmac
import json
import re
from typing import Any

import jwt

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
