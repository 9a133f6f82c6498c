"""Compares a response with what its case expects and with what every response must have."""

import json
from collections.abc import Mapping
from typing import Any

from tests.hostile.catalogue import Step
from tests.hostile.filling import fill
from tests.hostile.raw_http import Exchange, RawResponse

MAX_SECONDS = 5.0
# A response must not leak these: stack traces, file paths, words of the driver or of the framework.
LEAKS = (
    *("Traceback (most recent", 'File "/', 'File \\"/', "/site-packages/", "/src/halls"),
    *("pymongo", "E11000", "OperationFailure", "ServerSelection", "mongodb://", "ObjectId(", "UnicodeEncodeError"),
    *("pydantic", "werkzeug", "Werkzeug", "[Errno", "Topology", "replicaSet", "$argon2"),
)
MISSING = object()


def find_problems(step: Step, exchange: Exchange, names: Mapping[str, str], *, is_raw: bool) -> list[str]:
    """Return everything that is wrong with the responses; a raw request is exempt from the common checks."""
    expected = step.get("want", "2xx")
    expected = expected if isinstance(expected, list) else [expected]
    if not exchange.answers:
        outcome = "closed" if exchange.closed else "silence"
        return [] if outcome in expected else [f"expected {expected}, got {outcome}"]
    answer = exchange.answers[0]
    problems = [f"{len(exchange.answers)} responses"] if len(exchange.answers) > 1 else []
    problems += _leak_problems(answer)
    if exchange.seconds > MAX_SECONDS:
        problems.append(f"took {exchange.seconds:.1f} s")
    if not is_raw:
        problems += _common_problems(answer, step)
    if not any(_matches(answer, alternative) for alternative in expected):
        return [*problems, f"expected {expected}, got {answer.status} {answer.text[:300]}"]
    problems += _content_problems(step, answer, names) + _forbidden_text_problems(step, answer, names)
    return problems + _header_problems(step, answer, names)


def code_of(answer: RawResponse) -> str | None:
    """Return the code of an error response; None if there is none."""
    document = _document(answer)
    return document.get("code") if isinstance(document, dict) else None


def data_at(answer: RawResponse, path: str) -> Any:
    """Return the value at a dotted path of the response data; MISSING if the path does not exist."""
    document = _document(answer)
    value = document.get("data", MISSING) if isinstance(document, dict) else MISSING
    for part in path.split(".") if path else []:
        if isinstance(value, dict):
            value = value.get(part, MISSING)
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return MISSING
    return value


def _document(answer: RawResponse) -> Any:
    try:
        return json.loads(answer.body)
    except ValueError:
        return None


def _matches(answer: RawResponse, expected: str) -> bool:
    status, _, code = expected.partition(" ")
    if status == "2xx":
        return 200 <= answer.status < 300
    return str(answer.status) == status and code in {"", code_of(answer)}


def _leak_problems(answer: RawResponse) -> list[str]:
    visible = answer.text + "\n".join(f"{name}: {value}" for name, value in answer.headers if name != "Server")
    return [f"leaks {leak!r}" for leak in LEAKS if leak in visible]


def _common_problems(answer: RawResponse, step: Step) -> list[str]:
    """Check the envelope and the headers that every response must have."""
    problems = [] if _may_be_empty(answer, step) else _envelope_problems(answer)
    required = {"X-Request-ID": "", "X-Content-Type-Options": "nosniff"}
    required |= {"WWW-Authenticate": "Bearer"} if answer.status == 401 else {}
    required |= {"Allow": ""} if answer.status == 405 else {}
    required |= {"Retry-After": ""} if answer.status in {429, 503} else {}
    required |= {"Cache-Control": "no-store"} if "as" in step or "token" in step else {}
    return problems + _missing_headers(answer, required)


def _may_be_empty(answer: RawResponse, step: Step) -> bool:
    method = step["request"].split(" ")[0]
    return not answer.body and (method in {"HEAD", "OPTIONS"} or answer.status == 204)


