"""Verifies Google's id tokens (OpenID Connect) with google-auth, and caches Google's public keys."""

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
from halls.http.text import normalise_name

ISSUERS = ("accounts.google.com", "https://accounts.google.com")
FETCH_SECONDS = 3
RELOAD_SECONDS = 60
# Google's clock may be ahead of this server's, so the `iat` of a new token may be in the future.
SKEW_SECONDS = 10
MAX_NAME = 200
GMAIL = "gmail.com"


class BadGoogleToken(TokenRefused):
    """The id token is not valid, or Google issued it for another application."""

    code, message = "bad_google_token", "Google's token is not valid for this service. Sign in with Google again."


class GoogleUnavailable(ApiError):
    """Google's public keys cannot be fetched."""

    status, code, message = 503, "google_unavailable", "Google can't be reached just now. Try again in a moment."
    headers = {"Retry-After": "10"}  # noqa: RUF012 - declared a ClassVar by ApiError


class GoogleNotConfigured(NotConfigured):
    """GOOGLE_CLIENT_ID is not set."""

    message = "Signing in with Google is not set up here."


@dataclass(frozen=True)
class GooglePerson:
    """The verified identity in an id token."""

    sub: str
    email: str
    full_name: str | None
    # Whether Google is the authority for the address: a Gmail address, or one of a Google Workspace domain. For other
    # addresses `email_verified` only tells that the person could read the mailbox at some time.
    is_authority: bool = False


class _KeyTransport(Request):
    """The HTTP transport of google-auth, with a shorter timeout than its two minutes and a check of the response."""

    def __call__(
        self, url: Any, method: Any = "GET", body: Any = None, headers: Any = None, timeout: Any = None, **kwargs: Any
    ) -> Any:
        """Return the response to a request for keys. Raises TransportError, also for a response without keys."""
        try:
            limited_timeout = min(timeout or FETCH_SECONDS, FETCH_SECONDS)
            response = super().__call__(url, method, body, headers, limited_timeout, **kwargs)  # type: ignore[no-untyped-call] # google-auth has no type here
            keys = json.loads(response.data)
        except (requests.RequestException, ValueError) as error:
            raise TransportError(error) from error
        if response.status != requests.codes.ok or not isinstance(keys, dict):
            raise TransportError("the response is not a set of keys")
        return response


class GoogleVerifier:
    """Verifies id tokens for our client ids. One per process: it caches Google's keys by their Cache-Control."""

    def __init__(self, client_ids: str | None, certs_url: str) -> None:
        """Accept the tokens for each of the `client_ids`, which are separated by commas."""
        self._client_ids = [each.strip() for each in (client_ids or "").split(",") if each.strip()]
        self._certs_url = certs_url
        self._transport = _KeyTransport(CacheControl(requests.Session()))
        self._reloaded_at = float("-inf")
        self._lock = threading.Lock()

    def verify(self, id_token: str) -> GooglePerson:
        """Return the identity in the token. Raises GoogleNotConfigured, BadGoogleToken, GoogleUnavailable."""
        if not self._client_ids:
            raise GoogleNotConfigured
        try:
            if jwt.get_unverified_header(id_token).get("alg") != "RS256":
                raise BadGoogleToken
            claims = self._verify_claims(id_token)
        except TransportError:
            raise GoogleUnavailable from None
        except (GoogleAuthError, jwt.PyJWTError, ValueError, TypeError, RecursionError):
            raise BadGoogleToken from None
        return _person(claims, self._client_ids)

    def _verify_claims(self, id_token: str) -> Any:
        try:
            return verify_token(id_token, self._transport, self._client_ids, self._certs_url, SKEW_SECONDS)
        except (ValueError, jwt.PyJWTError):
            # Google may have new keys. They are fetched at most once a minute, because any client can send a token with
            # an unknown key.
            if not self._may_reload():
                raise
            self._transport(self._certs_url, headers={"Cache-Control": "no-cache"})
            return verify_token(id_token, self._transport, self._client_ids, self._certs_url, SKEW_SECONDS)

    def _may_reload(self) -> bool:
        with self._lock:
            may_reload = time.monotonic() - self._reloaded_at > RELOAD_SECONDS
            if may_reload:
                self._reloaded_at = time.monotonic()
            return may_reload


def _person(claims: dict[str, Any], client_ids: list[str]) -> GooglePerson:
    is_exact = claims.get("aud") in client_ids and claims.get("iss") in ISSUERS and claims.get("email_verified") is True
    sub, email = claims.get("sub"), claims.get("email")
    if not is_exact or not isinstance(sub, str) or not sub or not isinstance(email, str) or "exp" not in claims:
        raise BadGoogleToken
    try:
        address = normalise_email(email)
    except ValueError:
        raise BadGoogleToken from None
    return GooglePerson(sub, address, _name(claims.get("name")), is_authority=_is_authority(address, claims.get("hd")))


def _is_authority(email: str, hosted_domain: object) -> bool:
    """Return whether Google alone decides who has the address ("Verify the Google ID token" of Google's guide)."""
    domain = email.rpartition("@")[2]
    return domain == GMAIL or (isinstance(hosted_domain, str) and hosted_domain.lower() == domain)


def _name(name: Any) -> str | None:
    if not isinstance(name, str):
        return None
    # The name is optional: an invalid one is left out, so that it does not block the login.
    try:
        return normalise_name(name.strip()[:MAX_NAME]) or None
    except ValueError:
        return None
