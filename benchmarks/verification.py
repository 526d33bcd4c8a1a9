"""Measures validation of create requests in this process: the rules alone, and with decoding the body."""

import json
import time
from collections.abc import Callable
from typing import Any

from measure import Samples
from peers import CHECKOUT
from report import Line

from statesvc.domain.daemon_config import DaemonConfig
from statesvc.domain.documents import ContainerCreate
from statesvc.domain.documents.decode import decode
from statesvc.host import facts
from statesvc.validation import Context, verify

BUDGET = 150e-6
FACTS = CHECKOUT / "tests" / "conformance" / "HOST.json"
SOURCES = [f"/srv/data/{at}" for at in range(50)]
WARM_UP = 50

# 30 fields, as a service of a compose file has them.
TYPICAL: dict[str, Any] = {
    "Image": "registry.example.com/shop/web:1.4",
    "Hostname": "web",
    "User": "1000:1000",
    "Env": ["LANG=C.UTF-8", "MODE=production", "WORKERS=4", "DATABASE=postgres://db/shop", "TZ=UTC"],
    "Cmd": ["serve", "--port", "8080"],
    "Entrypoint": ["/usr/local/bin/web"],
    "WorkingDir": "/srv/web",
    "Labels": {"tier": "front", "com.example.project": "shop", "com.example.service": "web"},
    "ExposedPorts": {"8080/tcp": {}, "9090/tcp": {}},
    "Volumes": {"/srv/cache": {}},
    "StopSignal": "SIGTERM",
    "StopTimeout": 20,
    "Healthcheck": {
        "Test": ["CMD", "/usr/local/bin/web", "check"], "Interval": 30_000_000_000, "Timeout": 5_000_000_000,
        "Retries": 3,
    },
    "HostConfig": {
        "Binds": ["/srv/config:/etc/web:ro"],
        "Mounts": [{"Type": "volume", "Source": "uploads", "Target": "/srv/uploads"}],
        "NetworkMode": "shop",
        "PortBindings": {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}], "9090/tcp": [{"HostPort": "9090"}]},
        "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 5},
        "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}},
        "CapAdd": ["NET_BIND_SERVICE"],
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges"],
        "ExtraHosts": ["host.docker.internal:host-gateway", "db:10.0.0.7"],
        "Memory": 512 * 1024 * 1024,
        "NanoCpus": 1_500_000_000,
        "PidsLimit": 200,
        "ShmSize": 64 * 1024 * 1024,
        "Ulimits": [{"Name": "nofile", "Soft": 65_536, "Hard": 65_536}],
        "Init": True,
    },
    "NetworkingConfig": {"EndpointsConfig": {"shop": {"Aliases": ["web"]}}},
}  # fmt: skip


def large() -> dict[str, Any]:
    """Return the typical request with 500 environment entries, 50 mounts and 50 ports."""
    mounts = [{"Type": "bind", "Source": source, "Target": f"/mnt/{at}"} for at, source in enumerate(SOURCES)]
    ports = {f"{9000 + at}/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(19_000 + at)}] for at in range(50)}
    host = TYPICAL["HostConfig"] | {"Mounts": mounts, "PortBindings": ports}
    return TYPICAL | {"Env": [f"VARIABLE_{at}=value {at}" for at in range(500)], "HostConfig": host}


def entries(value: object) -> int:
    """Return the number of scalar values in a document."""
    if isinstance(value, dict):
        return sum(map(entries, value.values())) or 1
    return sum(map(entries, value)) or 1 if isinstance(value, list) else 1


def measured_verification(samples: int) -> list[Line]:
    """Measure a typical request and a large one, whose time per value must not be higher."""
    context = Context(facts.read(FACTS), DaemonConfig(), "/var/lib/statesvc", paths=frozenset(SOURCES))
    typical, wide = _times(TYPICAL, context, samples), _times(large(), context, max(1, samples // 10))
    lines = []
    for name, ours, theirs in zip(("verify", "decode and verify"), typical, wide, strict=True):
        budget, holds = ("≤ 150 µs", ours.median <= BUDGET) if name == "verify" else ("", None)
        lines.append(Line(f"{name} a request of 30 fields", "s", ours.median, ours.p99, budget=budget, holds=holds))
        lines.append(Line(f"{name} one of 500 variables, 50 mounts, 50 ports", "s", theirs.median, theirs.p99))
        of_typical, of_wide = ours.median / entries(TYPICAL), theirs.median / entries(large())
        budget = f"≤ {of_typical * 1e6:.1f} µs, as in the small one"
        lines.append(
            Line(f"{name} the large one, each value", "s", of_wide, budget=budget, holds=of_wide <= of_typical)
        )
    return lines


def _times(body: dict[str, Any], context: Context, samples: int) -> tuple[Samples, Samples]:
    """Return the times to validate a valid request, and to decode and validate it."""
    text = json.dumps(body).encode()
    request = decode(ContainerCreate, text)
    verdict = verify(request, context, _name)
    assert verdict.refusal() is None, verdict.refusal()
    return (
        _timed(lambda: verify(request, context, _name), samples),
        _timed(lambda: verify(decode(ContainerCreate, text), context, _name), samples),
    )


def _name() -> str:
    return "f" * 64


def _timed(judge: Callable[[], object], samples: int) -> Samples:
    taken = Samples()
    for at in range(WARM_UP + samples):
        begun = time.perf_counter()
        judge()
        if at >= WARM_UP:
            taken.seconds.append(time.perf_counter() - begun)
    return taken
