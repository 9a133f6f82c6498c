"""The text that `halls serve` prints: the address and, with demonstration data, working commands."""

from __future__ import annotations

import re
from contextlib import closing
from typing import TYPE_CHECKING

import click
import pytest

from halls.app import COLLECTIONS
from halls.mongo.client import connect
from halls.mongo.indexes import ensure_collections
from halls.server.first_steps import load_demo_if_empty, print_address, print_first_steps
from tests.commands import PRODUCTION
from tests.conftest import make_config
from tests.factories import day

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from halls.config import Config
    from halls.mongo.client import Db


@pytest.fixture
def prepared(fresh_uri: str) -> Iterator[Db]:
    """Yield an empty database with its indexes."""
    db = connect(fresh_uri)
    ensure_collections(db, COLLECTIONS)
    yield db
    db.client.close()


@pytest.fixture
def settings(fresh_uri: str, tmp_path: Path) -> Config:
    """Return settings for the database of `prepared`, with an empty storage."""
    return make_config(mongo_uri=fresh_uri, data_dir=tmp_path, host="127.0.0.1", port=5055)


def test_the_address_is_printed(settings: Config, capsys: pytest.CaptureFixture[str]) -> None:
    print_address(settings.model_copy(update={"mongo_uri": "mongodb://user:secret@db.example/other"}))
    assert capsys.readouterr().out == "Halls listens on http://127.0.0.1:5055\nDatabase: other at db.example:27017\n"


@pytest.mark.parametrize(
    ("host", "printed"),
    [("0.0.0.0", "localhost"), ("::", "localhost"), ("::1", "[::1]"), ("halls.example", "halls.example")],  # noqa: S104 - not bound
)
def test_the_printed_address_can_be_opened(
    settings: Config, capsys: pytest.CaptureFixture[str], host: str, printed: str
) -> None:
    print_address(settings.model_copy(update={"host": host}))
    assert capsys.readouterr().out.startswith(f"Halls listens on http://{printed}:5055\n")


def test_without_a_database_the_first_steps_say_so(capsys: pytest.CaptureFixture[str]) -> None:
    print_first_steps(make_config(mongo_uri="mongodb://127.0.0.1:1/halls?serverSelectionTimeoutMS=100"))
    *_, last = capsys.readouterr().out.splitlines()
    assert last.startswith("The database does not answer. Start again when it does")


@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_an_ipv6_address_is_printed_with_brackets(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_address(make_config(mongo_uri="mongodb://db.example/halls", host=host, port=5055))
    assert capsys.readouterr().out.startswith("Halls listens on http://[::1]:5055\n")


def test_the_first_steps_name_a_venue_that_is_free_next_month(
    prepared: Db, settings: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    load_demo_if_empty(settings)
    assert {len(venue["pictures"]) for venue in prepared.venues.find()} == {0, 3}
    print_first_steps(settings)
    output = capsys.readouterr().out
    assert output.startswith("Loaded demonstration data.\nHalls listens on http://127.0.0.1:5055\n")
    command = re.search(r'"venue_id":"([0-9a-f]{24})","date":"([0-9-]{10})","guests":100', output)
    assert command
    assert day(30) <= command[2] < day(60)
    free = [str(venue["_id"]) for venue in prepared.venues.find({"dates_available": command[2]})]
    assert command[1] in free
    assert output.count("curl -s") == 4, "three commands, one of which logs in first"


@pytest.mark.usefixtures("prepared")
def test_the_first_steps_begin_with_the_web_pages_and_the_page_of_the_api(
    settings: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    print_first_steps(settings)
    output = capsys.readouterr().out
    assert "\nOpen http://127.0.0.1:5055 in a browser" in output
    assert "http://127.0.0.1:5055/docs\n" in output
    print_first_steps(settings.model_copy(update={"web_pages": "off"}))
    output = capsys.readouterr().out
    assert "Open http" not in output
    assert "http://127.0.0.1:5055/docs\n" in output


def test_demonstration_data_is_loaded_only_into_an_empty_database(
    prepared: Db, settings: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    prepared.users.insert_one({"email": "ali@example.com"})
    load_demo_if_empty(settings)
    assert capsys.readouterr().out == ""
    assert (prepared.users.count_documents({}), prepared.venues.count_documents({})) == (1, 0)


def test_demonstration_data_is_not_loaded_in_production(fresh_uri: str) -> None:
    required = {name.lower(): value for name, value in PRODUCTION.items()}
    settings = make_config(mongo_uri=fresh_uri, **required)
    with pytest.raises(click.ClickException, match="production"):
        load_demo_if_empty(settings)
    with closing(connect(fresh_uri).client) as client:
        assert client.get_default_database().list_collection_names() == []


def test_without_a_free_venue_the_commands_contain_placeholders(
    prepared: Db, settings: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    assert prepared.venues.count_documents({}) == 0
    print_first_steps(settings)
    assert f'"venue_id":"VENUE_ID","date":"{day(0)}"' in capsys.readouterr().out
