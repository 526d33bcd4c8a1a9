"""Send one request to both, compare what they say, and remove again what was made."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from differential.peer import Peer
from differential.requests import Create, Update
from service import Answer

VOLUMES = ("vol1", "vol.1_x", "v")
BASES: dict[str, dict[str, Any]] = {
    "base": {},
    "onhost": {"HostConfig": {"NetworkMode": "host"}},
    "volumed": {"Volumes": {"/anon": {}}, "HostConfig": {"Binds": ["/tmp:/data", "kept:/b:ro"]}},
}
REFERENCE = 26
"""The major version of Docker Engine that statesvc answers like."""

_ANONYMOUS = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Pair:
    """The real engine and the service, each with the same image and the same containers to refer to."""

    docker: Peer
    statesvc: Peer
    ids: dict[str, str]
    version: str
    driver: str

    @classmethod
    def prepared(cls, docker: Peer, statesvc: Peer, image: bytes) -> "Pair":
        """Load the image into both and create the containers that requests refer to."""
        ids: dict[str, str] = {}
        for peer in (docker, statesvc):
            loaded = peer.ask("POST", "/images/load", image)
            assert loaded.status == 200, (peer.name, loaded)
            for name, body in BASES.items():
                made = peer.ask("POST", "/v1.41/containers/create", {"Image": "busybox:latest"} | body, name=name)
                assert made.status == 201, (peer.name, made)
                ids[made.json()["Id"]] = f"<{name}>"
        info = docker.ask("GET", "/info").json()
        return cls(docker, statesvc, ids, info["ServerVersion"], info["Driver"])

    @property
    def is_older(self) -> bool:
        """Say whether the real engine is older than the one whose behaviour is spoken."""
        return int(self.version.partition(".")[0]) < REFERENCE

    def asks(self, request: Create) -> bool:
        """Say whether a request is comparable here: storage options are judged as by overlay2."""
        return self.driver == "overlay2" or request.get("HostConfig.StorageOpt") is None

    @property
    def base(self) -> tuple[str, str]:
        """The two IDs of the container `base`."""
        docker, statesvc = (identity for identity, word in self.ids.items() if word == "<base>")
        return docker, statesvc

    def both(self) -> Iterator[Peer]:
        """The two, Docker Engine first."""
        yield self.docker
        yield self.statesvc


@dataclass(frozen=True)
class Outcome:
    """What one of the two said: accepted with what inspect shows then, or refused with a sentence."""

    accepted: bool
    message: str
    shown: dict[str, Any]
    errors: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Difference:
    """One point in which the two do not agree."""

    request: Create | Update
    at: str
    docker: Any
    statesvc: Any
    errors: tuple[dict[str, Any], ...] = ()

    def __str__(self) -> str:
        said = f"docker: {json.dumps(self.docker)}\n   statesvc: {json.dumps(self.statesvc)}"
        return f"v{self.request.version} {json.dumps(self.request.fields)} {_rest(self.request)}\n   {self.at}: {said}"


def _rest(request: Create | Update) -> str:
    named = isinstance(request, Create) and (request.name or request.image != "busybox:latest")
    return f"name={request.name!r} image={request.image!r}" if isinstance(request, Create) and named else ""


def compare_create(pair: Pair, request: Create) -> list[Difference]:
    """Create it on both; return where they differ."""
    docker, statesvc = (_create(peer, pair.ids, request) for peer in pair.both())
    return list(differences(request, docker, statesvc))


def compare_update(pair: Pair, request: Update, container: str) -> list[Difference]:
    """Update a container on both; return where they differ."""
    docker, statesvc = (_update(peer, request, container) for peer in pair.both())
    return list(differences(request, docker, statesvc))


def differences(request: Create | Update, docker: Outcome, statesvc: Outcome) -> Iterator[Difference]:
    """Yield in what the two differ."""
    if docker.accepted != statesvc.accepted:
        yield Difference(request, "accepted", docker.message or "yes", statesvc.message or "yes", statesvc.errors)
    elif docker.accepted:
        for at in sorted(docker.shown.keys() & statesvc.shown.keys()):
            if docker.shown[at] != statesvc.shown[at]:
                yield Difference(request, at, docker.shown[at], statesvc.shown[at])


def _create(peer: Peer, ids: dict[str, str], request: Create) -> Outcome:
    query = {"name": request.name} if request.name else {}
    answer = peer.ask("POST", f"/v{request.version}/containers/create", request.body, **query)
    made = ""
    try:
        if answer.status != 201:
            return _refused(peer, answer)
        made = answer.json()["Id"]
        shown = peer.inspect(made, request.version)
        return Outcome(True, "", dict(flattened(_anonymised(shown, made, ids, peer))))
    finally:
        if made:
            peer.remove(made)
        if "ol" in json.dumps(request.fields):
            for volume in VOLUMES:
                peer.ask("DELETE", f"/volumes/{volume}", force="1")


def _update(peer: Peer, request: Update, container: str) -> Outcome:
    answer = peer.ask("POST", f"/v{request.version}/containers/{quote(container)}/update", request.fields)
    if answer.status != 200:
        return _refused(peer, answer)
    return Outcome(True, "", dict(flattened({"HostConfig": peer.inspect(container, request.version)["HostConfig"]})))


def _refused(peer: Peer, answer: Answer) -> Outcome:
    assert 400 <= answer.status < 600, (peer.name, answer)
    errors = tuple(answer.json().get("errors") or ())
    return Outcome(False, f"{answer.status} {answer.message}", {}, errors)


def _anonymised(shown: dict[str, Any], own: str, ids: dict[str, str], peer: Peer) -> dict[str, Any]:
    """Return what inspect shows with words for what is another one on each of the two."""
    text = json.dumps(shown).replace(own, "<id>").replace(own[:12], "<short>").replace(str(peer.data_root), "<root>")
    for known, word in ids.items():
        text = text.replace(known, word)
    text = text.replace(shown["Name"], "/<name>")
    anonymised: dict[str, Any] = json.loads(_ANONYMOUS.sub("<hex>", text))
    return anonymised


def flattened(shown: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the compared parts of an inspect answer: each field of the documents, the mounts, the command."""
    for section in ("Config", "HostConfig"):
        for name, value in shown.get(section, {}).items():
            yield f"{section}.{name}", value
    for name in ("Path", "Args", "AppArmorProfile", "ProcessLabel", "MountLabel", "Platform"):
        if name in shown:
            yield name, shown[name]
    if shown["HostConfig"].get("Links"):  # Docker keeps them in a map
        shown["HostConfig"]["Links"].sort()
    if "Mounts" in shown:
        yield "Mounts", sorted(shown["Mounts"], key=lambda point: str(point["Destination"]))
    if "NetworkSettings" in shown:
        yield "NetworkSettings.Networks", shown["NetworkSettings"]["Networks"]
