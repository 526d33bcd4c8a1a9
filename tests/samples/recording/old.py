"""Record what a Docker Engine says of the containers of tests/support/old_containers.py, whose files it reads."""

import gzip
import json
import shutil
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SAMPLES = HERE.parent
sys.path[:0] = [str(SAMPLES.parent), str(SAMPLES.parent / "support"), str(HERE)]

from docker_root import DockerRoot  # noqa: E402 - only pytest has them on the path
from engine import Engine, engine  # noqa: E402
from old_containers import write  # noqa: E402
from record import DAEMON, SAMPLE, cleared, load_images  # noqa: E402


def main() -> None:
    """Record with the dockerd of a root file system."""
    rootfs = Path(sys.argv[1]).resolve()
    with cleared(rootfs):
        with engine(rootfs, DAEMON) as docker:
            load_images(docker)
            template = docker.ask("POST", "/containers/create", {"Image": "busybox:latest"})["Id"]
        written = write(DockerRoot(docker.data_root))
        for container_id in written.values():
            _give_layer(docker.data_root, template, container_id)
        with engine(rootfs, DAEMON) as docker:
            told = {name: _told(docker, container_id) for name, container_id in written.items()}
            entries = {entry["Id"]: entry for entry in docker.get("/containers/json", all="1")}
    recorded = {
        name: {"inspect": told[name], "list": entries.get(container_id)} for name, container_id in written.items()
    }
    text = json.dumps(recorded, sort_keys=True, ensure_ascii=False)
    (SAMPLES / f"{SAMPLE}-old-expected.json.gz").write_bytes(gzip.compress(text.encode(), mtime=0))


def _give_layer(data_root: Path, template: str, container_id: str) -> None:
    """Give a container a layer of its own: the engine loads none without."""
    mounts = data_root / "image/overlay2/layerdb/mounts"
    shutil.copytree(mounts / template, mounts / container_id)
    shutil.copytree(
        data_root / "overlay2" / (mounts / template / "mount-id").read_text(), data_root / "overlay2" / container_id
    )
    (mounts / container_id / "mount-id").write_text(container_id)
    (mounts / container_id / "init-id").unlink()


def _told(docker: Engine, container_id: str) -> Any:
    """Return what inspect says, None for a container that the engine did not load."""
    try:
        return docker.get(f"/containers/{container_id}/json")
    except ValueError as error:
        print(error)
        return None


if __name__ == "__main__":
    main()
