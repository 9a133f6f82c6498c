"""What is in deploy/ speaks of what there is: metrics, settings, numbers that have to fit each other."""

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
# What Prometheus itself says of whom it asks.
PROMETHEUS_OWN = {"up"}
# Asked for at each scrape.
ASKED = {"halls_database_up", "halls_outbox_letters", "halls_outbox_oldest_seconds"}


def samples() -> set[str]:
    """Return the names that /metrics shows."""
    registry = CollectorRegistry()
    Metrics(registry)
    names = {(metric.name, metric.type) for metric in registry.collect()}
    suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"], "gauge": [""]}
    return ASKED | {name + suffix for name, kind in names for suffix in suffixes[kind]}


def named(expression: str) -> set[str]:
    """Return the metrics that an expression asks for."""
    return set(re.findall(r"\b(?:halls_\w+|up)\b(?=[{\[ )]|$)", re.sub(r'"[^"]*"', '""', expression)))


def alerts() -> list[Any]:
    """Return the alert rules."""
    text = (DEPLOY / "monitoring" / "alerts.yaml").read_text()
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


def panels() -> list[Any]:
    """Return the panels of the dashboard."""
    found: list[Any] = json.loads((DEPLOY / "monitoring" / "grafana.json").read_text())["panels"]
    return found


def test_alerts_and_dashboard_ask_only_for_metrics_that_there_are() -> None:
    expressions = [rule["expr"] for rule in alerts()]
    expressions += [target["expr"] for panel in panels() for target in panel["targets"]]
    assert all(named(expression) for expression in expressions)
    assert set().union(*map(named, expressions)) <= samples() | PROMETHEUS_OWN


def test_each_metric_has_its_place_on_the_dashboard() -> None:
    shown = set().union(*(named(target["expr"]) for panel in panels() for target in panel["targets"]))
    missing = {name for name in samples() - shown if not name.endswith(("_sum", "_count"))}
    assert not missing, missing


def test_what_an_alert_misses_is_counted_from_zero_on() -> None:
    registry = CollectorRegistry()
    Metrics(registry)
    fresh = generate_latest(registry).decode()
    wanted = [re.search(r"halls_\w+_total{.*?}", rule["expr"]) for rule in alerts() if ") == 0" in rule["expr"]]
    missing = [found[0] for found in wanted if found and f"{found[0]} 0.0" not in fresh]
    assert wanted
    assert missing == [], "no series is no zero: the alert would be silent"


def test_each_alert_says_what_is_wrong_and_how_urgent_it_is() -> None:
    assert {rule["labels"]["severity"] for rule in alerts()} == {"page", "ticket"}
    assert all(rule["annotations"]["summary"].endswith((".", "?")) for rule in alerts())


def nginx_seconds(directive: str) -> int:
    """Return the first value that the site has for a directive, in seconds."""
    found = re.search(rf"^ +{directive} (\d+)s;", NGINX, re.MULTILINE)
    assert found, directive
    return int(found[1])


def test_nginx_gives_up_a_connection_before_the_application_does() -> None:
    assert nginx_seconds("keepalive_timeout") < gunicorn_app.KEEP_ALIVE_SECONDS


def test_nginx_takes_bodies_as_large_as_the_application_does() -> None:
    assert "client_max_body_size 256k;" in NGINX
    found = re.search(r"client_max_body_size (\d+)m;", NGINX)
    assert found
    assert int(found[1]) > Config.model_fields["max_video_mb"].default * 2


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_waits_longer_than_what_it_stops(unit: Any) -> None:
    found = re.search(r"^TimeoutStopSec=(\d+)$", unit.read_text(), re.MULTILINE)
    assert found
    assert int(found[1]) > gunicorn_app.GRACEFUL_SECONDS


def test_what_units_image_and_compose_file_set_is_a_setting() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    units = re.findall(r"\b([A-Z_]{4,})=", "".join(re.findall(r"^Environment=.*", UNITS[0].read_text(), re.MULTILINE)))
    image = re.findall(r"\b([A-Z_]{4,})=", (DEPLOY / "Dockerfile").read_text().split("COPY --from")[1])
    named = {*units, *image, *compose["services"]["halls"]["environment"]}
    known = {name.upper() for name in Config.model_fields} | {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PATH"}
    assert named <= known, named - known


def test_the_compose_file_runs_three_nodes_a_worker_and_nothing_as_root_on_a_writable_disk() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    assert set(services) == {"halls", "worker", "nginx", "mongo1", "mongo2", "mongo3"}
    for name in ("halls", "worker"):
        assert services[name]["read_only"]
        assert services[name]["cap_drop"] == ["ALL"]
    assert "USER 10001:10001" in (DEPLOY / "Dockerfile").read_text()
