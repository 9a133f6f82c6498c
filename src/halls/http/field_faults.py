"""Turns validation errors into field faults: a rule, its parameters, and a sentence in the words of the request."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel
from pydantic_core import PydanticCustomError

from halls.errors import make_field_fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pydantic_core import ErrorDetails

    from halls.errors import FieldFault, Rule

# Branch names of unions, which pydantic adds to the path of a field. The client did not send them.
BRANCHES = frozenset({"geojson", "lat_lng"})
# The rule, the sentence and its parameter for each error type of pydantic. Other types get OTHER.
SENTENCES: dict[str, tuple[Rule, str]] = {
    "missing": ("required", "This field is required."),
    "extra_forbidden": ("unknown", "Unknown field."),
    "string_type": ("wrong_type", "must be text"),
    "int_type": ("wrong_type", "must be a whole number"),
    "bool_type": ("wrong_type", "must be true or false"),
    "list_type": ("wrong_type", "must be a list"),
    "dict_type": ("wrong_type", "must be an object"),
    "model_type": ("wrong_type", "must be an object"),
    "string_too_short": ("too_short", "must be at least {min} characters"),
    "string_too_long": ("too_long", "must be at most {max} characters"),
    "too_short": ("too_few", "must have at least {min} entries"),
    "too_long": ("too_many", "must have at most {max} entries"),
    "greater_than": ("too_small", "must be above {min}"),
    "greater_than_equal": ("too_small", "must be at least {min}"),
    "less_than_equal": ("too_large", "must be at most {max}"),
    "literal_error": ("not_one_of", ""),
}
OTHER: tuple[Rule, str] = ("wrong_value", "is not valid")
# The names that pydantic gives to the limits in its errors.
LIMITS = {"min_length": "min", "gt": "min", "ge": "min", "max_length": "max", "le": "max"}
# The error type of `field_error`.
OWN = "own"


def field_error(rule: Rule, sentence: str, **params: Any) -> PydanticCustomError:
    """Return the error that a validator of a field raises. The sentence contains params as {name}."""
    return PydanticCustomError(OWN, sentence, {**params, "rule": rule})


def make_fault(error: ErrorDetails, model: type[BaseModel]) -> FieldFault:
    """Return the fault for an error that pydantic found while it validated `model`."""
    *parents, last = error["loc"] or ("",)
    # The last part is a field of the client if it is unknown, even if it has the name of a branch.
    is_unknown = error["type"] == "extra_forbidden"
    path = [part for part in parents if part not in BRANCHES]
    path += [last] if is_unknown or last not in BRANCHES else []
    # A lone surrogate in a field name can't be encoded in the response.
    field = ".".join(map(str, path)).encode(errors="replace").decode()
    nearest = get_close_matches(str(last), _list_names(model, parents), 1) if is_unknown else []
    if nearest:
        return make_field_fault(field, f"Unknown field. Did you mean {nearest[0]}?", "unknown", nearest=nearest[0])
    return _describe(field, error)


def _describe(field: str, error: ErrorDetails) -> FieldFault:
    kind, context = error["type"], error.get("ctx", {})
    if kind == OWN:
        params = {name: value for name, value in context.items() if name != "rule"}
        return make_field_fault(field, error["msg"], context["rule"], **params)
    if kind == "value_error":
        return make_field_fault(field, str(context["error"]))
    rule, sentence = SENTENCES.get(kind, OTHER)
    params = {name: context[limit] for limit, name in LIMITS.items() if limit in context}
    if kind == "literal_error":
        allowed = re.findall("'([^']*)'", context["expected"])
        return make_field_fault(field, f"must be one of: {', '.join(allowed)}", rule, allowed=allowed)
    if context.get("field_type") == "Value":
        # A text with a validator of its own: pydantic does not know that it is text.
        rule, sentence = SENTENCES[f"string_{kind}"]
    if rule == "too_short" and params["min"] == 1:
        sentence = "must not be empty"
    return make_field_fault(field, sentence.format_map(params), rule, **params)


def _list_names(model: type[BaseModel], path: Sequence[int | str]) -> list[str]:
    """Return the names of the fields that the object at `path` may have."""
    models = [model]
    for part in path:
        if isinstance(part, str) and part not in BRANCHES:
            fields = [(name, field) for one in models for name, field in one.model_fields.items()]
            models = [
                one for name, field in fields if part in {name, field.alias} for one in _find_models(field.annotation)
            ]
    return [field.alias or name for one in models for name, field in one.model_fields.items()]


def _find_models(annotation: Any) -> Iterable[type[BaseModel]]:
    """Return the models in an annotation, such as those of the entries of a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _find_models(part)]
