"""Image archives, made from their members."""

import hashlib
import io
import json
import tarfile
from typing import Any


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def a_tar(*members: tuple[str, bytes | tuple[bytes, str]], form: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar of (name, content) members; a content of (type, target) is a link."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, tuple):
                info.type, info.linkname = content
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


LAYER = a_tar(("etc/hosts", b"127.0.0.1 localhost\n"), ("bin/sh", (tarfile.SYMTYPE, "busybox")))
LAYER_SIZE = 20 + len("busybox")


def a_config(*layer_tars: bytes, **fields: Any) -> bytes:
    diff_ids = [digest(layer) for layer in layer_tars]
    return json.dumps({"os": "linux", "rootfs": {"type": "layers", "diff_ids": diff_ids}, **fields}).encode()


def a_manifest(config: str = "c.json", tags: Any = ("x:1",), layer_names: Any = ("l/layer.tar",)) -> bytes:
    return json.dumps([{"Config": config, "RepoTags": tags, "Layers": layer_names}]).encode()


def an_archive(**members: Any) -> bytes:
    """A Docker archive of one image; a member given replaces one, None leaves it out."""
    given: dict[str, Any] = {"c.json": a_config(LAYER), "l/layer.tar": LAYER, "manifest.json": a_manifest(), **members}
    return a_tar(*((name, content) for name, content in given.items() if content is not None))
