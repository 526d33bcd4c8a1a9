"""Turns what Docker serves, but cannot be recorded as it is, into the nearest that can.

Whatever is changed is told: each function adds a sentence for the report to `told`. What Docker itself shows in another
way than it is written is no change.
"""

from collections.abc import Mapping
from typing import Any

from statesvc.domain import health, names, times
from statesvc.domain.documents import HostConfig, LogConfig, RestartPolicy
from statesvc.domain.network_mode import BRIDGE
from statesvc.errors import InvalidParameter
from statesvc.importers.docker.documents import CONFIG, StoredHealth, StoredMount
from statesvc.importers.folder import Unreadable
from statesvc.services.imports.foreign import ForeignHealth

_ZERO = times.parse_any(times.ZERO)


def name(written: str, container_id: str, told: list[str]) -> str:
    """Return the name of a container without its slash; one that Docker takes for none is changed to one that it takes.

    The changed name ends with the short ID: it is no other container's.
    """
    try:
        return names.check(written)
    except InvalidParameter:
        changed = names.fitted(written, container_id)
        told.append(f"imported as {changed}: its name {written!r} is none that Docker takes today")
        return changed


def time(written: str, field: str, told: list[str]) -> int | None:
    """Return a time, None for Go's zero time; one that cannot be recorded becomes the nearest that can.

    Raises Unreadable for a text that is no time.
    """
    try:
        found = times.parse_any(written)
    except InvalidParameter as error:
        raise Unreadable(f"{CONFIG}: {field}: {error.message}") from None
    return None if found == _ZERO else _recordable(found, written, field, told)


def creation_time(written: str, told: list[str]) -> int:
    """Return the time of creation; there always is one. Raises Unreadable for a text that is no time."""
    found = time(written, "Created", told)
    return _recordable(_ZERO, written, "Created", told) if found is None else found


def _recordable(found: int, written: str, field: str, told: list[str]) -> int:
    nearest = min(max(found, times.EARLIEST), times.LATEST)
    if nearest != found:
        told.append(f"{field} is {written}, which cannot be recorded: {times.render(nearest)} is recorded")
    return nearest


def host_config(written: HostConfig, told: list[str]) -> HostConfig:
    """Return the host configuration with what older engines wrote in today's words."""
    changes: dict[str, Any] = {}
    if not written.RestartPolicy.Name:
        changes["RestartPolicy"] = RestartPolicy(Name="no")
    if written.NetworkMode == "default":
        changes["NetworkMode"] = BRIDGE
    if written.LogConfig.Type == "logentries":
        changes["LogConfig"] = LogConfig(Type="local")
        told.append("its log driver logentries is gone: local, without options, is recorded in its place")
    return written.copy_with(**changes) if changes else written


def health_of(written: StoredHealth, told: list[str]) -> ForeignHealth:
    """Return the health; a status that Docker does not know is unhealthy, as Docker shows one that was never set."""
    status = written.Status or health.UNHEALTHY
    if status not in health.STATUSES:
        told.append(f"its health {status!r} is no health status: {health.UNHEALTHY} is recorded")
        status = health.UNHEALTHY
    probes = [probe.to_dict() for probe in written.Log or () if probe is not None]
    if lost := len(written.Log or ()) - len(probes):
        told.append(f"the log of its health has {lost} empty entries, which are left out")
    return ForeignHealth(status, written.FailingStreak, probes)


def mounts(written: Mapping[str, StoredMount | None], told: list[str]) -> dict[str, StoredMount]:
    """Return the mounts by destination; of several for one, that which is written under it, or else the first."""
    found = [(mount.Destination or key, key, mount) for key, mount in written.items() if mount is not None]
    found.sort(key=lambda one: one[0] != one[1])  # stable: first those that are written under their destination
    chosen: dict[str, StoredMount] = {}
    for destination, _key, mount in found:
        first = chosen.setdefault(destination, mount)
        if first is not mount:
            told.append(
                f"two mounts have the destination {destination}: {_source(first)} is kept, {_source(mount)} left out"
            )
    return chosen


def _source(mount: StoredMount) -> str:
    return mount.Source or mount.Name or "(no source)"
