"""Settings are read from the environment and a .env file. One error names all invalid settings."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from halls.config import Config, ConfigError, load_config
from tests.commands import PRODUCTION
from tests.conftest import ENV_FILE, make_config

STRONG = "a random secret of 32 characters"
VALID_PRODUCTION = {**PRODUCTION, "MONGO_URI": "mongodb://db.example/halls", "JWT_SECRET": STRONG}
# Long enough, but easy to guess.
FEW_CHARACTERS = ["x" * 64, "changeme-" * 8, "123456789" * 8]
RANDOM = "set it to a random secret, as from: openssl rand -base64 48"
OLD_SECRETS = "JWT_OLD_SECRETS: remove secrets of less than 32 bytes or 10 different characters"
PAIRS = [("SMTP_USER", "SMTP_PASS"), ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")]


@pytest.fixture(autouse=True)
def _bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Read the environment and the `.env` of an empty folder, as the application does."""
    monkeypatch.setitem(Config.model_config, "env_file", ENV_FILE)
    monkeypatch.chdir(tmp_path)


def list_faults() -> list[str]:
    """Return the lines of the ConfigError for the current settings, one for each fault."""
    with pytest.raises(ConfigError) as caught:
        load_config()
    title, *faults = str(caught.value).split("\n  ")
    assert title == "Halls can't start. Change these settings:"
    return faults


