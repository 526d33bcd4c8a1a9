"""The mount points of a request, and their rules (moby daemon/volumes.go registerMountPoints)."""

from collections.abc import Callable, Iterator

from statesvc.domain.api_version import Version
from statesvc.domain.documents import Config, HostConfig, Mount, VolumeDriverConfig
from statesvc.domain.go import paths
from statesvc.domain.mount_point import MountPoint, unpacked_at
from statesvc.errors import NotFound, Problem
from statesvc.validation import mount_specs, versions
from statesvc.validation.context import Context, ReferencedContainer
from statesvc.validation.mount_specs import BadMountError
from statesvc.validation.rules import RuleWarning, rule

_SOURCE = "moby daemon/volumes.go registerMountPoints"
_PARSER = "moby volume/mounts/linux_parser.go"
MOUNT = rule(
    "mount", "/HostConfig/Mounts/N", "A mount has a known type, an absolute target and fitting options.", _PARSER
)
BIND = rule("bind", "/HostConfig/Binds/N", "destination, source:destination or source:destination:mode.", _PARSER)
VOLUMES_FROM = rule("volumes-from", "/HostConfig/VolumesFrom/N", "A container that exists, with a mode.", _SOURCE)
NO_VOLUME = rule(
    "volumes-from-tmpfs",
    "/HostConfig/VolumesFrom/N",
    "Only volumes and binds can be taken over.",
    _SOURCE,
    missing=True,
)
DUPLICATE = rule("mount-duplicate", "/HostConfig/K/N", "Two mounts are not at the same destination.", _SOURCE)
IMAGE = rule("mount-image", "/HostConfig/Mounts/N", "An image that is mounted is here.", _SOURCE, missing=True)
IMAGE_REFERENCE = rule("mount-image-reference", "/HostConfig/Mounts/N", "A mounted image has a reference.", _SOURCE)
EXPERIMENTAL = rule(
    "mount-image-experimental",
    "/HostConfig/Mounts/N",
    "Docker calls mounts of images experimental.",
    "moby daemon/container.go validateHostConfig",
    warns=True,
)
DRIVER_IGNORED = rule(
    "volume-driver-mounts",
    "/HostConfig/VolumeDriver",
    "Volumes in Mounts name their own driver.",
    "moby api/server/router/container/container_routes.go handleVolumeDriverBC",
    warns=True,
)
VOLUME = rule("volume", "/HostConfig/K/N", "A volume has a name and options of the local driver.", "moby volume/local")
VOLUME_DRIVER = rule(
    "volume-driver",
    "/HostConfig/VolumeDriver",
    "The driver of anonymous volumes exists.",
    "moby daemon/create_unix.go createContainerOSSpecificSettings",
)
DAEMON_ROOT = rule(
    "bind-data-root",
    "/HostConfig/K/N",
    "A bind that contains the data root, or lies in it, is rslave or rshared.",
    "moby validateBindDaemonRoot",
)

_LOCAL = VolumeDriverConfig()
_DRIVER_IS_TOLD = (1, 48)
NewName = Callable[[], str]
_Field = tuple[str, int]


def sources(host: HostConfig) -> frozenset[str]:
    """Return the paths of this machine that must exist for the mounts."""
    return frozenset(mount.Source for mount in host.Mounts or () if mount.Type == "bind" and mount.Source)


def images(host: HostConfig) -> frozenset[str]:
    """Return the images that are mounted, as they are written."""
    return frozenset(mount.Source for mount in host.Mounts or () if mount.Type == "image" and mount.Source)


def warnings(host: HostConfig, version: Version) -> Iterator[RuleWarning]:
    """Yield what Docker warns of: images, and volumes that a driver for all volumes does not reach."""
    mounted = host.Mounts or ()
    for mount in mounted:
        if mount.Type == "image":
            yield EXPERIMENTAL.warning("Image mount is an experimental feature")
    if version >= _DRIVER_IS_TOLD and host.VolumeDriver and any(map(_names_no_driver, mounted)):
        ignored = "the container-wide volume-driver configuration is ignored for volumes specified via 'mount'"
        yield DRIVER_IGNORED.warning(f"WARNING: {ignored}. Use '--mount type=volume,volume-driver=...' instead")


def _names_no_driver(mount: Mount) -> bool:
    driver = mount.VolumeOptions and mount.VolumeOptions.DriverConfig
    return mount.Type == "volume" and not (driver and driver.Name)


def early_problems(host: HostConfig, context: Context) -> Iterator[Problem]:
    """Yield what is wrong with each entry of Mounts."""
    for at, mount in enumerate(host.Mounts or ()):
        for fault in mount_specs.faults(versions.own_options(mount, context.version), context.paths):
            yield MOUNT.broken(fault, mount.Target, at=at)


