"""The settings in the daemon.json of Docker Engine 28.5 with their types, few of which concern the state of containers.

A type is `str`, `bool`, `int`, or a class below for a text of a certain form; `[type]` is a list, `{ANY: type}` an
object with keys of any name, another dict an object with these fields (in any case) and others that are ignored. As in
Go, null is a value of each type.
"""

import ipaddress
from collections.abc import Iterator
from typing import Any

ANY = "*"


class Ip(str):
    """An IP address, or an empty text."""

    __slots__ = ()


class Cidr(str):
    """A subnet, or an empty text."""

    __slots__ = ()


class Duration(str):
    """A number of seconds, or a text such as 48h."""

    __slots__ = ()


PROXIES = ("http-proxy", "https-proxy", "no-proxy")
_POLICY = {"all": bool, "filter": object, "keepstorage": str}
_POLICY |= dict.fromkeys(("reservedspace", "maxusedspace", "minfreespace"), str)
_BUILDER = {
    "gc": {"enabled": bool, "policy": [_POLICY], "defaultkeepstorage": str}
    | dict.fromkeys(("defaultreservedspace", "defaultmaxusedspace", "defaultminfreespace"), str),
    "entitlements": {"network-host": bool, "security-insecure": bool},
    "history": {"maxage": Duration, "maxentries": int},
}
# What has its own rules in `daemon.py` is `object` here.
_NAMES: tuple[tuple[Any, str], ...] = (
    (
        bool,
        """allow-direct-routing cri-containerd debug experimental icc init ip-forward ip-forward-no-drop ip-masq
        ip6tables iptables ipv6 no-new-privileges raw-logs rootless selinux-enabled tls tlsverify userland-proxy""",
    ),
    (
        int,
        """cpu-rt-period cpu-rt-runtime max-concurrent-downloads max-concurrent-uploads max-download-attempts mtu
        network-control-plane-mtu network-diagnostic-port shutdown-timeout""",
    ),
    (
        str,
        """api-cors-header bip bip6 bridge containerd containerd-namespace data-root exec-root fixed-cidr fixed-cidr-v6
        group init-path log-format log-level metrics-addr pidfile seccomp-profile
        storage-driver swarm-default-advertise-addr tlscacert tlscert tlskey userland-proxy-path""",
    ),
    (
        [str],
        """authorization-plugins cdi-spec-dirs dns-opts dns-search hosts insecure-registries node-generic-resources
        registry-mirrors storage-opts""",
    ),
    (Ip, "default-gateway default-gateway-v6 host-gateway-ip ip"),
    ([Ip], "dns host-gateway-ips"),
    ([{"base": Cidr, "size": int}], "default-address-pools"),
    ({ANY: bool}, "features"),
    ({ANY: {ANY: str}}, "default-network-opts"),
    (_BUILDER, "builder"),
    (dict.fromkeys(PROXIES, str), "proxies"),
    (
        object,
        """cgroup-parent default-cgroupns-mode default-ipc-mode default-runtime default-shm-size default-ulimits
        exec-opts labels live-restore log-driver log-opts runtimes userns-remap""",
    ),
)
# moby daemon/config: Config and what it embeds, as far as cmd/dockerd has a flag for it.
SETTINGS: dict[str, Any] = {name: kind for kind, names in _NAMES for name in names.split()}
# Docker takes these: they are flags with another name in the file, or of an older version. In the file they do nothing.
WITHOUT_EFFECT = {
    "add-runtime": "runtimes",
    "allow-nondistributable-artifacts": "",
    "authorization-plugin": "authorization-plugins",
    "cdi-spec-dir": "cdi-spec-dirs",
    "config-file": "",
    "containerd-plugins-namespace": "",
    "default-address-pool": "default-address-pools",
    "default-network-opt": "default-network-opts",
    "default-ulimit": "default-ulimits",
    "deprecated-key-path": "",
    "dns-opt": "dns-opts",
    "exec-opt": "exec-opts",
    "feature": "features",
    "help": "",
    "host": "hosts",
    **dict.fromkeys(PROXIES, "proxies"),
    "insecure-registry": "insecure-registries",
    "label": "labels",
    "log-opt": "log-opts",
    "node-generic-resource": "node-generic-resources",
    "registry-mirror": "registry-mirrors",
    "restart": "",
    "storage-opt": "storage-opts",
    "validate": "",
    "version": "",
}
# Older engines knew these; the present one does not start with them.
REMOVED = frozenset(
    """cluster-advertise cluster-store cluster-store-opts containerd-plugin-namespace disable-legacy-registry graph
    oom-score-adjust""".split()
)
# Only these may hold objects as values; of any other object Docker takes the fields as settings of their own.
OBJECTS = frozenset(
    "builder cluster-store-opts default-network-opts default-ulimits features log-opts runtimes".split()
)
_KINDS: dict[object, str] = {
    str: "a string",
    bool: "true or false",
    int: "a whole number",
    Ip: "an IP address",
    Cidr: "a subnet such as 172.30.0.0/16",
    Duration: "a duration such as 48h, or a number of seconds",
}


def mismatches(kind: Any, value: object, *at: str | int) -> Iterator[tuple[tuple[str | int, ...], object, str]]:
    """Yield each part of a value that has another type than the setting: where it is, what it is, what it should be."""
    if value is None or kind is object:
        return
    if isinstance(kind, list):
        if not isinstance(value, list):
            yield at, value, "a list"
            return
        for index, item in enumerate(value):
            yield from mismatches(kind[0], item, *at, index)
    elif isinstance(kind, dict):
        if not isinstance(value, dict):
            yield at, value, "an object"
            return
        for key, item in value.items():
            yield from mismatches(kind.get(ANY) or kind.get(key.lower(), object), item, *at, key)
    elif not _has_type(kind, value):
        yield at, value, _KINDS[kind]


def _has_type(kind: type, value: object) -> bool:
    if kind in {bool, int, str}:
        return type(value) is kind
    if kind is Duration:
        return type(value) in {str, int}
    if not isinstance(value, str):
        return False
    try:
        return not value or bool(ipaddress.ip_address(value) if kind is Ip else ipaddress.ip_interface(value))
    except ValueError:
        return False
