"""Runtimes: as the user configured them, as they resolve on this machine, and as containers are locked to them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from statesvc.domain.wrapper_script import Script, file_name, render

RUNC = "runc"
SHIM = "io.containerd.runc.v2"

Origin = Literal["stock", "configured", "shim"]


@dataclass(frozen=True, slots=True)
class Runtime:
    """A configured runtime: a binary with arguments, or a shim type with options."""

    name: str
    path: str | None = None
    args: tuple[str, ...] = ()
    type: str | None = None
    options: Mapping[str, Any] | None = None


STOCK = (Runtime(RUNC, path=RUNC), Runtime(SHIM, path=RUNC))


@dataclass(frozen=True, slots=True)
class Derived:
    """A runtime of one version, resolved on this machine.

    `runtime` is one that the user configured, one that every engine has ("stock"), or a shim that a container asked for
    by its name; `binary` is the absolute path (None for a shim, and for a path that was not found on PATH), `script` is
    the wrapper script (None without arguments).
    """

    runtime: Runtime
    origin: Origin
    binary: str | None = None
    script: Script | None = None


@dataclass(frozen=True, slots=True)
class Lock:
    """A runtime as a container is locked to it from its start on, whatever is configured later: a row of `runtimes`.

    `binary` is the absolute path, None for a shim and for a path that was not found on PATH; `script_digest` is None
    where there is no script. `path` and `args` are as the user wrote them.
    """

    runtime_id: int
    version: int
    name: str
    origin: Origin
    path: str | None
    args: tuple[str, ...]
    type: str | None
    options: Mapping[str, Any] | None
    binary: str | None
    script_digest: str | None

    @property
    def script_file(self) -> str | None:
        """The name of the wrapper script's file, None without one."""
        return file_name(self.name, self.script_digest) if self.script_digest else None


def derive(runtimes: Iterable[Runtime], found: Mapping[str, str]) -> tuple[Derived, ...]:
    """Return the runtimes as they resolve on a machine where `found` maps their paths to absolute ones."""
    return tuple(_derived(runtime, found) for runtime in runtimes)


def _derived(runtime: Runtime, found: Mapping[str, str]) -> Derived:
    origin: Origin = "stock" if runtime.name in {RUNC, SHIM} else "configured"
    binary = found.get(runtime.path) if runtime.path else None
    script = render(binary, runtime.args) if binary and runtime.args else None
    return Derived(runtime, origin, binary, script)


def is_shim(kind: str) -> bool:
    """Return whether containerd finds a shim by this `runtimeType`: a shim's name, or the absolute path of a binary."""
    return kind.startswith("/") or is_shim_name(kind)


def is_shim_name(name: str) -> bool:
    """Return whether containerd may derive a shim's binary from the name: a dot within it, and no slash."""
    return "." in name and "/" not in name and not name.startswith(".")
