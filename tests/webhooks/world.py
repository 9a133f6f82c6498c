"""An owner with a venue and a guest, their webhooks, and a worker that runs in the test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bson import ObjectId
from standardwebhooks import Webhook

from halls.clock import utc_now
from halls.webhooks.dispatch import dispatch_events
from halls.webhooks.sender import send_due_deliveries
from tests.conftest import make_config
from tests.factories import day

if TYPE_CHECKING:
    from halls.mongo.client import Db, Document
    from tests.api_client import ApiClient
    from tests.webhooks.receiver import Received, Receiver


@dataclass
class HookWorld:
    """An owner with a venue, a guest, and a receiver of their webhooks."""

    api: ApiClient
    db: Db
    receiver: Receiver

    def __post_init__(self) -> None:
        """Make the accounts and the venue. The events so far have no deliveries."""
        self.owner = self.api.owner()
        self.guest = self.api.sign_up(full_name="Ali Khan")["token"]
        self.venue_id = self.api.list_venue(self.owner)
        self.secrets: dict[str, str] = {}
        self.dispatch()

    def hook(self, token: str, path: str = "/", **fields: Any) -> str:
        """Create a webhook; return its id."""
        body = {"url": self.receiver.url(path), **fields}
        made = self.api.post("/webhooks", body, token=token)
        assert made.status == 201, made.json
        self.secrets[path] = made.data["secret"]
        webhook_id: str = made.data["webhook_id"]
        return webhook_id

    def book(self, ahead: int = 3, **fields: Any) -> str:
        """Book the venue; return the id of the booking."""
        booking_id: str = self.api.book(self.guest, self.venue_id, day(ahead), **fields).data["booking_id"]
        return booking_id

    def dispatch(self) -> None:
        """Make the deliveries."""
        dispatch_events(self.db, make_config(), lambda: False)

    def send(self) -> None:
        """Make the due attempts."""
        send_due_deliveries(self.db, make_config(), lambda: False)

    def run(self) -> None:
        """Do the work of a worker."""
        self.dispatch()
        self.send()

    def make_due(self) -> None:
        """Let the pauses of all deliveries and webhooks end."""
        self.db.webhook_deliveries.update_many({"status": "pending"}, {"$set": {"due_at": utc_now()}})
        self.db.webhooks.update_many({}, {"$set": {"retry_at": None}})

    def received(self, path: str = "/") -> list[Any]:
        """Return the bodies at a path, after the signatures are verified by the independent library."""
        return [self.verify(each) for each in self.receiver.requests if each.path == path]

    def verify(self, request: Received) -> Any:
        """Return the body of a request, if its signature is right."""
        return Webhook(self.secrets[request.path]).verify(request.body, request.headers)

    def types(self, path: str = "/") -> list[str]:
        """Return the types of the events at a path."""
        return [body["type"] for body in self.received(path)]

    def deliveries(self) -> list[Document]:
        """Return the stored deliveries."""
        return list(self.db.webhook_deliveries.find().sort("_id"))

    def stored(self, webhook_id: str) -> Any:
        """Return the stored webhook."""
        return self.db.webhooks.find_one({"_id": ObjectId(webhook_id)})
