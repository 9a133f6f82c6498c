"""The document is valid OpenAPI 3.1, lists every route and error, and equals the committed file."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from halls.api_docs.document import list_endpoints, make_document, write_document
from halls.api_docs.sample_days import COMMITTED_DAY
from halls.app import BLUEPRINTS
from tests.factories import day
from tests.openapi.document import COMMITTED, current_document, list_operations, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask import Flask

DOCUMENT = current_document()
OPERATIONS = list_operations(DOCUMENT)
NAMES = [operation["operationId"] for _, _, operation in OPERATIONS]


def test_the_committed_document_matches_the_routes(tmp_path: Path) -> None:
    written = tmp_path / "openapi.json"
    write_document(written, BLUEPRINTS)
    assert written.read_text() == COMMITTED.read_text(), "run `halls openapi`"


def test_the_document_is_valid_openapi() -> None:
    OpenAPIV31SpecValidator(DOCUMENT).validate()


def test_the_running_application_has_the_same_document(app: Flask) -> None:
    assert make_document(app, day(0)) == current_document()


def test_every_route_is_in_the_document(app: Flask) -> None:
    served = {(row.method.lower(), re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", row.path)) for _, row in list_endpoints(app)}
    assert {(method, path) for method, path, _ in OPERATIONS} == served
    assert len(set(NAMES)) == len(NAMES) == len(served)


def test_component_names_are_legal_and_readable() -> None:
    for kind in ("schemas", "examples", "responses"):
        invalid = [name for name in DOCUMENT["components"][kind] if not re.fullmatch("[A-Z][A-Za-z0-9]{2,30}", name)]
        assert not invalid, invalid


def test_only_routes_with_an_account_require_a_token(app: Flask) -> None:
    public = {row.view.__name__ for _, row in list_endpoints(app) if row.access.value == "public"}
    without_security = {operation["operationId"] for _, _, operation in OPERATIONS if not operation["security"]}
    assert without_security == public
    assert all(operation["security"] in ([], [{"bearer": []}]) for _, _, operation in OPERATIONS)


@pytest.mark.parametrize("method_path", ["post /bookings", "get /venues/search", "delete /venues/{venue_id}"])
def test_a_description_states_effect_and_access(method_path: str) -> None:
    method, path = method_path.split()
    operation = DOCUMENT["paths"][path][method]
    assert not operation["summary"].endswith(".")
    assert operation["description"].startswith(operation["summary"])
    assert "token" in operation["description"] or "everybody" in operation["description"]


def codes_of(method: str, path: str) -> dict[str, list[str]]:
    """Return the error codes that the document lists, by status."""
    codes = {}
    for status, response in DOCUMENT["paths"][path][method]["responses"].items():
        schema = resolve(DOCUMENT, response)["content"]["application/json"]["schema"]
        if "allOf" in schema:
            codes[status] = schema["properties"]["code"]["enum"]
    return codes


def test_placing_a_booking_lists_every_error() -> None:
    assert codes_of("post", "/bookings") == {
        "400": ["bad_json"],
        "401": ["missing_token", "invalid_token", "token_expired", "token_revoked"],
        "403": ["not_yours"],
        "404": ["not_found"],
        "409": ["date_not_offered", "date_taken", "limit_reached"],
        "413": ["body_too_large"],
        "415": ["not_json"],
        "422": ["date_in_past", "over_capacity", "idempotency_conflict", "validation_error"],
        "429": ["rate_limited"],
        "500": ["internal_error"],
        "503": ["database_unavailable"],
    }


def test_exactly_the_operations_with_if_match_list_412() -> None:
    with_header = {
        name
        for name, (_, _, operation) in zip(NAMES, OPERATIONS, strict=True)
        if any(each["name"] == "If-Match" for each in operation["parameters"])
    }
    with_412 = {
        name for name, (_, _, operation) in zip(NAMES, OPERATIONS, strict=True) if "412" in operation["responses"]
    }
    assert with_header == with_412 == {"change_venue", "take_down_venue", "change_calendar"}
    assert codes_of("patch", "/venues/{venue_id}")["412"] == ["precondition_failed"]
    assert "304" not in DOCUMENT["paths"]["/venues/{venue_id}"]["patch"]["responses"]


def test_health_lists_only_validation_and_internal_errors() -> None:
    assert codes_of("get", "/health") == {"422": ["validation_error"], "500": ["internal_error"]}


def test_id_and_access_errors_follow_from_the_route() -> None:
    codes = codes_of("delete", "/venues/{venue_id}")
    assert codes["400"] == ["bad_id"]
    assert codes["403"] == ["owner_only", "not_yours"]


def test_every_response_example_matches_its_schema() -> None:
    root_schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "components": DOCUMENT["components"]}
    responses = [response for _, _, operation in OPERATIONS for response in operation["responses"].values()]
    for response in responses:
        for content in resolve(DOCUMENT, response).get("content", {}).values():
            validator = Draft202012Validator({**root_schema, **content["schema"]})
            for example in content.get("examples", {}).values():
                validator.validate(resolve(DOCUMENT, example)["value"])


def parameters_of(method: str, path: str) -> dict[str, Any]:
    """Return the schema of each parameter by name."""
    return {each["name"]: each["schema"] for each in DOCUMENT["paths"][path][method]["parameters"]}


def test_query_parameters_have_their_limits() -> None:
    search = parameters_of("get", "/venues/search")
    assert search["limit"] == {"default": 20, "minimum": 1, "maximum": 100, "type": "integer"}
    assert (search["near_km"]["minimum"], search["near_km"]["maximum"]) == (0.1, 500)
    assert resolve(DOCUMENT, search["type"])["enum"] == ["Hall", "Auditorium", "Banquet", "Lawn"]
    assert set(parameters_of("get", "/bookings")) >= {"as", "status", "venue_id", "date_from", "date_to"}


def test_exactly_the_creating_operations_accept_an_idempotency_key() -> None:
    with_key = {name for name, (_, _, operation) in zip(NAMES, OPERATIONS, strict=True) if _accepts_key(operation)}
    assert with_key == {"create_booking", "create_walk_in", "register_venue"}


def _accepts_key(operation: dict[str, Any]) -> bool:
    return any(each["name"] == "Idempotency-Key" for each in operation["parameters"])


def list_undescribed(schema: dict[str, Any], path: str) -> Iterator[str]:
    """Yield each field without a description, in the schema of a body and in nested schemas."""
    schema = resolve(DOCUMENT, schema)
    for part in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *([schema["items"]] if "items" in schema else [])):
        yield from list_undescribed(part, path)
    for name, field in schema.get("properties", {}).items():
        if not field.get("description"):
            yield f"{path}.{name}"
        yield from list_undescribed(field, f"{path}.{name}")


def test_every_field_of_a_body_has_a_description() -> None:
    bodies = {
        operation["operationId"]: operation["requestBody"]["content"]["application/json"]["schema"]
        for _, _, operation in OPERATIONS
        if "application/json" in operation.get("requestBody", {}).get("content", {})
    }
    assert bodies
    assert not [field for name, schema in bodies.items() for field in list_undescribed(schema, name)]
    fields = DOCUMENT["components"]["schemas"]["Amenities"]["properties"]
    assert "entrance of the couple" in fields["entry_package"]["description"]


def test_error_codes_are_an_enum_with_each_code_of_the_errors_page() -> None:
    table, _, before = (COMMITTED.parent / "docs" / "errors.md").read_text().partition("## Before the API")
    listed = re.findall(r"^\| `([a-z_]+)` \| .+ \| .+ \|$", table, re.MULTILINE)
    listed += re.findall(r"^- `([a-z_]+)`", before, re.MULTILINE)
    assert DOCUMENT["components"]["schemas"]["ErrorCode"]["enum"] == sorted(listed)
    code = DOCUMENT["components"]["schemas"]["Failure"]["properties"]["code"]
    assert code == {"$ref": "#/components/schemas/ErrorCode"}


def test_samples_count_from_today_and_never_become_past() -> None:
    committed, current = COMMITTED.read_text(), json.dumps(current_document("2031-05-06"))
    assert min(re.findall(r'"(20[0-9]{2}-[0-9]{2}-[0-9]{2})["T]', committed)) == COMMITTED_DAY
    assert set(re.findall(r'"(20[0-9]{2}-[0-9]{2}-[0-9]{2})["T]', current)) == {
        "2031-05-06",
        # The end of a hold.
        "2031-05-13",
        "2031-07-28",
        "2031-07-29",
        # The ranges of calendar changes.
        *("2031-06-15", "2031-09-12", "2031-07-16", "2031-08-12", "2031-08-20", "2031-09-02"),
    }


def test_numbers_of_a_venue_have_their_limits() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    latitude = schemas["LatLng"]["properties"]["lat"]
    assert (latitude["minimum"], latitude["maximum"]) == (-90, 90)
    assert schemas["NewVenue"]["properties"]["space_sqft"]["anyOf"][0]["exclusiveMinimum"] == 0
    assert json.dumps(DOCUMENT).count('"title"') == 1
