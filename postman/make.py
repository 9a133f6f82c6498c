"""Generates the Postman collection and environment from openapi.json and day.yaml: `python postman/make.py`."""

from __future__ import annotations

import json
import re
import sys
import uuid
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
DOCUMENT = HERE.parent / "openapi.json"
DAY = HERE / "day.yaml"
SCRIPTS = HERE / "scripts.js"
COLLECTION = HERE / "halls_postman_collection_v2.json"
ENVIRONMENT = HERE / "halls_local.postman_environment.json"
SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
# The variables that a user sets or reads. The scripts of the workflow use others.
USER_VARIABLES = {"baseUrl": "http://127.0.0.1:5000", "jwt": "", "venue_id": "", "booking_id": ""}
# The values of the path parameters that are not ids. The workflow sets the variables.
PATH_VALUES = {
    "user_id": "65a0c0ffee0123456789abcd",
    "address": "{{upload_path}}",
    "file": "{{media_path}}",
    "asset": "page.css",
    "token": "not-a-token",
    "secret": "{{calendar_secret}}",
}
# Query parameters without which a request of the reference folders would get a 422.
REQUIRED_QUERY = {
    "show_availability": {"date": "{{event_date}}"},
    "list_alternatives": {"date": "{{event_date}}"},
    "show_calendar": {"from": "{{event_date}}", "to": "{{next_date}}"},
}
NUMBERS = re.compile(r'"(\{\{venue_l(?:at|ng)\}\})"')
NO_AUTH: dict[str, Any] = {"type": "noauth"}
ABOUT = """\
Bookings of wedding halls, auditoriums, banquets and lawns.

*A whole day* is a workflow: run the folder, or send its requests in order. You can repeat it.
The other folders have each route once, with its parameters and an example response.

Set `baseUrl`. The scripts set `jwt` after a login, `venue_id` after a registration and `booking_id` after a booking:
in the selected environment if it has these variables, otherwise in the collection. postman/make.py generates this
collection from openapi.json, so make changes there."""

Json = dict[str, Any]


class Document:
    """The OpenAPI document, with the lookups that the collection needs."""

    def __init__(self, document: Json) -> None:
        self.document = document
        self.operations = {
            operation["operationId"]: (method.upper(), path, operation)
            for path, item in document["paths"].items()
            for method, operation in item.items()
        }

    def resolve(self, part: Json) -> Json:
        """Return the target of the `$ref` of `part`, or `part` itself."""
        if "$ref" not in part:
            return part
        target: Any = self.document
        for key in part["$ref"].removeprefix("#/").split("/"):
            target = target[key]
        return dict(target)

    def example_response(self, operation: Json, status: int, code: str | None) -> tuple[str, str]:
        """Return the media type and the text of an example response."""
        response = self.resolve(operation["responses"][str(status)])
        content = response.get("content", {})
        kind = next(iter(content), "text/plain")
        examples = [self.resolve(each)["value"] for each in content.get(kind, {}).get("examples", {}).values()]
        chosen = [each for each in examples if code in (None, each.get("code"))]
        if not chosen and kind == "application/json" and code:
            sys.exit(f"{operation['operationId']} has no example of {code}")
        return kind, json.dumps(chosen[0], indent=2, ensure_ascii=False) if chosen else ""

    def list_schemas(self) -> Json:
        """Return the schema of the JSON response for each route and status, null for files."""
        return {
            f"{method} {path}": {status: self._schema_of(each) for status, each in operation["responses"].items()}
            for method, path, operation in self.operations.values()
        }

    def _schema_of(self, response: Json) -> Any:
        content = self.resolve(response).get("content", {}).get("application/json", {})
        return content.get("schema") if "examples" in content else None


def make_collection(document: Document, chapters: list[Json], scripts: str) -> Json:
    """Return the collection: the workflow, and a reference folder for each tag."""
    workflow = {
        "name": "A whole day",
        "description": "A venue is registered, found, booked, confirmed and cancelled. Run the whole folder.",
        "item": [_make_chapter(document, chapter) for chapter in chapters],
    }
    reference = [_make_folder(document, tag) for tag in document.document["tags"]]
    collection: Json = {
        "info": {"_postman_id": _id("collection"), "name": "Halls", "description": ABOUT, "schema": SCHEMA},
        "auth": _bearer("{{jwt}}"),
        "event": _make_events(document, scripts),
        "item": [workflow, *reference],
    }
    used = re.findall(r"\{\{(\w+)\}\}|[gs]et\('(\w+)'", json.dumps(collection))
    tokens = {f"{step['becomes']}_jwt" for chapter in chapters for step in chapter["steps"] if "becomes" in step}
    names = [*USER_VARIABLES, *sorted(tokens | {left or right for left, right in used} - USER_VARIABLES.keys())]
    collection["variable"] = [{"key": name, "value": USER_VARIABLES.get(name, ""), "type": "string"} for name in names]
    return collection


