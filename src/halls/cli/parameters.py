"""Reads the arguments and options of `halls` commands with the rules of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from halls.errors import Invalid
from halls.http.schema import RequestModel, parse_id, validate

if TYPE_CHECKING:
    from bson import ObjectId
    from click import Context, Parameter

Model = TypeVar("Model", bound=RequestModel)


def read_id_argument(_context: Context, _argument: Parameter, text: str) -> ObjectId:
    """Return the id in an argument, as its callback. Raises click.BadParameter."""
    parsed = parse_id(text)
    if parsed is None:
        raise click.BadParameter("An id is 24 hex digits, in lower case.")
    return parsed


def read_options(model: type[Model], **given: Any) -> Model:
    """Return the options that were given, checked like the body of a request. Raises click.UsageError."""
    try:
        return validate(model, {name: value for name, value in given.items() if value is not None})
    except Invalid as error:
        raise click.UsageError(
            "; ".join(f"{fault['field'].replace('_', '-')}: {fault['message']}" for fault in error.details)
        ) from None
