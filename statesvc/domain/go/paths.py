"""Paths inside a container, as Docker reads them: by Go's path.Clean, with a backslash for a slash."""

import posixpath


def clean(path: str) -> str:
    """Return the path as Go's path.Clean writes it."""
    if path.startswith("/") and not path.endswith("/") and "//" not in path and "/." not in path:
        return path
    cleaned = posixpath.normpath(path) if path else "."
    return "/" + cleaned.lstrip("/") if cleaned.startswith("//") else cleaned


def is_absolute(path: str) -> bool:
    """Return whether the path is absolute to Docker."""
    return path.startswith(("/", "\\"))


def is_root(path: str) -> bool:
    """Return whether the path is the root of the file system, however it is written."""
    if ".." not in path and path.strip("/\\."):
        return False
    return clean(path.replace("\\", "/")) == "/"


def is_local(path: str) -> bool:
    """Return whether the path stays below where it starts, without following links (Go's filepath.IsLocal)."""
    if not path or path.startswith("/"):
        return False
    return path != ".." and not clean(path).startswith("../") and clean(path) != ".."
