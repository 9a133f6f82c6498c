"""Settings are read from the environment and a .env file. One error names all invalid settings."""

from __future__ import annotations

import re
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from halls.config import Config, ConfigError, load_config
from tests.commands import PRODUCTION
from tests.conftest import ENV_FILE, make_config

STRONG = "x" * 32


@pytest.fixture(autouse=True)
def _bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Read the environment and the `.env` of an empty folder, as the application does."""
    monkeypatch.setitem(Config.model_config, "env_file", ENV_FILE)
    monkeypatch.chdir(tmp_path)


def config_error() -> str:
    """Return the message of the ConfigError for the current settings."""
    with pytest.raises(ConfigError) as caught:
        load_config()
    return str(caught.value)


def test_development_needs_no_settings(tmp_path: Path) -> None:
    config = load_config()
    assert (config.halls_env, config.mongo_uri, config.port, config.jwt_expires_hours) == (
        "development",
        None,
        5000,
        72,
    )
    assert config.max_video_mb == 25
    assert config.allowed_origins == []
    assert len(config.secret.encode()) >= 32
    stored = tmp_path / ".data" / "jwt_secret"
    assert stored.read_text() == config.secret
    assert stat.S_IMODE(stored.stat().st_mode) == 0o600


def test_the_generated_secret_is_stored(tmp_path: Path) -> None:
    first = load_config().secret
    assert load_config().secret == first
    assert [path.name for path in (tmp_path / ".data").iterdir()] == ["jwt_secret"]


def test_concurrent_first_starts_use_the_same_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        secrets = {config.secret for config in pool.map(lambda _: load_config(), range(8))}
    assert len(secrets) == 1
    assert [path.name for path in (tmp_path / ".data").iterdir()] == ["jwt_secret"]


def test_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "MONGO_URI": "mongodb+srv://db.example/halls",
        "JWT_SECRET": "short is fine in development",
        "JWT_EXPIRES_HOURS": "0.5",
        "MAX_VIDEO_MB": "40",
        "CORS_ORIGINS": "https://app.example, http://localhost:3000,",
        "LOG_LEVEL": "DEBUG",
        "HOST": "0.0.0.0",  # noqa: S104 - only read, not bound
        "PORT": "8080",
        "DATA_DIR": "/var/lib/halls",
    }.items():
        monkeypatch.setenv(name, value)
    config = load_config()
    assert config.database_uri == "mongodb+srv://db.example/halls"
    assert config.secret == "short is fine in development"
    assert (config.jwt_expires_hours, config.max_video_mb, config.port) == (0.5, 40, 8080)
    assert config.allowed_origins == ["https://app.example", "http://localhost:3000"]
    assert (config.log_level, config.data_dir) == ("DEBUG", Path("/var/lib/halls"))


def test_the_environment_overrides_the_env_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text('PORT=8080\nMAX_VIDEO_MB="40"\nJWT_SECRET=\n# PORT=1\nSOMETHING_ELSE=1\n')
    monkeypatch.setenv("MAX_VIDEO_MB", "50")
    config = load_config()
    assert (config.port, config.max_video_mb) == (8080, 50)
    assert config.secret, "an empty value must count as missing"


BAD = {
    "HALLS_ENV": ["prod", "Production"],
    "MONGO_URI": [
        "http://db.example",
        "localhost:27017",
        "mongodb://",
        "mongodb://h:99999999/halls",
        "mongodb://a@b@c/",
    ],
    "JWT_EXPIRES_HOURS": ["0", "-1", "soon", "nan", "100000"],
    "MAX_VIDEO_MB": ["0", "-5", "big", "nan"],
    "CORS_ORIGINS": [
        "*",
        "app.example",
        "https://app.example/",
        "https://app.example/path",
        "ftp://app.example",
        "https://",
    ],
    "LOG_LEVEL": ["info", "LOUD"],
    "RATE_LIMIT_STORAGE_URI": ["reddis://:hidden@cache.example", "cache.example:6379", "memcached://cache.example"],
    "PASSWORD_BLOCKLIST": ["no-such-file", ".", "Builtin", "/bin/sh"],
    "PORT": ["0", "65536", "http", "1.5"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
def test_the_error_names_an_invalid_variable(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    message = config_error()
    assert name in message
    assert "Traceback" not in message
    assert "hidden" not in message


def test_one_error_names_all_invalid_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, values in BAD.items():
        monkeypatch.setenv(name, values[0])
    message = config_error()
    assert [name for name in BAD if name not in message] == []


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({}, ["MONGO_URI", "JWT_SECRET"]),
        ({"MONGO_URI": "mongodb://db.example/halls"}, ["JWT_SECRET"]),
        ({"MONGO_URI": "mongodb://db.example/halls", "JWT_SECRET": "x" * 31}, ["JWT_SECRET"]),
        ({"MONGO_URI": "", "JWT_SECRET": ""}, ["MONGO_URI", "JWT_SECRET"]),
        ({"JWT_SECRET": STRONG}, ["MONGO_URI"]),
        ({"MONGO_URI": "http://db.example", "JWT_SECRET": "weak"}, ["MONGO_URI", "JWT_SECRET"]),
        ({"JWT_SECRET": "weak", "PORT": "0"}, ["MONGO_URI", "JWT_SECRET", "PORT"]),
    ],
    ids=str,
)
def test_production_reports_weak_and_missing_settings_together(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: dict[str, str], named: list[str]
) -> None:
    for name, value in {"HALLS_ENV": "production", **settings}.items():
        monkeypatch.setenv(name, value)
    message = config_error()
    assert [name for name in ("MONGO_URI", "JWT_SECRET", "PORT") if name in message] == named
    assert "weak" not in message, "the message must not contain a secret, not even a weak one"
    assert not (tmp_path / ".data").exists(), "production must not generate a secret"


@pytest.mark.parametrize("secret", [STRONG, "ش" * 16])
def test_production_accepts_a_secret_of_32_bytes(monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    uri = "mongodb://db.example/halls"
    settings = {**PRODUCTION, "MONGO_URI": uri, "JWT_SECRET": secret}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert load_config().secret == secret


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SMTP_HOST", ""),
        ("SMTP_FROM", ""),
        ("SMTP_FROM", "Halls <no-reply@localhost>"),
        ("SMTP_USER", "somebody"),
        ("SMTP_PASS", "without a user"),
        ("APP_URL", ""),
        ("APP_URL", "http://halls.example"),
        ("PUBLIC_URL", ""),
        ("PUBLIC_URL", "http://api.halls.example"),
        ("CORS_ORIGINS", "http://app.example"),
        ("S3_BUCKET", "a-bucket-without-a-region"),
        ("AWS_ACCESS_KEY_ID", "without its secret"),
        ("JWT_OLD_SECRETS", f"{STRONG} weak"),
        ("GOOGLE_CERTS_URL", "http://keys.example/certs"),
    ],
)
def test_production_rejects_settings_that_are_valid_only_in_development(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    settings = {**PRODUCTION, "MONGO_URI": "mongodb://db.example/halls", "JWT_SECRET": STRONG, name: value}
    for each, setting in settings.items():
        monkeypatch.setenv(each, setting)
    family = name.partition("_")[0]
    assert re.search(rf"^  {family}_\w+: ", config_error(), re.MULTILINE)
    monkeypatch.setenv("HALLS_ENV", "development")
    if name not in {"SMTP_USER", "SMTP_PASS", "AWS_ACCESS_KEY_ID"}:
        assert load_config().halls_env == "development"


@pytest.mark.parametrize("url", ["https://keys.example/certs", "http://127.0.0.1:8000/certs", "http://[::1]/certs"])
def test_production_accepts_tamper_proof_urls_of_googles_keys(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    uri = "mongodb://db.example/halls"
    for name, value in {**PRODUCTION, "MONGO_URI": uri, "JWT_SECRET": STRONG, "GOOGLE_CERTS_URL": url}.items():
        monkeypatch.setenv(name, value)
    assert load_config().google_certs_url == url


def test_old_secrets_are_separated_by_spaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JWT_OLD_SECRETS", " one  two ")
    assert load_config().old_secrets == ["one", "two"]


def test_a_missing_setting_of_a_hand_made_config_is_named() -> None:
    config = make_config(jwt_secret=None)
    with pytest.raises(ConfigError, match="JWT_SECRET"):
        assert config.secret
    with pytest.raises(ConfigError, match="MONGO_URI"):
        assert config.database_uri


def test_settings_are_immutable() -> None:
    with pytest.raises(ValueError, match="frozen"):
        make_config().port = 1
