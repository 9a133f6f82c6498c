"""Base models and field types of requests and responses: strict types, no unknown fields, trimmed text."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, TypeVar

from bson import ObjectId
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from halls.errors import FieldFault, Invalid, invalid

MAX_PRICE = 1_000_000_000
MAX_TEXT = 10_000
FIRST_DAY, LAST_DAY = "2000-01-01", "2100-12-31"
ID_PATTERN = "[0-9a-f]{24}"
EXAMPLE_ID = "65a0c0ffee0123456789abcd"
DATE_PATTERN = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
DAY_PATTERN = "^(20[0-9]{2}|2100)-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
PRICE = "PKR, with at most two decimals."
DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")
_DATE = re.compile(DATE_PATTERN)
_ID = re.compile(ID_PATTERN)
_WHOLE = re.compile(r"[0-9]{1,18}")
# Branch names of unions, which pydantic adds to the path of a field. The client did not send them.
BRANCHES = frozenset({"geojson", "lat_lng"})


class RequestModel(BaseModel):
    """Base of request bodies. A field that is null counts as absent."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, value: Any) -> Any:
        return {key: item for key, item in value.items() if item is not None} if isinstance(value, dict) else value

    def given(self) -> dict[str, Any]:
        """Return the fields that the client sent, as plain values."""
        return self.model_dump(exclude_unset=True)

    def given_some(self) -> dict[str, Any]:
        """Return the fields that the client sent. Raises Invalid if there are none, as in an empty PATCH."""
        given = self.given()
        if not given:
            raise invalid("body", "Give at least one field to change.")
        return given


class QueryModel(BaseModel):
    """Base of query strings. Not strict, because all values are text."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ResponseModel(BaseModel):
    """Base of the `data` of successful responses. New fields may be added: clients ignore unknown fields."""


def with_examples(*examples: Any, **keywords: Any) -> ConfigDict:
    """Return a `model_config` that adds `examples` and other JSON schema `keywords` to the OpenAPI document."""
    return ConfigDict(json_schema_extra={"examples": list(examples), **keywords})


ModelT = TypeVar("ModelT", bound=BaseModel)


def validate(model: type[ModelT], value: Any, **limits: Any) -> ModelT:
    """Return `value` as a `model`, validated with the configured `limits`. Raises Invalid with all invalid fields."""
    try:
        return model.model_validate(value, context=limits)
    except ValidationError as error:
        raise Invalid(*(_to_fault(each) for each in error.errors(include_url=False, include_input=False))) from None


def _to_fault(error: Any) -> FieldFault:
    *parents, last = error["loc"] or ("",)
    # The last part is a field of the client if it is unknown, even if it has the name of a branch.
    is_field = last not in BRANCHES or error["type"] == "extra_forbidden"
    path = ".".join(str(part) for part in [*(p for p in parents if p not in BRANCHES), *([last] if is_field else [])])
    messages = {"missing": "This field is required.", "extra_forbidden": "Unknown field."}
    message = messages.get(error["type"], str(error["msg"]).removeprefix("Value error, "))
    # A lone surrogate in a field name can't be encoded in the response.
    return FieldFault(field=path.encode(errors="replace").decode(), message=message)


def check_characters(text: str, allowed: str = "") -> str:
    """Return `text`. Raises ValueError for lone surrogates and control characters that are not in `allowed`."""
    for character in text:
        if character not in allowed and unicodedata.category(character) in {"Cc", "Cs"}:
            raise ValueError("may not hold control characters")
    return text


def _trim_line(value: Any) -> Any:
    return check_characters(value.strip(" \t\r\n")).strip() if isinstance(value, str) else value


def _trim_text(value: Any) -> Any:
    return check_characters(value, "\n\t").strip() if isinstance(value, str) else value


@lru_cache(maxsize=4_096)
def is_day(text: str) -> bool:
    """Return whether `text` is an existing day from 2000-01-01 to 2100-12-31, as YYYY-MM-DD in ASCII digits."""
    if not _DATE.fullmatch(text) or not FIRST_DAY <= text <= LAST_DAY:
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _check_day(text: str) -> str:
    if not is_day(text):
        raise ValueError(f"must be a real day as YYYY-MM-DD, from {FIRST_DAY} to {LAST_DAY}")
    return text


def _check_price(value: Any) -> int | float:
    if type(value) not in (int, float) or not 0 <= value <= MAX_PRICE:
        raise ValueError(f"must be a number of rupees from 0 to {MAX_PRICE}")
    if Decimal(str(value)) != Decimal(str(value)).quantize(Decimal("0.01")):
        raise ValueError("may have at most two decimals")
    price: int | float = value
    return price


def _check_number(value: Any) -> int | float:
    if type(value) not in (int, float):
        raise ValueError("must be a number")
    number: int | float = value
    return number


def _check_id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise ValueError("must be an id of 24 hex digits, in lower case")
    return text


def parse_id(text: str) -> ObjectId | None:
    """Return the ObjectId in `text`, or None."""
    return ObjectId(text) if _ID.fullmatch(text) else None


def _parse_whole(value: Any) -> int:
    if not isinstance(value, str) or not _WHOLE.fullmatch(value):
        raise ValueError("must be a whole number, in digits")
    return int(value)


def _parse_decimal(value: Any) -> float:
    if not isinstance(value, str) or not DECIMAL.fullmatch(value):
        raise ValueError("must be a number such as 12 or 12.5")
    return float(value)


Line = Annotated[str, BeforeValidator(_trim_line)]
Text = Annotated[str, BeforeValidator(_trim_text)]
Day = Annotated[
    str,
    AfterValidator(_check_day),
    Field(json_schema_extra={"format": "date", "pattern": DAY_PATTERN, "examples": ["2027-02-14"]}),
]
Id = Annotated[
    str,
    AfterValidator(_check_id),
    Field(json_schema_extra={"pattern": f"^{ID_PATTERN}$", "examples": [EXAMPLE_ID]}),
]
Price = Annotated[
    int | float,
    PlainValidator(_check_price),
    # Without multipleOf: in floating point, most validators reject 0.29 as a multiple of 0.01.
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": MAX_PRICE, "description": PRICE, "examples": [185000]}),
]
# PlainValidator keeps an integer an integer. pydantic's own union of int and float reports each error twice.
Number = Annotated[int | float, PlainValidator(_check_number), WithJsonSchema({"type": "number"})]
Cursor = Annotated[
    str | None, Field(description="The cursor of the next page; null on the last page.", examples=["WyI5ZjJjIl0"])
]
QueryInt = Annotated[int, BeforeValidator(_parse_whole)]
QueryNumber = Annotated[float, BeforeValidator(_parse_decimal)]
