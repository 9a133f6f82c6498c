"""Fixtures of the tests of accounts: Google on loopback, an SMTP server, and an application on several workers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from halls.accounts.google import GoogleVerifier
from halls.app import WRITERS
from halls.outbox.worker import deliver_next
from halls.server.startup import make_server_app
from tests.accounts.google_keys import CLIENT, KeyServer, running_key_server
from tests.api_client import Api
from tests.conftest import make_config
from tests.mail.smtp_server import Delivery, SmtpServer, running_smtp_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from halls.config import Config
    from halls.mongo.client import Db

APP_URL = "https://app.halls.example"


@pytest.fixture
def keys(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[KeyServer]:
    """A key server that the application, which has fetched nothing yet, asks for Google's keys."""
    with running_key_server() as server:
        monkeypatch.setattr(app.extensions["halls"], "google", GoogleVerifier(CLIENT, server.url))
        yield server


@dataclass
class Mail:
    """A worker at hand, and the server that it delivers to."""

    db: Db
    office: SmtpServer
    config: Config

    def deliver(self) -> list[Delivery]:
        """Send all that is due; return what arrived by it."""
        before = len(self.office.deliveries)
        while deliver_next(self.db, self.config, WRITERS):
            pass
        return self.office.deliveries[before:]

    def reset_token(self, api: Api, email: str) -> str:
        """Ask for a new password and return the token of the letter that comes."""
        assert api.post("/auth/forgot-password", {"email": email}).status == 200
        (delivery,) = self.deliver()
        return token_in(delivery)


def token_in(delivery: Delivery) -> str:
    """Return the token of the link in a letter, which is the same in both parts."""
    found: set[str] = {
        match for part in ("plain", "html") for match in re.findall(r"token=([A-Za-z0-9_-]+)", delivery.part(part))
    }
    (token,) = found
    return token


@pytest.fixture
def mail(db: Db) -> Iterator[Mail]:
    """Letters are delivered, without limits, when a test says so."""
    with running_smtp_server() as office:
        yield Mail(db, office, make_config(smtp_host="127.0.0.1", smtp_port=office.port, app_url=APP_URL + "/"))


@pytest.fixture(scope="session")
def second_app(worker_uri: str) -> Iterator[Flask]:
    """The application once more, as another worker of the same service."""
    application = make_server_app(make_config(mongo_uri=worker_uri))
    yield application
    application.extensions["halls"].db.client.close()


@pytest.fixture
def second_api(second_app: Flask, db: Db) -> Api:  # noqa: ARG001 - an empty database comes first
    """A client of the other worker."""
    return Api(second_app.test_client())
