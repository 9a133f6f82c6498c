"""Base shapes of everything that comes in: strict, unknown fields refused, texts trimmed, one spelling per value."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from decimal import Decimal
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
DAY_PATTERN = "^(20[0-9]{2}|2100)-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
PRICE = "PKR, with at most two decimals."
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ID = re.compile(r"[0-9a-f]{24}")
_WHOLE = re.compile(r"[0-9]{1,18}")
_DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")
# Names of a union's branches stand in pydantic's paths, but are nothing that a client wrote.
BRANCHES = frozenset({"geojson", "lat_lng"})


class RequestModel(BaseModel):
    """What a request body may hold. A null counts as absent."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, value: Any) -> Any:
        return {key: item for key, item in value.items() if item is not None} if isinstance(value, dict) else value

    def given(self) -> dict[str, Any]:
        """Return only the fields that the client sent, as plain values."""
        return self.model_dump(exclude_unset=True)

    def given_some(self) -> dict[str, Any]:
        """Return what `given` does. Raises Invalid when there is nothing: an empty PATCH."""
        given = self.given()
        if not given:
            raise invalid("body", "Give at least one field to change.")
        return given


class QueryModel(BaseModel):
    """What a query string may hold. Its values arrive as text."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ResponseModel(BaseModel):
    """What a success holds under `data`. Open: an answer may grow without breaking who reads it."""


def with_examples(*examples: Any, **keywords: Any) -> ConfigDict:
    """Return the `model_config` of a model that the API's document shows with `examples`, and with more `keywords`."""
    return ConfigDict(json_schema_extra={"examples": list(examples), **keywords})


ModelT = TypeVar("ModelT", bound=BaseModel)


def validate(shape: type[ModelT], value: Any, **limits: Any) -> ModelT:
    """Return `value` as `shape`, within operators' `limits`. Raises Invalid with every fault at once."""
    try:
        return shape.model_validate(value, context=limits)
    except ValidationError as error:
        raise Invalid(*(_as_fault(fault) for fault in error.errors(include_url=False, include_input=False))) from None


def _as_fault(fault: Any) -> FieldFault:
    *above, last = fault["loc"] or ("",)
    # The last one is the client's word where it is unknown, though it be called as a branch is.
    named = last not in BRANCHES or fault["type"] == "extra_forbidden"
    path = ".".join(str(part) for part in [*(p for p in above if p not in BRANCHES), *([last] if named else [])])
    messages = {"missing": "This field is required.", "extra_forbidden": "There is no such field."}
    message = messages.get(fault["type"], str(fault["msg"]).removeprefix("Value error, "))
    # A lone surrogate in a field's own name can't be written back.
    return FieldFault(field=path.encode(errors="replace").decode(), message=message)


def check_characters(text: str, allowed: str = "") -> str:
    """Return `text` unless it holds control characters beyond `allowed`, or lone surrogates."""
    for character in text:
        if character not in allowed and unicodedata.category(character) in {"Cc", "Cs"}:
            raise ValueError("may not hold control characters")
    return text


def _trim_line(value: Any) -> Any:
    return check_characters(value.strip(" \t\r\n")).strip() if isinstance(value, str) else value


def _trim_text(value: Any) -> Any:
    return check_characters(value, "\n\t").strip() if isinstance(value, str) else value


def is_day(text: str) -> bool:
    """Tell whether `text` is a real day from 2000-01-01 to 2100-12-31, spelt YYYY-MM-DD in ASCII."""
    if not _DAY.fullmatch(text) or not FIRST_DAY <= text <= LAST_DAY:
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def day_expression(value: str) -> dict[str, Any]:
    """Return the rule of `is_day` as a MongoDB expression."""
    read = {"$dateFromString": {"dateString": value, "format": "%Y-%m-%d", "onError": None, "onNull": None}}
    # MongoDB reads 2027-1-5 too, but writes it otherwise.
    written = {"$dateToString": {"date": read, "format": "%Y-%m-%d"}}
    return {"$and": [{"$eq": [value, written]}, {"$gte": [value, FIRST_DAY]}, {"$lte": [value, LAST_DAY]}]}


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
    """Return the id that `text` spells, or None."""
    return ObjectId(text) if _ID.fullmatch(text) else None


def _whole(value: Any) -> int:
    if not isinstance(value, str) or not _WHOLE.fullmatch(value):
        raise ValueError("must be a whole number, in digits")
    return int(value)


def _decimal(value: Any) -> float:
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
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
    Field(json_schema_extra={"pattern": "^[0-9a-f]{24}$", "examples": ["65a0c0ffee0123456789abcd"]}),
]
Price = Annotated[
    int | float,
    PlainValidator(_check_price),
    # No multipleOf: by most validators' floating point 0.29 is no multiple of 0.01.
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": MAX_PRICE, "description": PRICE, "examples": [185000]}),
]
# Plain, so that an integer stays an integer; pydantic's own union of the two would report each fault twice.
Number = Annotated[int | float, PlainValidator(_check_number), WithJsonSchema({"type": "number"})]
Cursor = Annotated[str | None, Field(description="For the next page; null at the end.", examples=["WyI5ZjJjIl0"])]
QueryInt = Annotated[int, BeforeValidator(_whole)]
QueryNumber = Annotated[float, BeforeValidator(_decimal)]
