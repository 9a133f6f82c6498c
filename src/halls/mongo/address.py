"""The address of the database in messages and log entries. It never contains a user name or a password."""

from __future__ import annotations

from pymongo.errors import InvalidURI
from pymongo.uri_parser import parse_uri

from halls.config import ConfigError

DEFAULT_NAME = "halls"
IPV6_MARK = ":"


def describe_database(uri: str) -> str:
    """Return the name and the hosts of a database, such as "halls at db.example:27017". Raises ConfigError."""
    scheme, _, rest = uri.partition("://")
    # Without the scheme mongodb+srv and the options, parse_uri looks up no DNS record.
    plain = rest.partition("?")[0]
    try:
        if "@" in plain.partition("/")[2]:
            # An unencoded slash in the password. The rest of the password would be the name of the database.
            raise InvalidURI  # noqa: TRY301 - handled like the errors of the driver
        parsed = parse_uri(f"mongodb://{plain}")
    except (InvalidURI, ValueError):
        # The driver's message may contain a part of the password.
        raise ConfigError("MONGO_URI is not valid. Percent-encode :/?#[]@ in its user name and password.") from None
    hosts = [_join(host, None if scheme == "mongodb+srv" else port) for host, port in parsed["nodelist"]]
    return f"{parsed['database'] or DEFAULT_NAME} at {', '.join(hosts)}"


def _join(host: str, port: int | None) -> str:
    """Return host and port as in a URL. A socket, and a DNS name of mongodb+srv, have no port."""
    bracketed = f"[{host}]" if IPV6_MARK in host else host
    return bracketed if port is None else f"{bracketed}:{port}"
