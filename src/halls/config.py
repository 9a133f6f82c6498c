"""Settings: the only file that reads the environment variables."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    Field,
    PositiveFloat,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from halls.files import make_private_folder, write_atomically
from halls.http.origins import split_origins
from halls.setting_types import (
    LOOPBACK,
    MIN_SECRET_BYTES,
    PRODUCTION_RULES,
    Area,
    BaseUrl,
    Blocklist,
    CloudName,
    EmailAddress,
    Host,
    MongoUri,
    Origins,
    Port,
    StorageUri,
    TilesUrl,
    Url,
)

# What to do about each error type of pydantic.
ADVICE = {
    "value_error": "{error}",
    "literal_error": "set it to {expected}",
    "int_parsing": "set it to a whole number",
    "float_parsing": "set it to a number",
    "greater_than": "set it to a number above {gt:g}",
    "greater_than_equal": "set it to a number of at least {ge:g}",
    "less_than_equal": "set it to a number of at most {le:g}",
    "url_parsing": "set it to an http or https URL",
    "url_scheme": "set it to an http or https URL",
}


class ConfigError(Exception):
    """The settings are invalid. The message names every invalid or missing variable."""


# Set both settings of a pair, or neither of them.
PAIRS = (("smtp_user", "smtp_pass"), ("aws_access_key_id", "aws_secret_access_key"))


class Config(BaseSettings):
    """All settings. Each field is read once, from the environment variable of the same name in capitals."""

    model_config = SettingsConfigDict(
        frozen=True, env_file=".env", env_ignore_empty=True, extra="ignore", validate_default=True
    )

    halls_env: Literal["development", "production"] = "development"
    mongo_uri: MongoUri | None = None
    data_dir: Path = Path(".data")
    jwt_secret: str | None = None
    jwt_expires_hours: float = Field(default=72, gt=0, le=24 * 365)
    session_max_days: float = Field(default=30, gt=0, le=3650)
    max_video_mb: PositiveFloat = 25
    service_area: Area | None = None
    cors_origins: Origins = ""
    web_pages: Literal["on", "off"] = "on"
    web_image_sources: Literal["any", "own"] = "any"
    map_tiles_url: TilesUrl | None = None
    map_credit: str = ""
    app_url: Url | None = None
    reset_token_ttl_minutes: PositiveFloat = 30
    smtp_host: str | None = None
    smtp_port: Port = 587
    smtp_user: str | None = None
    smtp_pass: str | None = None
    smtp_from: str = "Halls <no-reply@localhost>"
    operator_email: EmailAddress | None = None
    mail_lease_seconds: PositiveFloat = 300
    google_client_id: str | None = None
    google_certs_url: Url = "https://www.googleapis.com/oauth2/v1/certs"
    s3_bucket: str | None = None
    s3_region: str | None = None
    s3_endpoint_url: Url | None = None
    s3_public_url: Url | None = None
    aws_access_key_id: str | None = None
    aws_secret_access_key: str | None = None
    aws_session_token: str | None = None
    cloudinary_cloud_name: CloudName | None = None
    cloudinary_api_key: str | None = None
    cloudinary_api_secret: str | None = None
    cloudinary_upload_preset: str | None = None
    password_blocklist: Blocklist | None = None
    rate_limits: Literal["on", "off"] = "on"
    rate_limit_storage_uri: StorageUri | None = None
    login_limit: int = Field(default=30, ge=1)
    search_limit: int = Field(default=600, ge=1)
    max_venues_per_owner: int = Field(default=50, ge=0)
    max_pending_per_guest: int = Field(default=10, ge=0)
    max_upload_mb_per_owner: int = Field(default=500, ge=0)
    hold_hours: int = Field(default=168, ge=0, le=720)
    trusted_proxies: int = Field(default=0, ge=0, le=10)
    security_log: Path | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    host: Host = "127.0.0.1"
    port: Port = 5000
    public_url: BaseUrl | None = None
    jwt_old_secrets: str = ""
    # Monitoring.
    slow_command_ms: PositiveFloat = 200
    metrics_token: str | None = None
    metrics_dir: Path | None = None
    web_workers: int = Field(default=2, ge=1)
    web_threads: int = Field(default=8, ge=1)

    @field_validator("*")
    @classmethod
    def _check_rules(cls, value: Any, info: ValidationInfo) -> Any:
        for name, is_met, advice in PRODUCTION_RULES:
            if name == info.field_name and info.data.get("halls_env") == "production" and not is_met(value, info.data):
                raise ValueError(f"{advice}; production requires it")
        for first, second in PAIRS:
            if second == info.field_name and (value is None) != (info.data.get(first) is None):
                raise ValueError(f"set both {first.upper()} and {second.upper()}, or neither of them")
        return value

    @property
    def blocklist(self) -> str:
        """The list of passwords that are too common: `off`, `builtin`, or the path of a file with one per line."""
        return self.password_blocklist or ("builtin" if self.halls_env == "production" else "off")

    @property
    def venue_limits(self) -> dict[str, Any]:
        """The limits of venues, which validators read as their pydantic context."""
        return {"max_video_mb": self.max_video_mb, "service_area": self.service_area}

    @property
    def database_uri(self) -> str:
        """The URI of the database. Raises ConfigError if it is unknown; `halls serve` sets that of its own mongod."""
        if self.mongo_uri is None:
            raise ConfigError("MONGO_URI is missing: set it, or start with `halls serve`, which starts a MongoDB")
        return self.mongo_uri

    @property
    def secret(self) -> str:
        """The key that signs tokens. Raises ConfigError if it is missing."""
        if self.jwt_secret is None:
            raise ConfigError("JWT_SECRET is missing: set it, or use load_config(), which creates one in development")
        return self.jwt_secret

    @property
    def metrics_folder(self) -> Path:
        """The folder in which all processes of this machine keep their metrics."""
        return self.metrics_dir or self.data_dir / "metrics"

    @property
    def security_log_path(self) -> Path:
        """The file of the security log."""
        return self.security_log or self.data_dir / "security.log"

    @property
    def old_secrets(self) -> list[str]:
        """The keys that signed tokens before JWT_SECRET. Their tokens are still accepted."""
        return self.jwt_old_secrets.split()

    @property
    def address(self) -> str:
        """HOST and PORT as in a URL: an IPv6 address is in brackets (RFC 3986)."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_local(self) -> bool:
        """Return whether only this machine can reach HOST."""
        return self.host in LOOPBACK or self.host.startswith("127.")

    @property
    def own_url(self) -> str:
        """The server's own URL, for links to its files. Not from the request: a client can send any Host header."""
        return (self.public_url or self.local_url).rstrip("/")

    @property
    def pages_url(self) -> str:
        """The URL of the web application, without a slash at the end: APP_URL, or the pages of this server."""
        return (self.app_url or self.own_url).rstrip("/")

    @property
    def serves_pages(self) -> bool:
        """Whether this server shows the web pages. They need a domain of their own: PUBLIC_URL has no path."""
        return self.web_pages == "on" and not self.base_path

    @property
    def local_url(self) -> str:
        """The URL of the server on this machine."""
        is_any = self.host in {"0.0.0.0", "::"}  # noqa: S104 - compared, not bound
        return f"http://localhost:{self.port}" if is_any else f"http://{self.address}"

    @property
    def base_path(self) -> str:
        """The path of PUBLIC_URL, such as `/api`, which a proxy removes from each request. Empty for none."""
        return urlsplit(self.own_url).path

    @property
    def allowed_origins(self) -> list[str]:
        """The origins from which a browser may call the API, as browsers send them."""
        return split_origins(self.cors_origins)


