"""The programs of this machine: where a name on PATH leads, and what can be executed."""

import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence

import orjson

_PATIENCE = 5.0
"""Seconds that a runtime has to report its features."""


def resolve(paths: Iterable[str]) -> Mapping[str, str]:
    """Return the absolute path for each of these: a name without a slash is looked for on PATH, left out if not there.

    A path with a slash is taken from the working directory, whether something is there or not.
    """
    found = {path: os.path.abspath(path) if "/" in path else shutil.which(path) for path in paths}  # noqa: PTH100 - no links followed
    return {path: os.path.abspath(absolute) for path, absolute in found.items() if absolute}  # noqa: PTH100


def obstacle(path: str) -> str | None:
    """Return why the absolute path cannot be executed, None if it can."""
    if os.path.isdir(path):  # noqa: PTH112 - a text that may hold anything
        return "is a directory"
    if not os.path.exists(path):  # noqa: PTH110
        return "no such file or directory"
    return None if os.access(path, os.X_OK) else "permission denied"


def fingerprint(path: str) -> tuple[int, int] | None:
    """Return what changes when a file is replaced: its time of change and size. None if it is not there."""
    try:
        status = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def features(command: Sequence[str]) -> str | None:
    """Return the features that an OCI runtime reports, as compact JSON; None if it reports none.

    Source: the `features` command (opencontainers/runtime-spec features.md), which Docker asks, too.
    """
    try:
        done = subprocess.run(  # noqa: S603 - the runtimes are the owner's to choose
            [*command, "features"], stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE, check=True
        )
        document = orjson.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return orjson.dumps(document).decode() if isinstance(document, dict) else None
