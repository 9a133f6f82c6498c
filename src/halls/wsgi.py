"""The application for a WSGI server (`gunicorn halls.wsgi:app`): the only module that acts at import."""

from __future__ import annotations

from halls.config import load_config, name_metrics_folder
from halls.logs import set_up_logs
from halls.metrics import share_metrics
from halls.startup import make_serving_app

config = load_config()
set_up_logs(config.log_level)
name_metrics_folder(config.metrics_folder)
share_metrics(config.metrics_folder)
app = make_serving_app(config)
