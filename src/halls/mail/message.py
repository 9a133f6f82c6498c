"""The e-mail: recipient, subject, headers, and one content as text and as HTML."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from halls.clock import KARACHI
from halls.mail.wordings import en

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from jinja2 import Template

MAX_LINE = 78
INDENT = "  "
_LAYOUTS = Environment(
    loader=PackageLoader("halls.mail"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    keep_trailing_newline=True,
)
# A wording is plain text. The layout escapes it for HTML.
_WORDINGS = Environment(undefined=StrictUndefined, autoescape=False)  # noqa: S701 - not HTML
# Mail programs turn such texts into links: `evil.example`, `https://…` and `mailto:…`.
_LINK_SIGNS = re.compile(r"(?<=\w)(?:[.@](?=\w)|:(?=\S))")
# Between a digit and a digit they are part of a number or a time.
_NUMBER_SIGNS = re.compile(r"(?<=\d)[.:](?=\d)")
# Invisible, and no line break is allowed there.
WORD_JOINER = "\u2060"


@dataclass(frozen=True)
class Calendar:
    """A calendar event (RFC 5545) for the mail program of the recipient."""

    # REQUEST or CANCEL (RFC 5546).
    method: str
    content: bytes


@dataclass(frozen=True)
class Email:
    """An e-mail to one address."""

    to: str
    subject: str
    text: str
    html: str
    reply_to: str | None = None
    # E-mails with the same thread are shown together.
    thread: str | None = None
    # The address that switches this kind of e-mail off with one POST (RFC 8058).
    unsubscribe_url: str | None = None
    calendar: Calendar | None = None


def render_email(kind: str, *, to: str, facts: Mapping[str, str] | None = None, **words: Any) -> Email:
    """Return an e-mail in the wording of its kind.

    `words` fill in the wording and the links of the layout: `link`, `disown_link`, `preferences_link` and
    `operator_email` (OPERATOR_EMAIL). `facts` are shown as a list. A word or fact that a user wrote must come from
    `as_plain_text`.
    """
    wording = en.WORDINGS[kind]
    words = {"preferences_link": None, "operator_email": None, **words}
    subject = _fill_in(wording.subject, words)
    content = {
        **words,
        "language": en.LANGUAGE,
        "subject": subject,
        "heading": _fill_in(wording.heading, words),
        "greeting": en.GREETING,
        "intro": [text for text in (_fill_in(paragraph, words) for paragraph in wording.intro) if text],
        "facts": [(en.LABELS[name], value) for name, value in (facts or {}).items()],
        "button": wording.button,
        "outro": [text for text in (_fill_in(paragraph, words) for paragraph in wording.outro) if text],
        "disown_button": wording.disown,
        "signature": en.SIGNATURE,
        "preferences": en.PREFERENCES,
        "questions": en.QUESTIONS,
    }
    text, html = (_LAYOUTS.get_template(f"layout.{form}").render(content) for form in ("txt", "html"))
    return Email(to, " ".join(subject.split()), text, html)


def _fill_in(wording: str, words: Mapping[str, Any]) -> str:
    return _compile(wording).render(words)


@lru_cache(maxsize=256)
def _compile(wording: str) -> Template:
    return _WORDINGS.from_string(wording)


def _wrap(paragraph: str) -> str:
    return textwrap.fill(paragraph, MAX_LINE, break_long_words=False, break_on_hyphens=False)


def _indent(value: str) -> str:
    """Return a text as it follows its label: several lines begin on their own line and are indented."""
    return "\n" + textwrap.indent(value, INDENT) if "\n" in value else f" {value}"


_LAYOUTS.filters.update(wrapped=_wrap, indented=_indent)


def as_plain_text(text: str) -> str:
    """Return a text of a user so that mail programs do not turn a part of it into a link. It looks the same."""
    numbers = {match.start() for match in _NUMBER_SIGNS.finditer(text)}

    def separate(sign: re.Match[str]) -> str:
        return sign[0] if sign.start() in numbers else f"{WORD_JOINER}{sign[0]}{WORD_JOINER}"

    return _LINK_SIGNS.sub(separate, text)


def karachi_time(moment: datetime) -> str:
    """Return `moment` in Pakistan's time, such as "22 November 2026, 20:05 PKT"."""
    local = moment.astimezone(KARACHI)
    return f"{_name_day(local.date())}, {local:%H:%M} PKT"


def name_date(day: str) -> str:
    """Return a date such as "14 February 2027"."""
    return _name_day(date.fromisoformat(day))


def name_weekday_date(day: str) -> str:
    """Return a date such as "Saturday, 14 February 2027"."""
    return f"{en.WEEKDAYS[date.fromisoformat(day).weekday()]}, {name_date(day)}"


def _name_day(day: date) -> str:
    return f"{day.day} {en.MONTHS[day.month - 1]} {day.year}"
