"""Runs workers that send e-mails as processes, and lets them hang at a step until they are killed."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.conftest import SECRET
from tests.processes import child_environment, running_process

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LEASE_SECONDS = 1.5
PROGRAM = """
import time
from halls.app import OUTBOX_HANDLERS
from halls.bookings import notifications
from halls.config import load_config
from halls.mail import handler
from halls.mongo.client import connect
from halls.outbox import store, worker
from tests.hanging import hang, hang_at_second_call

store.MAX_PAUSE_SECONDS = worker.MAX_OUTAGE_PAUSE_SECONDS = 0.2

{change}
config = load_config()
db = connect(config.database_uri)
while True:
    notifications.queue_notifications(db, config, lambda: False)
    worker.handle_due_entries(db, config, lambda: False, OUTBOX_HANDLERS)
    time.sleep(0.05)
"""
HANG_BEFORE_SENDING = "handler.send_email = hang"
HANG_BEFORE_COMPLETING = "worker.complete_entry = hang"


@contextmanager
def worker_process(uri: str, port: int, folder: Path, change: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker process, and kill it when the block ends. With a `change`, waits until the worker hangs."""
    settings = child_environment(
        MONGO_URI=uri,
        JWT_SECRET=SECRET,
        SMTP_HOST="127.0.0.1",
        SMTP_PORT=str(port),
        MAIL_LEASE_SECONDS=str(LEASE_SECONDS),
        PYTHONPATH=os.pathsep.join(sys.path),
    )
    command, log = [sys.executable, "-c", PROGRAM.format(change=change)], folder / "worker.log"
    with running_process(
        command,
        log,
        lambda: not change or "hangs\n" in log.read_text(),
        end=subprocess.Popen.kill,
        env=settings,
        cwd=folder,
    ) as process:
        yield process
