"""The effect of the API version on a create request: what Docker changes in it, and what it refuses."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from statesvc.domain.api_version import Version
from statesvc.domain.documents import BindOptions, Config, ContainerCreate, HostConfig, Mount
from statesvc.domain.go.values import quote
from statesvc.errors import Problem
from statesvc.validation.rules import Rule, rule

_SOURCE = "moby api/server/router/container/container_routes.go postContainersCreate"
_MOUNT = "/HostConfig/Mounts/N"
VOLUME_OPTIONS = rule("mount-volume-options", f"{_MOUNT}/VolumeOptions", "Since API 1.42, for volumes only.", _SOURCE)
BIND_OPTIONS = rule("mount-bind-options", f"{_MOUNT}/BindOptions", "Since API 1.42, for binds only.", _SOURCE)
TMPFS_OPTIONS = rule("mount-tmpfs-options", f"{_MOUNT}/TmpfsOptions", "Since API 1.42, for tmpfs only.", _SOURCE)
FORCE_RECURSIVE = rule(
    "mount-force-recursive-version", f"{_MOUNT}/BindOptions/ReadOnlyForceRecursive", "It needs API 1.44.", _SOURCE
)
IMAGE = rule("mount-image-version", f"{_MOUNT}/Type", "Mounts of images need API 1.48.", _SOURCE)
SUBPATH = rule("mount-subpath-version", f"{_MOUNT}/VolumeOptions/Subpath", "It needs API 1.45.", _SOURCE)

_OPTIONS: tuple[tuple[str, str, Rule], ...] = (
    ("VolumeOptions", "volume", VOLUME_OPTIONS),
    ("BindOptions", "bind", BIND_OPTIONS),
    ("TmpfsOptions", "tmpfs", TMPFS_OPTIONS),
)
_EMPTY = HostConfig()
_Changes = dict[str, object]


class Adjusted(NamedTuple):
    """The request as it would be in the newest version, and the problems that come from its version."""

    request: ContainerCreate
    problems: tuple[Problem, ...] = ()


def adjust(request: ContainerCreate, version: Version, *, cgroup_version: int) -> Adjusted:
    """Return the request with the meaning that it has in its API version. Unchanged documents are not copied."""
    host = request.host_config or _EMPTY
    new: _Changes = {}
    if changes := _host_changes(host, version, cgroup_version):
        new["host_config"] = host = host.copy_with(**changes)
    if version < (1, 44) and (config := _without_start_interval(request.config)) is not request.config:
        new["config"] = config
    return Adjusted(
        request.copy_with(**new) if new else request,
        tuple(_mount_problems(host.Mounts, version)) if host.Mounts else (),
    )


def _host_changes(host: HostConfig, version: Version, cgroup_version: int) -> _Changes:
    changes = _unknown(host, version) | _old_defaults(host, version, cgroup_version) if version < (1, 43) else {}
    if version < (1, 44) and host.Mounts and (mounts := _older(host.Mounts, version)) != host.Mounts:
        changes["Mounts"] = mounts
    if version >= (1, 42) and host.KernelMemory:
        changes["KernelMemory"] = 0
    # Zero and negative numbers mean: no limit.
    if host.PidsLimit is not None and host.PidsLimit <= 0:
        changes["PidsLimit"] = None
    return changes


def _unknown(host: HostConfig, version: Version) -> _Changes:
    """Return the fields that are ignored because a later version introduced them, with empty values."""
    changes: _Changes = {}
    if version < (1, 25) and host.AutoRemove:
        changes["AutoRemove"] = False
    if version < (1, 40) and host.KernelMemoryTCP:
        changes["KernelMemoryTCP"] = 0
    if version < (1, 42) and any(host.ConsoleSize):
        changes["ConsoleSize"] = [0, 0]
    if host.Annotations is not None:
        changes["Annotations"] = None
    return changes


def _old_defaults(host: HostConfig, version: Version, cgroup_version: int) -> _Changes:
    changes: _Changes = {}
    if version < (1, 40) and not host.IpcMode:
        changes["IpcMode"] = "shareable"
    if version < (1, 41) and cgroup_version == 1 and not host.CgroupnsMode:
        changes["CgroupnsMode"] = "host"
    return changes


def _older(mounts: list[Mount], version: Version) -> list[Mount]:
    """Return the mounts without the options that came with 1.42, and read-only as before 1.44.

    Options of another type stay, and are checked by the rules of mounts: Docker means to drop them, but drops them from
    copies of the mounts (`for _, m := range hostConfig.Mounts`).
    """
    return [_older_mount(mount, version) for mount in mounts]


def _older_mount(mount: Mount, version: Version) -> Mount:
    if mount.BindOptions is None:
        return mount
    options = _older_bind(mount.BindOptions, version) if version < (1, 42) else mount.BindOptions
    # What is mounted below it stayed writable. Docker shows that only where the mount has options.
    if mount.Type == "bind" and mount.ReadOnly and not options.ReadOnlyNonRecursive:
        options = options.copy_with(ReadOnlyNonRecursive=True)
    return mount.copy_with(BindOptions=options)


def _has_options(mount: Mount) -> bool:
    return bool(mount.BindOptions or mount.VolumeOptions or mount.TmpfsOptions)


def own_options(mount: Mount, version: Version) -> Mount:
    """Return the mount without the options of other types, which the rules of the version have reported."""
    if version < (1, 42) or not _has_options(mount):
        return mount
    foreign = [field for field, kind, _ in _OPTIONS if mount.Type != kind and getattr(mount, field) is not None]
    return mount.copy_with(**dict.fromkeys(foreign)) if foreign else mount


def _older_bind(options: BindOptions, version: Version) -> BindOptions:
    changes: _Changes = {}
    if options.CreateMountpoint:
        changes["CreateMountpoint"] = False
    if version < (1, 40) and options.NonRecursive:
        changes["NonRecursive"] = False
    return options.copy_with(**changes) if changes else options


def _without_start_interval(config: Config | None) -> Config | None:
    if config is None or config.Healthcheck is None or not config.Healthcheck.StartInterval:
        return config
    return config.copy_with(Healthcheck=config.Healthcheck.copy_with(StartInterval=0))


def _mount_problems(mounts: list[Mount], version: Version) -> Iterator[Problem]:
    """Yield the problems of the mounts that come from the version, in Docker's order."""
    if version >= (1, 42):
        for at, mount in enumerate(mounts):
            yield from _foreign_options(mount, at)
    if version < (1, 44):
        message = "BindOptions.ReadOnlyForceRecursive needs API v1.44 or newer"
        yield from _too_new(mounts, FORCE_RECURSIVE, message, _forces_recursion)
    if version < (1, 45):
        message = "VolumeOptions.Subpath needs API v1.45 or newer"
        yield from _too_new(mounts, SUBPATH, message, lambda mount: mount.VolumeOptions and mount.VolumeOptions.Subpath)
    if version < (1, 48):
        message = 'Mount type "Image" needs API v1.48 or newer'
        yield from _too_new(mounts, IMAGE, message, lambda mount: mount.Type == "image")


def _foreign_options(mount: Mount, at: int) -> Iterator[Problem]:
    for field, kind, broken in _OPTIONS:
        if getattr(mount, field) is not None and mount.Type != kind:
            yield broken.broken(f"{field} must not be specified on mount type {quote(mount.Type)}", mount.Type, at=at)


def _too_new(mounts: list[Mount], broken: Rule, message: str, uses: Callable[[Mount], object]) -> Iterator[Problem]:
    yield from (broken.broken(message, uses(mount), at=at) for at, mount in enumerate(mounts) if uses(mount))


def _forces_recursion(mount: Mount) -> bool:
    return mount.Type == "bind" and mount.BindOptions is not None and mount.BindOptions.ReadOnlyForceRecursive
