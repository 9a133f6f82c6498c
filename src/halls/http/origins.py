"""Origins of web pages (RFC 6454), in the form in which browsers send them."""

from __future__ import annotations

import re
from contextlib import suppress

from pydantic import HttpUrl

WEB_ORIGIN = re.compile(r"https?://[^/?#@\\\s]+/?", re.IGNORECASE)
# The pages in apps made with Capacitor or Ionic.
APP_ORIGIN = re.compile(r"(?:capacitor|ionic)://[a-z0-9.-]+/?", re.IGNORECASE)
LOCAL_PAGE = re.compile(r"https?://(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?")


def split_origins(text: str) -> list[str]:
    """Return the origins in `text`, which are separated by commas. Raises ValueError for anything else."""
    return [_fold_origin(origin.strip()) for origin in text.split(",") if origin.strip()]


def _fold_origin(origin: str) -> str:
    """Return `origin` as browsers send it (RFC 6454): in lower case, without a default port and without a slash."""
    if "*" in origin:
        raise ValueError("name each origin, such as https://app.example: wildcards are not supported")
    if APP_ORIGIN.fullmatch(origin):
        return origin.lower().removesuffix("/")
    with suppress(ValueError):
        if WEB_ORIGIN.fullmatch(origin):
            return str(HttpUrl(origin)).removesuffix("/")
    raise ValueError("set it to origins such as https://app.example, separated by commas")
