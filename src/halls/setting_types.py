"""The types of settings: how each is read, the advice for a value that is not valid, and what production requires."""

from __future__ import annotations

import re
from contextlib import suppress
from email.utils import parseaddr
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, HttpUrl
from pydantic_settings import NoDecode
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

from halls.http.origins import split_origins

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

STORAGES = {"memory", "mongodb", "mongodb+srv", "redis", "rediss", "redis+unix", "redis+sentinel", "redis+cluster"}
# The host becomes a part of the Content-Security-Policy. Leaflet replaces {s} by the name of a subdomain.
TILES = re.compile(r"https?://(?:\{s\}\.)?[A-Za-z0-9.-]+(?::[0-9]+)?/[!-~]+")

MIN_SECRET_BYTES = 32
# A random secret of 32 hexadecimal digits has about 14 different ones.
MIN_SECRET_CHARACTERS = 10
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


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


def _is_tile_template(url: str) -> bool:
    return TILES.fullmatch(url) is not None and all(part in url for part in ("{z}", "{x}", "{y}"))


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
TilesUrl = Annotated[str, _check(_is_tile_template, "set it to a URL such as https://tiles.example/{z}/{x}/{y}.png")]
BaseUrl = Annotated[Url, _check(_is_base_url, "set it to a URL without user, query and fragment")]
Host = Annotated[str, AfterValidator(_strip_brackets)]
Area = Annotated[ServiceArea, NoDecode, BeforeValidator(_parse_area)]


def _is_long(secret: str | None) -> bool:
    return len((secret or "").encode()) >= MIN_SECRET_BYTES


def _is_varied(secret: str) -> bool:
    return len(set(secret)) >= MIN_SECRET_CHARACTERS


def _is_https(url: str | None) -> bool:
    return (url or "").startswith("https://")


# A setting, a condition on its value and on the settings before it, and what to do.
PRODUCTION_RULES: tuple[tuple[str, Callable[[Any, dict[str, Any]], object], str], ...] = (
    ("mongo_uri", lambda uri, _: uri, "set it to the URI of your MongoDB"),
    ("jwt_secret", lambda key, _: _is_long(key), f"set it to a secret of at least {MIN_SECRET_BYTES} bytes"),
    ("jwt_secret", lambda key, _: _is_varied(key), "set it to a random secret, as from: openssl rand -base64 48"),
    (
        "app_url",
        lambda url, others: _is_https(url) or (url is None and others.get("web_pages") == "on"),
        "set it to an https URL",
    ),
    ("smtp_host", lambda host, _: host, "set it to your mail server"),
    ("smtp_from", lambda text, _: "." in parseaddr(text)[1].rpartition("@")[2], "set it to an address of your domain"),
    ("public_url", lambda url, _: _is_https(url), "set it to an https URL"),
    (
        "public_url",
        lambda url, others: not urlsplit(url or "").path or others.get("app_url"),
        "set APP_URL too, because this server shows its web pages only at a PUBLIC_URL without a path",
    ),
    ("cors_origins", lambda origins, _: "http://" not in origins, "set it to https origins only"),
    # An attacker who replaces the keys in transit can log in to every account.
    (
        "google_certs_url",
        lambda url, _: _is_https(url) or urlsplit(url).hostname in LOOPBACK,
        "set it to an https URL, or to one on this machine",
    ),
    ("s3_region", lambda region, others: region or not others.get("s3_bucket"), "set it to the region of S3_BUCKET"),
    (
        "jwt_old_secrets",
        lambda keys, _: all(_is_long(key) and _is_varied(key) for key in keys.split()),
        f"remove secrets of less than {MIN_SECRET_BYTES} bytes or {MIN_SECRET_CHARACTERS} different characters",
    ),
)