def make_environment() -> Json:
    """Return the environment with the four variables of the specification."""
    values = [
        {"key": name, "value": value, "type": "secret" if name == "jwt" else "default", "enabled": True}
        for name, value in USER_VARIABLES.items()
    ]
    about = {"id": _id("environment"), "name": "Halls (local)"}
    return {**about, "values": values, "_postman_variable_scope": "environment"}


def _make_events(document: Document, scripts: str) -> list[Json]:
    prerequest, test = scripts.split("// === after\n")
    schemas = json.dumps(document.list_schemas(), separators=(",", ":"))
    components = json.dumps({"schemas": document.document["components"]["schemas"]}, separators=(",", ":"))
    constants = f"const COMPONENTS = {components};\nconst ANSWERS = {schemas};\n"
    return [_event("prerequest", prerequest), _event("test", constants + test)]


def _make_folder(document: Document, tag: Json) -> Json:
    operations = [row for row in document.operations.values() if row[2]["tags"] == [tag["name"]]]
    items = [_make_reference(document, *row) for row in operations]
    return {"name": tag["name"], "description": tag["description"], "item": items}


def _make_reference(document: Document, method: str, path: str, operation: Json) -> Json:
    name = operation["operationId"]
    body: Json = {}
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        examples = content.get("examples", {})
        body = _json_body(_with_variables(next(iter(examples.values()))["value"])) if examples else _file_body(kind)
        break
    request = {
        "description": operation["description"],
        "method": method,
        "header": body.pop("header", []),
        "url": _make_url(path, _list_query(operation, REQUIRED_QUERY.get(name, {}))),
        **body,
    }
    if not operation["security"]:
        request["auth"] = NO_AUTH
    status = next(int(status) for status in operation["responses"] if status.startswith("2"))
    return {
        "name": operation["summary"],
        "request": request,
        "response": [_make_example(document, operation, request, status, None)],
    }


def _with_variables(value: Json) -> Json:
    return {key: "{{venue_id}}" if key == "venue_id" else each for key, each in value.items()}


def _list_query(operation: Json, required: dict[str, str]) -> list[Json]:
    """Return all query parameters of a route. Only the required ones are enabled."""
    return [
        {
            "key": each["name"],
            "value": required.get(each["name"], ""),
            "description": each.get("description", ""),
            **({} if each["name"] in required else {"disabled": True}),
        }
        for each in operation["parameters"]
        if each["in"] == "query"
    ]


def _make_chapter(document: Document, chapter: Json) -> Json:
    items = [_make_step(document, step) for step in chapter["steps"]]
    return {"name": chapter["chapter"], "description": chapter["about"], "item": items}


def _make_step(document: Document, step: Json) -> Json:
    method, path, operation = document.operations[step["send"]]
    query = [{"key": key, "value": value} for key, value in step.get("query", {}).items()]
    body = _json_body(step["body"]) if "body" in step else {}
    body = _file_body(step["file"], step["text"]) if "file" in step else body
    header = [*body.pop("header", []), *({"key": key, "value": each} for key, each in step.get("headers", {}).items())]
    request = {
        "method": method,
        "header": header,
        "url": _make_url(path, query, step.get("path", {})),
        **body,
        **({"description": step["note"]} if "note" in step else {}),
        **_choose_auth(step, operation),
    }
    statuses = step["status"] if isinstance(step["status"], list) else [step["status"]]
    # A step whose response depends on the server's settings has several statuses and no code.
    example = _make_example(document, operation, request, statuses[-1], step.get("code"))
    events = [
        _event(kind, text)
        for kind, text in (("prerequest", _prerequest_script(step)), ("test", _test_script(step)))
        if text
    ]
    return {"name": step["name"], "event": events, "request": request, "response": [example]}


def _choose_auth(step: Json, operation: Json) -> Json:
    if "token" in step:
        return {"auth": _bearer(step["token"])}
    return {"auth": NO_AUTH} if step.get("as") == "nobody" or not operation["security"] else {}


