"""The part of a list entry that neither renaming nor time changes, as it is stored with the container."""

from typing import Any

from statesvc.domain.mount_point import MountPoint
from statesvc.domain.port import Port

# The fields of an endpoint that a list leaves empty (moby container/view.go).
NOT_LISTED = dict.fromkeys(("Aliases", "Links", "DriverOpts", "DNSNames"))


def command_line(path: str, args: list[str]) -> str:
    """Return the command as a list shows it (moby container/view.go): arguments with a space in single quotes."""
    return " ".join([path, *(f"'{arg}'" if " " in arg else arg for arg in args)]) if args else path


def summary(
    container_id: str,
    labels: dict[str, str] | None,
    *,
    command: str,
    created_at: int,
    network_mode: str,
    annotations: dict[str, str] | None,
    networks: dict[str, dict[str, object]],
    mounts: tuple[MountPoint, ...],
    ports: tuple[Port, ...] = (),
) -> dict[str, Any]:
    """Return the part of a list entry that neither renaming nor the passing of time changes; it is stored as JSON."""
    return {
        "Id": container_id,
        "Command": command,
        "Created": created_at // 1_000_000_000,
        "Ports": [_port(port) for port in ports],
        "Labels": labels or {},
        "HostConfig": {"NetworkMode": network_mode} | _annotations(annotations),
        "NetworkSettings": {"Networks": dict(sorted(networks.items()))},
        "Mounts": [mount.entry(listed=True) for mount in mounts],
    }


def _annotations(annotations: dict[str, str] | None) -> dict[str, object]:
    return {"Annotations": dict(sorted(annotations.items()))} if annotations else {}


def _port(port: Port) -> dict[str, object]:
    shown: dict[str, object] = {"IP": port.host_ip} if port.host_ip else {}
    shown["PrivatePort"] = port.private_port
    if port.public_port:
        shown["PublicPort"] = port.public_port
    return shown | {"Type": port.protocol}
