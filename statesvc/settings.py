"""The settings of the service: one frozen object, read once.

Flags override STATESVC_* variables, and these override the defaults.
"""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from statesvc.domain.go.text import refuse_constant
from statesvc.domain.limits import changed

_CENTURY_DAYS = 36_500  # a moment that is further away has no 64 bits of nanoseconds
_MOST = 10**12
_OCTAL = re.compile("(0o)?0*[0-7]{1,3}")


def _is_root() -> bool:
    return os.geteuid() == 0


def default_data_root() -> Path:
    """Return the default data root: /var/lib/statesvc for root, the XDG data directory for others."""
    if _is_root():
        return Path("/var/lib/statesvc")
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "statesvc"


def default_host() -> str:
    """Return the default address: /run/statesvc for root, the XDG runtime directory for others."""
    if _is_root():
        return "unix:///run/statesvc/statesvc.sock"
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    return f"unix://{Path(runtime) / 'statesvc' if runtime else default_data_root()}/statesvc.sock"


class Settings(BaseSettings):
    """The settings of one process. Each can be set by an environment variable of its name: STATESVC_DATA_ROOT, …"""

    model_config = SettingsConfigDict(env_prefix="STATESVC_", frozen=True, extra="forbid")

    hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default_factory=lambda: (default_host(),), description="addresses to serve: unix://PATH"
    )
    data_root: Path = Field(default_factory=default_data_root, description="folder of the database")
    config_file: Path | None = Field(
        default=None, description="Docker's daemon.json: runtimes, and defaults of containers"
    )
    host_facts: Path | None = Field(
        default=None, description="file with host facts to validate by instead of this machine's"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="the lowest level that is logged"
    )
    log_format: Literal["text", "json"] = Field(default="text", description="format of log lines")
    busy_timeout_ms: int = Field(
        default=5_000, ge=0, le=3_600_000, description="how long to wait while another program locks the database"
    )
    socket_mode: int = Field(
        default=0o660, ge=0, le=0o777, description="permissions of the socket, octal digits as for chmod"
    )
    history_versions: int = Field(
        default=100,
        ge=0,
        le=_MOST,
        description="how many versions of the configuration are kept that no container uses",
    )
    backups_kept: int = Field(
        default=10, ge=1, le=_MOST, description="how many of the newest backups in the data root are kept"
    )
    events_kept: int = Field(
        default=250_000, ge=1, le=_MOST, description="how many of the newest events the journal keeps"
    )
    events_kept_days: int = Field(default=30, ge=1, le=_CENTURY_DAYS, description="how many days an event is kept")
    idempotency_hours: int = Field(
        default=24,
        ge=1,
        le=_CENTURY_DAYS * 24,
        description="how long a create request with an idempotency key can be repeated",
    )
    limits: Annotated[Mapping[str, float], NoDecode] = Field(
        default={}, description="limits to change, a JSON object of numbers; docs/limits.md has their names"
    )
    external_checkpoints: bool = Field(
        default=False, description="leave every checkpoint of the database's log to Litestream"
    )

    @field_validator("hosts", "limits", mode="before")
    @classmethod
    def _decoded(cls, written: object) -> object:
        """Read the JSON of an environment variable."""
        if not isinstance(written, str):
            return written
        try:
            return json.loads(written, parse_constant=refuse_constant)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{written[:80]!r} is not JSON: {error}") from None

    @field_validator("socket_mode", mode="before")
    @classmethod
    def _octal(cls, mode: object) -> object:
        """Read a mode that is text as chmod does: 0660, 660 and 0o660 are the same."""
        if not isinstance(mode, str):
            return mode
        if not _OCTAL.fullmatch(mode):
            raise ValueError(f"{mode!r} is no mode: write octal digits from 0 to 0777 as for chmod, 0660 for example")
        return int(mode, 8)

    @field_validator("socket_mode")
    @classmethod
    def _owner_has_what_others_have(cls, mode: int) -> int:
        # Releases before read the mode as a decimal number: their 432 (0660) would give every user the socket.
        owner, others = mode >> 6, mode >> 3 & 0o7 | mode & 0o7
        if others & ~owner:
            raise ValueError(
                f"{mode:04o} gives others what the owner of the socket may not: write octal digits as for chmod, "
                "0660 for example"
            )
        return mode

    @field_validator("limits")
    @classmethod
    def _can_be_changed(cls, limits: Mapping[str, float]) -> Mapping[str, float]:
        changed(limits)
        return limits
