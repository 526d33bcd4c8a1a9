"""Data roots of a Docker Engine: the sample unpacked, and small ones that a test builds and damages."""

import hashlib
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from statesvc.services.imports.report import Entry, Report

SAMPLES = Path(__file__).parents[1] / "samples"
ENGINE_ROOT = "/var/lib/docker"
ZERO = "0001-01-01T00:00:00Z"


def unpack_sample(folder: Path, engine: str = "26.1") -> Path:
    """Unpack the sample's files and folders; its device node is not needed, and would require root."""
    with tarfile.open(SAMPLES / f"docker-{engine}-root.tar.gz") as archive:
        # An attribute and not extract(filter=), which Debian 12's Python 3.11.2 does not know yet.
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        for member in archive:
            if member.isfile() or member.isdir():
                archive.extract(member, folder)
    return folder


def an_id(name: str) -> str:
    """Return the same ID for a name every time."""
    return hashlib.sha256(name.encode()).hexdigest()


@dataclass(frozen=True)
class DockerRoot:
    """A data root under construction."""

    path: Path

    def directory(self, container_id: str) -> Path:
        """Return the directory of a container."""
        return self.path / "containers" / container_id

    def container(
        self,
        name: str,
        *,
        container_id: str = "",
        config: dict[str, Any] | None = None,
        host: dict[str, Any] | None = None,
        state: dict[str, Any] | None = None,
        **fields: Any,
    ) -> str:
        """Write a container as Docker Engine 26.1 does; return its ID."""
        container_id = container_id or an_id(name)
        stored = {
            "ID": container_id,
            "Name": f"/{name}",
            "Created": "2024-05-01T10:00:00.5Z",
            "Path": "sleep",
            "Args": ["300"],
            "Config": {"Hostname": container_id[:12], "Image": "busybox", "Cmd": ["sleep", "300"]} | (config or {}),
            "Image": "sha256:" + "b" * 64,
            "Driver": "overlay2",
            "OS": "linux",
            "LogPath": f"{ENGINE_ROOT}/containers/{container_id}/{container_id}-json.log",
            "State": {"StartedAt": ZERO, "FinishedAt": ZERO} | (state or {}),
            "NetworkSettings": {"Networks": {"none": {}}},
            "MountPoints": {},
        } | fields
        kept = {"NetworkMode": "none", "Runtime": "runc", "RestartPolicy": {"Name": "no"}} | (host or {})
        directory = self.directory(container_id)
        directory.mkdir(parents=True)
        (directory / "config.v2.json").write_text(json.dumps(stored))
        (directory / "hostconfig.json").write_text(json.dumps(kept))
        return container_id

    def image(self, *, layers: int = 1, sizes: list[int] | None = None, driver: str = "overlay2", **fields: Any) -> str:
        """Write an image, and its layers if their sizes are given; return its ID."""
        diff_ids = [f"sha256:{an_id(f'layer {number}')}" for number in range(layers)]
        document = {"os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": diff_ids}} | fields
        raw = json.dumps(document).encode()
        digest = hashlib.sha256(raw).hexdigest()
        self.write(f"image/{driver}/imagedb/content/sha256/{digest}", raw)
        chain = ""
        for diff_id, size in zip(diff_ids, sizes or (), strict=False):
            chain = f"sha256:{hashlib.sha256(f'{chain} {diff_id}'.encode()).hexdigest()}" if chain else diff_id
            layer = f"image/{driver}/layerdb/sha256/{chain.removeprefix('sha256:')}"
            self.write(f"{layer}/diff", diff_id.encode())
            self.write(f"{layer}/size", str(size).encode())
        return f"sha256:{digest}"

    def references(self, named: dict[str, str], driver: str = "overlay2") -> None:
        """Write the references, each with the ID of its image."""
        repositories: dict[str, dict[str, str]] = {}
        for reference, image_id in named.items():
            repositories.setdefault(reference.split("@")[0].rpartition(":")[0] or reference, {})[reference] = image_id
        self.write(f"image/{driver}/repositories.json", json.dumps({"Repositories": repositories}).encode())

    def write(self, path: str, content: bytes) -> None:
        """Write any file of the data root."""
        file = self.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def entry_of(report: Report, name: str) -> Entry:
    """Return the only entry that has this name or ID."""
    (found,) = (entry for entry in report.entries if name in {entry.name, entry.id})
    return found


def outcomes_by_name(report: Report) -> dict[str, str]:
    """Return the outcomes by name, or by ID where no name is known."""
    return {entry.name or entry.id: entry.outcome.value for entry in report.entries}


async def inspected(client: httpx.AsyncClient, name: str) -> Any:
    """Return the inspect document of a container."""
    answer = await client.get(f"/containers/{name}/json")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def listed(client: httpx.AsyncClient) -> dict[str, Any]:
    """Return the list of all containers by ID."""
    answer = await client.get("/containers/json?all=1")
    return {entry["Id"]: entry for entry in answer.json()}
