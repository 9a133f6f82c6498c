"""Makes access tokens: valid ones, and forged ones with other claims, headers, keys or signatures."""

from __future__ import annotations

import base64
import hmac
import json
from typing import Any

from halls.clock import utc_now
from tests.conftest import SECRET

NOW = int(utc_now().timestamp())
TOKEN_SECONDS = 72 * 3600
HS256: dict[str, Any] = {"alg": "HS256", "typ": "JWT"}


def access_token(**claims: Any) -> str:
    """Return a token with these claims and the secret's signature; `...` leaves a claim out."""
    return token_of(HS256, claims_of(**claims))


def claims_of(**claims: Any) -> dict[str, Any]:
    """Return the claims of a valid token with changes; `...` leaves a claim out."""
    defaults = {
        "email": "u1@example.com",
        "is_venue_owner": False,
        "iat": NOW,
        "exp": NOW + TOKEN_SECONDS,
        "jti": "a" * 32,
        "token_version": 0,
    }
    return {name: value for name, value in {**defaults, **claims}.items() if value is not ...}


def token_of(header: Any, payload: Any, *, key: str = SECRET, hash_name: str = "sha256") -> str:
    """Return a token signed with `key`; its header and payload are objects, or JSON texts."""
    signed = f"{_segment(header)}.{_segment(payload)}"
    return f"{signed}.{encode(hmac.new(key.encode(), signed.encode(), hash_name).digest())}"


def with_altered_signature(token: str) -> str:
    """Return the token with another first character of its signature."""
    signed, _, signature = token.rpartition(".")
    return f"{signed}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"


def with_payload(token: str, payload: dict[str, Any]) -> str:
    """Return the token with another payload under its signature."""
    header, _, signature = token.split(".")
    return f"{header}.{_segment(payload)}.{signature}"


def without_signature(algorithm: str, payload: dict[str, Any]) -> str:
    """Return a token that names `algorithm` and has an empty signature."""
    return f"{_segment({'alg': algorithm, 'typ': 'JWT'})}.{_segment(payload)}."


def encode(data: bytes) -> str:
    """Return the data in base64url without padding, as in a JWT (RFC 7515)."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _segment(part: Any) -> str:
    return encode((part if isinstance(part, str) else json.dumps(part)).encode())
