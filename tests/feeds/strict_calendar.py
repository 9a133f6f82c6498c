"""Reads calendars strictly by RFC 5545, without a library: lines, folding, escapes, required and known properties."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

MAX_OCTETS = 75
NAME = re.compile(r"[A-Z0-9-]+")
LINE = re.compile(r"([A-Z0-9-]+)((?:;[A-Z-]+=[^;:\"]+)*):(.*)", re.DOTALL)
FORMS = {
    "UID": r"[!-~]+",
    "DTSTAMP": r"\d{8}T\d{6}Z",
    "DTSTART": r"\d{8}",
    "DTEND": r"\d{8}",
    "SEQUENCE": r"\d{1,10}",
    "STATUS": "TENTATIVE|CONFIRMED|CANCELLED",
    "URL": r"https?://[!-~]+",
    "REFRESH-INTERVAL": "PT1H",
}
TEXTS = {"SUMMARY", "LOCATION", "DESCRIPTION", "NAME", "X-WR-CALNAME", "PRODID"}
REQUIRED = {"VCALENDAR": {"PRODID", "VERSION"}, "VEVENT": {"UID", "DTSTAMP", "DTSTART"}}
KNOWN = {
    "VCALENDAR": {"PRODID", "VERSION", "METHOD", "NAME", "X-WR-CALNAME", "REFRESH-INTERVAL", "X-PUBLISHED-TTL"},
    "VEVENT": {*FORMS, "SUMMARY", "LOCATION", "DESCRIPTION"} - {"REFRESH-INTERVAL"},
}


@dataclass
class Part:
    """A calendar or an event: its properties, and the events of a calendar."""

    kind: str
    values: dict[str, str] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)


def read_strictly(content: bytes) -> Part:
    """Return the calendar. Fails if the content breaks a rule of RFC 5545."""
    lines = content.split(b"\r\n")
    assert lines.pop() == b"", "the last line has no end"
    for line in lines:
        assert line
        assert len(line) <= MAX_OCTETS, line
        assert not re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", line), line
        # A fold inside a character of UTF-8 breaks many readers.
        line.decode()
    stack = [Part("")]
    for unfolded in b"\r\n".join(lines).replace(b"\r\n ", b"").decode().split("\r\n"):
        match = LINE.fullmatch(unfolded)
        assert match, unfolded
        name, parameters, value = match.groups()
        if name == "BEGIN":
            stack.append(Part(value))
        elif name == "END":
            part = stack.pop()
            assert part.kind == value
            _check_part(part)
            stack[-1].parts.append(part)
        else:
            _add_property(stack[-1], name, parameters, value)
    (calendar,) = stack[0].parts
    return calendar


def _add_property(part: Part, name: str, parameters: str, value: str) -> None:
    assert name not in part.values, f"{name} twice"
    if name in ("DTSTART", "DTEND"):
        assert parameters == ";VALUE=DATE"
    if name in FORMS:
        assert re.fullmatch(FORMS[name], value), (name, value)
    part.values[name] = _unescape(value) if name in TEXTS else value


def _check_part(part: Part) -> None:
    assert REQUIRED[part.kind] <= part.values.keys() <= KNOWN[part.kind], part.values


def _unescape(value: str) -> str:
    assert re.fullmatch(r"(?:[^\\;,]|\\[\\;,nN])*", value), value
    return re.sub(r"\\(.)", lambda sign: "\n" if sign[1] in "nN" else sign[1], value)
