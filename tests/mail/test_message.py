"""E-mails: the same content as text and as HTML, escaping, headers, and times in Pakistan."""

from __future__ import annotations

from datetime import datetime, timezone
from html import unescape

import pytest
from jinja2 import UndefinedError

from halls.mail.message import karachi_time, render_email
from halls.mail.smtp import compose_message

LINK = "https://app.example/reset-password?token=a-b_c"
UNTIL = "22 November 2026, 20:05 PKT"


def render_reset(until: str = UNTIL) -> tuple[str, str]:
    """Return the text and the HTML of the e-mail with a reset link."""
    email = render_email("password_reset", to="a@example.com", subject="s", link=LINK, until=until)
    return email.text, email.html


def test_both_parts_have_the_same_content_and_the_link() -> None:
    text, html = render_reset()
    for part in (text, html):
        assert "Assalam-o-alaikum," in part
        assert f"The link works once, until {UNTIL}." in part
        assert "If it was not you, do nothing" in part
    assert f"\n{LINK}\n" in text
    assert f'href="{LINK}"' in html


@pytest.mark.parametrize(
    "value",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "<a href='https://evil.example'>Click</a>",
        "Tom & Jerry",
        "O'Neil",
        "{{ link }}",
        "{% raw %}",
        "علی <b>رضا</b>",
    ],
)
def test_html_in_a_value_is_escaped(value: str) -> None:
    text, html = render_reset(until=value)
    assert f"once, until {value}." in text
    shown = html.split("once, until ")[1].split(".</p>")[0]
    assert not set(shown) & set("<>\"'")
    assert unescape(shown) == value


def test_a_missing_value_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        render_email("password_reset", to="a@example.com", subject="s", until=UNTIL)


@pytest.mark.parametrize(
    ("moment", "read"),
    [
        (datetime(2026, 11, 22, 15, 5, tzinfo=timezone.utc), "22 November 2026, 20:05 PKT"),
        (datetime(2026, 11, 22, 18, 59, 59, tzinfo=timezone.utc), "22 November 2026, 23:59 PKT"),
        (datetime(2026, 11, 22, 19, 0, tzinfo=timezone.utc), "23 November 2026, 00:00 PKT"),
        (datetime(2026, 12, 31, 20, 0, tzinfo=timezone.utc), "1 January 2027, 01:00 PKT"),
        (datetime(2026, 6, 5, 3, 7, tzinfo=timezone.utc), "5 June 2026, 08:07 PKT"),
    ],
)
def test_times_are_in_pakistan_time(moment: datetime, read: str) -> None:
    assert karachi_time(moment) == read


def test_a_message_has_both_parts_and_the_required_headers() -> None:
    email = render_email("password_reset", to="a@example.com", subject="New", link=LINK, until=UNTIL)
    message = compose_message("Halls <no-reply@halls.example>", email, "0123456789abcdef01234567")
    assert message["From"] == "Halls <no-reply@halls.example>"
    assert (message["To"], message["Subject"]) == ("a@example.com", "New")
    assert message["Message-ID"] == "<0123456789abcdef01234567@halls.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].endswith(" -0000")
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert message.get_content_type() == "multipart/alternative"
    assert max(len(line) for line in bytes(message).splitlines()) <= 998
    assert bytes(message).isascii()


@pytest.mark.parametrize(
    ("to", "subject"),
    [
        ("a@example.com\nBcc: mallory@example.com", "s"),
        ("a@example.com\r\nBcc: mallory@example.com", "s"),
        ("a@example.com", "s\nBcc: mallory@example.com"),
        ("a@example.com", "s\r\n\r\nAnother body"),
    ],
)
def test_a_line_break_adds_no_header(to: str, subject: str) -> None:
    email = render_email("password_reset", to=to, subject=subject, link=LINK, until=UNTIL)
    with pytest.raises(ValueError, match=r"newline|linefeed|Header values"):
        compose_message("no-reply@halls.example", email, "1")


def test_a_sender_without_an_address_still_makes_a_message() -> None:
    email = render_email("password_reset", to="a@example.com", subject="s", link=LINK, until=UNTIL)
    assert compose_message("halls", email, "1")["From"] is not None
