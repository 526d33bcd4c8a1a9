"""How one mount is written, and what may be: Mounts, Binds, VolumesFrom (moby volume/mounts/linux_parser.go)."""

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from statesvc.domain.documents import BindOptions, Mount, VolumeDriverConfig, VolumeOptions
from statesvc.validation import paths

_RW = frozenset({"rw", "ro"})
_LABEL = frozenset({"z", "Z"})
PROPAGATION = frozenset({"private", "rprivate", "slave", "rslave", "shared", "rshared"})
_COPY = frozenset({"nocopy"})
_CONSISTENCY = frozenset({"consistent", "cached", "delegated"})
_KINDS = (_RW, _LABEL, PROPAGATION, _COPY, _CONSISTENCY)
_VOLUME_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")
_LOCAL_OPTIONS = frozenset({"type", "o", "device", "size"})


class BadMountError(ValueError):
    """The mount cannot be; the error says why in Docker's words."""


def check_mode(mode: str) -> frozenset[str]:
    """Return the words of a mode such as `ro,z`. Raises BadMountError for unknown words and for two of one kind."""
    if not mode:
        return frozenset()
    words = mode.split(",")
    for kind in _KINDS:
        if sum(word in kind for word in words) > 1:
            raise BadMountError(f"invalid mode: {mode}")
    if not all(any(word in kind for kind in _KINDS) for word in words):
        raise BadMountError(f"invalid mode: {mode}")
    return frozenset(words)


def parse_bind(text: str, volume_driver: str) -> tuple[Mount, str]:
    """Return the mount and the mode that `source:destination:mode` means. Raises BadMountError."""
    parts = text.split(":")
    invalid = BadMountError(f"invalid volume specification: '{text}'")
    if not parts[0] or len(parts) > 3 or (len(parts) == 2 and _is_mode(parts[1])):
        raise invalid
    source, target = ("", parts[0]) if len(parts) == 1 else (parts[0], parts[1])
    mode = parts[2] if len(parts) == 3 else ""
    words = check_mode(mode)
    is_bind = source.startswith("/")
    volume = (
        VolumeOptions(DriverConfig=VolumeDriverConfig(Name=volume_driver)) if volume_driver and not is_bind else None
    )
    if "nocopy" in words:
        volume = volume.copy_with(NoCopy=True) if volume else VolumeOptions(NoCopy=True)
    propagation = next(iter(words & PROPAGATION), "")
    mount = Mount(
        Type="bind" if is_bind else "volume",
        Source=source,
        Target=target,
        ReadOnly="ro" in words,
        BindOptions=BindOptions(Propagation=propagation) if propagation else None,
        VolumeOptions=volume,
    )
    for fault in faults(mount):
        raise BadMountError(f"invalid volume specification: '{text}': {fault}")
    return mount, mode


def _is_mode(text: str) -> bool:
    try:
        check_mode(text)
    except BadMountError:
        return False
    return True


def parse_volumes_from(text: str) -> tuple[str, str]:
    """Return the reference and the mode of `container:mode`. Raises BadMountError."""
    if not text:
        raise BadMountError("volumes-from specification cannot be an empty string")
    reference, colon, mode = text.partition(":")
    words = check_mode(mode)
    if words & (_COPY | PROPAGATION):
        raise BadMountError(f"invalid mode: {mode}")
    return reference, mode if colon else "rw"


def faults(mount: Mount, existing: AbstractSet[str] | None = None) -> Iterator[str]:
    """Yield what is wrong with a mount. With `existing`, the source of a bind must be among these paths."""
    for fault in _faults(mount, existing):
        yield f'invalid mount config for type "{mount.Type}": {fault}'


def _faults(mount: Mount, existing: AbstractSet[str] | None) -> Iterator[str]:
    if not mount.Target:
        yield "field Target must not be empty"
    elif paths.is_root(mount.Target):
        yield "invalid specification: destination can't be '/'"
    elif not paths.is_absolute(mount.Target):
        yield f"invalid mount path: '{mount.Target}' mount path must be absolute"
    if mount.Type == "bind":
        yield from _bind_faults(mount, existing)
    elif mount.Type == "volume":
        yield from _volume_faults(mount)
    elif mount.Type == "tmpfs":
        if mount.BindOptions is not None:
            yield "field BindOptions must not be specified"
        if mount.Source:
            yield "field Source must not be specified"
    else:
        yield "mount type unknown"


def _bind_faults(mount: Mount, existing: AbstractSet[str] | None) -> Iterator[str]:
    if not mount.Source:
        yield "field Source must not be empty"
        return
    options = mount.BindOptions
    if options and options.Propagation and options.Propagation not in PROPAGATION:
        yield f"invalid propagation mode: {options.Propagation}"
    if mount.VolumeOptions is not None:
        yield "field VolumeOptions must not be specified"
    if not paths.is_absolute(mount.Source):
        yield f"invalid mount path: '{mount.Source}' mount path must be absolute"
    elif existing is not None and mount.Source not in existing and not (options and options.CreateMountpoint):
        yield f"bind source path does not exist: {mount.Source}"


def _volume_faults(mount: Mount) -> Iterator[str]:
    if mount.BindOptions is not None:
        yield "field BindOptions must not be specified"
    subpath = mount.VolumeOptions.Subpath if mount.VolumeOptions else ""
    if subpath and not mount.Source:
        yield "must not set Subpath when using anonymous volumes"
    elif subpath and not paths.is_local(subpath):
        yield "subpath must be a relative path within the volume"
    if mount.ReadOnly and not mount.Source:
        yield "must not set ReadOnly mode when using anonymous volumes"


def volume_faults(name: str, driver: str, options: dict[str, str]) -> Iterator[str]:
    """Yield why a volume of this name cannot be made (moby volume/local): only local volumes are recorded here."""
    if driver not in {"", "local"}:
        yield f'error looking up volume plugin {driver}: plugin "{driver}" not found'
        return
    if len(name) == 1:
        yield f"create {name}: volume name is too short, names should be at least two alphanumeric characters"
    elif name and not _VOLUME_NAME.fullmatch(name):
        allowed = '"[a-zA-Z0-9][a-zA-Z0-9_.-]"'
        hint = "If you intended to pass a host directory, use absolute path"
        why = f'"{name}" includes invalid characters for a local volume name, only {allowed} are allowed'
        yield f"create {name}: {why}. {hint}"
    for option in sorted(options):
        if option not in _LOCAL_OPTIONS:
            yield f'create {name}: invalid option: "{option}"'
