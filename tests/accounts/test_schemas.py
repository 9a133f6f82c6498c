"""Validation of e-mail addresses, telephone numbers, names and passwords."""

from __future__ import annotations

import re
from typing import Any

import pytest

from halls.accounts.schemas import Login, ProfileChange, Signup
from halls.errors import Invalid
from halls.http.schema import validate

LABEL = "a" * 63
LONGEST = f"{'l' * 64}@{LABEL}.{LABEL}.{'b' * 58}.pk"


def invalid_fields(model: Any, **body: Any) -> list[str]:
    """Return the names of the invalid fields."""
    with pytest.raises(Invalid) as caught:
        validate(model, body)
    return [detail["field"] for detail in caught.value.details]


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("ali@example.com", "ali@example.com"),
        ("  Ali.KHAN+hall@Example.Co.PK\t\n", "ali.khan+hall@example.co.pk"),
        ("!#$%&'*+/=?^_`{|}~-@x.y", "!#$%&'*+/=?^_`{|}~-@x.y"),
        ("1@1.1", "1@1.1"),
        ("a@b--c.d", "a@b--c.d"),
        (LONGEST, LONGEST),
        ("ali@m\u00fcnchen.de", "ali@xn--mnchen-3ya.de"),
        (" Ali@Post.M\u00dcNCHEN.de ", "ali@post.xn--mnchen-3ya.de"),
        ("ali@mu\u0308nchen.de", "ali@xn--mnchen-3ya.de"),
        ("ali@xn--MNCHEN-3ya.de", "ali@xn--mnchen-3ya.de"),
        ("ali@\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444", "ali@xn--e1afmkfd.xn--p1ai"),
        ("ali@\u067e\u0627\u06a9\u0633\u062a\u0627\u0646.example", "ali@xn--mgbai9azgqp6j.example"),
        # A Cyrillic letter: another domain than example.com.
        ("ali@ex\u0430mple.com", "ali@xn--exmple-4nf.com"),
    ],
)
def test_an_address_is_trimmed_and_stored_in_lower_case(typed: str, stored: str) -> None:
    assert len(LONGEST) == 254
    assert validate(Login, {"email": typed, "password": "x"}).email == stored


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ali",
        "@example.com",
        "ali@",
        "ali@example",
        "ali@@example.com",
        "ali@exa@mple.com",
        ".ali@example.com",
        "ali.@example.com",
        "a..b@example.com",
        "ali@.com",
        "ali@example.",
        "ali@-example.com",
        "ali@example-.com",
        f"ali@{'a' * 64}.com",
        f"{'l' * 65}@example.com",
        f"x{LONGEST[1:]}m",
        "Ali <ali@example.com>",
        '"ali"@example.com',
        "ali@[127.0.0.1]",
        "ali @example.com",
        "ali@exam\nple.com",
        "ali@example.com\x00",
        "\N{KELVIN SIGN}ali@example.com",
        "ali@example.\N{KELVIN SIGN}om",
        "ali@m\u00fc\N{KELVIN SIGN}hen.de",
        "ali@example\N{FULLWIDTH FULL STOP}com",
        "ali@example\N{IDEOGRAPHIC FULL STOP}com",
        "ali@example\N{HALFWIDTH IDEOGRAPHIC FULL STOP}com",
        "ali@\N{FULLWIDTH LATIN SMALL LETTER E}xample.com",
        "ali@exam\N{SOFT HYPHEN}ple.com",
        "ali@exam\N{ZERO WIDTH SPACE}ple.com",
        "ali\N{FULLWIDTH COMMERCIAL AT}example.com",
        "\u00e4li@m\u00fcnchen.de",
        "m\N{LATIN SMALL LETTER DOTLESS I}ke@example.com",
        "ali@m\u00fcnchen",
        "ali@-m\u00fcnchen.de",
        "ali@m\u00fcnchen..de",
        "ali@\u2603.com",
        "Ali <ali@m\u00fcnchen.de>",
        "ali@" + "\u00fc" * 60 + ".de",
        7,
        True,
        ["ali@example.com"],
    ],
)
def test_an_invalid_address_is_rejected(address: Any) -> None:
    assert invalid_fields(Login, email=address, password="x") == ["email"]


@pytest.mark.parametrize(
    "number",
    ["+92 300 1234567", "(021) 345-6789", "0300-1234567", "1234567", "+" + "1" * 19, "  03001234567 "],
)
def test_common_formats_of_telephone_numbers_are_accepted(number: str) -> None:
    assert validate(ProfileChange, {"contact_number": number}).contact_number == number.strip()


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("\u202a+92 300 1234567\u202c", "+92 300 1234567"),
        ("\ufeff0300\u00ad1234567\u200f", "03001234567"),
        ("\u0660\u0663\u0660\u0660\u0661\u0662\u0663\u0664\u0665\u0666\u0667", "03001234567"),
        ("\u06f0\u06f3\u06f0\u06f0 \u06f1\u06f2\u06f3 4567", "0300 123 4567"),
        ("0300.123.4567", "0300-123-4567"),
        ("0300\u20131234567", "0300-1234567"),
        ("0300\u20111234567", "0300-1234567"),
        ("0300\u22121234567", "0300-1234567"),
        ("+92\u00a0300\u202f1234567", "+92 300 1234567"),
        ("\uff0b\uff19\uff12\uff08300\uff091234567", "+92(300)1234567"),
        ("\u200e" * 5 + "1" * 20, "1" * 20),
    ],
)
def test_a_number_from_a_contact_list_is_stored_in_ascii(typed: str, stored: str) -> None:
    assert validate(ProfileChange, {"contact_number": typed}).contact_number == stored
    pattern = ProfileChange.model_json_schema()["properties"]["contact_number"]["anyOf"][0]["pattern"]
    assert re.search(pattern, typed)
    assert re.search(pattern, stored)


@pytest.mark.parametrize(
    "number",
    [
        "",
        "123456",
        "1" * 21,
        "+92x3001234567",
        "03001234567;",
        "-------",
        "+()- ()-",
        "\u096c" * 9,
        "0300\t1234567",
        "\u200e" * 9,
    ],
)
def test_an_invalid_telephone_number_is_rejected(number: str) -> None:
    assert invalid_fields(ProfileChange, contact_number=number) == ["contact_number"]


def test_all_invalid_fields_are_reported_together() -> None:
    invalid = {"email": "x", "password": "1234567", "is_venue_owner": 1, "full_name": " ", "role": "owner"}
    assert sorted(invalid_fields(Signup, **invalid)) == ["email", "full_name", "is_venue_owner", "password", "role"]
    assert sorted(invalid_fields(Signup)) == ["email", "is_venue_owner", "password"]


@pytest.mark.parametrize(("length", "is_valid"), [(7, False), (8, True), (128, True), (129, False)])
def test_a_new_password_has_8_to_128_characters(length: int, *, is_valid: bool) -> None:
    body = {"email": "a@b.c", "password": "ش" * length, "is_venue_owner": False}
    if is_valid:
        assert validate(Signup, body).password == "ش" * length
    else:
        assert invalid_fields(Signup, **body) == ["password"]


def test_a_name_has_at_most_200_characters() -> None:
    assert validate(ProfileChange, {"full_name": " " + "n" * 200}).full_name == "n" * 200
    assert invalid_fields(ProfileChange, full_name="n" * 201) == ["full_name"]
