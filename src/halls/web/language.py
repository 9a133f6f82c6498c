"""Finds the language in which a reader gets the web pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Request

LANGUAGES = ("en", "ur")
# words.js writes it when a reader chooses a language.
COOKIE = "halls_language"
# The headers that decide, for caches.
VARY = ("Cookie", "Accept-Language")


def find_language(request: Request) -> str:
    """Return the language of the address (`?lang=ur`), else that of the cookie, else the first of the browser's."""
    first = (request.accept_languages.best or "").partition("-")[0]
    choices = (request.args.get("lang"), request.cookies.get(COOKIE), first)
    return next((choice for choice in choices if choice in LANGUAGES), LANGUAGES[0])
