"""Compares an answer with what its case wants, and with what every answer must have."""

import json
from collections.abc import Mapping
from typing import Any

from tests.hostile.catalogue import Step
from tests.hostile.filling import fill
from tests.hostile.raw_http import Answer, Exchange

MAX_SECONDS = 5.0
# What only an accident shows: a stack, a path of ours, the driver's or the framework's own words.
LEAKS = (
    *("Traceback (most recent", 'File "/', 'File \\"/', "/site-packages/", "/src/halls"),
    *("pymongo", "E11000", "OperationFailure", "ServerSelection", "mongodb://", "ObjectId(", "UnicodeEncodeError"),
    *("pydantic", "werkzeug", "Werkzeug", "[Errno", "Topology", "replicaSet", "$argon2"),
)
MISSING = object()


def problems_of(step: Step, exchange: Exchange, names: Mapping[str, str], *, on_the_wire: bool) -> list[str]:
    """Say everything that is wrong with what came back; nothing when all is well."""
    wanted = step.get("want", "2xx")
    wanted = wanted if isinstance(wanted, list) else [wanted]
    if not exchange.answers:
        outcome = "closed" if exchange.closed else "silence"
        return [] if outcome in wanted else [f"want {wanted}, got {outcome}"]
    answer = exchange.answers[0]
    problems = [f"{len(exchange.answers)} answers"] if len(exchange.answers) > 1 else []
    problems += _leaks(answer)
    if exchange.seconds > MAX_SECONDS:
        problems.append(f"took {exchange.seconds:.1f} s")
    if not on_the_wire:
        problems += _standing_problems(answer, step)
    if not any(_is_wanted(answer, want) for want in wanted):
        return [*problems, f"want {wanted}, got {answer.status} {answer.text[:300]}"]
    problems += _content_problems(step, answer, names) + _lacks_problems(step, answer, names)
    return problems + _header_problems(step, answer, names)


def code_of(answer: Answer) -> str | None:
    """Give the machine's word for a refusal."""
    document = _document(answer)
    return document.get("code") if isinstance(document, dict) else None


def data_at(answer: Answer, path: str) -> Any:
    """Look a dotted path up in an answer's data; MISSING when it leads nowhere."""
    document = _document(answer)
    found = document.get("data", MISSING) if isinstance(document, dict) else MISSING
    for part in path.split(".") if path else []:
        if isinstance(found, dict):
            found = found.get(part, MISSING)
        elif isinstance(found, list) and part.isdecimal() and int(part) < len(found):
            found = found[int(part)]
        else:
            return MISSING
    return found


def _document(answer: Answer) -> Any:
    try:
        return json.loads(answer.body)
    except ValueError:
        return None


def _is_wanted(answer: Answer, want: str) -> bool:
    status, _, code = want.partition(" ")
    if status == "2xx":
        return 200 <= answer.status < 300
    return str(answer.status) == status and code in {"", code_of(answer)}


def _leaks(answer: Answer) -> list[str]:
    shown = answer.text + "\n".join(f"{name}: {value}" for name, value in answer.headers if name != "Server")
    return [f"shows {leak!r}" for leak in LEAKS if leak in shown]


def _standing_problems(answer: Answer, step: Step) -> list[str]:
    """Check what every answer must have."""
    problems = [] if _may_be_empty(answer, step) else _envelope_problems(answer)
    needed = {"X-Request-ID": "", "X-Content-Type-Options": "nosniff"}
    needed |= {"WWW-Authenticate": "Bearer"} if answer.status == 401 else {}
    needed |= {"Allow": ""} if answer.status == 405 else {}
    needed |= {"Retry-After": ""} if answer.status in {429, 503} else {}
    needed |= {"Cache-Control": "no-store"} if "as" in step or "token" in step else {}
    return problems + _lacking_headers(answer, needed)


