"""Runs the application under Gunicorn, with a MongoDB of its own when none is given."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication

from halls.app import COLLECTIONS, WRITERS
from halls.logs import ServerLogger
from halls.mail.worker import run_worker
from halls.mongo.client import connect
from halls.mongo.embedded import embedded_mongod, shared_mongod
from halls.startup import make_serving_app, prepare_database
from halls.uploads.sweep import run_sweeper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from halls.config import Config
    from halls.mongo.client import Db

GRACEFUL_SECONDS = 10


class Server(BaseApplication):
    """Gunicorn with our settings; each worker makes its own application, and so its own database client."""

    def __init__(self, config: Config, when_ready: Callable[[], None]) -> None:
        self.config = config
        self.when_ready = when_ready
        super().__init__()

    def load_config(self) -> None:
        """Set what Gunicorn is to do; it reads no files and no command line of its own."""
        settings: dict[str, Any] = {
            "bind": f"{self.config.host}:{self.config.port}",
            "worker_class": "gthread",
            "workers": self.config.web_workers,
            "threads": self.config.web_threads,
            "timeout": 30,
            "graceful_timeout": GRACEFUL_SECONDS,
            "logger_class": ServerLogger,
            "when_ready": lambda _: self.when_ready(),
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Return the application of one worker, after the fork; in development each sends mail and sweeps uploads."""
        app = make_serving_app(self.config)
        if self.config.halls_env == "development":
            arguments = (app.extensions["halls"].db, self.config, threading.Event())
            threading.Thread(target=_run_tasks, args=arguments, name="tasks", daemon=True).start()
        return app


@contextmanager
def given_or_embedded(config: Config, *, own: bool = False) -> Iterator[Config]:
    """Yield the settings with a database: the given one, or for the block the embedded one.

    `own` refuses to share the embedded one with a server that runs already.
    """
    if config.mongo_uri is not None:
        yield config
        return
    open_embedded = embedded_mongod if own else shared_mongod
    with open_embedded(config.data_dir / "mongo") as uri:
        yield config.model_copy(update={"mongo_uri": uri})


def serve(config: Config, before: Callable[[Config], None], when_ready: Callable[[Config], None]) -> None:
    """Serve until told to stop. `before` runs when the database is there, `when_ready` when the port is open.

    Raises ContradictingData, EmbeddedMongoError.
    """
    with given_or_embedded(config, own=True) as complete:
        # Before the fork, so that data that can't be served stops the start and not each worker.
        db = connect(complete.database_uri)
        if prepare_database(db, COLLECTIONS):
            before(complete)
        db.client.close()
        Server(complete, lambda: when_ready(complete)).run()


def work(db: Db, config: Config) -> None:
    """Send letters and sweep uploads until SIGTERM or Ctrl-C; the letter at hand is finished."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    _run_tasks(db, config, stop)


def _run_tasks(db: Db, config: Config, stop: threading.Event) -> None:
    threading.Thread(target=run_sweeper, args=(db, config, stop), name="sweeper", daemon=True).start()
    run_worker(db, config, WRITERS, stop)
