"""Runs the application under Gunicorn, and the background tasks of `halls worker`."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication

from halls.app import COLLECTIONS, TASKS
from halls.config import name_metrics_folder
from halls.files import OTHER_ACCOUNTS, make_private_folder
from halls.logs import ServerLogger
from halls.metrics import share_metrics
from halls.mongo.client import connect
from halls.mongo.embedded import provide_mongod
from halls.mongo.outage_log import outage_log
from halls.server.http_worker import HttpWorker, ignore_signals
from halls.server.startup import make_server_app, prepare_database
from halls.server.tasks import start_tasks

if TYPE_CHECKING:
    from collections.abc import Callable

    from halls.config import Config
    from halls.mongo.client import Db

# Longer than a request may take, shorter than TimeoutStopSec in deploy/systemd/halls.service.
GRACEFUL_SECONDS = 10
# Longer than keepalive_timeout in deploy/nginx/halls.conf: otherwise NGINX sends requests into closed sockets.
KEEP_ALIVE_SECONDS = 75
# A worker is replaced after this many requests, which bounds the leaks of libraries. The jitter spreads the restarts.
MAX_REQUESTS, MAX_REQUESTS_JITTER = 50_000, 10_000
LONGEST_LINE = 8190
# How long a stopping worker waits for its background tasks. A lease that is not released expires within seconds.
TASK_STOP_SECONDS = 2.0


class Server(BaseApplication):
    """Gunicorn with our settings. Each worker creates its own application and database client."""

    def __init__(self, config: Config, when_ready: Callable[[], None]) -> None:
        self.config = config
        self.when_ready = when_ready
        self.stop_tasks = threading.Event()
        self.tasks: list[threading.Thread] = []
        super().__init__()

    def load_config(self) -> None:
        """Set Gunicorn's settings. It reads no configuration file and no command line."""
        settings: dict[str, Any] = {
            "bind": self.config.address,
            "worker_class": HttpWorker,
            "workers": self.config.web_workers,
            "threads": self.config.web_threads,
            "timeout": 30,
            "graceful_timeout": GRACEFUL_SECONDS,
            "keepalive": KEEP_ALIVE_SECONDS,
            # Files are sent with sendall, which has a time limit for slow clients (http_worker.py).
            "sendfile": False,
            "max_requests": MAX_REQUESTS,
            "max_requests_jitter": MAX_REQUESTS_JITTER,
            # The same limit as in NGINX.
            "limit_request_line": LONGEST_LINE,
            # A database client created before the fork would share its sockets between workers.
            "preload_app": False,
            # Otherwise Gunicorn creates a socket, which is not used, in the home folder of its user.
            "control_socket_disable": True,
            "logger_class": ServerLogger,
            "when_ready": lambda _: self.when_ready(),
            "worker_exit": lambda _server, _worker: self.end_worker(),
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Return the application of one worker, after the fork. In development it also runs the background tasks."""
        app = make_server_app(self.config)
        if self.config.halls_env == "development":
            self.tasks = start_tasks(app.extensions["halls"].db, self.config, TASKS, self.stop_tasks)
        return app

    def end_worker(self) -> None:
        """Ignore further stop signals, and let the background tasks finish the step at hand."""
        ignore_signals()
        self.stop_tasks.set()
        end = time.monotonic() + TASK_STOP_SECONDS
        for thread in self.tasks:
            thread.join(max(0.0, end - time.monotonic()))


def serve(config: Config, before: Callable[[Config], None], when_ready: Callable[[Config], None]) -> None:
    """Serve until stopped. `before` runs once the database is available, `when_ready` once the port is open.

    Raises IncompatibleDataError, EmbeddedMongoError.
    """
    with provide_mongod(config, exclusive=True) as complete:
        # Before the fork: incompatible data stops the start instead of each worker.
        _set_up_files(complete)
        db = connect(complete.database_uri, complete.slow_command_ms)
        if prepare_database(db, COLLECTIONS, outage_log(complete)):
            before(complete)
        db.client.close()
        Server(complete, lambda: when_ready(complete)).run()


def work(db: Db, config: Config) -> None:
    """Run the background tasks until SIGTERM or Ctrl-C. The step at hand of each task is finished."""
    _set_up_files(config)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    for thread in start_tasks(db, config, TASKS, stop):
        thread.join()


def _set_up_files(config: Config) -> None:
    # Uploads, metrics and logs are for this account only.
    os.umask(OTHER_ACCOUNTS)
    make_private_folder(config.data_dir, "mongo", "uploads", "metrics")
    name_metrics_folder(config.metrics_folder)
    share_metrics(config.metrics_folder)
