"""Settings: the only file that reads the environment variables."""

from __future__ import annotations

import os
import secrets
from email.utils import parseaddr
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

from halls.files import write_atomically

MIN_SECRET_BYTES = 32
STORAGE_SCHEMES = {
    "memory",
    "mongodb",
    "mongodb+srv",
    "redis",
    "rediss",
    "redis+unix",
    "redis+sentinel",
    "redis+cluster",
}


class ConfigError(Exception):
    """The settings are invalid. The message names every invalid or missing variable."""


def _is_production(info: ValidationInfo) -> bool:
    return info.data.get("halls_env") == "production"


class Config(BaseSettings):
    """All settings. Each field is read once, from the environment variable of the same name in capitals."""

    model_config = SettingsConfigDict(
        frozen=True, env_file=".env", env_ignore_empty=True, extra="ignore", validate_default=True
    )

    halls_env: Literal["development", "production"] = "development"
    mongo_uri: str | None = None
    data_dir: Path = Path(".data")
    jwt_secret: str | None = None
    jwt_expires_hours: float = Field(default=72, gt=0, le=24 * 365)
    max_video_mb: float = Field(default=25, gt=0)
    cors_origins: str = ""
    app_url: str = "http://localhost:3000"
    reset_token_ttl_minutes: float = Field(default=60, gt=0)
    smtp_host: str | None = None
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_user: str | None = None
    smtp_pass: str | None = None
    smtp_from: str = "Halls <no-reply@localhost>"
    mail_lease_seconds: float = Field(default=300, gt=0)
    google_client_id: str | None = None
    google_certs_url: str = "https://www.googleapis.com/oauth2/v1/certs"
    s3_bucket: str | None = None
    s3_region: str | None = None
    s3_endpoint_url: str | None = None
    s3_public_url: str | None = None
    aws_access_key_id: str | None = None
    aws_secret_access_key: str | None = None
    aws_session_token: str | None = None
    cloudinary_cloud_name: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_-]+$")
    cloudinary_api_key: str | None = None
    cloudinary_api_secret: str | None = None
    cloudinary_upload_preset: str | None = None
    password_blocklist: str | None = None
    rate_limits: Literal["on", "off"] = "on"
    rate_limit_storage_uri: str | None = None
    trusted_proxies: int = Field(default=0, ge=0, le=10)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    host: str = "127.0.0.1"
    port: int = Field(default=5000, ge=1, le=65535)
    public_url: str | None = None
    jwt_old_secrets: str = ""
    # Monitoring.
    slow_command_ms: float = Field(default=200, gt=0)
    metrics_token: str | None = None
    metrics_dir: Path | None = None
    web_workers: int = Field(default=2, ge=1)
    web_threads: int = Field(default=8, ge=1)

    @field_validator("mongo_uri")
    @classmethod
    def _is_mongo_uri(cls, value: str | None) -> str | None:
        if value is None:
            return None
        # Not parsed: parse_uri would look up the DNS record, and reading settings must not need a network.
        if urlsplit(value).scheme == "mongodb+srv":
            return value
        try:
            parse_uri(value)
        except (PyMongoError, ValueError):
            raise ValueError("set it to a MongoDB URI such as mongodb://db.example/halls?replicaSet=rs0") from None
        return value

    @field_validator("rate_limit_storage_uri")
    @classmethod
    def _is_storage(cls, value: str | None) -> str | None:
        # Checked here because the error of the library contains the whole URI with its password.
        if value is not None and urlsplit(value).scheme not in STORAGE_SCHEMES:
            raise ValueError("set it to a URI such as redis://cache.example")
        return value

    @field_validator("password_blocklist")
    @classmethod
    def _can_be_read(cls, value: str | None) -> str | None:
        # Checked here because each worker reads the file after the fork, where an error would only restart the worker.
        if value not in {None, "off", "builtin"}:
            try:
                Path(str(value)).read_text(encoding="utf-8")
            except (OSError, ValueError):
                raise ValueError("set it to off, builtin, or the path of a readable text file") from None
        return value

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, value: str) -> str:
        for origin in value.split(","):
            parts = urlsplit(origin.strip())
            if origin.strip() and (parts.scheme not in {"http", "https"} or parts.path or not parts.netloc):
                raise ValueError("set it to origins such as https://app.example, separated by commas")
        return value

    @field_validator("mongo_uri", "jwt_secret", "smtp_host")
    @classmethod
    def _is_set_in_production(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and _is_production(info):
            raise ValueError("set it; production requires it")
        return value

    @field_validator("jwt_secret")
    @classmethod
    def _is_strong_in_production(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and len(value.encode()) < MIN_SECRET_BYTES and _is_production(info):
            raise ValueError(f"set it to a secret of at least {MIN_SECRET_BYTES} bytes; production requires it")
        return value

    @field_validator("jwt_old_secrets")
    @classmethod
    def _are_strong_in_production(cls, value: str, info: ValidationInfo) -> str:
        is_weak = any(len(secret.encode()) < MIN_SECRET_BYTES for secret in value.split())
        if is_weak and _is_production(info):
            raise ValueError(f"remove secrets of less than {MIN_SECRET_BYTES} bytes; production rejects them")
        return value

    @field_validator("app_url", "public_url")
    @classmethod
    def _is_public_in_production(cls, value: str | None, info: ValidationInfo) -> str | None:
        if _is_production(info) and not (value or "").startswith("https://"):
            raise ValueError("set it to an https URL; production requires it")
        return value

    @field_validator("smtp_from")
    @classmethod
    def _has_a_domain_in_production(cls, value: str, info: ValidationInfo) -> str:
        _, _, domain = parseaddr(value)[1].rpartition("@")
        if _is_production(info) and "." not in domain:
            raise ValueError("set it to an address of your own domain; production requires it")
        return value

    @field_validator("cors_origins")
    @classmethod
    def _are_safe_in_production(cls, value: str, info: ValidationInfo) -> str:
        if _is_production(info) and "http://" in value:
            raise ValueError("use only https origins in production")
        return value

    @field_validator("google_certs_url")
    @classmethod
    def _is_tamper_proof_in_production(cls, value: str, info: ValidationInfo) -> str:
        # An attacker who replaces the keys in transit can log in to every account.
        parts = urlsplit(value)
        is_safe = parts.scheme == "https" or parts.hostname in {"localhost", "127.0.0.1", "::1"}
        if _is_production(info) and not is_safe:
            raise ValueError("set it to an https URL, or to one on this machine; production requires it")
        return value

    @field_validator("smtp_pass")
    @classmethod
    def _has_its_user(cls, value: str | None, info: ValidationInfo) -> str | None:
        if (value is None) != (info.data.get("smtp_user") is None):
            raise ValueError("set both SMTP_USER and SMTP_PASS, or neither of them")
        return value

    @field_validator("s3_region")
    @classmethod
    def _is_set_with_the_bucket(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("s3_bucket") and _is_production(info):
            raise ValueError("set it to the region of S3_BUCKET; production requires it")
        return value

    @field_validator("app_url", "google_certs_url", "public_url", "s3_endpoint_url", "s3_public_url")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "")
        if value is not None and (parts.scheme not in {"http", "https"} or not parts.hostname):
            raise ValueError("set it to an http or https URL")
        return value

    @field_validator("aws_secret_access_key")
    @classmethod
    def _has_its_key_id(cls, value: str | None, info: ValidationInfo) -> str | None:
        if (value is None) != (info.data.get("aws_access_key_id") is None):
            raise ValueError("set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or neither of them")
        return value

    @property
    def blocklist(self) -> str:
        """The list of passwords that are too common: `off`, `builtin`, or the path of a file with one per line."""
        return self.password_blocklist or ("builtin" if self.halls_env == "production" else "off")

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
    def old_secrets(self) -> list[str]:
        """The keys that signed tokens before JWT_SECRET. Their tokens are still accepted."""
        return self.jwt_old_secrets.split()

    @property
    def own_url(self) -> str:
        """The server's own URL, for links to its files. Not from the request: a client can send any Host header."""
        host = "localhost" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104 - compared, not bound
        return (self.public_url or f"http://{host}:{self.port}").rstrip("/")

    @property
    def allowed_origins(self) -> list[str]:
        """The origins from which a browser may call the API, exactly as listed."""
        return [origin.strip() for origin in self.cors_origins.split(",") if origin.strip()]


def inherits_listener() -> bool:
    """Return whether systemd, or the Gunicorn that this process replaces, passed it an open port."""
    return os.environ.get("LISTEN_PID") == str(os.getpid()) or "GUNICORN_FD" in os.environ  # noqa: TID251 - this is the file for it


def name_metrics_folder(folder: Path) -> None:
    """Set the folder of prometheus-client, which reads it only from the environment."""
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)  # noqa: TID251 - only this file may


def load_config() -> Config:
    """Return the settings from the environment and from `.env` in the working directory.

    Raises ConfigError, which names all invalid variables at once.
    """
    try:
        config = Config()
    except ValidationError as error:
        lines = (f"{'_'.join(map(str, fault['loc'])).upper()}: {fault['msg']}".lstrip(": ") for fault in error.errors())
        raise ConfigError("Halls can't start. Change these settings:\n  " + "\n  ".join(lines)) from None
    return config if config.jwt_secret else config.model_copy(update={"jwt_secret": _provide_secret(config.data_dir)})


def _provide_secret(folder: Path) -> str:
    """Return the development secret that is stored in `folder`, after creating it at the first start."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "jwt_secret"
    if not path.exists():
        # An existing file stays. Otherwise two first starts at once could read different secrets.
        write_atomically(path, [secrets.token_urlsafe(MIN_SECRET_BYTES).encode()], replace=False)
    return path.read_text()
