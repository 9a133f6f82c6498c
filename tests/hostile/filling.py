"""Replaces the placeholders of a case with values of its world, and expands abbreviated bodies."""

import json
import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from tests.hostile.catalogue import BASES, Step

_NAME = re.compile(r"\{([A-Z][A-Z0-9]*)\}")
_MANY = re.compile(r"\{(DATES|URLS):([0-9]+)\}")


def fill(value: Any, names: Mapping[str, str]) -> Any:
    """Return the value with each {NAME} in its strings replaced, at any depth.

    Raises: KeyError for an unknown name.
    """
    if isinstance(value, str):
        generated = _MANY.fullmatch(value)
        return (
            _generated_list(generated[1], int(generated[2]))
            if generated
            else _NAME.sub(lambda match: names[match[1]], value)
        )
    if isinstance(value, list):
        return [fill(item, names) for item in value]
    if isinstance(value, dict):
        return {fill(key, names): fill(item, names) for key, item in value.items()}
    return value


def _generated_list(kind: str, number: int) -> list[str]:
    if kind == "URLS":
        return [f"https://cdn.example.com/{i}.jpg" for i in range(number)]
    return [(date(2030, 1, 1) + timedelta(days=i)).isoformat() for i in range(number)]


def expand(text: str | list[Any]) -> str:
    """Return the joined parts of a text. [part, n] repeats the part n times; {I} in it counts from 0."""
    if isinstance(text, str):
        return text
    return "".join(part if isinstance(part, str) else _repeated(*part) for part in text)


def _repeated(part: str, times: int) -> str:
    if "{I}" not in part:
        return part * times
    return "".join(part.replace("{I}", str(i)) for i in range(times))


def object_text(members: Mapping[str, Any], literal: Mapping[str, str] | None = None) -> str:
    """Return an object as JSON text; the values in `literal` are JSON text already."""
    texts = {name: json.dumps(value, separators=(",", ":")) for name, value in members.items()} | dict(literal or {})
    return "{" + ",".join(f"{json.dumps(name)}:{text}" for name, text in texts.items()) + "}"


def body_of(step: Step, names: Mapping[str, str]) -> bytes | None:
    """Return the bytes of a step's body; None if the step has no body."""
    if "hex" in step:
        return bytes.fromhex(step["hex"])
    if "text" in step:
        text: str = fill(expand(step["text"]), names)
        return text.encode()
    if "json" in step:
        members = step["json"]
    elif "base" in step:
        members = BASES[step["base"]] | step.get("set", {})
        members = {name: value for name, value in members.items() if name not in step.get("drop", [])}
    else:
        return None
    return object_text(fill(members, names), fill(step.get("literal", {}), names)).encode()
