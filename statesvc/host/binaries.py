"""The programs of this machine: where a name on PATH leads, and what can be executed."""

import os
import shutil
from collections.abc import Iterable, Mapping


def resolve(paths: Iterable[str]) -> Mapping[str, str]:
    """Return the absolute path for each of these: a name without a slash is looked for on PATH, left out if not there.

    A path with a slash is taken from the working directory, whether something is there or not.
    """
    found = {path: os.path.abspath(path) if "/" in path else shutil.which(path) for path in paths}  # noqa: PTH100 - no links followed
    return {path: os.path.abspath(absolute) for path, absolute in found.items() if absolute}  # noqa: PTH100


def obstacle(path: str) -> str | None:
    """Say why the absolute path cannot be executed, None if it can."""
    if os.path.isdir(path):  # noqa: PTH112 - a text that may hold anything
        return "is a directory"
    if not os.path.exists(path):  # noqa: PTH110
        return "no such file or directory"
    return None if os.access(path, os.X_OK) else "permission denied"
