"""Makes the Postman collection and environment from openapi.json and day.yaml: `python postman/make.py`."""  # noqa: INP001 - a program, not a package

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
# The four that a user sees or fills in; the others belong to the story.
OFFERED = {"baseUrl": "http://127.0.0.1:5000", "jwt": "", "venue_id": "", "booking_id": ""}
# Parts of paths that are no ids: where the story leaves them.
PARTS = {"address": "{{upload_path}}", "file": "{{media_path}}", "asset": "page.css"}
# Parameters without which a request of the reference would only be refused.
SENT = {"show_availability": {"date": "{{event_date}}"}}
NUMBERS = re.compile(r'"(\{\{venue_l(?:at|ng)\}\})"')
NOBODY: dict[str, Any] = {"type": "noauth"}
ABOUT = """\
Bookings of wedding halls, auditoriums, banquets and lawns.

*A whole day* is a story: run the folder, or send its requests in their order, as often as you like.
The other folders have each route once, with its parameters and an example answer.

Set `baseUrl`. Logging in sets `jwt`, making a venue `venue_id`, a booking `booking_id`: in the selected environment if
it has them, otherwise in the collection. Made from openapi.json by postman/make.py: change it there."""

Json = dict[str, Any]


class Document:
    """The OpenAPI document: what a request of the collection takes from it."""

    def __init__(self, document: Json) -> None:
        self.document = document
        self.operations = {
            operation["operationId"]: (method.upper(), path, operation)
            for path, item in document["paths"].items()
            for method, operation in item.items()
        }

    def follow(self, part: Json) -> Json:
        """Return what `part` refers to, or itself."""
        if "$ref" not in part:
            return part
        found: Any = self.document
        for step in part["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        return dict(found)

    def show_answer(self, operation: Json, status: int, code: str | None) -> tuple[str, str]:
        """Return the media type and the text of an example answer."""
        answer = self.follow(operation["responses"][str(status)])
        content = answer.get("content", {})
        kind = next(iter(content), "text/plain")
        examples = [self.follow(each)["value"] for each in content.get(kind, {}).get("examples", {}).values()]
        chosen = [each for each in examples if code in (None, each.get("code"))]
        if not chosen and kind == "application/json" and code:
            sys.exit(f"{operation['operationId']} has no example of {code}")
        return kind, json.dumps(chosen[0], indent=2, ensure_ascii=False) if chosen else ""

    def list_schemas(self) -> Json:
        """Return for each route and status the schema of its JSON answer; null for files."""
        return {
            f"{method} {path}": {status: self._schema_of(answer) for status, answer in operation["responses"].items()}
            for method, path, operation in self.operations.values()
        }

    def _schema_of(self, answer: Json) -> Any:
        content = self.follow(answer).get("content", {}).get("application/json", {})
        return content.get("schema") if "examples" in content else None


def make_collection(document: Document, chapters: list[Json], scripts: str) -> Json:
    """Return the collection."""
    story = {
        "name": "A whole day",
        "description": "A hall is listed, found, booked, confirmed and cancelled. Run it in one go.",
        "item": [_make_chapter(document, chapter) for chapter in chapters],
    }
    reference = [_make_folder(document, tag) for tag in document.document["tags"]]
    collection: Json = {
        "info": {"_postman_id": _id("collection"), "name": "Halls", "description": ABOUT, "schema": SCHEMA},
        "auth": _bearer("{{jwt}}"),
        "event": _make_events(document, scripts),
        "item": [story, *reference],
    }
    used = re.findall(r"\{\{(\w+)\}\}|[gs]et\('(\w+)'", json.dumps(collection))
    people = {f"{step['becomes']}_jwt" for chapter in chapters for step in chapter["steps"] if "becomes" in step}
    names = [*OFFERED, *sorted(people | {left or right for left, right in used} - OFFERED.keys())]
    collection["variable"] = [{"key": name, "value": OFFERED.get(name, ""), "type": "string"} for name in names]
    return collection


def make_environment() -> Json:
    """Return the environment: the four variables of the specification."""
    values = [
        {"key": name, "value": value, "type": "secret" if name == "jwt" else "default", "enabled": True}
        for name, value in OFFERED.items()
    ]
    about = {"id": _id("environment"), "name": "Halls (local)"}
    return {**about, "values": values, "_postman_variable_scope": "environment"}


def _make_events(document: Document, scripts: str) -> list[Json]:
    before, after = scripts.split("// === after\n")
    schemas = json.dumps(document.list_schemas(), separators=(",", ":"))
    components = json.dumps({"schemas": document.document["components"]["schemas"]}, separators=(",", ":"))
    known = f"const COMPONENTS = {components};\nconst ANSWERS = {schemas};\n"
    return [_event("prerequest", before), _event("test", known + after)]


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
        "url": _make_url(path, _list_query(operation, SENT.get(name, {}))),
        **body,
    }
    if not operation["security"]:
        request["auth"] = NOBODY
    status = next(int(status) for status in operation["responses"] if status.startswith("2"))
    return {
        "name": operation["summary"],
        "request": request,
        "response": [_make_example(document, operation, request, status, None)],
    }


