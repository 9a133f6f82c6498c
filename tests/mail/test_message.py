"""E-mails: the same content as text and as HTML, escaping, headers, and times in Pakistan."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from jinja2 import UndefinedError

from halls.mail import message as message_module
from halls.mail.message import (
    WORD_JOINER,
    Calendar,
    as_plain_text,
    karachi_time,
    name_weekday_date,
    render_email,
)
from halls.mail.smtp import compose_message
from halls.mail.wording import Wording
from halls.mail.wordings import en

if TYPE_CHECKING:
    from halls.mail.message import Email

LINK = "https://app.example/reset-password?token=a-b_c"
UNTIL = "22 November 2026, 20:05 PKT"
SENDER = "Halls <no-reply@halls.example>"


def render_reset(**words: Any) -> Email:
    """Return the e-mail with a reset link."""
    return render_email("password_reset", **{"to": "a@example.com", "link": LINK, "until": UNTIL, **words})


def test_both_parts_have_the_same_content_and_the_link() -> None:
    email = render_reset()
    for part in (email.text, email.html):
        assert "Assalam-o-alaikum," in part
        assert f"The link works once, until {UNTIL}." in part
        assert "If it was not you, do nothing" in part
    assert f"\n{LINK}\n" in email.text
    assert f'href="{LINK}"' in email.html
    assert email.subject == "Your new password for Halls"


def test_a_page_on_a_telephone_is_as_wide_as_the_screen() -> None:
    html = render_reset().html
    assert 'name="viewport" content="width=device-width' in html
    assert "max-width: 560px" in html
    assert "<table" not in html


@pytest.mark.parametrize(
    "name",
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
def test_html_in_a_word_or_a_fact_is_escaped(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setitem(en.WORDINGS, "news", Wording("News", "News", ("Dear {{ name }}.",)))
    email = render_email("news", to="a@example.com", name=name, facts={"guest": name})
    assert f"\nDear {name}.\n" in email.text
    assert f"\nGuest: {name}\n" in email.text
    for before, after in (("<p>Dear ", ".</p>"), ('white-space: pre-line">', "</span>")):
        shown = email.html.partition(before)[2].partition(after)[0]
        assert not set(shown) & set("<>\"'")
        assert unescape(shown) == name


def test_a_paragraph_without_text_is_left_out() -> None:
    words: Any = {"to": "a@example.com", "venue": "Pearl Hall", "date": "14 February 2027", "link": LINK}
    open_ended, limited = (render_email("request_received", until=until, **words) for until in (None, UNTIL))
    assert "by itself" not in open_ended.text
    assert f"If the owner does not answer by {UNTIL}," in limited.text
    assert "\n\n\n" not in open_ended.text + limited.text
    assert "<p></p>" not in open_ended.html


def test_long_lines_are_wrapped_and_texts_of_several_lines_are_indented() -> None:
    email = render_email(
        "test", to="a@example.com", url="https://x.example", facts={"notes": "one\ntwo", "guests": "9"}
    )
    assert "\nNotes:\n  one\n  two\nGuests: 9\n" in email.text
    assert max(map(len, email.text.splitlines())) <= 78


def test_a_missing_value_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        render_email("password_reset", to="a@example.com", until=UNTIL)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("www.evil.example", ["www", ".", "evil", ".", "example"]),
        ("https://evil.example/x", ["https", ":", "//evil", ".", "example/x"]),
        ("mailto:a@b.example", ["mailto", ":", "a", "@", "b", ".", "example"]),
    ],
)
def test_a_text_of_a_user_does_not_become_a_link(text: str, parts: list[str]) -> None:
    shown = as_plain_text(text)
    assert shown.replace(WORD_JOINER, "") == text
    assert [part for part in shown.split(WORD_JOINER) if part] == parts


@pytest.mark.parametrize(
    "text", ["Ayesha Siddiqui", "Stage on the left. 300 chairs.", "From 7:30, at 1.5 m", "Notes: none", "0300-1234567"]
)
def test_an_ordinary_text_stays_as_it_is(text: str) -> None:
    assert as_plain_text(text) == text


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


def test_a_date_has_its_weekday() -> None:
    assert name_weekday_date("2027-02-14") == "Sunday, 14 February 2027"


def test_a_message_has_both_parts_and_the_required_headers() -> None:
    message = compose_message(SENDER, replace(render_reset(), subject="علی"), "0123456789abcdef01234567")
    assert message["From"] == SENDER
    assert (message["To"], message["Subject"]) == ("a@example.com", "علی")
    assert message["Message-ID"] == "<0123456789abcdef01234567@halls.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].endswith(" -0000")
    assert not {"Reply-To", "References", "In-Reply-To", "List-Unsubscribe", "List-Unsubscribe-Post"} & set(message)
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert message.get_content_type() == "multipart/alternative"
    assert max(len(line) for line in bytes(message).splitlines()) <= 998
    assert bytes(message).isascii()


def test_an_email_about_a_booking_has_the_headers_of_its_thread() -> None:
    email = replace(
        render_reset(),
        reply_to="owner@example.com",
        thread="booking-1",
        unsubscribe_url="https://api.example/emails/unsubscribe/t",
    )
    message = compose_message(SENDER, email, "2")
    assert message["Reply-To"] == "owner@example.com"
    assert message["References"] == message["In-Reply-To"] == "<booking-1@halls.example>"
    assert message["List-Unsubscribe"] == "<https://api.example/emails/unsubscribe/t>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_a_calendar_is_a_part_of_its_own_with_its_line_breaks() -> None:
    content = "BEGIN:VCALENDAR\r\nSUMMARY:علی\r\nEND:VCALENDAR\r\n".encode()
    message = compose_message(SENDER, replace(render_reset(), calendar=Calendar("REQUEST", content)), "1")
    *_, part = message.iter_parts()
    assert part.get_content_type() == "text/calendar"
    assert (part.get_param("method"), part.get_content_charset()) == ("REQUEST", "utf-8")
    assert part.get_payload(decode=True) == content
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
    with pytest.raises(ValueError, match=r"newline|linefeed|Header values"):
        compose_message("no-reply@halls.example", replace(render_reset(to=to), subject=subject), "1")


def test_a_line_break_in_a_name_is_a_blank_in_the_subject() -> None:
    email = render_email("confirmed", to="a@b.c", venue="Pearl\nHall", date="d", weekday_date="w", link=LINK)
    assert email.subject == "Confirmed: Pearl Hall, d"


def test_a_sender_without_an_address_still_makes_a_message() -> None:
    assert compose_message("halls", render_reset(), "1")["From"] is not None


def test_each_wording_is_complete() -> None:
    assert set(message_module.en.LABELS) >= {"venue", "date", "guests"}
    assert all(wording.subject and wording.heading and wording.intro for wording in en.WORDINGS.values())
