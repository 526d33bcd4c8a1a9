"""SQLite's own shell on this machine, which people may open the database with."""

import re
import shutil
import subprocess


def find() -> tuple[str, tuple[int, ...]] | None:
    """Return path and version of the `sqlite3` on PATH, None if there is none that prints its version."""
    program = shutil.which("sqlite3")
    if program is None:
        return None
    try:
        output = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=5, check=False).stdout  # noqa: S603
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    version = re.match(r"(\d+)\.(\d+)\.(\d+)", output)
    return (program, tuple(map(int, version.groups()))) if version else None
