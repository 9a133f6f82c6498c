"""Base models: strict types, trimmed text, one spelling per value, and an error for every wrong field."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from bson import ObjectId
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from halls.clock import is_real_day
from halls.errors import Invalid
from halls.http.schema import (
    READS_INTEGER,
    AddressLine,
    ChangeModel,
    Day,
    Id,
    Line,
    Name,
    Number,
    Price,
    QueryInt,
    QueryModel,
    QueryNumber,
    RequestModel,
    Text,
    parse_id,
    validate,
)
from halls.http.text import remove_format


class Sample(RequestModel):
    """A model with one field of each kind."""

    line: Annotated[Line, Field(min_length=1, max_length=5)] | None = None
    text: Annotated[Text, Field(max_length=5)] | None = None
    day: Day | None = None
    id: Id | None = None
    price: Price | None = None
    number: Number | None = None
    flag: bool | None = None
    whole: int | None = None
    integer: Annotated[int, Field(ge=1, le=2**53), READS_INTEGER] | None = None
    address: AddressLine | None = None
    name: Annotated[Name, Field(min_length=1, max_length=12)] | None = None
    inner: list[Sample] | None = None


class SampleChange(ChangeModel, Sample):
    """The same fields in a PATCH."""

    clearable = frozenset({"line", "day"})


class SampleQuery(QueryModel):
    """A query model with one parameter of each kind."""

    whole: QueryInt | None = None
    number: QueryNumber | None = None


def validated(**fields: Any) -> dict[str, Any]:
    """Return the validated fields of a sample."""
    return validate(Sample, fields).given()


def wrong_fields(model: Any, value: Any) -> tuple[str, ...]:
    """Return the names of the wrong fields."""
    with pytest.raises(Invalid) as caught:
        validate(model, value)
    assert all(fault["message"] for fault in caught.value.details)
    return tuple(fault["field"] for fault in caught.value.details)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (" a ", "a"),
        ("\t\r\na\n", "a"),
        ("\N{NO-BREAK SPACE}a\N{EM SPACE}", "a"),
        ("a  b", "a  b"),
        (" 12345 ", "12345"),
    ],
)
def test_a_line_is_trimmed_before_its_length_is_checked(raw: str, expected: str) -> None:
    assert validated(line=raw) == {"line": expected}


@pytest.mark.parametrize(
    "bad", ["", "  ", "\n", "123456", "a\nb", "a\tb", "a\x00", "a\x1bb", "a\x7fb", "a\x85b", 5, ["a"]]
)
def test_an_invalid_line_is_rejected(bad: Any) -> None:
    assert wrong_fields(Sample, {"line": bad}) == ("line",)


@pytest.mark.parametrize(
    "invisible",
    ["\u200b", "\u2060\ufeff", "\u3164", "\u2800 \u2800", "\u00ad", "\ufe0f", "\u0301", "\u115f\u1160", "\U000e0020"],
    ids=ascii,
)
def test_a_line_without_a_visible_character_is_empty(invisible: str) -> None:
    assert wrong_fields(Sample, {"line": invisible}) == ("line",)


def test_an_unknown_field_is_rejected_also_if_it_is_null() -> None:
    assert wrong_fields(Sample, {"line": "a", "lien": None}) == ("lien",)
    assert wrong_fields(Sample, {"inner": [{"flags": None}]}) == ("inner.0.flags",)
    assert wrong_fields(SampleChange, {"lien": None}) == ("lien",)
    assert validated(line=None, inner=[{"flag": None}]) == {"inner": [{}]}


@pytest.mark.parametrize(
    "value", [{f"f{n}": n for n in range(50_000)}, {"inner": [{"line": 5}] * 50_000}], ids=range(2)
)
def test_at_most_100_faults_of_a_body_are_listed(value: dict[str, Any]) -> None:
    assert len(wrong_fields(Sample, value)) == 100


# With these, a name looks like another one, hides a part of itself, or turns the text behind it around.
INVISIBLE = [*"\u00ad\u061c\u180e\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2069\ufeff\U000e0041"]


@pytest.mark.parametrize("invisible", INVISIBLE, ids=ascii)
@pytest.mark.parametrize("field", ["name", "address"])
def test_a_name_loses_format_and_bidirectional_characters(field: str, invisible: str) -> None:
    for raw in (f"Pearl{invisible}Hall", f"{invisible}PearlHall{invisible}", f"{invisible * 300}PearlHall"):
        assert validated(**{field: raw}) == {field: "PearlHall"}
    assert wrong_fields(Sample, {"name": invisible * 3}) == ("name",)


@pytest.mark.parametrize(
    "name",
    [
        "می\u200cخواهم",  # noqa: RUF001 - Persian: without the joiner another word
        "क्\u200dष",  # Hindi: half forms
        "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}",  # an emoji of three
        "\u0601 ۲۰۲۶",  # the Urdu sign of a year is a format character that is visible
        "José Ñandú",
        "محل",
    ],
    ids=ascii,
)
def test_a_name_keeps_joiners_inside_words_and_visible_signs(name: str) -> None:
    assert validated(name=name) == {"name": name}


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("\u200cAli\u200d", "Ali"),
        ("Ali \u200c Raza", "Ali  Raza"),
        ("Al\u200c\u200ci", "Ali"),
        ("Al\u200b\u200d\u200bi", "Al\u200di"),
        ("12\u200c3", "123"),
        ("Ali\u2028Raza\u2029", "Ali Raza"),
    ],
    ids=ascii,
)
def test_a_name_is_one_line_without_other_joiners(raw: str, name: str) -> None:
    assert validated(name=raw) == {"name": name}


def test_a_line_separator_in_an_address_is_read_as_a_comma() -> None:
    assert validated(address="12 Mall Road\u2028Lahore") == {"address": "12 Mall Road, Lahore"}


@given(st.text(alphabet="ab 1\u200c\u200d\u200b\u2028", max_size=20))
def test_a_name_that_was_read_once_stays_as_it_is(raw: str) -> None:
    once = remove_format(raw)
    assert remove_format(once) == once


@pytest.mark.parametrize("visible", ["ہال", "12", "🎉", "…", "नमस्ते"])
def test_a_line_with_a_visible_character_is_accepted(visible: str) -> None:
    assert validated(address=visible) == {"address": visible}


@pytest.mark.parametrize(
    ("raw", "expected"), [("a\r\nb", "a\nb"), ("a\rb", "a\nb"), ("a\r\r\nb", "a\n\nb"), ("a\r\n", "a")]
)
def test_a_line_ending_of_any_system_is_read_as_newline(raw: str, expected: str) -> None:
    assert validated(text=raw) == {"text": expected}


@pytest.mark.parametrize(
    "raw",
    ["12 Mall Road\nLahore", "12 Mall Road\r\nLahore\r\n", "12 Mall Road,\r \n Lahore", "12 Mall Road \n\nLahore"],
)
def test_a_line_break_in_an_address_is_read_as_a_comma(raw: str) -> None:
    assert validated(address=raw) == {"address": "12 Mall Road, Lahore"}


def test_a_text_keeps_its_newlines_and_tabs() -> None:
    assert validated(text=" a\n\tb ") == {"text": "a\n\tb"}
    assert validated(text="  ") == {"text": ""}


@pytest.mark.parametrize("bad", ["a\x00b", "a\x07", "a\x0bb", "123456", 5, None.__class__])
def test_an_invalid_text_is_rejected(bad: Any) -> None:
    assert wrong_fields(Sample, {"text": bad}) == ("text",)


@pytest.mark.parametrize("day", ["2000-01-01", "2100-12-31", "2028-02-29", "2026-11-22"])
def test_a_calendar_day_is_accepted(day: str) -> None:
    assert validated(day=day) == {"day": day}


@pytest.mark.parametrize(
    "bad",
    [
        *("1999-12-31", "2101-01-01", "2027-02-29", "2027-13-01", "2027-00-10", "2027-01-00", "2027-1-5", "20270105"),
        *("2027-W01-1", "2027-01-05T00:00:00Z", " 2027-01-05", "2027-01-05\n", "02027-01-05", "2027/01/05", ""),
        *("\N{FULLWIDTH DIGIT TWO}027-01-05", "\N{ARABIC-INDIC DIGIT TWO}027-01-05", 20270105, ["2027-01-05"]),
    ],
)
def test_another_spelling_or_a_nonexistent_day_is_rejected(bad: Any) -> None:
    assert wrong_fields(Sample, {"day": bad}) == ("day",)


@given(st.text(max_size=12) | st.dates().map(str))
def test_an_accepted_day_is_ascii_and_in_range(text: str) -> None:
    if is_real_day(text):
        assert text.isascii()
        assert len(text) == 10
        assert "2000-01-01" <= text <= "2100-12-31"


@given(st.binary(min_size=12, max_size=12))
def test_an_id_has_one_accepted_spelling(raw: bytes) -> None:
    text = raw.hex()
    assert parse_id(text) == ObjectId(raw)
    assert validated(id=text) == {"id": text}
    for other in (text + "0", text[1:], f" {text}", f"{text}\n"):
        assert parse_id(other) is None
    if text != text.upper():
        assert parse_id(text.upper()) is None


@pytest.mark.parametrize("bad", ["", "x" * 24, "0123456789ABCDEF01234567", 7, {"$ne": None}])
def test_an_invalid_id_is_rejected(bad: Any) -> None:
    assert wrong_fields(Sample, {"id": bad}) == ("id",)


WRONG_TYPES: dict[str, list[Any]] = {
    "flag": [1, 0, "true", "false", []],
    "whole": [1.0, 1e3, "1", True],
    "number": ["1", True, [1], {}],
    "integer": [1.5, 0.0, "1", True, 1e300],
    "price": [-1, 0.001, 2e-6, 1_000_000_001, 1e300, "1", True, 2**70],
}


@pytest.mark.parametrize(("field", "bad"), [(field, bad) for field, row in WRONG_TYPES.items() for bad in row])
def test_types_are_strict(field: str, bad: Any) -> None:
    assert wrong_fields(Sample, {field: bad}) == (field,)


@pytest.mark.parametrize(
    ("field", "good"), [("number", 5), ("number", -5.5), ("price", 0), ("price", 0.1), ("price", 7.25)]
)
def test_a_number_keeps_its_value_and_type(field: str, good: float) -> None:
    assert validated(**{field: good})[field] == good
    assert type(validated(**{field: good})[field]) is type(good)


@pytest.mark.parametrize("notation", [300, 300.0])
def test_an_integer_may_have_any_notation(notation: float) -> None:
    assert validated(integer=notation) == {"integer": 300}
    assert type(validated(integer=notation)["integer"]) is int


@pytest.mark.parametrize(
    ("computed", "price"), [(185_000 * 1.15, 212_750.0), (3702.2999999999997, 3702.3), (0.1 + 0.2, 0.3), (1e-9, 0.0)]
)
def test_a_computed_price_is_rounded(computed: float, price: float) -> None:
    assert validated(price=computed) == {"price": price}


def test_null_equals_absent_at_every_depth() -> None:
    assert validated(line=None, flag=None, inner=[{"line": None, "whole": 1}]) == {"inner": [{"whole": 1}]}


def test_a_change_needs_at_least_one_field() -> None:
    with pytest.raises(Invalid):
        validate(SampleChange, {}).given_some()
    assert validate(SampleChange, {"flag": False}).given_some() == {"flag": False}


def test_null_clears_a_field_of_a_change_only_if_it_is_clearable() -> None:
    assert validate(SampleChange, {"line": None, "day": None}).given_some() == {"line": None, "day": None}
    assert wrong_fields(SampleChange, {"flag": None, "whole": None, "line": None, "address": None, "x": None}) == (
        *("flag", "whole", "address", "x"),
    )
    assert wrong_fields(SampleChange, ["not an object"]) == ("",)


def test_the_json_schema_of_a_change_allows_null_only_for_clearable_fields() -> None:
    properties = SampleChange.model_json_schema()["properties"]
    nullable = {name for name, schema in properties.items() if {"type": "null"} in schema.get("anyOf", [])}
    assert nullable == SampleChange.clearable


def test_each_error_names_the_path_of_its_field() -> None:
    body = {"line": "", "inner": [{}, {"flag": 1, "inner": [{"colour": "red"}]}, "x"], "size": 1}
    assert sorted(wrong_fields(Sample, body)) == ["inner.1.flag", "inner.1.inner.0.colour", "inner.2", "line", "size"]


def test_an_invalid_field_name_can_be_encoded_in_the_response() -> None:
    (name,) = wrong_fields(Sample, {"a\ud800": 1})
    assert name.encode() == name.encode(errors="replace")


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("12", 12), ("007", 7), ("9" * 18, 10**18 - 1)])
def test_an_integer_in_a_query_is_digits(text: str, number: int) -> None:
    assert validate(SampleQuery, {"whole": text}).whole == number


@pytest.mark.parametrize("bad", ["-1", "+1", "1.0", "1e3", " 5", "5 ", "1_000", "١٢", "1" * 19, "0x1", "None", 5])
def test_an_invalid_integer_in_a_query_is_rejected(bad: Any) -> None:
    assert wrong_fields(SampleQuery, {"whole": bad}) == ("whole",)


def test_an_empty_query_parameter_counts_as_absent() -> None:
    assert validate(SampleQuery, {"whole": "", "number": ""}) == SampleQuery()
    assert wrong_fields(SampleQuery, {"wole": "1"}) == ("wole",)


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("-12.5", -12.5), ("24.86", 24.86), ("-0", 0)])
def test_a_number_in_a_query_has_digits_and_a_point(text: str, number: float) -> None:
    assert validate(SampleQuery, {"number": text}).number == number


@pytest.mark.parametrize(
    "bad",
    [
        "+1",
        ".5",
        "5.",
        "1e3",
        "nan",
        "inf",
        "Infinity",
        " 5",
        "1,5",
        "1_0",
        "\N{ARABIC-INDIC DIGIT FIVE}",
        "9" * 19,
        5,
    ],
)
def test_an_invalid_number_in_a_query_is_rejected(bad: Any) -> None:
    assert wrong_fields(SampleQuery, {"number": bad}) == ("number",)
