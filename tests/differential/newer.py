"""What Docker Engine 28.5.2 does otherwise than Debian 12's 20.10.24: the only differences that are let pass.

An entry has a request that shows it, which a test sends; docs/compatibility.md lists them by what they say.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from differential.compare import Difference
from differential.requests import Create

_MASKED = {"/sys/devices/virtual/powercap", "/proc/interrupts"}
_MODES = {"", "host"}


def _example(version: str = "1.41", /, **fields: Any) -> Create:
    return Create(version, {name.replace("__", "."): value for name, value in fields.items()})


@dataclass(frozen=True)
class Refused:
    """A rule of 28.5.2 by its code in statesvc: requests that break it, and for which `applies`, were accepted."""

    says: str
    code: str
    example: Create
    applies: Callable[[Create], bool] = lambda _request: True

    def explains(self, found: Difference) -> bool:
        """Say whether it lets the difference pass, if it is the only rule that the request breaks."""
        only = {error["code"] for error in found.errors} == {self.code}
        return found.at == "accepted" and found.docker == "yes" and only and self.applies(found.request)


@dataclass(frozen=True)
class Accepted:
    """What 28.5.2 no longer refuses, by the sentence with which it was refused."""

    says: str
    sentence: str
    example: Create
    applies: Callable[[Create], bool] = lambda _request: True

    def explains(self, found: Difference) -> bool:
        """Say whether it lets the difference pass."""
        refused = found.at == "accepted" and found.statesvc == "yes" and self.sentence in found.docker
        return refused and self.applies(found.request)


@dataclass(frozen=True)
class Shown:
    """A field that inspect shows in another way; `applies` compares what the two show."""

    says: str
    at: str
    example: Create
    applies: Callable[[Difference], bool]

    def explains(self, found: Difference) -> bool:
        """Say whether it lets the difference pass."""
        return found.at == self.at and self.applies(found)


def _field(name: str, values: set[str]) -> Callable[[Create], bool]:
    return lambda request: request.get(name) in values


def _strange(name: str) -> Callable[[Create], bool]:
    return lambda request: request.get(name) not in _MODES


def _counts_without_a_name(request: Create) -> bool:
    return not (request.get("HostConfig.RestartPolicy") or {}).get("Name")


def _has_default_and_bridge(request: Create) -> bool:
    return set(request.get("NetworkingConfig.EndpointsConfig") or ()) == {"default", "bridge"}


def _networks_agree(found: Difference) -> bool:
    """Say whether only the aliases' short ID, DNSNames and whose the MAC address is are new."""
    own = {"<short>", found.request.get("Hostname")}
    mac = found.request.get("MacAddress") or ""
    macs = {end["MacAddress"] for end in found.statesvc.values()}
    return macs <= {mac, ""} and _older(found.statesvc, own) == _older(found.docker, set())


_NEW_OF_ENDPOINTS = {"DNSNames", "GwPriority", "MacAddress"}


def _older(networks: dict[str, dict[str, Any]], own: set[str | None]) -> dict[str, dict[str, Any]]:
    older = {}
    for name, end in networks.items():
        rest = {key: value for key, value in end.items() if key not in _NEW_OF_ENDPOINTS}
        older[name] = rest | {"Aliases": [alias for alias in end["Aliases"] or () if alias not in own]}
    return older


NEWER: tuple[Refused | Accepted | Shown, ...] = (
    Refused(
        "An unknown UTS mode is refused.", "uts-mode", _example(HostConfig__UTSMode="x"), _strange("HostConfig.UTSMode")
    ),
    Refused(
        "An unknown PID mode is refused.", "pid-mode", _example(HostConfig__PidMode="x"), _strange("HostConfig.PidMode")
    ),
    Refused("An unknown IPC mode is refused.", "ipc-mode", _example(HostConfig__IpcMode="x")),
    Refused("A MAC address must be one.", "endpoint-mac", _example(MacAddress="x")),
    Refused(
        "A MAC address needs a network: the mode none has not.",
        "mac-network",
        _example(MacAddress="02:42:ac:11:00:02", HostConfig__NetworkMode="none"),
        _field("HostConfig.NetworkMode", {"none"}),
    ),
    Refused(
        "Aliases on a predefined network are refused at the create, not at the start.",
        "endpoint-aliases",
        _example(NetworkingConfig__EndpointsConfig={"bridge": {"Aliases": ["a"]}}),
    ),
    Refused(
        "A restart policy without a name cannot count.",
        "restart-count",
        _example(HostConfig__RestartPolicy={"MaximumRetryCount": 1}),
        _counts_without_a_name,
    ),
    Refused(
        "The log driver logentries is gone.",
        "log-driver-removed",
        _example(HostConfig__LogConfig={"Type": "logentries", "Config": {"logentries-token": "t"}}),
    ),
    *(
        Accepted(
            f"The capability {name} is known.",
            f'unknown capability: "CAP_{name}"',
            _example(HostConfig__CapAdd=[name]),
        )
        for name in ("BPF", "PERFMON", "CHECKPOINT_RESTORE")
    ),
    Accepted(
        "An endpoint for the network `default` is one for `bridge`, so that both together are one.",
        "Container cannot be connected to network endpoints: ",
        _example(NetworkingConfig__EndpointsConfig={"default": {}, "bridge": {}}),
        _has_default_and_bridge,
    ),
    Accepted(
        "Numbers of CPUs pass as numbers of memory nodes.",
        "Requested memory nodes are not available",
        _example(HostConfig__CpusetMems="1"),
    ),
    Shown(
        "The restart policy without a name is shown as `no`.",
        "HostConfig.RestartPolicy",
        _example(),
        lambda found: not found.docker["Name"] and found.statesvc == found.docker | {"Name": "no"},
    ),
    Shown(
        "`/sys/devices/virtual/powercap` and `/proc/interrupts` are among the default masked paths.",
        "HostConfig.MaskedPaths",
        _example(),
        lambda found: [path for path in found.statesvc if path not in _MASKED] == found.docker,
    ),
    Shown(
        "The network mode `default` is shown as `bridge`.",
        "HostConfig.NetworkMode",
        _example(),
        lambda found: (found.docker, found.statesvc) == ("default", "bridge"),
    ),
    Shown(
        "An endpoint has `DNSNames`, `GwPriority`, the short ID as alias, before API 1.44 the container's MAC address.",
        "NetworkSettings.Networks",
        _example(HostConfig__NetworkMode="own-net"),
        _networks_agree,
    ),
    Shown(
        "Before API 1.40, IPC is shareable without a HostConfig, too.",
        "HostConfig.IpcMode",
        _example("1.39"),
        lambda found: (
            (found.docker, found.statesvc) == ("private", "shareable") and "HostConfig" not in found.request.body
        ),
    ),
)


def explanation(found: Difference) -> str:
    """Return what the newer engine does here, "" if nothing in the table says so; each mistake needs an entry."""
    if found.at == "accepted" and found.docker == "yes":
        alone = [replace(found, errors=(error,)) for error in found.errors]
        said = [_first(one) for one in alone]
        return " ".join(dict.fromkeys(said)) if said and all(said) else ""
    return _first(found)


def _first(found: Difference) -> str:
    return next((entry.says for entry in NEWER if entry.explains(found)), "")
