"""Builds the JSON schemas of the OpenAPI document from the pydantic models, and sample values of a schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic.json_schema import GenerateJsonSchema, models_json_schema

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import BaseModel

    from halls.http.schema import QueryModel

Schema = dict[str, Any]
REF = "#/components/schemas/"
# pydantic does not translate these keywords of a field if a validator precedes the limit.
_KEYWORDS = {"ge": "minimum", "le": "maximum"}
_NULL = {"type": "null"}
_SAMPLES: dict[str, Any] = {"boolean": True, "integer": 1, "number": 1, "string": "text", "null": None}
_TIMESTAMP = "2026-11-22T20:00:00Z"


class _SchemaGenerator(GenerateJsonSchema):
    """Generates no titles of fields, because they only repeat the names, and keeps the order of the fields."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's signature
        """Return False."""
        return False

    def sort(self, value: Any, parent_key: str | None = None) -> Any:  # noqa: ARG002 - the same
        """Return `value` unsorted."""
        return value


def describe_models(models: Iterable[type[BaseModel]]) -> dict[str, Schema]:
    """Return the schemas of the models and of their nested models, by name."""
    inputs: Any = [(model, "validation") for model in models]
    _, generated = models_json_schema(inputs, ref_template=REF + "{model}", schema_generator=_SchemaGenerator)
    return {name: _tidy(schema) for name, schema in sorted(generated["$defs"].items())}


def describe_query(query: type[QueryModel]) -> dict[str, Schema]:
    """Return the schemas of the parameters of a query string, without null."""
    schema = query.model_json_schema(ref_template=REF + "{model}", schema_generator=_SchemaGenerator)
    return {name: _without_null(_tidy(parameter)) for name, parameter in schema["properties"].items()}


def refer_to(model: type[BaseModel]) -> Schema:
    """Return the reference to a model's schema."""
    return {"$ref": REF + model.__name__}


def _tidy(schema: Schema) -> Schema:
    """Return `schema` without titles and null defaults, with JSON schema's names of the limits."""
    tidy = {
        _KEYWORDS.get(key, key): value
        for key, value in schema.items()
        if key != "title" and not (key == "default" and value is None)
    }
    for key in ("items", "additionalProperties"):
        if isinstance(tidy.get(key), dict):
            tidy[key] = _tidy(tidy[key])
    for key in ("anyOf", "oneOf"):
        if key in tidy:
            tidy[key] = [_tidy(branch) for branch in tidy[key]]
            _lift_description(tidy, tidy[key])
    if "properties" in tidy:
        tidy["properties"] = {name: _tidy(value) for name, value in tidy["properties"].items()}
    return tidy


def _lift_description(schema: Schema, branches: list[Schema]) -> None:
    """Move the description of the only branch besides null to `schema`, where tools look for it."""
    branch, *others = (each for each in branches if each != _NULL)
    if not others and "description" in branch:
        description = branch.pop("description")
        schema.setdefault("description", description)


def _without_null(schema: Schema) -> Schema:
    branches = [branch for branch in schema.get("anyOf", ()) if branch != _NULL]
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    return {**branches[0], **rest} if branches else rest


def make_sample(schema: Schema, schemas: dict[str, Schema]) -> Any:
    """Return a value that matches `schema`: its own example, or one built from the samples of its properties."""
    if "$ref" in schema:
        return make_sample(schemas[schema["$ref"].removeprefix(REF)], schemas)
    if "examples" in schema:
        return schema["examples"][0]
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return make_sample(schema[key][0], schemas)
    if schema.get("type") == "array":
        return [make_sample(schema["items"], schemas)]
    if schema.get("type") == "object":
        properties: dict[str, Schema] = schema.get("properties", {})
        return {name: make_sample(properties[name], schemas) for name in schema.get("required", ())}
    return _sample_of_value(schema)


def _sample_of_value(schema: Schema) -> Any:
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    return _TIMESTAMP if schema.get("format") == "date-time" else _SAMPLES[schema["type"]]
