"""Fixtures of the account tests: Google's key server, an SMTP server, and a second worker."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from halls.accounts.emails import PASSWORD_RESET
from halls.accounts.google import GoogleVerifier
from halls.app import OUTBOX_HANDLERS
from halls.outbox.worker import handle_next
from halls.server.startup import make_server_app
from tests.accounts.google_keys import CLIENT, KeyServer, running_key_server
from tests.api_client import ApiClient
from tests.conftest import make_config
from tests.mail.smtp_server import Delivery, SmtpServer, running_smtp_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from halls.config import Config
    from halls.mongo.client import Db
    from halls.outbox.entry import Handlers

APP_URL = "https://app.halls.example"


@pytest.fixture
def keys(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[KeyServer]:
    """A key server on loopback. The application's verifier uses it, and has no cached keys yet."""
    with running_key_server() as server:
        monkeypatch.setattr(app.extensions["halls"], "google", GoogleVerifier(CLIENT, server.url))
        yield server


@dataclass
class Mail:
    """An outbox worker, and the SMTP server that it delivers to."""

    db: Db
    server: SmtpServer
    config: Config
    # By default not those of sign-ups and changed passwords, so that a test sees only the e-mails that it is about.
    handlers: Handlers = field(default_factory=lambda: {PASSWORD_RESET: OUTBOX_HANDLERS[PASSWORD_RESET]})

    def deliver(self) -> list[Delivery]:
        """Send all due e-mails of the handlers. Return the deliveries that the server received."""
        before = len(self.server.deliveries)
        while handle_next(self.db, self.config, self.handlers):
            pass
        return self.server.deliveries[before:]

    def reset_token(self, api: ApiClient, email: str) -> str:
        """Request a password reset. Return the token in the e-mail."""
        assert api.post("/auth/forgot-password", {"email": email}).status == 200
        (delivery,) = self.deliver()
        return token_in(delivery)


def token_in(delivery: Delivery) -> str:
    """Return the token of the link in an e-mail. Both parts contain the same token."""
    tokens: set[str] = {
        match for part in ("plain", "html") for match in re.findall(r"token=([A-Za-z0-9_-]+)", delivery.part(part))
    }
    (token,) = tokens
    return token


@pytest.fixture
def mail(db: Db) -> Iterator[Mail]:
    """An outbox without rate limits. It delivers only when a test calls `deliver`."""
    with running_smtp_server() as server:
        yield Mail(db, server, make_config(smtp_host="127.0.0.1", smtp_port=server.port, app_url=APP_URL + "/"))


@pytest.fixture
def all_mail(mail: Mail) -> Mail:
    """An outbox that delivers each kind of e-mail."""
    mail.handlers = OUTBOX_HANDLERS
    return mail


def links_in(delivery: Delivery) -> dict[str, str]:
    """Return the tokens of the links in an e-mail by page. Both parts have the same links."""
    plain, rich = (dict(re.findall(r"/([a-z-]+)\?token=([\w-]+)", delivery.part(part))) for part in ("plain", "html"))
    assert plain == rich
    return plain


def token_of(mail: Mail) -> str:
    """Deliver the only due e-mail, and return the token of its link."""
    (delivery,) = mail.deliver()
    return links_in(delivery)["verify-email"]


def send_again(api: ApiClient, session: Any) -> None:
    """Request another verification e-mail."""
    answer = api.send("POST", "/auth/verify-email/send", token=session["token"])
    assert (answer.status, answer.data.keys()) == (200, {"message"})


@pytest.fixture(scope="session")
def second_app(worker_uri: str) -> Iterator[Flask]:
    """A second application on the same database, like another worker of the server."""
    application = make_server_app(make_config(mongo_uri=worker_uri))
    yield application
    application.extensions["halls"].db.client.close()


@pytest.fixture
def second_api(second_app: Flask, db: Db) -> ApiClient:  # noqa: ARG001 - empties the database first
    """A client of the second application."""
    return ApiClient(second_app.test_client())
