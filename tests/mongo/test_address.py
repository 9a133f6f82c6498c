"""The address of the database in messages: name and hosts, never the user name or the password."""

from __future__ import annotations

import pytest

from halls.config import ConfigError
from halls.mongo.address import describe_database


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("mongodb://127.0.0.1:27018/halls?replicaSet=rs0", "halls at 127.0.0.1:27018"),
        ("mongodb://db.example", "halls at db.example:27017"),
        ("mongodb://db.example?replicaSet=rs0", "halls at db.example:27017"),
        ("mongodb://user:secret@db.example/other", "other at db.example:27017"),
        ("mongodb://user:p%40ss%2Fsecret@a.example,b.example:27018/halls", "halls at a.example:27017, b.example:27018"),
        (
            "mongodb+srv://user:secret@cluster.example.mongodb.net/halls?w=majority",
            "halls at cluster.example.mongodb.net",
        ),
        ("mongodb://[::1]:27020/halls", "halls at [::1]:27020"),
        ("mongodb://%2Ftmp%2Fmongodb.sock/halls", "halls at /tmp/mongodb.sock"),
        ("mongodb://db.example/halls?authSource=admin&password=secret", "halls at db.example:27017"),
    ],
)
def test_an_address_has_name_and_hosts_only(uri: str, address: str) -> None:
    assert describe_database(uri) == address


@pytest.mark.parametrize("password", ["hunter/2", "1/hunter", "hunter@2/3"])
def test_an_invalid_uri_is_an_error_without_the_password(password: str) -> None:
    with pytest.raises(ConfigError, match="Percent-encode") as raised:
        describe_database(f"mongodb+srv://user:{password}@cluster.example.mongodb.net/halls")
    assert "hunter" not in str(raised.value)
