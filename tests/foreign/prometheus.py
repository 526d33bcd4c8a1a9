"""Debian's Prometheus, which discovers the containers of a Docker Engine (docker_sd_configs)."""

import json
import os
import re
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from foreign.installed import CALLS, debian
from foreign.outcomes import Outcome
from foreign.target import Target
from service import Service

RELEASE = "the one of Debian"
PATIENCE = 60
Jobs = dict[str, dict[str, dict[str, str]]]  # of each job, the labels of each container


def outcomes(target: Target) -> list[Outcome]:
    """Let it discover two running containers and one that never ran; tell what it knows of them. Raises Missing."""
    program = debian("prometheus") / "usr" / "bin" / "prometheus"
    service = target.service
    service.create("idle", Image="alpine:3.10")
    published = {"PortBindings": {"80/tcp": [{"HostPort": "8080"}]}}
    _run(service, service.create("web", Image="alpine:3.10", Labels={"tier": "front"}, HostConfig=published))
    _run(service, service.create("net", Image="alpine:3.10", HostConfig={"NetworkMode": "host"}))
    settings = target.folder / "prometheus.yml"
    settings.write_text((CALLS / "prometheus.yml").read_text().replace("host: HOST", f"host: {service.address}"))
    with _discovering(target, str(program), str(settings)) as address:
        before = _discovered(address, until=lambda jobs: len(jobs.get("all", [])) == 2 and "front" in jobs)
        service.call("POST", "/statesvc/v1/containers/net/exited", {"ExitCode": 0})
        after = _discovered(address, until=lambda jobs: len(jobs.get("all", [])) == 1)
    return list(_judged(before, after))


def _run(service: Service, container: str) -> None:
    """Report that a container runs, as an engine does."""
    at = f"/statesvc/v1/containers/{container}"
    prepared = service.call("POST", f"{at}/prepare-start", {"Engine": "foreign-clients"}).json()
    assert service.call("POST", f"{at}/started", {"Attempt": prepared["Attempt"], "Pid": os.getpid()}).status == 200


@contextmanager
def _discovering(target: Target, program: str, settings: str) -> Iterator[str]:
    """Run Prometheus on a free port; give its address."""
    log, none = target.folder / "prometheus.log", str(target.folder)
    command = [program, "--config.file", settings, "--storage.tsdb.path", str(target.folder / "tsdb")]
    command += ["--web.listen-address", "127.0.0.1:0", "--web.console.templates", none, "--web.console.libraries", none]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=target.environment)
    try:
        deadline = time.monotonic() + PATIENCE
        while not (found := re.search(r'"Listening on" address=(\S+)', log.read_text())):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"prometheus does not listen:\n{log.read_text()}")
            time.sleep(0.1)
        yield found[1]
    finally:
        process.terminate()
        process.wait()


def _discovered(address: str, until: Callable[[Jobs], bool]) -> Jobs:
    """Return what is discovered, as soon as it is what is waited for, or in the end."""
    deadline = time.monotonic() + PATIENCE
    while True:
        with urllib.request.urlopen(f"http://{address}/api/v1/targets") as answer:
            targets = json.load(answer)["data"]["activeTargets"]
        jobs: Jobs = {}
        for labels in (target["discoveredLabels"] for target in targets):
            jobs.setdefault(labels["job"], {})[labels["__meta_docker_container_name"]] = labels
        if until(jobs) or time.monotonic() > deadline:
            return jobs
        time.sleep(0.5)


def _judged(before: Jobs, after: Jobs) -> Iterator[Outcome]:
    found = before.get("all", {})
    web = {name.removeprefix("__meta_docker_"): value for name, value in found.get("/web", {}).items()}
    expected = {
        "containers that run": (sorted(found), ["/net", "/web"]),
        "containers with a label": (sorted(before.get("front", {})), ["/web"]),
        "containers after one has ended": (sorted(after.get("all", {})), ["/web"]),
        "address on the network of the host": (found.get("/net", {}).get("__address__"), "this-host"),
        "label": (web.get("container_label_tier"), "front"),
        "network mode": (web.get("container_network_mode"), "bridge"),
        "name of the network": (web.get("network_name"), "bridge"),
        "port inside": (web.get("port_private"), "80"),
        "port on the host": (web.get("port_public"), "8080"),
        "address": (bool(re.match(r"\d+\.\d+\.\d+\.\d+:80", web.get("__address__", ""))), True),
    }
    for name, (seen, wanted) in expected.items():
        yield Outcome(name, None if seen == wanted else f"{seen!r}, and not {wanted!r}")
