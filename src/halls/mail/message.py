"""The e-mail: recipient, subject, and one content as text and as HTML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from halls.clock import KARACHI

if TYPE_CHECKING:
    from datetime import datetime

_TEMPLATES = Environment(
    loader=PackageLoader("halls.mail"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    keep_trailing_newline=True,
)


@dataclass(frozen=True)
class Email:
    """An e-mail to one address."""

    to: str
    subject: str
    text: str
    html: str


def render_email(template: str, *, to: str, subject: str, **words: Any) -> Email:
    """Return the e-mail rendered from `templates/TEMPLATE.txt` and `.html`. HTML in `words` is escaped."""
    text = _TEMPLATES.get_template(f"{template}.txt").render(words)
    html = _TEMPLATES.get_template(f"{template}.html").render(words)
    return Email(to, subject, text, html)


def karachi_time(moment: datetime) -> str:
    """Return `moment` in Pakistan's time, such as "22 November 2026, 20:05 PKT"."""
    return moment.astimezone(KARACHI).strftime("%-d %B %Y, %H:%M PKT")
