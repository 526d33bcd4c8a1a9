"""Record the sample of a Docker Engine: its data root, and what it says about it. README.md says how to call it.

make docker-sample ROOTFS=DIR
"""

import gzip
import io
import json
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SAMPLES = HERE.parent
IMAGES = SAMPLES.parent / "conformance" / "images"
sys.path[:0] = [str(SAMPLES.parent), str(SAMPLES.parent / "support"), str(HERE)]

from containers import CREATED, NETWORKS, STARTED, VERSIONS, VOLUMES  # noqa: E402 - only pytest has them on the path
from engine import DATA_ROOT, Engine, engine  # noqa: E402

SAMPLE = "docker-28.5"
DAEMON = SAMPLES / f"{SAMPLE}-daemon.json"
# What an import reads, and what it may read one day: no layers, no files of the containers.
KEPT = (
    "containers/*/config.v2.json",
    "containers/*/hostconfig.json",
    "image/*/repositories.json",
    "image/*/imagedb/content/sha256/*",
    "image/*/imagedb/metadata/sha256/*/*",
    "image/*/layerdb/sha256/*/diff",
    "image/*/layerdb/sha256/*/parent",
    "image/*/layerdb/sha256/*/size",
    "network/files/local-kv.db",
    "volumes/metadata.db",
    "volumes/*/opts.json",
    "engine-id",
)
_STAYING = "overlay2/*/diff/stays"  # made by the container that is dead, as it cannot be removed
INFO = (
    "Containers", "ContainersPaused", "ContainersRunning", "ContainersStopped", "DefaultRuntime", "Driver", "Images",
    "Runtimes", "ServerVersion", "CgroupVersion", "NCPU",
)  # fmt: skip


def main() -> None:
    """Record with the dockerd of a root file system."""
    rootfs = Path(sys.argv[1]).resolve()
    (rootfs / "srv/deep").mkdir(parents=True, exist_ok=True)
    with cleared(rootfs), engine(rootfs, DAEMON) as docker:
        load_images(docker)
        _create(docker)
        _live(docker)
        told, archive = _taken(docker)
    text = json.dumps(told, sort_keys=True, ensure_ascii=False)
    (SAMPLES / f"{SAMPLE}-expected.json").write_text(text + "\n")
    (SAMPLES / f"{SAMPLE}-root.tar.gz").write_bytes(archive)


@contextmanager
def cleared(rootfs: Path) -> Iterator[None]:
    """Begin and end without a data root."""
    _clear(rootfs / DATA_ROOT)
    try:
        yield
    finally:
        _clear(rootfs / DATA_ROOT)


def _clear(data_root: Path) -> None:
    for file in data_root.glob(_STAYING):
        _make_staying(file, "-i")
    shutil.rmtree(data_root, ignore_errors=True)


def load_images(docker: Engine) -> None:
    """Load the images of the conformance cases."""
    for archive in sorted(IMAGES.glob("*.tar.gz")):
        docker.ask("POST", "/images/load", gzip.decompress(archive.read_bytes()))
    docker.ask("POST", "/images/busybox:latest/tag", repo="registry.example:5000/team/busybox", tag="1")


def _create(docker: Engine) -> None:
    for name, network in NETWORKS.items():
        docker.ask("POST", "/networks/create", {"Name": name} | network)
    for name, volume in VOLUMES.items():
        docker.ask("POST", "/volumes/create", {"Name": name} | volume)
    (docker.data_root / "volumes/pgdata/_data/sub").mkdir()
    for name, body in CREATED.items():
        sent = dict(body)
        if name == "by-network-id":
            sent["HostConfig"] = {"NetworkMode": docker.get("/networks/shop")["Id"]}
        if sent["Image"].startswith("IMAGE:"):
            sent["Image"] = docker.get(f"/images/{sent['Image'].removeprefix('IMAGE:')}/json")["Id"]
        try:
            docker.ask("POST", "/containers/create", sent, api=f"/v{VERSIONS.get(name, '1.51')}", name=name)
        except ValueError as error:
            print(f"{name} is left out:", error)


def _live(docker: Engine) -> None:
    """Start what shall run, and bring about the states that are not of a start alone."""
    for name in STARTED:
        try:
            docker.ask("POST", f"/containers/{name}/start")
        except ValueError as error:
            print(error)
    post: Callable[..., Any] = lambda path, body=None, **query: docker.ask("POST", path, body, **query)  # noqa: E731
    post("/containers/renamed-from/rename", name="renamed-to")
    post("/containers/updated/update", {"Memory": 32 << 20, "MemorySwap": -1, "RestartPolicy": {"Name": "always"}})
    post("/containers/paused/pause")
    post("/containers/stopped/stop")
    post("/containers/killed/kill")
    post("/containers/restarted/restart", t="0")
    post("/networks/shop/connect", {"Container": "connected-later", "EndpointConfig": {"Aliases": ["late"]}})
    post("/networks/back/connect", {"Container": "disconnected"})
    post("/networks/shop/disconnect", {"Container": "disconnected"})
    post("/commit", {"Labels": {"made": "by commit"}}, container="failed", repo="sample/committed", tag="1")
    docker.ask("DELETE", "/images/cf/nohealth:1", force="1")
    for file in docker.data_root.glob(_STAYING):
        _make_staying(file, "+i")
    with suppress(ValueError):  # its files cannot be removed, so it is dead
        docker.ask("DELETE", "/containers/dead")
    print("waiting until the list says 'Up About a minute', which does not change each second")
    time.sleep(65)


def _make_staying(file: Path, how: str) -> None:
    subprocess.run(["chattr", how, str(file)], check=True)


def _taken(docker: Engine) -> tuple[dict[str, Any], bytes]:
    """Return what the engine says, and its data root, both of one moment: nothing changed between two answers."""
    for _attempt in range(300):
        files, told = _files(docker.data_root), _told(docker)
        if (_files(docker.data_root), docker.get("/containers/json", all="1")) == (files, told["list"]) and _rests(
            told
        ):
            return told, _archive(files)
        time.sleep(0.2)
    raise TimeoutError("the containers do not come to rest")


def _rests(told: dict[str, Any]) -> bool:
    """Return whether no probe runs, and the container that restarts for ever waits for its next start."""
    if any(one["ExecIDs"] for one in told["inspect"].values()):
        return False
    (looping,) = (one for one in told["inspect"].values() if one["Name"] == "/looping")
    return bool(looping["State"]["Restarting"])


def _told(docker: Engine) -> dict[str, Any]:
    asked_at = time.time_ns()  # noqa: TID251 - the clock of the engine, too
    entries = docker.get("/containers/json", all="1")
    info = docker.get("/info")
    for runtime in info["Runtimes"].values():
        runtime.pop("status", None)  # pages of what the binary can do
    images = docker.get("/images/json", all="1")
    return {
        "asked_at": asked_at,
        "list": entries,
        "info": {name: info[name] for name in INFO},
        "inspect": {one["Id"]: docker.get(f"/containers/{one['Id']}/json") for one in entries},
        "images": {one["Id"]: docker.get(f"/images/{one['Id']}/json") for one in images},
        "networks": {one["Id"]: docker.get(f"/networks/{one['Id']}") for one in docker.get("/networks")},
        "volumes": docker.get("/volumes")["Volumes"],
    }


def _files(data_root: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(data_root)): file.read_bytes()
        for pattern in KEPT
        for file in sorted(data_root.glob(pattern))
    }


def _archive(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o600
            tar.addfile(member, io.BytesIO(content))
    return out.getvalue()


if __name__ == "__main__":
    main()
