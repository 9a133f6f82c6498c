"""Warnings about the file `.env`: a name that is not a setting is ignored, and so is the whole file in production."""

from __future__ import annotations

import re
from difflib import get_close_matches
from pathlib import Path

import structlog
from pydantic_settings import DotEnvSettingsSource

from halls.config import Config, ConfigError, reads_env_file

log = structlog.get_logger()
# Anything else may be a line of a secret that was pasted without a name. It is not shown.
NAME = re.compile(r"[a-z_][a-z0-9_]{1,40}")
SIMILARITY = 0.7


def check_env_file() -> None:
    """Log a warning for each name in `.env` that is not a setting, or that the file is ignored. Raises ConfigError."""
    file = str(Config.model_config.get("env_file"))
    if not reads_env_file():
        if Path(file).exists():
            log.warning("file not read", file=file, advice="Production reads its settings from the environment only.")
        return
    try:
        values = DotEnvSettingsSource(Config, env_ignore_empty=False).env_vars
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not in UTF-8"
        raise ConfigError(f"Halls can't read {file}: {reason}.") from None
    for name, value in values.items():
        if name not in Config.model_fields:
            is_name = value is not None and NAME.fullmatch(name)
            shown = name.upper() if is_name else "a line without a name"
            log.warning("unknown setting", name=shown, file=file, advice=_advise(name))


def _advise(name: str) -> str:
    nearest = get_close_matches(name, Config.model_fields, n=1, cutoff=SIMILARITY)
    return f"Did you mean {nearest[0].upper()}?" if nearest else "Halls ignores it. .env.example lists all settings."
