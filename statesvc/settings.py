"""The settings of the service: one frozen object, read once.

Flags win over STATESVC_* variables, those over defaults.
"""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def _is_root() -> bool:
    return os.geteuid() == 0


def default_data_root() -> Path:
    """Return where the database is kept: /var/lib/statesvc for root, the XDG data directory for others."""
    if _is_root():
        return Path("/var/lib/statesvc")
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "statesvc"


def default_host() -> str:
    """Return the address to serve: /run/statesvc for root, the XDG runtime directory for others."""
    if _is_root():
        return "unix:///run/statesvc/statesvc.sock"
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    return f"unix://{Path(runtime) / 'statesvc' if runtime else default_data_root()}/statesvc.sock"


class Settings(BaseSettings):
    """How one statesvc runs. Each field can be set by a variable of the same name: STATESVC_DATA_ROOT, …"""

    model_config = SettingsConfigDict(env_prefix="STATESVC_", frozen=True, extra="forbid")

    hosts: tuple[str, ...] = Field(
        default_factory=lambda: (default_host(),), description="addresses to serve: unix://PATH"
    )
    data_root: Path = Field(default_factory=default_data_root, description="folder of the database")
    config_file: Path | None = Field(
        default=None, description="Docker's daemon.json: runtimes, and defaults of containers"
    )
    host_facts: Path | None = Field(default=None, description="facts to judge by instead of this machine's")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="the least that is logged"
    )
    log_format: Literal["text", "json"] = Field(default="text", description="how log lines look")
    busy_timeout_ms: int = Field(
        default=5_000, description="how long to wait for a lock of another program on the database"
    )
    socket_mode: int = Field(default=0o660, description="permissions of the socket")
    history_versions: int = Field(
        default=100, ge=0, description="versions of the configuration that are kept though nothing holds them"
    )
    backups_kept: int = Field(
        default=10, ge=1, description="how many of the backups in the data root are kept, the newest ones"
    )
    events_kept: int = Field(default=250_000, ge=1, description="how many events the journal keeps, the newest ones")
    events_kept_days: int = Field(default=30, ge=1, description="how old an event of the journal gets")
    idempotency_hours: int = Field(default=24, ge=1, description="how long a create under a key can be tried again")
    external_checkpoints: bool = Field(
        default=False, description="leave every checkpoint of the database's log to Litestream"
    )
