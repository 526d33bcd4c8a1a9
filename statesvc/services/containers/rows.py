"""From verified documents to the rows that are stored: the narrow row, the wide documents, what filters ask."""

from typing import Any

import orjson

from statesvc.db.containers.insertion import Belongings, Container, Port
from statesvc.domain.mount_point import MountPoint
from statesvc.domain.verified import Verified
from statesvc.services.site import Site
from statesvc.validation.image import split_command

_NO_NETWORK: dict[str, object] = {
    "Bridge": "", "SandboxID": "", "SandboxKey": "", "Ports": {}, "HairpinMode": False, "LinkLocalIPv6Address": "",
    "LinkLocalIPv6PrefixLen": 0, "SecondaryIPAddresses": None, "SecondaryIPv6Addresses": None, "EndpointID": "",
    "Gateway": "", "GlobalIPv6Address": "", "GlobalIPv6PrefixLen": 0, "IPAddress": "", "IPPrefixLen": 0,
    "IPv6Gateway": "", "MacAddress": "",
}  # fmt: skip


def network_settings(networks: dict[str, dict[str, object]]) -> str:
    """Return the network settings of a container that was never started, as inspect shows them."""
    return orjson.dumps(_NO_NETWORK | {"Networks": dict(sorted(networks.items()))}).decode()


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
        "HostConfig": {"NetworkMode": network_mode},
        "NetworkSettings": {"Networks": dict(sorted(networks.items()))},
        "Mounts": [mount.entry(listed=True) for mount in mounts],
    }


def _port(port: Port) -> dict[str, object]:
    shown: dict[str, object] = {"IP": port.host_ip} if port.host_ip else {}
    shown["PrivatePort"] = port.private_port
    if port.public_port:
        shown["PublicPort"] = port.public_port
    return shown | {"Type": port.protocol}


# What a list leaves out of an endpoint (moby container/view.go).
NOT_LISTED = dict.fromkeys(("Aliases", "Links", "DriverOpts", "DNSNames"))


def of_new(
    container_id: str, verified: Verified, *, image_id: str, created_at: int, site: Site
) -> tuple[Container, Belongings]:
    """Return the rows of a container that is created now. Raises InvalidParameter if it has no command."""
    config, host = verified.config, verified.host_config
    path, args = split_command(config)
    networks = {name: endpoint.to_dict() for name, endpoint in verified.networks.items()}
    listed = summary(
        container_id,
        config.Labels,
        command=command_line(path, args),
        created_at=created_at,
        network_mode=host.NetworkMode,
        networks={name: endpoint | NOT_LISTED for name, endpoint in networks.items()},
        mounts=verified.mounts,
    )
    container = Container(
        id=container_id,
        image=config.Image,
        image_id=image_id,
        path=path,
        args=orjson.dumps(args).decode(),
        driver=site.facts.storage_driver,
        os="linux",
        created_at=created_at,
        runtime_name=host.Runtime,
        summary=orjson.dumps(listed).decode(),
    )
    return container, Belongings(network_settings(networks), dict.fromkeys(networks, ""))
