"""Words of names and addresses: search finds a venue by the beginnings of its words, without case and accents."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

# Longer words are stored whole in addition. Beginnings of all lengths would take twice the space.
MAX_BEGINNING = 8
# External writers may store texts of any length.
MAX_TEXT = 1_000
# Arabic and Urdu keyboards have different characters for these three letters. A tatweel only stretches a word.
_SAME_LETTERS = str.maketrans(
    {
        **dict.fromkeys("\u064a\u0649\u06d2", "\u06cc"),  # ye
        **dict.fromkeys("\u0643\u06aa", "\u06a9"),  # kaf
        **dict.fromkeys("\u0647\u06d5\u06be", "\u06c1"),  # he
        "\u0640": "",  # tatweel
    }
)
_IGNORED = {"Mn", "Mc", "Me", "Cf"}
_WORD = re.compile(r"[^\W_]+")
# Above every letter.
_LAST = "\U0010ffff"


def split_words(text: str) -> list[str]:
    """Return the words of a text in order: runs of letters and digits, in a form that is the same for all spellings."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    # Marks (accents, vowel signs) and invisible characters (such as joiners) are parts of the word.
    visible = (one for one in folded if unicodedata.category(one) not in _IGNORED)
    return _WORD.findall("".join(visible).translate(_SAME_LETTERS))


def list_beginnings(*texts: str) -> list[str]:
    """Return the beginnings of all words of the texts up to MAX_BEGINNING letters, and the longer words, sorted."""
    words = {word for text in texts for word in split_words(text[:MAX_TEXT])}
    beginnings = {word[:length] for word in words for length in range(1, min(len(word), MAX_BEGINNING) + 1)}
    return sorted(beginnings | words)


def word_filters(text: str) -> list[dict[str, Any]]:
    """Return filters on `words` that match entries with a word for each beginning in `text`."""
    words = set(split_words(text))
    # A word that is the beginning of another one adds nothing.
    needed = sorted(word for word in words if not any(other != word and other.startswith(word) for other in words))
    filters: list[dict[str, Any]] = []
    for word in needed:
        # An equality, so that the index returns the entries in their order.
        filters.append({"words": word[:MAX_BEGINNING]})
        if len(word) > MAX_BEGINNING:
            filters.append({"words": {"$elemMatch": {"$gte": word, "$lt": word + _LAST}}})
    return filters
