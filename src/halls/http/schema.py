"""Base models and field types of requests and responses: strict types, no unknown fields, trimmed text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar

from bson import ObjectId
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PlainValidator,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from halls.clock import FIRST_DAY, LAST_DAY, is_real_day
from halls.errors import MAX_FAULTS, Invalid, invalid
from halls.http.field_faults import field_error, make_fault
from halls.http.text import normalise_address, normalise_line, normalise_name, normalise_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic.fields import FieldInfo

MAX_PRICE = 1_000_000_000
MAX_TEXT = 10_000
ID_PATTERN = "[0-9a-f]{24}"
EXAMPLE_ID = "65a0c0ffee0123456789abcd"
DATE_PATTERN = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
DAY_PATTERN = "^(20[0-9]{2}|2100)-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
PRICE = "PKR, with at most two decimals."
DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")
_ID = re.compile(ID_PATTERN)
_WHOLE = re.compile(r"[0-9]{1,18}")
ROUNDED_AWAY = 1e-6
# A value of a type that no field accepts.
NOTHING = object()


class RequestModel(BaseModel):
    """Base of request bodies. A field that is null counts as absent."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        # An unknown name is an error in any case.
        known = {field.alias or name for name, field in cls.model_fields.items()}
        return {key: item for key, item in value.items() if item is not None or key not in known}

    def given(self) -> dict[str, Any]:
        """Return the fields that the client sent, as plain values."""
        return self.model_dump(exclude_unset=True)


class ChangeModel(RequestModel):
    """Base of the bodies of PATCH (RFC 7396): null clears a field of `clearable`, and is invalid for other fields."""

    clearable: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        # No type accepts NOTHING, so pydantic reports it together with the other invalid fields.
        return {key: NOTHING if item is None and key not in cls.clearable else item for key, item in value.items()}

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        schema = handler(core_schema)
        for name, field in handler.resolve_ref_schema(schema)["properties"].items():
            if name not in cls.clearable:
                kinds = [kind for kind in field.pop("anyOf") if kind != {"type": "null"}]
                field.update(kinds[0] if len(kinds) == 1 else {"anyOf": kinds})
        return schema

    def given_some(self) -> dict[str, Any]:
        """Return the fields that the client sent, None to clear. Raises Invalid if there are none."""
        given = self.given()
        if not given:
            raise invalid("body", "Give at least one field to change.", "required")
        return given


class QueryModel(BaseModel):
    """Base of query strings. Not strict, because all values are text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _drop_empty(cls, values: dict[str, str]) -> dict[str, str]:
        # HTML forms send the names of empty inputs. An unknown name is an error in any case.
        known = {field.alias or name for name, field in cls.model_fields.items()}
        return {name: value for name, value in values.items() if value or name not in known}


class ResponseModel(BaseModel):
    """Base of the `data` of successful responses. New fields may be added: clients ignore unknown fields."""


def with_examples(*examples: Any, **keywords: Any) -> ConfigDict:
    """Return a `model_config` that adds `examples` and other JSON schema `keywords` to the OpenAPI document."""
    return ConfigDict(json_schema_extra={"examples": list(examples), **keywords})


ModelT = TypeVar("ModelT", bound=BaseModel)


def validate(model: type[ModelT], value: Any, **limits: Any) -> ModelT:
    """Return `value` as a `model`, validated with the configured `limits`.

    Raises Invalid with the invalid fields, at most MAX_FAULTS. Otherwise a body of 256 KiB causes a response of 10 MB.
    """
    try:
        return model.model_validate(value, context=limits)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)[:MAX_FAULTS]
        raise Invalid(*(make_fault(each, model) for each in errors)) from None


def _read_integer(value: Any) -> Any:
    # JSON Schema 2020-12: 300.0 and 3e2 are integers.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _check_day(text: str) -> str:
    if not is_real_day(text):
        sentence = "must be a real day as YYYY-MM-DD, from {min} to {max}"
        raise field_error("bad_format", sentence, min=FIRST_DAY, max=LAST_DAY)
    return text


def _check_price(value: Any) -> int | float:
    price = _check_number(value)
    if price < 0:
        raise field_error("too_small", "must be a number of rupees, at least {min}", min=0)
    if not price <= MAX_PRICE:
        raise field_error("too_large", "must be a number of rupees, at most {max}", max=MAX_PRICE)
    # The rounded value of a computed price: 185000 × 1.15 is 212749.99999999997.
    rounded = round(price, 2)
    if abs(price - rounded) > ROUNDED_AWAY:
        raise field_error("bad_format", "must have at most two decimals")
    return rounded


def _check_number(value: Any) -> int | float:
    if type(value) not in (int, float):
        raise field_error("wrong_type", "must be a number")
    number: int | float = value
    return number


def _check_id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise field_error("bad_format", "must be an id of 24 hex digits, in lower case")
    return text


def parse_id(text: str) -> ObjectId | None:
    """Return the ObjectId in `text`, or None."""
    return ObjectId(text) if _ID.fullmatch(text) else None


def _parse_whole(value: Any) -> int:
    if not isinstance(value, str) or not _WHOLE.fullmatch(value):
        raise field_error("wrong_type", "must be a whole number, in digits")
    return int(value)


def _parse_decimal(value: Any) -> float:
    if not isinstance(value, str) or not DECIMAL.fullmatch(value):
        raise field_error("wrong_type", "must be a number such as 12 or 12.5")
    return float(value)


def check_names(names: Sequence[str]) -> AfterValidator:
    """Return the validator of a query parameter with one of the names, or several with commas.

    The value is a text with each name once, in the order of `names`: so a cursor fits every order of them.
    """

    def check(text: str) -> str:
        given = set(text.split(","))
        if not given <= set(names):
            sentence = f"must be one of: {', '.join(names)}, or several with commas"
            raise field_error("not_one_of", sentence, allowed=list(names))
        return ",".join(name for name in names if name in given)

    return AfterValidator(check)


def names_pattern(names: Sequence[str]) -> FieldInfo:
    """Return the JSON schema of a parameter of `check_names`."""
    one = f"({'|'.join(names)})"
    field: FieldInfo = Field(json_schema_extra={"pattern": f"^{one}(,{one})*$"})
    return field


Line = Annotated[str, BeforeValidator(normalise_line)]
Name = Annotated[str, BeforeValidator(normalise_name)]
Text = Annotated[str, BeforeValidator(normalise_text)]
AddressLine = Annotated[str, BeforeValidator(normalise_address)]
# After the limits of the field, so that the JSON schema contains them.
READS_INTEGER = BeforeValidator(_read_integer)
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
