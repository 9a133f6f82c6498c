"""A name in `.env` that is not a setting gets a warning with the nearest setting; values are never shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import structlog

from halls.config import Config, ConfigError
from halls.server.env_file import check_env_file
from tests.commands import PRODUCTION, run_halls
from tests.conftest import ENV_FILE, SECRET

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str | bytes], None]:
    """A function that writes `.env` in the working directory, which the settings then read."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(Config.model_config, "env_file", ENV_FILE)

    def write_file(text: str | bytes) -> None:
        (tmp_path / ".env").write_bytes(text.encode() if isinstance(text, str) else text)

    return write_file


def warnings() -> list[dict[str, Any]]:
    """Return the logged warnings."""
    with structlog.testing.capture_logs() as lines:
        check_env_file()
    return [dict(line) for line in lines]


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("SMPT_HOST", "SMTP_HOST"),
        ("smpt_host", "SMTP_HOST"),
        ("SMTP_PASSWORD", "SMTP_PASS"),
        ("SMTP_USERNAME", "SMTP_USER"),
        ("MONGODB_URI", "MONGO_URI"),
        ("MONGO_URL", "MONGO_URI"),
        ("CORS_ORIGIN", "CORS_ORIGINS"),
        ("LOGLEVEL", "LOG_LEVEL"),
        ("HALL_ENV", "HALLS_ENV"),
        ("RATE_LIMIT", "RATE_LIMITS"),
    ],
)
@pytest.mark.parametrize("value", ["hidden", ""])
def test_an_unknown_name_is_logged_with_the_nearest_setting(
    write: Callable[[str], None], name: str, nearest: str, value: str
) -> None:
    write(f"LOG_LEVEL=INFO\n{name}={value}\n")
    assert warnings() == [
        {
            "event": "unknown setting",
            "log_level": "warning",
            "name": name.upper(),
            "file": ".env",
            "advice": f"Did you mean {nearest}?",
        }
    ]


def test_a_name_without_a_similar_setting_gets_other_advice(write: Callable[[str], None]) -> None:
    write("COLOUR=green\n")
    (line,) = warnings()
    assert (line["name"], line["advice"]) == ("COLOUR", "Halls ignores it. .env.example lists all settings.")


@pytest.mark.parametrize("text", ["", "# only a comment\n", "PORT=5001\nexport smtp_host=a\n", None])
def test_known_names_and_a_missing_file_get_no_warning(write: Callable[[str], None], text: str | None) -> None:
    if text is not None:
        write(text)
    assert warnings() == []


@pytest.mark.parametrize("line", ["c2VjcmV0LXRoYXQtaXMtbG9uZy1lbm91Z2gtZm9yLWEta2V5==", "hunter2", "SMTP_PASS:hunter2"])
def test_a_line_that_may_be_a_secret_is_not_shown(write: Callable[[str], None], line: str) -> None:
    write(f"{line}\n")
    (warning,) = warnings()
    assert warning["name"] == "a line without a name"
    assert line.lower() not in str(warning).lower()


def test_a_file_that_is_not_text_stops_the_start_with_one_sentence(write: Callable[[bytes], None]) -> None:
    write(b"SMTP_HOST=\xff\n")
    with pytest.raises(ConfigError, match=r"^Halls can't read \.env: it is not in UTF-8\.$"):
        check_env_file()


def test_a_file_that_can_not_be_opened_stops_the_start(
    write: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    write("")

    def fail(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("halls.server.env_file.DotEnvSettingsSource", fail)
    with pytest.raises(ConfigError, match=r"^Halls can't read \.env: Permission denied\.$"):
        check_env_file()


def test_the_warning_explains_a_missing_setting(write: Callable[[str], None]) -> None:
    write("SMPT_USER=halls\nSMTP_PASS=hidden\n")
    result = run_halls(None, "check")
    assert result.exit_code == 1
    assert "SMTP_PASS: set both SMTP_USER and SMTP_PASS" in result.stderr
    assert "Did you mean SMTP_USER?" in result.stderr
    assert "hidden" not in result.stderr


def test_production_warns_that_it_does_not_read_the_file(write: Callable[[str], None], fresh_uri: str) -> None:
    settings = {**PRODUCTION, "MONGO_URI": fresh_uri, "JWT_SECRET": SECRET, "LOG_LEVEL": "WARNING"}
    assert "file not read" not in run_halls(fresh_uri, "check", **settings).stderr
    write("SMTP_HOST=smtp.example\nSMPT_USER=halls\n")
    result = run_halls(fresh_uri, "check", **settings)
    assert '"event": "file not read"' in result.stderr
    assert "SMTP" not in result.stderr
    assert "smtp.example" not in result.stderr