def _envelope_problems(answer: RawResponse) -> list[str]:
    document = _document(answer)
    if (answer.header("Content-Type") or "").split(";")[0] != "application/json" or not isinstance(document, dict):
        return [f"not a JSON envelope: {answer.header('Content-Type')} {answer.text[:100]!r}"]
    if answer.status < 400:
        return [] if set(document) == {"ok", "data"} and document["ok"] is True else [f"envelope {answer.text[:200]}"]
    if set(document) != {"ok", "error", "code", "details"} or document["ok"] is not False or not document["error"]:
        return [f"envelope {answer.text[:200]}"]
    details = document["details"]
    if bool(details) != (document["code"] == "validation_error"):
        return [f"details {details} with {document['code']}"]
    return [f"detail {row}" for row in details if set(row) != {"field", "message"} or not row["message"]]


def _missing_headers(answer: RawResponse, required: Mapping[str, str]) -> list[str]:
    actual = {name: answer.header(name) for name in required}
    return [
        f"header {name} is {actual[name]!r}, not {value!r}"
        for name, value in required.items()
        if not actual[name] or value not in str(actual[name])
    ]


def _content_problems(step: Step, answer: RawResponse, names: Mapping[str, str]) -> list[str]:
    if answer.status >= 400:
        return _field_problems(step, answer) if code_of(answer) == "validation_error" else []
    expected = fill(step.get("has", {}), names)
    problems = [
        f"{path} is {data_at(answer, path)!r}, not {value!r}"
        for path, value in expected.items()
        if data_at(answer, path) != value or type(data_at(answer, path)) is not type(value)
    ]
    for path, keys in step.get("keys", {}).items():
        value = data_at(answer, path)
        if not isinstance(value, dict) or set(value) != set(keys):
            problems.append(f"{path!r} has {sorted(value) if isinstance(value, dict) else value!r}, not {sorted(keys)}")
    return problems + _row_problems(step, answer, names)


def _field_problems(step: Step, answer: RawResponse) -> list[str]:
    expected = step.get("fields", []) + ([step["field"]] if "field" in step else [])
    named = [row["field"] for row in json.loads(answer.body)["details"]]
    return [
        f"details name {named}, not {field}"
        for field in expected
        if not any(name == field or name.startswith(f"{field}.") for name in named)
    ]


def _row_problems(step: Step, answer: RawResponse, names: Mapping[str, str]) -> list[str]:
    problems = []
    for member, must_match in (("each", True), ("none", False)):
        for path, values in fill(step.get(member, {}), names).items():
            rows = data_at(answer, path)
            if not isinstance(rows, list):
                problems.append(f"{path} is not a list: {rows!r}")
                continue
            matches = [all(row.get(name) == value for name, value in values.items()) for row in rows]
            if (must_match and not all(matches)) or (not must_match and any(matches)):
                problems.append(f"{member} of {path} must have {values}: {rows}")
    return problems


def _forbidden_text_problems(step: Step, answer: RawResponse, names: Mapping[str, str]) -> list[str]:
    problems = []
    for path, texts in fill(step.get("lacks", {}), names).items():
        value = answer.text if path == "" else data_at(answer, path)
        if value is MISSING:
            continue
        value_text = value if isinstance(value, str) else json.dumps(value)
        problems += [f"{text!r} is in {path or 'the response'}" for text in texts if text in value_text]
    return problems


def _header_problems(step: Step, answer: RawResponse, names: Mapping[str, str]) -> list[str]:
    problems = _missing_headers(answer, fill(step.get("reply_headers", {}), names))
    present = [name for name in step.get("no_headers", []) if answer.header(name) is not None]
    problems += [f"header {name} is present: {answer.header(name)}" for name in present]
    unequal = fill(step.get("reply_differs", {}), names)
    return problems + [f"header {name} is {value!r}" for name, value in unequal.items() if answer.header(name) == value]
