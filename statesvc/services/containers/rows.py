"""Makes the rows of a new container from its verified documents: the narrow row and the wide ones."""

import orjson

from statesvc.db.containers.insertion import Belongings, Container
from statesvc.domain import list_entry
from statesvc.domain.network_mode import BRIDGE
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
    """Return the network settings of a container that was never started, as inspect shows them.

    The fields at the top are those of its endpoint on `bridge`, of which a user may choose the MAC address.
    """
    of_bridge = {"MacAddress": networks[BRIDGE]["MacAddress"]} if BRIDGE in networks else {}
    return orjson.dumps(_NO_NETWORK | of_bridge | {"Networks": dict(sorted(networks.items()))}).decode()


def of_new(
    container_id: str, verified: Verified, *, image_id: str, created_at: int, site: Site
) -> tuple[Container, Belongings]:
    """Return the rows of a container that is created now. Raises InvalidParameter if it has no command."""
    config, host = verified.config, verified.host_config
    path, args = split_command(config)
    networks = {name: endpoint.to_dict() for name, endpoint in verified.networks.items()}
    listed = list_entry.summary(
        container_id,
        config.Labels,
        command=list_entry.command_line(path, args),
        created_at=created_at,
        network_mode=host.NetworkMode,
        annotations=host.Annotations,
        networks={name: endpoint | list_entry.NOT_LISTED for name, endpoint in networks.items()},
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
