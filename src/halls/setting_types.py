"""The types of settings: how each is read, and the advice for a value that is not valid."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, HttpUrl
from pydantic_settings import NoDecode
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

from halls.http.origins import split_origins

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

STORAGES = {"memory", "mongodb", "mongodb+srv", "redis", "rediss", "redis+unix", "redis+sentinel", "redis+cluster"}


class ServiceArea(NamedTuple):
    """The area in which venues can be listed: its bounds in degrees, which belong to it."""

    west: float
    south: float
    east: float
    north: float

    def contains(self, coordinates: Sequence[float]) -> bool:
        """Return whether a place [longitude, latitude] is in the area."""
        longitude, latitude = coordinates
        return self.west <= longitude <= self.east and self.south <= latitude <= self.north


WORLD = ServiceArea(-180, -90, 180, 90)


def _check(is_valid: Callable[[str], object], advice: str) -> AfterValidator:
    """Return a validator whose message is `advice`. The message of a library can contain the password of a URI."""

    def validate(value: str) -> str:
        with suppress(ValueError, OSError, PyMongoError):
            if is_valid(value):
                return value
        raise ValueError(advice)

    return AfterValidator(validate)


def _is_mongo_uri(value: str) -> object:
    # parse_uri looks up the DNS record of mongodb+srv, and reading settings must not need a network.
    return urlsplit(value).scheme == "mongodb+srv" or parse_uri(value)


def _is_blocklist(value: str) -> bool:
    # The file is read here: each worker reads it after the fork, where an error would only restart the worker.
    if value not in {"off", "builtin"}:
        Path(value).read_text(encoding="utf-8")
    return True


def _is_base_url(value: str) -> bool:
    # The paths of this server are appended to it.
    return not re.search("[?#@]", value)


def _is_address(value: str) -> object:
    # This import takes 50 ms, and most installations do not set such a value.
    from email_validator import validate_email  # noqa: PLC0415 - see above

    return validate_email(value, check_deliverability=False, allow_smtputf8=False, globally_deliverable=False)


def _strip_brackets(host: str) -> str:
    """Return an IPv6 address without the brackets that it has in a URL."""
    return host[1:-1] if host.startswith("[") and host.endswith("]") else host


def _parse_area(text: str) -> ServiceArea:
    """Return the area in a text such as "60.8,23.6,77.9,37.1". Raises ValueError."""
    with suppress(ValueError, TypeError):
        area = ServiceArea(*map(float, text.split(",")))
        if WORLD.west <= area.west < area.east <= WORLD.east and WORLD.south <= area.south < area.north <= WORLD.north:
            return area
    raise ValueError("set it to west,south,east,north in degrees, such as 60.8,23.6,77.9,37.1 for Pakistan")


Port = Annotated[int, Field(ge=1, le=65535)]
Url = Annotated[str, AfterValidator(lambda value: str(HttpUrl(value)).rstrip("/"))]
MongoUri = Annotated[str, _check(_is_mongo_uri, "set it to a URI such as mongodb://db.example/halls?replicaSet=rs0")]
StorageUri = Annotated[
    str, _check(lambda uri: urlsplit(uri).scheme in STORAGES, "set it to a URI such as redis://cache.example")
]
Blocklist = Annotated[str, _check(_is_blocklist, "set it to off, builtin, or the path of a readable text file")]
CloudName = Annotated[str, _check(re.compile("[A-Za-z0-9_-]+").fullmatch, "set it to letters, digits, - and _ only")]
EmailAddress = Annotated[str, _check(_is_address, "set it to one e-mail address, such as help@halls.example")]
Origins = Annotated[str, AfterValidator(lambda text: ",".join(split_origins(text)))]
BaseUrl = Annotated[Url, _check(_is_base_url, "set it to a URL without user, query and fragment")]
Host = Annotated[str, AfterValidator(_strip_brackets)]
Area = Annotated[ServiceArea, NoDecode, BeforeValidator(_parse_area)]
