"""Parses and checks single mounts: Mounts, Binds, VolumesFrom (moby volume/mounts/linux_parser.go)."""

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from statesvc.domain.documents import BindOptions, Mount, TmpfsOptions, VolumeDriverConfig, VolumeOptions
from statesvc.domain.go import paths
from statesvc.domain.go.values import ram_in_bytes

_RW = frozenset({"rw", "ro"})
_LABEL = frozenset({"z", "Z"})
PROPAGATION = frozenset({"private", "rprivate", "slave", "rslave", "shared", "rshared"})
_COPY = frozenset({"nocopy"})
_CONSISTENCY = frozenset({"consistent", "cached", "delegated"})
_KINDS = {word: kind for kind, words in enumerate((_RW, _LABEL, PROPAGATION, _COPY, _CONSISTENCY)) for word in words}
_MOUNT = Mount()
_VOLUME_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")
_LOCAL_OPTIONS = frozenset({"type", "o", "device", "size"})
_NEEDS = (("device", ("type",)), ("o", ("device", "type")), ("type", ("device",)))
_TMPFS_OPTIONS = frozenset({"exec", "noexec"})


class BadMountError(ValueError):
    """The mount is invalid; the error says why in Docker's words."""


def check_mode(mode: str) -> frozenset[str]:
    """Return the words of a mode such as `ro,z`. Raises BadMountError for unknown words and for two of one kind."""
    if not mode:
        return frozenset()
    if mode in _KINDS:
        return frozenset((mode,))
    words = mode.split(",")
    kinds = {_KINDS.get(word) for word in words}
    if None in kinds or len(kinds) < len(words):
        raise BadMountError(f"invalid mode: {mode}")
    return frozenset(words)


def parse_bind(text: str, volume_driver: str) -> tuple[Mount, str]:
    """Return the mount and the mode that `source:destination:mode` means. Raises BadMountError."""
    parts = text.split(":")
    if not parts[0] or len(parts) > 3 or (len(parts) == 2 and _is_mode(parts[1])):
        raise BadMountError(f"invalid volume specification: '{text}'")
    source, target = ("", parts[0]) if len(parts) == 1 else (parts[0], parts[1])
    mode = parts[2] if len(parts) == 3 else ""
    words = check_mode(mode)
    propagation = next((word for word in words if word in PROPAGATION), "") if words else ""
    is_bind = source.startswith("/")
    volume = (
        VolumeOptions(DriverConfig=VolumeDriverConfig(Name=volume_driver)) if volume_driver and not is_bind else None
    )
    if "nocopy" in words:
        volume = volume.copy_with(NoCopy=True) if volume else VolumeOptions(NoCopy=True)
    mount = _MOUNT.copy_with(
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
    if "/" in text:  # nearly always: a destination, since no word of a mode has a slash
        return False
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


def faults(mount: Mount, existing: AbstractSet[str] | None = None) -> list[str]:
    """Return what is wrong with a mount. With `existing`, the source of a bind must be among these paths."""
    found = _target_faults(mount.Target)
    if mount.Type == "bind":
        found += _bind_faults(mount, existing)
    elif mount.Type == "volume":
        found += _volume_faults(mount)
    elif mount.Type == "tmpfs":
        found += _tmpfs_faults(mount)
    elif mount.Type == "image":
        found += _image_faults(mount)
    else:
        found.append("mount type unknown")
    return [f'invalid mount config for type "{mount.Type}": {fault}' for fault in found] if found else found


def _target_faults(target: str) -> list[str]:
    if not target:
        return ["field Target must not be empty"]
    if paths.is_root(target):
        return ["invalid specification: destination can't be '/'"]
    if not paths.is_absolute(target):
        return [f"invalid mount path: '{target}' mount path must be absolute"]
    return []


def _bind_faults(mount: Mount, existing: AbstractSet[str] | None) -> list[str]:
    source, options = mount.Source, mount.BindOptions
    if not source:
        return ["field Source must not be empty"]
    found = []
    if options and options.Propagation and options.Propagation not in PROPAGATION:
        found.append(f"invalid propagation mode: {options.Propagation}")
    found += _extra(mount, "VolumeOptions", "ImageOptions")
    if not paths.is_absolute(source):
        found.append(f"invalid mount path: '{source}' mount path must be absolute")
    elif existing is not None and source not in existing and not (options and options.CreateMountpoint):
        found.append(f"bind source path does not exist: {source}")
    return found


def _volume_faults(mount: Mount) -> list[str]:
    found = _extra(mount, "BindOptions", "ImageOptions")
    subpath = mount.VolumeOptions.Subpath if mount.VolumeOptions else ""
    if subpath and not mount.Source:
        found.append("must not set Subpath when using anonymous volumes")
    elif subpath and not paths.is_local(subpath):
        found.append("subpath must be a relative path within the volume")
    if mount.ReadOnly and not mount.Source:
        found.append("must not set ReadOnly mode when using anonymous volumes")
    return found


def _tmpfs_faults(mount: Mount) -> list[str]:
    found = _extra(mount, "BindOptions", "ImageOptions")
    if mount.Source:
        found.append("field Source must not be specified")
    if mount.TmpfsOptions is not None:
        found += _tmpfs_option_faults(mount.TmpfsOptions)
    return found


def _tmpfs_option_faults(options: TmpfsOptions) -> Iterator[str]:
    """Yield the options that are neither a word nor a word and its value; Docker takes two words only."""
    for option in options.Options or ():
        if not 1 <= len(option) <= 2:
            yield "invalid option array length"
        elif option[0] not in _TMPFS_OPTIONS:
            yield f"invalid option: {option[0]}"


def _image_faults(mount: Mount) -> list[str]:
    found = _extra(mount, "BindOptions", "VolumeOptions")
    if not mount.Source:
        found.append("field Source must not be empty")
    subpath = mount.ImageOptions.Subpath if mount.ImageOptions else ""
    if subpath and not paths.is_local(subpath):
        found.append("subpath must be a relative path within the volume")
    return found


def _extra(mount: Mount, *fields: str) -> list[str]:
    return [f"field {field} must not be specified" for field in fields if getattr(mount, field) is not None]


def volume_faults(name: str, driver: str, options: dict[str, str]) -> Iterator[str]:
    """Yield why a volume cannot be created (moby volume/local). Only the local driver exists here."""
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
    yield from (f"create {name}: {fault}" for fault in _local_option_faults(options))


def _local_option_faults(options: dict[str, str]) -> Iterator[str]:
    """Yield what is wrong with the options of a local volume, on a file system without quotas (validateOpts)."""
    for option in sorted(options):
        if option not in _LOCAL_OPTIONS:
            yield f'invalid option: "{option}"'
    if options.get("type") == "cifs" and _has_port(options.get("device", "")):
        yield "port not allowed in CIFS device URL, include 'port' in 'o='"
    if "size" in options:
        try:
            if ram_in_bytes(options["size"]) > 0:
                yield "quota size requested but no quota support"
        except ValueError as error:
            yield str(error)
    for option, others in _NEEDS:
        if option in options:
            yield from (f'missing required option: "{other}"' for other in others if other not in options)


def _has_port(url: str) -> bool:
    host = url.partition("//")[2].partition("/")[0]
    return bool(re.search(r":\d+$", host))
