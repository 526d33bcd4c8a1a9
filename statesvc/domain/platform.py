"""Platforms of images and hosts: parsed, normalised and matched as containerd does (containerd platforms)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from statesvc.domain.go.values import quote
from statesvc.domain.image_config import ImageConfig

_OS_FORM = r"^([A-Za-z0-9_-]+)(?:\(([A-Za-z0-9_.-]*)\))?$"
_PART_FORM = "^[A-Za-z0-9_-]+$"
_KNOWN_OS = frozenset(
    """aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris windows zos
    """.split()
)
_OF_KERNEL = {"armv7l": "arm", "i686": "386"}
_KNOWN_ARCHITECTURES = frozenset(
    """386 amd64 amd64p32 arm armbe arm64 arm64be ppc64 ppc64le loong64 mips mipsle mips64 mips64le mips64p32
    mips64p32le ppc riscv riscv64 s390 s390x sparc sparc64 wasm""".split()
)


class BadPlatformError(ValueError):
    """The text names no platform; the error says why in containerd's words."""


@dataclass(frozen=True, slots=True)
class Platform:
    """An operating system, an architecture in Go's name, and a variant of it, empty for the usual one."""

    os: str
    architecture: str
    variant: str = ""
    os_version: str = ""

    def __str__(self) -> str:
        """Write the platform as Docker's messages do (containerd platforms.Format)."""
        return "/".join(filter(None, (self.os, self.architecture, self.variant))) if self.os else "unknown"


@cache
def of_host(architecture: str, variant: str = "") -> Platform:
    """Return the host's platform; its architecture may be the kernel's name for it, such as x86_64."""
    return replace(_normalised(Platform("linux", _OF_KERNEL.get(architecture, architecture))), variant=variant)


def of_image(image: ImageConfig) -> Platform:
    """Return the platform that an image's configuration names, as it is written there."""
    return Platform(image.os, image.architecture, image.variant)


def parse(text: str, host: Platform) -> Platform:
    """Return the platform that a text names; the part it leaves out is the host's.

    Raises BadPlatformError (containerd platforms.Parse).
    """
    if "*" in text:
        raise BadPlatformError(f"{quote(text)}: wildcards not yet supported")
    parts = text.split("/", 3)
    found = re.fullmatch(_OS_FORM.strip("^$"), parts[0])
    if not found:
        form = f"OSAndVersion specifier component must match {quote(_OS_FORM)}"
        raise BadPlatformError(f"{quote(parts[0])} is an invalid OS component of {quote(text)}: {form}")
    for part in parts[1:]:
        if not re.fullmatch(_PART_FORM.strip("^$"), part):
            form = f"platform specifier component must match {quote(_PART_FORM)}"
            raise BadPlatformError(f"{quote(part)} is an invalid component of {quote(text)}: {form}")
    os, version = _normal_os(found[1]), found[2] or ""
    if len(parts) == 1:
        return replace(_parse_one(text, os, host), os_version=version)
    if len(parts) > 3:
        raise BadPlatformError(f"{quote(text)}: cannot parse platform specifier")
    asked = Platform(os, parts[1], "".join(parts[2:]), version)
    return _spell_out(_normalised(asked), with_variant=len(parts) == 3)


def _parse_one(text: str, os: str, host: Platform) -> Platform:
    if os in _KNOWN_OS:
        return Platform(os, host.architecture)
    normal = _normalised(Platform(host.os, text))
    if normal.architecture not in _KNOWN_ARCHITECTURES:
        raise BadPlatformError(f"{quote(text)}: unknown operating system or architecture")
    return _spell_out(normal, with_variant=False)


def _spell_out(platform: Platform, *, with_variant: bool) -> Platform:
    """Drop arm's default variant unless it was written, and add arm64's default if an empty one was."""
    if not with_variant:
        return replace(platform, variant="") if (platform.architecture, platform.variant) == ("arm", "v7") else platform
    return replace(platform, variant="v8") if (platform.architecture, platform.variant) == ("arm64", "") else platform


def _normal_os(os: str) -> str:
    lower = os.lower()
    return {"": "linux", "macos": "darwin"}.get(lower, lower)


@lru_cache(maxsize=64)
def _normalised(platform: Platform) -> Platform:
    """Return the platform in its canonical spelling (containerd platforms.Normalize)."""
    architecture, variant = platform.architecture.lower(), platform.variant.lower()
    match architecture:
        case "i386":
            architecture, variant = "386", ""
        case "x86_64" | "x86-64" | "amd64":
            architecture, variant = "amd64", "" if variant == "v1" else variant
        case "aarch64" | "arm64":
            usual = {"8": "", "v8": "", "v8.0": "", "9": "v9", "9.0": "v9", "v9.0": "v9"}
            architecture, variant = "arm64", usual.get(variant, variant)
        case "armhf":
            architecture, variant = "arm", "v7"
        case "armel":
            architecture, variant = "arm", "v6"
        case "arm":
            variant = {"": "v7", "7": "v7", "5": "v5", "6": "v6", "8": "v8"}.get(variant, variant)
    return replace(platform, os=_normal_os(platform.os), architecture=architecture, variant=variant)


def matches(wanted: Platform, image: Platform) -> bool:
    """Return whether the image runs where `wanted` does: older variants do, amd64 runs 386, arm64 runs arm.

    An image that names no variant is taken for any (moby daemon/images/image.go OnlyPlatformWithFallback).
    """
    wanted, normal = _normalised(wanted), _normalised(image)
    if wanted.os != normal.os:
        return False
    if not image.variant and wanted.architecture == normal.architecture:
        return True
    return (normal.architecture, normal.variant) in set(_compatible(wanted))


def _compatible(wanted: Platform) -> Iterator[tuple[str, str]]:
    """Yield every architecture and variant that runs there, the platform's own first (containerd platforms.Only)."""
    yield wanted.architecture, wanted.variant
    match wanted.architecture:
        case "amd64":
            yield from (("amd64", f"v{older}" if older > 1 else "") for older in range(1, _number(wanted.variant)))
            yield "386", ""
        case "arm":
            yield from (("arm", f"v{older}") for older in range(5, _number(wanted.variant)))
        case "arm64":
            yield from (("arm64", variant) for variant in _older_arm64(wanted.variant or "v8"))
            arm = "v8" if wanted.variant.startswith(("v8.", "v9.")) else wanted.variant or "v8"
            yield from _compatible(Platform(wanted.os, "arm", arm))


def _older_arm64(variant: str) -> Iterator[str]:
    """Yield the arm64 variants before this one; v9.0 began as v8.5."""
    major, _, minor_text = variant.removeprefix("v").partition(".")
    minor = int(minor_text) if len(minor_text) == 1 and minor_text.isdecimal() else 0
    if major == "9":
        yield from (f"v9.{older}" if older else "v9" for older in range(minor))
        minor = min(minor + 5, 9)
        yield f"v8.{minor}"
    if major in {"8", "9"}:
        yield from (f"v8.{older}" if older else "" for older in range(minor))


def _number(variant: str) -> int:
    """Return the number of a variant such as v7, 0 if it has none that any machine could have."""
    return int(variant.removeprefix("v")) if re.fullmatch("v?[0-9]{1,2}", variant) else 0
