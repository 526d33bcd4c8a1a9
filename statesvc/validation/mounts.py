"""Which mounts follow from the documents (moby daemon/volumes.go and container.go)."""

import posixpath
from collections.abc import Callable

from statesvc.domain.documents import Config
from statesvc.domain.mount_point import MountPoint


def clean(path: str) -> str:
    """Return the path as Go's filepath.Clean writes it."""
    cleaned = posixpath.normpath(path) if path else "."
    return "/" + cleaned.lstrip("/") if cleaned.startswith("//") else cleaned


def anonymous_volumes(config: Config, volumes_root: str, new_name: Callable[[], str]) -> tuple[MountPoint, ...]:
    """Return a mount with a newly named volume for each destination in Config.Volumes."""
    destinations = dict.fromkeys(clean(path) for path in sorted(config.Volumes or ()))
    return tuple(_volume(destination, volumes_root, new_name()) for destination in destinations)


def _volume(destination: str, volumes_root: str, name: str) -> MountPoint:
    source = f"{volumes_root}/{name}/_data"
    return MountPoint("volume", destination, source, name, driver="local", named=False)
