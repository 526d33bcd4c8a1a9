"""The images that foreign suites use, as archives for `docker load`: no registry is asked.

Each is the busybox of the conformance cases under another name, with an ID of its own, so that a suite can remove one.
"""

import gzip
import io
import json
import tarfile
from pathlib import Path

from image_archives import a_manifest, a_tar
from service import CONFORMANCE

REFERENCES = ("alpine:3.10", "alpine:latest", "busybox:latest", "python:3.13-alpine", "python:3.14-alpine")
_BUSYBOX = CONFORMANCE / "images" / "busybox_latest.tar.gz"


def archive(reference: str) -> bytes:
    """Return an image archive with one image, which has this tag."""
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(_BUSYBOX.read_bytes()))) as tar:
        content = {entry.name: tar.extractfile(entry).read() for entry in tar if entry.isfile()}  # type: ignore[union-attr]
    (manifest,) = json.loads(content["manifest.json"])
    config = json.loads(content[manifest["Config"]]) | {"author": reference}
    layers = {name: content[name] for name in manifest["Layers"]}
    described = a_manifest("config.json", (reference,), tuple(layers))
    return a_tar(("config.json", json.dumps(config).encode()), *layers.items(), ("manifest.json", described))


def write_archives(folder: Path) -> dict[str, Path]:
    """Write the archives into a folder; return the file of each image."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {reference: folder / f"{reference.replace(':', '_')}.tar" for reference in REFERENCES}
    for reference, file in files.items():
        file.write_bytes(archive(reference))
    return files
