"""Reads the texts of requests: which characters they may have, and what is left of them."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from halls.http.field_faults import field_error

# Letters and symbols that look like a blank: Hangul fillers and the empty Braille cell.
BLANK_LETTERS = "\u115f\u1160\u3164\uffa0\u2800"
_NEWLINE = re.compile(r"\r\n?")
_BREAK_IN_ADDRESS = re.compile(r"[ \t]*,?[ \t]*[\r\n\u2028\u2029]\s*")
_LINE_SEPARATORS = re.compile("[\u2028\u2029]")
# They join or part the letters beside them, in Urdu, Hindi and emoji.
JOINERS = "\u200c\u200d"
# Format characters with a shape of their own (Unicode: Prepended_Concatenation_Mark), such as the Urdu sign of a year.
SIGNS = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"


def check_characters(text: str, allowed: str = "") -> str:
    """Return `text`. Raises an error for lone surrogates and control characters that are not in `allowed`."""
    for character in text:
        if character not in allowed and unicodedata.category(character) in {"Cc", "Cs"}:
            raise field_error("bad_characters", "must not contain control characters")
    return text


def normalise_line(value: Any) -> Any:
    """Return the text of a request as one trimmed line, "" if none of it is visible."""
    if not isinstance(value, str):
        return value
    line = check_characters(value.strip(" \t\r\n")).strip()
    return line if any(map(_is_visible, line)) else ""


def _is_visible(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNPS" and character not in BLANK_LETTERS


def normalise_text(value: Any) -> Any:
    """Return the text of a request trimmed, with one kind of line break."""
    if not isinstance(value, str):
        return value
    return check_characters(_NEWLINE.sub("\n", value), "\n\t").strip()


def normalise_name(value: Any) -> Any:
    """Return a name of a request as one line of visible text."""
    line = normalise_line(value)
    return remove_format(line) if isinstance(line, str) else line


def remove_format(line: str) -> str:
    """Return a name as one line of visible text.

    Invisible and bidirectional format characters are removed: with them two different names look equal, and a name
    turns the text behind it around. Joiners stay between two letters, marks or symbols.
    """
    shown = [c for c in _LINE_SEPARATORS.sub(" ", line) if not _is_format(c) or c in JOINERS]
    beside = zip(["", *shown], shown, [*shown[1:], ""], strict=False)
    return "".join(c for before, c, after in beside if c not in JOINERS or (_joins(before) and _joins(after))).strip()


def _is_format(character: str) -> bool:
    return unicodedata.category(character) == "Cf" and character not in SIGNS


def _joins(character: str) -> bool:
    return character != "" and unicodedata.category(character)[0] in "LMS"


def normalise_address(value: Any) -> Any:
    """Return an address of a request as one line of visible text: a line break becomes a comma."""
    return normalise_name(_BREAK_IN_ADDRESS.sub(", ", value.strip())) if isinstance(value, str) else value