def _with_variables(value: Json) -> Json:
    return {key: "{{venue_id}}" if key == "venue_id" else each for key, each in value.items()}


def _list_query(operation: Json, sent: dict[str, str]) -> list[Json]:
    """Return all that a route can be asked for, switched off but for what it needs."""
    return [
        {
            "key": each["name"],
            "value": sent.get(each["name"], ""),
            "description": each.get("description", ""),
            **({} if each["name"] in sent else {"disabled": True}),
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
    # An answer that depends on the server's settings names no code.
    example = _make_example(document, operation, request, statuses[-1], step.get("code"))
    events = [_event(kind, text) for kind, text in (("prerequest", _before(step)), ("test", _after(step))) if text]
    return {"name": step["name"], "event": events, "request": request, "response": [example]}


def _choose_auth(step: Json, operation: Json) -> Json:
    if "token" in step:
        return {"auth": _bearer(step["token"])}
    return {"auth": NOBODY} if step.get("as") == "nobody" or not operation["security"] else {}


def _before(step: Json) -> str:
    who = step.get("as", "nobody")
    lines = [f"halls(pm).become('{who}');"] if who != "nobody" else []
    return "\n".join([*lines, _with_helpers(step["before"])] if "before" in step else lines)


def _after(step: Json) -> str:
    wanted = step["status"]
    statuses = f"be.oneOf({wanted})" if isinstance(wanted, list) else f"eql({wanted})"
    lines = [f"expect(pm.response.code).to.{statuses};"]
    if "code" in step:
        lines.append(f"expect(code).to.eql('{step['code']}');")
    if "fields" in step:
        lines.append(f"expect(details.map((detail) => detail.field)).to.include.members({json.dumps(step['fields'])});")
    lines += step.get("check", "").splitlines()
    who = step.get("becomes", step.get("as", ""))
    kept = [*([f"halls(pm).keep('{who}');"] if who not in ("", "nobody") else []), *step.get("after", "").splitlines()]
    words = f"{wanted}: {step['says']}" if "says" in step else f"{wanted} {step.get('code', '')}".strip()
    test = [f"pm.test({json.dumps(words)}, () => {{", *(f"  {line}" for line in lines), "});"]
    answer = "const { data, code, details } = halls(pm).answer;"
    return _with_helpers("\n".join([answer, *test, *kept]))


def _with_helpers(script: str) -> str:
    helpers = [name for name in ("get", "set", "guid") if re.search(rf"(?<![.\w]){name}\(", script)]
    expect = ["const { expect } = pm;"] if "expect(" in script else []
    own = [f"const {{ {', '.join(helpers)} }} = halls(pm);"] if helpers else []
    # In a block: Postman has names of its own, like `data`.
    return "\n".join(["{", *(f"  {line}" for line in [*expect, *own, *script.splitlines()]), "}"])


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
    values = {**PARTS, **(given or {})}
    filled = re.sub(r"\{(\w+)\}", lambda part: values.get(part[1], f"{{{{{part[1]}}}}}"), path)
    sent = "&".join(f"{each['key']}={each['value']}" for each in query if not each.get("disabled"))
    raw = "{{baseUrl}}" + filled + (f"?{sent}" if sent else "")
    url: Json = {"raw": raw, "host": ["{{baseUrl}}"], "path": filled.removeprefix("/").split("/")}
    return {**url, "query": query} if query else url


def _make_example(document: Document, operation: Json, request: Json, status: int, code: str | None) -> Json:
    kind, text = document.show_answer(operation, status, code)
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
    """Return each file and what belongs into it."""
    document = Document(json.loads(DOCUMENT.read_text(encoding="utf-8")))
    chapters = yaml.safe_load(DAY.read_text(encoding="utf-8"))
    collection = make_collection(document, chapters, SCRIPTS.read_text(encoding="utf-8"))
    made = {COLLECTION: collection, ENVIRONMENT: make_environment()}
    return {path: json.dumps(value, indent=2, ensure_ascii=False) + "\n" for path, value in made.items()}


if __name__ == "__main__":
    for file, made_text in make_files().items():
        file.write_text(made_text, encoding="utf-8")