def set_variables(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    """Set environment variables."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def test_development_needs_no_settings(tmp_path: Path) -> None:
    config = load_config()
    assert (config.halls_env, config.mongo_uri, config.port) == ("development", None, 5000)
    assert config.venue_limits == {"max_video_mb": 25, "service_area": None}
    assert (config.jwt_expires_hours, config.allowed_origins) == (72, [])
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
    variables = {
        "MONGO_URI": "mongodb+srv://db.example/halls",
        "JWT_SECRET": "short is fine in development",
        "JWT_EXPIRES_HOURS": "0.5",
        "MAX_VIDEO_MB": "40",
        "SERVICE_AREA": "60.8, 23.6, 77.9, 37.1",
        "CORS_ORIGINS": "https://app.example, http://localhost:3000,",
        "LOG_LEVEL": "DEBUG",
        "HOST": "0.0.0.0",  # noqa: S104 - only read, not bound
        "PORT": "8080",
        "DATA_DIR": "/var/lib/halls",
    }
    set_variables(monkeypatch, variables)
    config = load_config()
    assert config.database_uri == "mongodb+srv://db.example/halls"
    assert config.secret == "short is fine in development"
    assert (config.jwt_expires_hours, config.max_video_mb, config.port) == (0.5, 40, 8080)
    assert config.venue_limits == {"max_video_mb": 40, "service_area": (60.8, 23.6, 77.9, 37.1)}
    assert config.allowed_origins == ["https://app.example", "http://localhost:3000"]
    assert (config.log_level, config.data_dir) == ("DEBUG", Path("/var/lib/halls"))


def test_the_environment_overrides_the_env_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text('PORT=8080\nMAX_VIDEO_MB="40"\nJWT_SECRET=\n# PORT=1\nSOMETHING_ELSE=1\n')
    monkeypatch.setenv("MAX_VIDEO_MB", "50")
    config = load_config()
    assert (config.port, config.max_video_mb) == (8080, 50)
    assert config.secret, "an empty value must count as missing"


def test_production_does_not_read_the_env_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("JWT_SECRET=a-secret-of-an-attacker-0123456789\nPORT=8080\n")
    set_variables(monkeypatch, VALID_PRODUCTION)
    config = load_config()
    assert (config.secret, config.port) == (STRONG, 5000)
    monkeypatch.delenv("JWT_SECRET")
    assert list_faults() == ["JWT_SECRET: set it to a secret of at least 32 bytes; production requires it"]


def test_the_env_file_cannot_switch_production_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("HALLS_ENV=production\n")
    set_variables(monkeypatch, VALID_PRODUCTION)
    monkeypatch.delenv("HALLS_ENV")
    with pytest.raises(ConfigError, match=r"^HALLS_ENV: set it, and the other settings, in the environment"):
        load_config()


# What the error says about a setting, and values for which it says so.
INVALID = {
    "HALLS_ENV: set it to 'development' or 'production'": ["prod", "Production"],
    "MONGO_URI: set it to a URI such as mongodb://db.example/halls?replicaSet=rs0": [
        "http://db.example",
        "localhost:27017",
        "mongodb://",
        "mongodb://halls:hidden@db.example:99999999/halls",
        "mongodb://a@b@c/",
        "mongodb://db.example/?maxPoolSize=many",
    ],
    "SERVICE_AREA: set it to west,south,east,north in degrees, such as 60.8,23.6,77.9,37.1 for Pakistan": [
        "Pakistan",
        "60.8,23.6,77.9",
        "77.9,23.6,60.8,37.1",
        "23.6,-91,37.1,77.9",
        "60.8,nan,77.9,37.1",
    ],
    "JWT_EXPIRES_HOURS: set it to a number": ["soon"],
    "JWT_EXPIRES_HOURS: set it to a number above 0": ["0", "-1"],
    "JWT_EXPIRES_HOURS: set it to a number of at most 8760": ["100000", "nan"],
    "MAX_VIDEO_MB: set it to a number": ["big"],
    "MAX_VIDEO_MB: set it to a number above 0": ["0", "-5", "nan"],
    "CORS_ORIGINS: name each origin, such as https://app.example: wildcards are not supported": [
        "*",
        "https://*.app.example",
        "https://app.example, http://localhost:*",
        "capacitor://*",
    ],
    "CORS_ORIGINS: set it to origins such as https://app.example, separated by commas": [
        "null",
        "app.example",
        "https:app.example",
        "https://app.example//",
        "https://app.example/path",
        "https://app.example?page=1",
        "https://app.example#top",
        "https://ali@app.example",
        "https:\\\\app.example",
        "https://app.example:99999",
        "https://a.example https://b.example",
        "https://a.example;https://b.example",
        "capacitor://",
        "capacitor://localhost/path",
        "https://app.example, ftp://app.example",
        "https://",
        "https://[app.example",
    ],
    "APP_URL: set it to an http or https URL": ["halls.example", "ftp://halls.example", "https://", "https://a:99999"],
    "PUBLIC_URL: set it to a URL without user, query and fragment": [
        "https://halls.example/api?x=1",
        "https://halls.example/#api",
        "https://ali@halls.example",
    ],
    "MAP_TILES_URL: set it to a URL such as https://tiles.example/{z}/{x}/{y}.png": [
        "tiles.example/{z}/{x}/{y}.png",
        "https://a b/{z}/{x}/{y}",
        "https://a;b/{z}/{x}/{y}",
        "https://a.example/{z}/{x}",
    ],
    "CLOUDINARY_CLOUD_NAME: set it to letters, digits, - and _ only": ["our halls", "halls/eu"],
    "LOG_LEVEL: set it to 'DEBUG', 'INFO', 'WARNING' or 'ERROR'": ["info", "LOUD"],
    "RATE_LIMIT_STORAGE_URI: set it to a URI such as redis://cache.example": [
        "reddis://:hidden@cache.example",
        "cache.example:6379",
        "memcached://cache.example",
    ],
    "PASSWORD_BLOCKLIST: set it to off, builtin, or the path of a readable text file": [
        "no-such-file",
        ".",
        "Builtin",
        "/bin/sh",
    ],
    "PORT: set it to a whole number": ["http", "1.5"],
    "PORT: set it to a number of at least 1": ["0"],
    "PORT: set it to a number of at most 65535": ["65536"],
}


@pytest.mark.parametrize(("fault", "value"), [(fault, value) for fault, values in INVALID.items() for value in values])
def test_the_error_says_how_to_set_an_invalid_variable(monkeypatch: pytest.MonkeyPatch, fault: str, value: str) -> None:
    monkeypatch.setenv(fault.partition(":")[0], value)
    assert list_faults() == [fault]


def test_one_error_names_all_invalid_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    faults = {fault.partition(":")[0]: fault for fault in INVALID}
    set_variables(monkeypatch, {name: INVALID[fault][0] for name, fault in faults.items()})
    assert sorted(list_faults()) == sorted(faults.values())


@pytest.mark.parametrize(("first", "second"), PAIRS)
@pytest.mark.parametrize("is_first_set", [True, False])
def test_settings_of_a_pair_are_set_together(
    monkeypatch: pytest.MonkeyPatch, first: str, second: str, *, is_first_set: bool
) -> None:
    monkeypatch.setenv(first if is_first_set else second, "hidden")
    assert list_faults() == [f"{second}: set both {first} and {second}, or neither of them"]
    set_variables(monkeypatch, {first: "a", second: "b"})
    assert getattr(load_config(), second.lower()) == "b"


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
    set_variables(monkeypatch, {**PRODUCTION, **settings})
    faults = list_faults()
    assert [fault.partition(":")[0] for fault in faults] == named
    assert "weak" not in str(faults), "the message must not contain a secret, not even a weak one"
    assert not (tmp_path / ".data").exists(), "production must not generate a secret"


@pytest.mark.parametrize("secret", [STRONG, "ابپتٹثجچحخدڈذرڑز", "0123456789abcdef" * 2])
def test_production_accepts_a_secret_of_32_bytes(monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    set_variables(monkeypatch, {**VALID_PRODUCTION, "JWT_SECRET": secret})
    assert load_config().secret == secret


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("MONGO_URI", "", "MONGO_URI: set it to the URI of your MongoDB"),
        ("JWT_SECRET", "x" * 31, "JWT_SECRET: set it to a secret of at least 32 bytes"),
        *(("JWT_SECRET", secret, f"JWT_SECRET: {RANDOM}") for secret in FEW_CHARACTERS),
        *(("JWT_OLD_SECRETS", f"{'abcdefghij' * 4} {secret}", OLD_SECRETS) for secret in ("weak", *FEW_CHARACTERS)),
        ("SMTP_HOST", "", "SMTP_HOST: set it to your mail server"),
        ("SMTP_FROM", "", "SMTP_FROM: set it to an address of your domain"),
        ("SMTP_FROM", "Halls <no-reply@localhost>", "SMTP_FROM: set it to an address of your domain"),
        ("APP_URL", "http://halls.example", "APP_URL: set it to an https URL"),
        ("PUBLIC_URL", "", "PUBLIC_URL: set it to an https URL"),
        ("PUBLIC_URL", "http://api.halls.example", "PUBLIC_URL: set it to an https URL"),
        ("CORS_ORIGINS", "http://app.example", "CORS_ORIGINS: set it to https origins only"),
        ("S3_BUCKET", "a-bucket-without-a-region", "S3_REGION: set it to the region of S3_BUCKET"),
        (
            "GOOGLE_CERTS_URL",
            "http://keys.example/certs",
            "GOOGLE_CERTS_URL: set it to an https URL, or to one on this machine",
        ),
    ],
)
def test_production_rejects_settings_that_are_valid_only_in_development(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, fault: str
) -> None:
    set_variables(monkeypatch, {**VALID_PRODUCTION, name: value})
    assert list_faults() == [f"{fault}; production requires it"]
    monkeypatch.setenv("HALLS_ENV", "development")
    assert load_config().halls_env == "development"


def test_production_needs_an_app_url_without_web_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(monkeypatch, {**VALID_PRODUCTION, "APP_URL": ""})
    assert load_config().pages_url == VALID_PRODUCTION["PUBLIC_URL"]
    monkeypatch.setenv("WEB_PAGES", "off")
    assert list_faults() == ["APP_URL: set it to an https URL; production requires it"]
    set_variables(monkeypatch, {"WEB_PAGES": "on", "PUBLIC_URL": "https://halls.example/api"})
    assert list_faults()[0].startswith("PUBLIC_URL: set APP_URL too, because this server shows its web pages only at")


def test_the_links_of_emails_lead_to_the_web_application(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_config().pages_url == "http://127.0.0.1:5000"
    monkeypatch.setenv("APP_URL", "https://app.example/")
    assert load_config().pages_url == "https://app.example"


@pytest.mark.parametrize("address", ["help@halls.example", "hilfe@müller.example"])
def test_the_address_of_the_operator_is_one_email_address(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("OPERATOR_EMAIL", address)
    assert load_config().operator_email == address
    for value in ("help", "Help <help@halls.example>", "a@halls.example, b@halls.example"):
        monkeypatch.setenv("OPERATOR_EMAIL", value)
        assert list_faults() == ["OPERATOR_EMAIL: set it to one e-mail address, such as help@halls.example"]


@pytest.mark.parametrize("url", ["https://keys.example/certs", "http://127.0.0.1:8000/certs", "http://[::1]/certs"])
def test_production_accepts_tamper_proof_urls_of_googles_keys(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    set_variables(monkeypatch, {**VALID_PRODUCTION, "GOOGLE_CERTS_URL": url})
    assert load_config().google_certs_url == url


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MONGO_URI", "mongodb+srv://halls:secret@db.example/halls?retryWrites=true"),
        ("MONGO_URI", "mongodb://a.example,b.example:27018/halls?replicaSet=rs0&w=majority"),
        ("MONGO_URI", "mongodb://%2Ftmp%2Fmongodb-27017.sock/halls"),
        ("RATE_LIMIT_STORAGE_URI", "redis+sentinel://:secret@a.example:26379,b.example:26379/halls"),
        ("RATE_LIMIT_STORAGE_URI", "redis+unix:///run/redis.sock"),
        ("RATE_LIMIT_STORAGE_URI", "memory://"),
        ("MAP_TILES_URL", "https://{s}.tiles.example:8443/{z}/{x}/{y}.png?key=1"),
    ],
)
def test_uris_of_other_servers_stay_as_they_are(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    assert getattr(load_config(), name.lower()) == value


def test_urls_are_normalized(monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(monkeypatch, {**VALID_PRODUCTION, "PUBLIC_URL": "HTTPS://API.Halls.Example:443"})
    assert load_config().own_url == "https://api.halls.example"


@pytest.mark.parametrize(
    ("origins", "folded"),
    [
        ("https://App.Example", ["https://app.example"]),
        ("HTTPS://app.example:443", ["https://app.example"]),
        ("https://app.example/", ["https://app.example"]),
        ("https://APP.example:443/, http://localhost:80", ["https://app.example", "http://localhost"]),
        ("https://app.example:8443", ["https://app.example:8443"]),
        ("http://app.example:443", ["http://app.example:443"]),
        ("https://münchen.example", ["https://xn--mnchen-3ya.example"]),
        ("http://[::1]:3000", ["http://[::1]:3000"]),
        ("capacitor://localhost,ionic://localhost", ["capacitor://localhost", "ionic://localhost"]),
        ("Capacitor://Localhost/", ["capacitor://localhost"]),
        (" , ", []),
    ],
)
def test_origins_are_folded_to_the_form_that_browsers_send(
    monkeypatch: pytest.MonkeyPatch, origins: str, folded: list[str]
) -> None:
    monkeypatch.setenv("CORS_ORIGINS", origins)
    assert load_config().allowed_origins == folded


def test_production_allows_the_origins_of_apps(monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(monkeypatch, {**VALID_PRODUCTION, "CORS_ORIGINS": "capacitor://localhost, https://localhost"})
    assert load_config().allowed_origins == ["capacitor://localhost", "https://localhost"]


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://halls.example", ""),
        ("https://halls.example/", ""),
        ("https://halls.example/api", "/api"),
        ("https://halls.example/a/b/", "/a/b"),
    ],
)
def test_the_base_path_is_the_path_of_public_url(monkeypatch: pytest.MonkeyPatch, url: str, path: str) -> None:
    monkeypatch.setenv("PUBLIC_URL", url)
    assert load_config().base_path == path


@pytest.mark.parametrize(
    ("host", "address"),
    [("::1", "[::1]:5000"), ("[::1]", "[::1]:5000"), ("127.0.0.1", "127.0.0.1:5000"), ("localhost", "localhost:5000")],
)
def test_an_ipv6_host_may_have_brackets(monkeypatch: pytest.MonkeyPatch, host: str, address: str) -> None:
    monkeypatch.setenv("HOST", host)
    config = load_config()
    assert (config.host, config.address) == (host.strip("[]"), address)
    assert config.own_url == f"http://{address}"


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
