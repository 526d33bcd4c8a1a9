"""Garbage in the place of image archives."""

import gzip
import io
import tarfile

import pytest
from service import Service

MIB = 1024 * 1024


def a_tar(name: str, content: bytes) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    return archive.getvalue()


ARCHIVES = {
    "nothing": b"",
    "text": b"this is no archive\n" * 100,
    "zeros": bytes(1024),
    "noise": bytes(range(256)) * 40,
    "cut-off-tar": a_tar("manifest.json", b"[]" * 300)[:700],
    "cut-off-header": a_tar("manifest.json", b"[]")[:300],
    "cut-off-gzip": gzip.compress(a_tar("manifest.json", b"[]"))[:60],
    "gzip-of-nothing": gzip.compress(b""),
    "gzip-mark-only": b"\x1f\x8b",
    "gzip-bomb": gzip.compress(bytes(64 * MIB)),
    "gzip-in-gzip": gzip.compress(gzip.compress(bytes(16 * MIB))),
    "xz-mark-only": b"\xfd7zXZ\x00",
    "zstd-mark-only": b"\x28\xb5\x2f\xfd",
    "bzip2-mark-only": b"BZh9",
    "no-manifest": a_tar("readme", b"hello"),
    "manifest-of-no-json": a_tar("manifest.json", b"{"),
    "manifest-of-another-type": a_tar("manifest.json", b'{"Config": 1}'),
    "manifest-of-nothing": a_tar("manifest.json", b'[{"Config": "none.json", "RepoTags": ["a:b"], "Layers": ["x"]}]'),
    "manifest-that-climbs": a_tar("manifest.json", b'[{"Config": "../../etc/passwd", "RepoTags": null, "Layers": []}]'),
    "manifest-bomb": gzip.compress(a_tar("manifest.json", b" " * (32 * MIB))),
    "manifest-deep": a_tar("manifest.json", b"[" * 100_000),
}


@pytest.mark.parametrize("archive", ARCHIVES.values(), ids=ARCHIVES)
def test_garbage_instead_of_an_image_archive_is_refused_in_the_stream(service: Service, archive: bytes) -> None:
    answer = service.call("POST", "/images/load", archive)
    assert answer.status == 200
    error = answer.json()
    assert error == {"errorDetail": {"message": error["error"]}, "error": error["error"]}
    assert error["error"]


@pytest.mark.parametrize("archive", ARCHIVES.values(), ids=ARCHIVES)
def test_garbage_instead_of_a_root_file_system_is_refused_or_digested(service: Service, archive: bytes) -> None:
    answer = service.call("POST", "/images/create", archive, query={"fromSrc": "-", "repo": "bad/input"})
    assert answer.status == 200 or answer.is_refusal(400, 413)
