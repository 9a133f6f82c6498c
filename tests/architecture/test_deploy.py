"""The files of deploy/ name existing metrics and settings, and their limits and timeouts fit together."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest

from halls.config import Config
from halls.metrics import Metrics
from halls.server import gunicorn_app
from tests.architecture.source import ROOT

DEPLOY = ROOT / "deploy"
NGINX = (DEPLOY / "nginx" / "halls.conf").read_text()
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
# Prometheus itself records this metric for each target.
PROMETHEUS_OWN = {"up"}
# Computed at each scrape, so an unused registry does not show them.
COMPUTED_AT_SCRAPE = {
    "halls_account_deletions",
    "halls_database_up",
    "halls_outbox_entries",
    "halls_outbox_oldest_seconds",
    "halls_overdue_holds",
    "halls_search_index_lag_seconds",
    "halls_task_heartbeat_age_seconds",
    "halls_webhook_deliveries",
    "halls_webhook_oldest_seconds",
}


def metric_names() -> set[str]:
    """Return the names that /metrics shows."""
    registry = CollectorRegistry()
    Metrics(registry)
    names = {(metric.name, metric.type) for metric in registry.collect()}
    suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"], "gauge": [""]}
    return COMPUTED_AT_SCRAPE | {name + suffix for name, kind in names for suffix in suffixes[kind]}


def metrics_in(expression: str) -> set[str]:
    """Return the metrics that an expression reads."""
    return set(re.findall(r"\b(?:halls_\w+|up)\b(?=[{\[ )]|$)", re.sub(r'"[^"]*"', '""', expression)))


def alerts() -> list[Any]:
    """Return the alert rules."""
    text = (DEPLOY / "monitoring" / "alerts.yaml").read_text()
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


def panels() -> list[Any]:
    """Return the panels of the dashboard."""
    panels: list[Any] = json.loads((DEPLOY / "monitoring" / "grafana.json").read_text())["panels"]
    return panels


def test_alerts_and_dashboard_read_only_existing_metrics() -> None:
    expressions = [rule["expr"] for rule in alerts()]
    expressions += [target["expr"] for panel in panels() for target in panel["targets"]]
    assert all(metrics_in(expression) for expression in expressions)
    assert set().union(*map(metrics_in, expressions)) <= metric_names() | PROMETHEUS_OWN


def test_the_dashboard_shows_each_metric() -> None:
    shown = set().union(*(metrics_in(target["expr"]) for panel in panels() for target in panel["targets"]))
    missing = {name for name in metric_names() - shown if not name.endswith(("_sum", "_count"))}
    assert not missing, missing


def test_counters_of_absence_alerts_start_at_zero() -> None:
    registry = CollectorRegistry()
    Metrics(registry)
    exposition = generate_latest(registry).decode()
    labelled = [re.search(r"halls_\w+_total{.*?}", rule["expr"]) for rule in alerts() if ") == 0" in rule["expr"]]
    missing = [match[0] for match in labelled if match and f"{match[0]} 0.0" not in exposition]
    assert labelled
    assert missing == [], "a missing series does not equal zero: the alert would never fire"


def test_each_alert_has_a_severity_and_a_summary() -> None:
    assert {rule["labels"]["severity"] for rule in alerts()} == {"page", "ticket"}
    assert all(rule["annotations"]["summary"].endswith((".", "?")) for rule in alerts())


def test_the_operations_guide_explains_each_alert() -> None:
    rows = re.findall(r"^\| (Halls\w+) \|", (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE)
    assert sorted(rows) == sorted(rule["alert"] for rule in alerts())


def nginx_seconds(directive: str) -> int:
    """Return the first value of an NGINX directive, in seconds."""
    match = re.search(rf"^ +{directive} (\d+)s;", NGINX, re.MULTILINE)
    assert match, directive
    return int(match[1])


def test_nginx_closes_idle_connections_before_the_application_does() -> None:
    assert nginx_seconds("keepalive_timeout") < gunicorn_app.KEEP_ALIVE_SECONDS


def test_nginx_and_the_application_have_the_same_body_limits() -> None:
    assert "client_max_body_size 256k;" in NGINX
    match = re.search(r"client_max_body_size (\d+)m;", NGINX)
    assert match
    assert int(match[1]) > Config.model_fields["max_video_mb"].default * 2


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_waits_longer_than_the_graceful_shutdown_of_a_service(unit: Any) -> None:
    match = re.search(r"^TimeoutStopSec=(\d+)$", unit.read_text(), re.MULTILINE)
    assert match
    assert int(match[1]) > gunicorn_app.GRACEFUL_SECONDS


def test_units_image_and_compose_file_set_only_existing_settings() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    units = re.findall(r"\b([A-Z_]{4,})=", "".join(re.findall(r"^Environment=.*", UNITS[0].read_text(), re.MULTILINE)))
    image = re.findall(r"\b([A-Z_]{4,})=", (DEPLOY / "Dockerfile").read_text().split("COPY --from")[1])
    configured = {*units, *image, *compose["services"]["halls"]["environment"]}
    known = {name.upper() for name in Config.model_fields} | {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PATH"}
    assert configured <= known, configured - known


def test_the_compose_file_has_three_nodes_a_worker_and_read_only_containers() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    assert set(services) == {"halls", "worker", "nginx", "mongo1", "mongo2", "mongo3"}
    for name in ("halls", "worker"):
        assert services[name]["read_only"]
        assert services[name]["cap_drop"] == ["ALL"]
    assert "USER 10001:10001" in (DEPLOY / "Dockerfile").read_text()
