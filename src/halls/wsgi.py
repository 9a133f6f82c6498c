"""The application for a WSGI server (`gunicorn halls.wsgi:app`). Only this module runs code at import."""

from __future__ import annotations

from halls.config import load_config, name_metrics_folder
from halls.logs import configure_logging
from halls.metrics import share_metrics
from halls.server.env_file import check_env_file
from halls.server.startup import make_server_app
from halls.server.weak_settings import warn_of_weak_settings

configure_logging("WARNING")
check_env_file()
config = load_config()
configure_logging(config.log_level)
name_metrics_folder(config.metrics_folder)
share_metrics(config.metrics_folder)
warn_of_weak_settings(config, demo=False)
app = make_server_app(config)
