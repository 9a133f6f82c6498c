"""Checks Google's id tokens (OpenID Connect) with google-auth; its keys are fetched once and kept."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from typing import Any

import jwt
import requests
from cachecontrol import CacheControl
from google.auth.exceptions import GoogleAuthError, TransportError
from google.auth.transport.requests import Request
from google.oauth2.id_token import verify_token

from halls.accounts.schemas import normalise_email
from halls.accounts.tokens import TokenRefused
from halls.errors import ApiError, NotConfigured
from halls.http.schema import check_characters

ISSUERS = ("accounts.google.com", "https://accounts.google.com")
FETCH_SECONDS = 3
RELOAD_SECONDS = 60
# Google's clock may be ahead of ours, and its tokens come here in the second in which they are made.
SKEW_SECONDS = 10
MAX_NAME = 200


class BadGoogleToken(TokenRefused):
    """Not a good id token of Google's for this service."""

    code, message = "bad_google_token", "Google's token is not valid for this service. Sign in with Google again."


class GoogleUnavailable(ApiError):
    """Google's keys are out of reach."""

    status, code, message = 503, "google_unavailable", "Google can't be reached just now. Try again in a moment."
    headers = {"Retry-After": "10"}  # noqa: RUF012 - declared a ClassVar by Refusal


class GoogleNotConfigured(NotConfigured):
    """There is no GOOGLE_CLIENT_ID."""

    message = "Signing in with Google is not set up here."


@dataclass(frozen=True)
class GooglePerson:
    """Who Google says it is."""

    sub: str
    email: str
    full_name: str | None


class _KeyTransport(Request):
    """Asks for keys as google-auth does, but does not wait two minutes for them, nor takes anything else for keys."""

    def __call__(
        self, url: Any, method: Any = "GET", body: Any = None, headers: Any = None, timeout: Any = None, **kwargs: Any
    ) -> Any:
        """Send a request with our deadline in place of google-auth's. Raises TransportError."""
        try:
            patience = min(timeout or FETCH_SECONDS, FETCH_SECONDS)
            response = super().__call__(url, method, body, headers, patience, **kwargs)  # type: ignore[no-untyped-call] # left out there
            found = json.loads(response.data)
        except (requests.RequestException, ValueError) as error:
            raise TransportError(error) from error
        if response.status != requests.codes.ok or not isinstance(found, dict):
            raise TransportError("no set of keys")
        return response


class GoogleVerifier:
    """Verifies id tokens for one client id. One per process: it keeps Google's keys as long as their headers say."""

    def __init__(self, client_id: str | None, certs_url: str) -> None:
        self._client_id = client_id
        self._certs_url = certs_url
        self._transport = _KeyTransport(CacheControl(requests.Session()))
        self._reloaded_at = float("-inf")
        self._lock = threading.Lock()

    def verify(self, id_token: str) -> GooglePerson:
        """Return who the token is about. Raises GoogleNotConfigured, BadGoogleToken, GoogleUnavailable."""
        if self._client_id is None:
            raise GoogleNotConfigured
        try:
            if jwt.get_unverified_header(id_token).get("alg") != "RS256":
                raise BadGoogleToken
            claims = self._verified_claims(id_token)
        except TransportError:
            raise GoogleUnavailable from None
        except (GoogleAuthError, jwt.PyJWTError, ValueError, TypeError, RecursionError):
            raise BadGoogleToken from None
        return _person(claims, self._client_id)

    def _verified_claims(self, id_token: str) -> Any:
        try:
            return verify_token(id_token, self._transport, self._client_id, self._certs_url, SKEW_SECONDS)
        except (ValueError, jwt.PyJWTError):
            # Google may have new keys since; anybody can send unknown ones, so look again only once a minute.
            if not self._may_reload():
                raise
            self._transport(self._certs_url, headers={"Cache-Control": "no-cache"})
            return verify_token(id_token, self._transport, self._client_id, self._certs_url, SKEW_SECONDS)

    def _may_reload(self) -> bool:
        with self._lock:
            may = time.monotonic() - self._reloaded_at > RELOAD_SECONDS
            if may:
                self._reloaded_at = time.monotonic()
            return may


def _person(claims: dict[str, Any], client_id: str) -> GooglePerson:
    exact = claims.get("aud") == client_id and claims.get("iss") in ISSUERS and claims.get("email_verified") is True
    sub, email = claims.get("sub"), claims.get("email")
    if not exact or not isinstance(sub, str) or not sub or not isinstance(email, str) or "exp" not in claims:
        raise BadGoogleToken
    try:
        return GooglePerson(sub, normalise_email(email), _name(claims.get("name")))
    except ValueError:
        raise BadGoogleToken from None


def _name(name: Any) -> str | None:
    # A courtesy: one that we would refuse from a person is left out, and the person comes in.
    try:
        return check_characters(name.strip())[:MAX_NAME].strip() or None if isinstance(name, str) else None
    except ValueError:
        return None
