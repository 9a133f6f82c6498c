"""The only file that reads the environment."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from email.utils import parseaddr
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

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
    """The settings can't be used; the message names every bad or missing one."""


def _is_production(info: ValidationInfo) -> bool:
    return info.data.get("halls_env") == "production"


class Config(BaseSettings):
    """What operators can set, read once. Each field is the environment variable of the same name in capitals."""

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
    # What is seen of a running service.
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
        # What stands in a DNS record is looked up when it is needed, and not to read settings.
        if urlsplit(value).scheme == "mongodb+srv":
            return value
        try:
            parse_uri(value)
        except (PyMongoError, ValueError):
            raise ValueError("must be an address such as mongodb://db.example/halls") from None
        return value

    @field_validator("rate_limit_storage_uri")
    @classmethod
    def _is_storage(cls, value: str | None) -> str | None:
        # Here, as the library would name the whole address, its password too, when it does not know the scheme.
        if value is not None and urlsplit(value).scheme not in STORAGE_SCHEMES:
            raise ValueError("must be an address such as redis://cache.example")
        return value

    @field_validator("password_blocklist")
    @classmethod
    def _can_be_read(cls, value: str | None) -> str | None:
        # Read by each worker after the fork: a start must not get as far as that.
        if value not in {None, "off", "builtin"}:
            try:
                Path(str(value)).read_text(encoding="utf-8")
            except (OSError, ValueError):
                raise ValueError("must be off, builtin, or a text file that can be read") from None
        return value

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, value: str) -> str:
        for origin in value.split(","):
            parts = urlsplit(origin.strip())
            if origin.strip() and (parts.scheme not in {"http", "https"} or parts.path or not parts.netloc):
                raise ValueError("must be origins such as https://app.example, with commas between")
        return value

    @field_validator("mongo_uri", "jwt_secret", "smtp_host")
    @classmethod
    def _is_set_in_production(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and _is_production(info):
            raise ValueError("must be set in production")
        return value

    @field_validator("jwt_secret")
    @classmethod
    def _is_strong_in_production(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and len(value.encode()) < MIN_SECRET_BYTES and _is_production(info):
            raise ValueError(f"must have {MIN_SECRET_BYTES} bytes or more in production")
        return value

    @field_validator("jwt_old_secrets")
    @classmethod
    def _are_strong_in_production(cls, value: str, info: ValidationInfo) -> str:
        is_weak = any(len(secret.encode()) < MIN_SECRET_BYTES for secret in value.split())
        if is_weak and _is_production(info):
            raise ValueError(f"each must have {MIN_SECRET_BYTES} bytes or more in production")
        return value

    @field_validator("app_url", "public_url")
    @classmethod
    def _is_public_in_production(cls, value: str | None, info: ValidationInfo) -> str | None:
        if _is_production(info) and not (value or "").startswith("https://"):
            raise ValueError("must be set to an https address in production")
        return value

    @field_validator("smtp_from")
    @classmethod
    def _is_ours_in_production(cls, value: str, info: ValidationInfo) -> str:
        _, _, domain = parseaddr(value)[1].rpartition("@")
        if _is_production(info) and "." not in domain:
            raise ValueError("must be an address at your own domain in production")
        return value

    @field_validator("cors_origins")
    @classmethod
    def _are_safe_in_production(cls, value: str, info: ValidationInfo) -> str:
        if _is_production(info) and "http://" in value:
            raise ValueError("must be https in production")
        return value

    @field_validator("google_certs_url")
    @classmethod
    def _comes_unchanged_in_production(cls, value: str, info: ValidationInfo) -> str:
        # Who can change the keys on their way here can log in as anybody.
        parts = urlsplit(value)
        is_safe = parts.scheme == "https" or parts.hostname in {"localhost", "127.0.0.1", "::1"}
        if _is_production(info) and not is_safe:
            raise ValueError("must be https in production")
        return value

    @field_validator("smtp_pass")
    @classmethod
    def _has_its_user(cls, value: str | None, info: ValidationInfo) -> str | None:
        if (value is None) != (info.data.get("smtp_user") is None):
            raise ValueError("must be set together with SMTP_USER")
        return value

    @field_validator("s3_region")
    @classmethod
    def _is_set_with_its_bucket(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("s3_bucket") and _is_production(info):
            raise ValueError("must be set with S3_BUCKET in production")
        return value

    @field_validator("app_url", "google_certs_url", "public_url", "s3_endpoint_url", "s3_public_url")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "")
        if value is not None and (parts.scheme not in {"http", "https"} or not parts.hostname):
            raise ValueError("must be an http or https address")
        return value

    @field_validator("aws_secret_access_key")
    @classmethod
    def _has_its_key_id(cls, value: str | None, info: ValidationInfo) -> str | None:
        if (value is None) != (info.data.get("aws_access_key_id") is None):
            raise ValueError("must be set together with AWS_ACCESS_KEY_ID")
        return value

    @property
    def blocklist(self) -> str:
        """Which passwords are too common: `off`, `builtin`, or the path of a file with one a line."""
        return self.password_blocklist or ("builtin" if self.halls_env == "production" else "off")

    @property
    def database_uri(self) -> str:
        """Where the database is; `halls serve` sets it when it brings its own."""
        if self.mongo_uri is None:
            raise ConfigError("MONGO_URI is missing: start with `halls serve`, which brings a MongoDB, or set it")
        return self.mongo_uri

    @property
    def secret(self) -> str:
        """The key that signs tokens."""
        if self.jwt_secret is None:
            raise ConfigError("JWT_SECRET is missing: use load_config(), which makes one in development")
        return self.jwt_secret

    @property
    def metrics_folder(self) -> Path:
        """Where the processes of this machine count together."""
        return self.metrics_dir or self.data_dir / "metrics"

    @property
    def old_secrets(self) -> list[str]:
        """The keys that signed tokens before JWT_SECRET and are still believed."""
        return self.jwt_old_secrets.split()

    @property
    def own_url(self) -> str:
        """The server's own address, for links to its files. Never taken from a request: a Host header is anybody's."""
        host = "localhost" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104 - compared, not bound
        return (self.public_url or f"http://{host}:{self.port}").rstrip("/")

    @property
    def allowed_origins(self) -> list[str]:
        """The browsers' origins that may call the API, exactly as listed."""
        return [origin.strip() for origin in self.cors_origins.split(",") if origin.strip()]


def name_metrics_folder(folder: Path) -> None:
    """Tell prometheus-client its folder in the only way that it knows."""
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)  # noqa: TID251 - this is the file for it


def load_config() -> Config:
    """Read the environment (and a `.env` file beside the process). Raises ConfigError naming all faults at once."""
    try:
        config = Config()
    except ValidationError as error:
        lines = (f"{'_'.join(map(str, fault['loc'])).upper()}: {fault['msg']}".lstrip(": ") for fault in error.errors())
        raise ConfigError("Halls can't start:\n  " + "\n  ".join(lines)) from None
    return config if config.jwt_secret else config.model_copy(update={"jwt_secret": _kept_secret(config.data_dir)})


def _kept_secret(folder: Path) -> str:
    """Return the development secret kept in `folder`, made at the first start."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "jwt_secret"
    if not path.exists():
        # Written aside and linked, so that of two first starts both read one whole secret.
        draft = folder / f"jwt_secret.{secrets.token_hex(4)}"
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(MIN_SECRET_BYTES))
        with suppress(FileExistsError):
            path.hardlink_to(draft)
        draft.unlink()
    return path.read_text()