def inherits_listener() -> bool:
    """Return whether systemd, or the Gunicorn that this process replaces, passed it an open port."""
    return os.environ.get("LISTEN_PID") == str(os.getpid()) or "GUNICORN_FD" in os.environ  # noqa: TID251 - this is the file for it


def name_metrics_folder(folder: Path) -> None:
    """Set the folder of prometheus-client, which reads it only from the environment."""
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)  # noqa: TID251 - only this file may


def load_config() -> Config:
    """Return the settings, with a JWT_SECRET that development creates in DATA_DIR. Raises ConfigError."""
    return with_secret(read_config())


def with_secret(config: Config) -> Config:
    """Return the settings with a JWT_SECRET. The first start in development creates it in DATA_DIR."""
    return config if config.jwt_secret else config.model_copy(update={"jwt_secret": _provide_secret(config.data_dir)})


def read_config() -> Config:
    """Return the settings from the environment and, in development, from `.env`. Creates nothing.

    Raises ConfigError, which names all invalid variables at once.
    """
    try:
        config = Config() if reads_env_file() else Config(_env_file=None)  # type: ignore[call-arg] # pydantic-settings adds it
    except ValidationError as error:
        lines = [
            f"{str(fault['loc'][0]).upper()}: {ADVICE.get(fault['type'], fault['msg']).format(**fault.get('ctx', {}))}"
            for fault in error.errors()
        ]
        raise ConfigError("Halls can't start. Change these settings:\n  " + "\n  ".join(lines)) from None
    if config.halls_env == "production" and reads_env_file():
        raise ConfigError("HALLS_ENV: set it, and the other settings, in the environment; production reads no .env")
    return config


def reads_env_file() -> bool:
    """Return whether settings may come from `.env`: in production, a file must not be able to replace the keys."""
    return os.environ.get("HALLS_ENV") != "production"  # noqa: TID251 - this is the file for it


def _provide_secret(folder: Path) -> str:
    """Return the development secret that is stored in `folder`, after creating it at the first start."""
    make_private_folder(folder)
    path = folder / "jwt_secret"
    if not path.exists():
        # An existing file stays. Otherwise two first starts at once could read different secrets.
        write_atomically(path, [secrets.token_urlsafe(MIN_SECRET_BYTES).encode()], replace=False)
    return path.read_text()