class Registry:
    """Collects the mount points of a request: from other containers, from Binds, from Mounts."""

    def __init__(self, host: HostConfig, context: Context, new_name: NewName) -> None:
        self._host = host
        self._context = context
        self._new_name = new_name
        self._asked: set[str] = set()
        self._points: dict[str, MountPoint] = {}
        self.problems: list[Problem] = []
        self._from_containers()
        self._from_binds()
        self._from_mounts()

    def points(self) -> tuple[MountPoint, ...]:
        """Return the mount points, in the order of their destinations."""
        return tuple([self._points[destination] for destination in sorted(self._points)])

    def _from_containers(self) -> None:
        for at, text in enumerate(self._host.VolumesFrom or ()):
            try:
                name, mode = mount_specs.parse_volumes_from(text)
            except BadMountError as error:
                self.problems.append(VOLUMES_FROM.broken(str(error), text, at=at))
                continue
            found = self._context.containers.get(name, ReferencedContainer(missing=f"No such container: {name}"))
            if found.missing:
                self.problems.append(VOLUMES_FROM.broken(found.missing, text, at=at))
                continue
            writable = "ro" not in mode.split(",")
            for point in found.mounts:
                if point.type == "tmpfs":
                    self.problems.append(NO_VOLUME.broken("get: no such volume", text, at=at))
                self._points[point.destination] = point._replace(rw=point.rw and writable, mode="")

    def _from_binds(self) -> None:
        for at, text in enumerate(self._host.Binds or ()):
            try:
                mount, mode = mount_specs.parse_bind(text, self._host.VolumeDriver)
            except BadMountError as error:
                self.problems.append(BIND.broken(str(error), text, at=at))
                continue
            destination = paths.clean(mount.Target)
            taken = destination in (self._host.Tmpfs or ())
            self._register(mount, ("Binds", at), mode, destination, taken=taken, shown=destination)
            if not mount.Source:  # moby asks for a volume without a name, and does not note the one it gets
                self._points[destination] = self._points[destination]._replace(shows_name=False)

    def _from_mounts(self) -> None:
        for at, mount in enumerate(self._host.Mounts or ()):
            if not mount_specs.faults(mount):
                destination = paths.clean(mount.Target)
                self._register(mount, ("Mounts", at), "", destination, taken=False, shown=mount.Target)

    def _register(self, mount: Mount, field: _Field, mode: str, destination: str, *, taken: bool, shown: str) -> None:
        if mount.BindOptions is not None:
            self._root_problems(mount, mount.BindOptions.Propagation, field)
        if taken or destination in self._asked:
            self.problems.append(DUPLICATE.broken(f"Duplicate mount point: {shown}", mount.Target, at=field))
        if mount.Type == "volume":
            driver = (mount.VolumeOptions and mount.VolumeOptions.DriverConfig) or _LOCAL
            for fault in mount_specs.volume_faults(mount.Source, driver.Name, driver.Options or {}):
                self.problems.append(VOLUME.broken(fault, mount.Source, at=field))
        if mount.Type == "image" and (unknown := self._context.unknown_images.get(mount.Source)):
            broken = IMAGE if isinstance(unknown, NotFound) else IMAGE_REFERENCE
            self.problems.append(broken.broken(unknown.message, mount.Source, at=field[1]))
        self._asked.add(destination)
        self._points[destination] = self._point(mount, destination, mode)

    def _point(self, mount: Mount, destination: str, mode: str) -> MountPoint:
        writable = not mount.ReadOnly
        if mount.Type == "bind":
            source = paths.clean(mount.Source)
            return MountPoint("bind", destination, source, mode=mode, rw=writable, propagation=self._propagation(mount))
        if mount.Type == "volume":
            name = mount.Source or self._new_name()
            source = f"{self._context.volumes_root}/{name}/_data"
            return MountPoint("volume", destination, source, name, driver="local", mode=mode or "z", rw=writable)
        if mount.Type == "image":  # it is an engine that unpacks the image
            image_id = self._context.mounted_images.get(mount.Source, self._new_name())
            source = unpacked_at(f"{self._context.data_root}/{self._context.facts.storage_driver}", image_id)
            return MountPoint("image", destination, source, mount.Source, rw=False, propagation="rprivate")
        return MountPoint(mount.Type, destination, mode=mode, rw=writable)

    def _propagation(self, mount: Mount) -> str:
        asked = mount.BindOptions and mount.BindOptions.Propagation
        return asked or ("rslave" if self._meets_root(mount) else "rprivate")

    def _meets_root(self, mount: Mount) -> bool:
        root = self._context.data_root
        return mount.Type == "bind" and (mount.Source.startswith(root) or root.startswith(mount.Source))

    def _root_problems(self, mount: Mount, asked: str, field: _Field) -> None:
        if asked not in {"", "rslave", "rshared"} and self._meets_root(mount):
            message = (
                'invalid mount config: must use either propagation mode "rslave" or "rshared" when mount source is '
                f'within the daemon root, daemon root: "{self._context.data_root}", '
                f'bind mount source: "{mount.Source}", propagation: "{asked}"'
            )
            self.problems.append(DAEMON_ROOT.broken(message, mount.Source, at=field))


def anonymous_volumes(
    config: Config, host: HostConfig, taken: tuple[MountPoint, ...], volumes_root: str, new_name: NewName
) -> tuple[MountPoint, ...]:
    """Return a mount of a new volume for each destination of Config.Volumes where nothing is mounted."""
    return tuple(_volume(place, volumes_root, new_name()) for place in _unmounted(config, host, taken))


def driver_problems(config: Config, host: HostConfig, taken: tuple[MountPoint, ...]) -> Iterator[Problem]:
    """Yield an unknown volume driver, if Config.Volumes needs a volume of it."""
    if host.VolumeDriver and _unmounted(config, host, taken):
        for fault in mount_specs.volume_faults("", host.VolumeDriver, {}):
            yield VOLUME_DRIVER.broken(fault, host.VolumeDriver)


def _unmounted(config: Config, host: HostConfig, taken: tuple[MountPoint, ...]) -> list[str]:
    occupied = {point.destination for point in taken} | set(host.Tmpfs or ())
    destinations = dict.fromkeys(paths.clean(path) for path in sorted(config.Volumes or ()))
    return [place for place in destinations if place not in occupied]


def _volume(destination: str, volumes_root: str, name: str) -> MountPoint:
    return MountPoint("volume", destination, f"{volumes_root}/{name}/_data", name, driver="local", named=False)
