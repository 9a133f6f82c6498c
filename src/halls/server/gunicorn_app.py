"""Runs the application under Gunicorn, with a MongoDB of its own when none is given."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication

from halls.app import COLLECTIONS, WRITERS
from halls.config import name_metrics_folder
from halls.logs import ServerLogger
from halls.metrics import share_metrics
from halls.mongo.client import connect
from halls.mongo.embedded import provide_mongod
from halls.outbox.worker import run_worker
from halls.server.http_worker import HttpWorker, ignore_signals
from halls.server.startup import make_server_app, prepare_database
from halls.uploads.cleanup import run_cleanup

if TYPE_CHECKING:
    from collections.abc import Callable

    from halls.config import Config
    from halls.mongo.client import Db

# Long enough for the request at hand, and shorter than what stops the whole (deploy/systemd/halls.service).
GRACEFUL_SECONDS = 10
# Longer than NGINX keeps a connection (deploy/nginx/halls.conf): who closes first must not be us.
KEEP_ALIVE_SECONDS = 75
# A worker is replaced now and then, so that a leak in any library never grows old; not all at once.
MAX_REQUESTS, MAX_REQUESTS_JITTER = 50_000, 10_000
LONGEST_LINE = 8190


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
            "worker_class": HttpWorker,
            "workers": self.config.web_workers,
            "threads": self.config.web_threads,
            "timeout": 30,
            "graceful_timeout": GRACEFUL_SECONDS,
            "keepalive": KEEP_ALIVE_SECONDS,
            "max_requests": MAX_REQUESTS,
            "max_requests_jitter": MAX_REQUESTS_JITTER,
            # As long as what NGINX lets through.
            "limit_request_line": LONGEST_LINE,
            # Each worker makes its own database client: one made before the fork would share its sockets.
            "preload_app": False,
            # It would write a socket into the home of whoever runs the server, and nobody uses it.
            "control_socket_disable": True,
            "logger_class": ServerLogger,
            "when_ready": lambda _: self.when_ready(),
            "worker_exit": lambda _server, _worker: ignore_signals(),
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Return the application of one worker, after the fork; in development each does a worker's tasks, too."""
        app = make_server_app(self.config)
        app.extensions["halls"].change_stream.start()
        if self.config.halls_env == "development":
            arguments = (app.extensions["halls"].db, self.config, threading.Event())
            threading.Thread(target=_run_tasks, args=arguments, name="tasks", daemon=True).start()
        return app


def serve(config: Config, before: Callable[[Config], None], when_ready: Callable[[Config], None]) -> None:
    """Serve until told to stop. `before` runs when the database is there, `when_ready` when the port is open.

    Raises ContradictingData, EmbeddedMongoError.
    """
    with provide_mongod(config, exclusive=True) as complete:
        # Before the fork, so that data that can't be served stops the start and not each worker.
        _count_together(complete)
        db = connect(complete.database_uri, complete.slow_command_ms)
        if prepare_database(db, COLLECTIONS):
            before(complete)
        db.client.close()
        Server(complete, lambda: when_ready(complete)).run()


def work(db: Db, config: Config) -> None:
    """Send letters and sweep uploads until SIGTERM or Ctrl-C; the letter at hand is finished."""
    _count_together(config)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    _run_tasks(db, config, stop)


def _run_tasks(db: Db, config: Config, stop: threading.Event) -> None:
    threading.Thread(target=run_cleanup, args=(db, config, stop), name="sweeper", daemon=True).start()
    run_worker(db, config, WRITERS, stop)


def _count_together(config: Config) -> None:
    name_metrics_folder(config.metrics_folder)
    share_metrics(config.metrics_folder)