def _may_be_empty(answer: Answer, step: Step) -> bool:
    method = step["request"].split(" ")[0]
    return not answer.body and (method in {"HEAD", "OPTIONS"} or answer.status == 204)


def _envelope_problems(answer: Answer) -> list[str]:
    document = _document(answer)
    if (answer.header("Content-Type") or "").split(";")[0] != "application/json" or not isinstance(document, dict):
        return [f"no JSON envelope: {answer.header('Content-Type')} {answer.text[:100]!r}"]
    if answer.status < 400:
        return [] if set(document) == {"ok", "data"} and document["ok"] is True else [f"envelope {answer.text[:200]}"]
    if set(document) != {"ok", "error", "code", "details"} or document["ok"] is not False or not document["error"]:
        return [f"envelope {answer.text[:200]}"]
    details = document["details"]
    if bool(details) != (document["code"] == "validation_error"):
        return [f"details {details} with {document['code']}"]
    return [f"detail {row}" for row in details if set(row) != {"field", "message"} or not row["message"]]


def _lacking_headers(answer: Answer, needed: Mapping[str, str]) -> list[str]:
    found = {name: answer.header(name) for name in needed}
    return [
        f"header {name} is {found[name]!r}, not {value!r}"
        for name, value in needed.items()
        if not found[name] or value not in str(found[name])
    ]


def _content_problems(step: Step, answer: Answer, names: Mapping[str, str]) -> list[str]:
    if answer.status >= 400:
        return _field_problems(step, answer) if code_of(answer) == "validation_error" else []
    has = fill(step.get("has", {}), names)
    problems = [
        f"{path} is {data_at(answer, path)!r}, not {value!r}"
        for path, value in has.items()
        if data_at(answer, path) != value or type(data_at(answer, path)) is not type(value)
    ]
    for path, keys in step.get("keys", {}).items():
        found = data_at(answer, path)
        if not isinstance(found, dict) or set(found) != set(keys):
            problems.append(f"{path!r} has {sorted(found) if isinstance(found, dict) else found!r}, not {sorted(keys)}")
    return problems + _row_problems(step, answer, names)


def _field_problems(step: Step, answer: Answer) -> list[str]:
    wanted = step.get("fields", []) + ([step["field"]] if "field" in step else [])
    named = [row["field"] for row in json.loads(answer.body)["details"]]
    return [
        f"{field} is not named among {named}"
        for field in wanted
        if not any(name == field or name.startswith(f"{field}.") for name in named)
    ]


def _row_problems(step: Step, answer: Answer, names: Mapping[str, str]) -> list[str]:
    problems = []
    for member, every in (("each", True), ("none", False)):
        for path, values in fill(step.get(member, {}), names).items():
            rows = data_at(answer, path)
            if not isinstance(rows, list):
                problems.append(f"{path} is no list but {rows!r}")
                continue
            agree = [all(row.get(name) == value for name, value in values.items()) for row in rows]
            if (every and not all(agree)) or (not every and any(agree)):
                problems.append(f"{member} of {path} must have {values}: {rows}")
    return problems


def _lacks_problems(step: Step, answer: Answer, names: Mapping[str, str]) -> list[str]:
    problems = []
    for path, texts in fill(step.get("lacks", {}), names).items():
        found = answer.text if path == "" else data_at(answer, path)
        if found is MISSING:
            continue
        shown = found if isinstance(found, str) else json.dumps(found)
        problems += [f"{text!r} stands in {path or 'the answer'}" for text in texts if text in shown]
    return problems


def _header_problems(step: Step, answer: Answer, names: Mapping[str, str]) -> list[str]:
    problems = _lacking_headers(answer, fill(step.get("reply_headers", {}), names))
    present = [name for name in step.get("no_headers", []) if answer.header(name) is not None]
    problems += [f"header {name} is there: {answer.header(name)}" for name in present]
    differs = fill(step.get("reply_differs", {}), names)
    return problems + [f"header {name} is {value!r}" for name, value in differs.items() if answer.header(name) == value]