def _prerequest_script(step: Json) -> str:
    user = step.get("as", "nobody")
    lines = [f"halls(pm).become('{user}');"] if user != "nobody" else []
    return "\n".join([*lines, _with_helpers(step["before"])] if "before" in step else lines)


def _test_script(step: Json) -> str:
    expected = step["status"]
    statuses = f"be.oneOf({expected})" if isinstance(expected, list) else f"eql({expected})"
    lines = [f"expect(pm.response.code).to.{statuses};"]
    if "code" in step:
        lines.append(f"expect(code).to.eql('{step['code']}');")
    if "fields" in step:
        lines.append(f"expect(details.map((detail) => detail.field)).to.include.members({json.dumps(step['fields'])});")
    lines += step.get("check", "").splitlines()
    user = step.get("becomes", step.get("as", ""))
    last = [
        *([f"halls(pm).keep('{user}');"] if user not in ("", "nobody") else []),
        *step.get("after", "").splitlines(),
    ]
    title = f"{expected}: {step['says']}" if "says" in step else f"{expected} {step.get('code', '')}".strip()
    test = [f"pm.test({json.dumps(title)}, () => {{", *(f"  {line}" for line in lines), "});"]
    constants = "const { data, code, details } = halls(pm).answer;"
    return _with_helpers("\n".join([constants, *test, *last]))


def _with_helpers(script: str) -> str:
    helpers = [name for name in ("get", "set", "guid") if re.search(rf"(?<![.\w]){name}\(", script)]
    expect = ["const { expect } = pm;"] if "expect(" in script else []
    imports = [f"const {{ {', '.join(helpers)} }} = halls(pm);"] if helpers else []
    # In a block, because Postman defines global names such as `data`.
    return "\n".join(["{", *(f"  {line}" for line in [*expect, *imports, *script.splitlines()]), "}"])


def _json_body(value: Any) -> Json:
    text = NUMBERS.sub(r"\1", json.dumps(value, indent=2, ensure_ascii=False))
    options = {"raw": {"language": "json"}}
    header = [{"key": "Content-Type", "value": "application/json"}]
    return {"header": header, "body": {"mode": "raw", "raw": text, "options": options}}


def _file_body(kind: str, text: str = "") -> Json:
    body = (
        {"mode": "raw", "raw": text, "options": {"raw": {"language": "text"}}} if text else {"mode": "file", "file": {}}
    )
    return {"header": [{"key": "Content-Type", "value": kind}], "body": body}


def _make_url(path: str, query: list[Json], given: dict[str, str] | None = None) -> Json:
    values = {**PATH_VALUES, **(given or {})}
    filled = re.sub(r"\{(\w+)\}", lambda part: values.get(part[1], f"{{{{{part[1]}}}}}"), path)
    enabled = "&".join(f"{each['key']}={each['value']}" for each in query if not each.get("disabled"))
    raw = "{{baseUrl}}" + filled + (f"?{enabled}" if enabled else "")
    url: Json = {"raw": raw, "host": ["{{baseUrl}}"], "path": filled.removeprefix("/").split("/")}
    return {**url, "query": query} if query else url


def _make_example(document: Document, operation: Json, request: Json, status: int, code: str | None) -> Json:
    kind, text = document.example_response(operation, status, code)
    return {
        "name": code or str(status),
        "originalRequest": {key: value for key, value in request.items() if key not in ("auth", "description")},
        "status": code or "OK",
        "code": status,
        "_postman_previewlanguage": "json" if text else "text",
        "header": [{"key": "Content-Type", "value": kind}],
        "body": text,
    }


def _bearer(token: str) -> Json:
    return {"type": "bearer", "bearer": [{"key": "token", "value": token, "type": "string"}]}


def _event(kind: str, script: str) -> Json:
    return {"listen": kind, "script": {"type": "text/javascript", "exec": script.splitlines()}}


def _id(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"halls/postman/{name}"))


def make_files() -> dict[Path, str]:
    """Return the text of each generated file."""
    document = Document(json.loads(DOCUMENT.read_text(encoding="utf-8")))
    chapters = yaml.safe_load(DAY.read_text(encoding="utf-8"))
    collection = make_collection(document, chapters, SCRIPTS.read_text(encoding="utf-8"))
    files = {COLLECTION: collection, ENVIRONMENT: make_environment()}
    return {path: json.dumps(value, indent=2, ensure_ascii=False) + "\n" for path, value in files.items()}


if __name__ == "__main__":
    for file, file_text in make_files().items():
        file.write_text(file_text, encoding="utf-8")
