import bz2
import contextlib
import gzip
import hashlib
import io
import json
import lzma
import sys
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statesvc.errors import InvalidParameter
from statesvc.services.images.archive import images as image_archive
from statesvc.services.images.archive import layers
from statesvc.services.images.archive.images import digest_layer, read_archive

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CONFORMANCE = Path(__file__).parents[2] / "conformance"
IMAGES = json.loads((CONFORMANCE / "images.json").read_text())["images"]
COMPRESSIONS: list[Callable[[bytes], bytes]] = [bytes, gzip.compress, bz2.compress, lzma.compress, zstd.compress]


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


def load(data: bytes) -> list[image_archive.LoadedImage]:
    return read_archive(io.BytesIO(data))


class Trickle(io.RawIOBase):
    """A stream like a socket: it cannot seek, and gives little at a time."""

    def __init__(self, data: bytes) -> None:
        self.rest = io.BytesIO(data)

    def read(self, size: int = -1, /) -> bytes:
        assert size > 0
        return self.rest.read(min(size, 700))


@pytest.mark.parametrize("image", IMAGES, ids=[image["ref"] for image in IMAGES])
def test_a_real_archive_loads_with_dockers_id(image: dict[str, Any]) -> None:
    with (CONFORMANCE / image["tar"]).open("rb") as stream:
        (loaded,) = read_archive(stream)

    assert (loaded.id, loaded.repo_tags) == (image["id"], (image["ref"],))
    assert digest(loaded.config) == image["id"]


def test_the_size_is_what_docker_shows() -> None:
    # Docker Engine 26.1.5 says 1982312 for this busybox: 1982256 bytes of files and 56 of symlink targets.
    (busybox,) = load((CONFORMANCE / "images/busybox_latest.tar.gz").read_bytes())

    assert busybox.size == 1_982_312


@pytest.mark.parametrize("compress_layer", COMPRESSIONS)
@pytest.mark.parametrize("compress", COMPRESSIONS)
def test_compression_changes_nothing(
    compress: Callable[[bytes], bytes], compress_layer: Callable[[bytes], bytes]
) -> None:
    data = compress(an_archive(**{"l/layer.tar": compress_layer(LAYER)}))

    (image,) = read_archive(Trickle(data))  # type: ignore[arg-type]

    assert (image.id, image.size) == (digest(a_config(LAYER)), LAYER_SIZE)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (1, 0, 2)])
def test_members_may_come_in_any_order(order: tuple[int, ...]) -> None:
    members = [("manifest.json", a_manifest()), ("c.json", a_config(LAYER)), ("l/layer.tar", LAYER)]

    assert len(load(a_tar(*(members[place] for place in order)))) == 1


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names_are_read_in_every_form_of_tar(form: int) -> None:
    path = "/".join(["blobs", "a" * 90, "b" * 40, "c" * 40] if form == tarfile.USTAR_FORMAT else ["d" * 120, "é" * 90])
    manifest = a_manifest(layer_names=[path])

    assert load(a_tar((path, LAYER), ("c.json", a_config(LAYER)), ("manifest.json", manifest), form=form))


@pytest.mark.parametrize(
    "link",
    [(tarfile.SYMTYPE, "../k/layer.tar"), (tarfile.LNKTYPE, "k/layer.tar"), (tarfile.SYMTYPE, "../../../k/layer.tar")],
    ids=["symlink", "hard link", "symlink over the root"],
)
def test_a_layer_may_be_a_link_to_another(link: tuple[bytes, str]) -> None:
    (image,) = load(an_archive(**{"l/layer.tar": link, "k/layer.tar": LAYER}))

    assert image.size == LAYER_SIZE


def test_a_layer_whose_first_file_looks_like_json_is_a_layer() -> None:
    layer = a_tar(("{odd}", b"x"))

    assert load(an_archive(**{"c.json": a_config(layer), "l/layer.tar": layer}))[0].size == 1


def test_tags_come_out_as_docker_shows_them() -> None:
    manifest = a_manifest(tags=["docker.io/library/x:1", "example.org/y:2"])

    assert load(an_archive(**{"manifest.json": manifest}))[0].repo_tags == ("x:1", "example.org/y:2")
    assert load(an_archive(**{"manifest.json": a_manifest(tags=None)}))[0].repo_tags == ()


def test_a_layer_that_is_not_the_configurations_is_named_with_both_digests() -> None:
    other = a_tar(("other", b""))

    with pytest.raises(InvalidParameter) as caught:
        load(an_archive(**{"l/layer.tar": other}))

    assert caught.value.message == (
        f'invalid diffID for layer 0 ("l/layer.tar"): expected "{digest(LAYER)}", got "{digest(other)}"'
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "does not contain a manifest.json"),
        (b"junk" * 1000, "not a tar archive"),
        (gzip.compress(b"junk" * 1000), "not a tar archive"),
        (an_archive()[:3000], "cut off"),
        (gzip.compress(an_archive())[:-200], "cut off"),
        (lzma.compress(an_archive())[:-20], "cut off"),
        (bz2.compress(an_archive())[:-20], "cut off"),
        (gzip.compress(an_archive()) + b"more", "damaged"),
        (zstd.compress(an_archive())[:-20], "cut off"),
        (zstd.compress(an_archive()) + b"more", "the zstd data is damaged"),
        (b"\x28\xb5\x2f\xfd", "the zstd data is damaged or cut off"),
        (b"\x28\xb5\x2f\xfd" + bytes(100), "the zstd data is damaged"),
        (b"\x50\x2a\x4d\x18\xff\0\0\0", "the zstd data is damaged or cut off"),
        (an_archive(**{"manifest.json": None}), "does not contain a manifest.json"),
        (a_tar(("oci-layout", b"{}"), ("index.json", b"{}")), "OCI layout"),
        (an_archive(**{"manifest.json": b"no JSON"}), "not valid JSON"),
        (an_archive(**{"manifest.json": b"[" * 100_000}), "not valid JSON"),
        (an_archive(**{"manifest.json": b"null"}), "cannot be null"),
        (an_archive(**{"manifest.json": b"{}"}), "list of objects"),
        (an_archive(**{"manifest.json": b"[{}]"}), "no Config"),
        (an_archive(**{"manifest.json": b"[" + b" " * (4 * 1024 * 1024) + b"]"}), "too large"),
        (an_archive(**{"manifest.json": a_manifest(tags="x:1")}), "repotags must be a list of strings"),
        (an_archive(**{"manifest.json": a_manifest(tags=["x"])}), 'invalid tag "x"'),
        (an_archive(**{"manifest.json": a_manifest(tags=["X:1"])}), "must be lowercase"),
        (an_archive(**{"manifest.json": a_manifest(config="../../c2.json")}), "does not contain the configuration"),
        (an_archive(**{"manifest.json": a_manifest(config="l/layer.tar")}), "too large, or not JSON"),
        (an_archive(**{"manifest.json": a_manifest(layer_names=[])}), "layers length mismatch: expected 0, got 1"),
        (an_archive(**{"c.json": b"{}"}), "no RootFS key"),
        (an_archive(**{"c.json": a_config(LAYER, os="windows")}), "cannot load windows image on linux"),
        (an_archive(**{"l/layer.tar": None}), 'does not contain the layer "l/layer.tar"'),
        (an_archive(**{"l/layer.tar": b"no tar" * 200}), "not a tar archive"),
        (an_archive(**{"l/layer.tar": gzip.compress(LAYER)[:-9]}), "cut off"),
        (an_archive(**{"l/layer.tar": (tarfile.SYMTYPE, "layer.tar")}), "too many levels of links"),
        (an_archive(**{"../out": b""}), 'invalid archive: "../out" is outside'),
        (an_archive(**{"/etc/passwd": b""}), "is outside of the archive"),
        (an_archive(h=(tarfile.LNKTYPE, "../../etc/passwd")), "is outside of the archive"),
    ],
    # A compressed archive holds the time, and workers must agree on the names of the tests.
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_hostile_or_broken_archive_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        load(data)

    assert message in caught.value.message


def a_header(size: bytes = b"0", kind: bytes = b"0") -> bytes:
    header = bytearray(512)
    header[0:1] = b"x"
    header[124 : 124 + len(size)] = size
    header[156:157] = kind
    header[257:265] = b"ustar\x0000"
    header[148:156] = b" " * 8
    header[148:155] = b"%06o\0" % sum(header)
    return bytes(header)


@pytest.mark.parametrize(
    "data",
    [
        a_header(b"77777777777"),
        a_header(b"\xff" * 12),
        a_header(b"\x80" + b"\x7f" * 11),
        a_header(b"9"),
        a_header(b"77777777777", b"x"),
        a_header(b"77777777777", b"L"),
        a_header(b"10", b"x") + b"99 size=1".ljust(512, b"\0"),
        a_header(b"10", b"x") + b"8 size=".ljust(512, b"\0"),
        a_header(b"0", b"S")[:-1],
        bytes(512) + a_header(),
    ],
)
def test_sizes_that_lie_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidParameter):
        load(data)


def test_the_number_of_members_and_the_size_of_documents_have_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_archive, "_DOCUMENTS_MAX", 10)
    with pytest.raises(InvalidParameter, match="documents"):
        load(an_archive())
    monkeypatch.setattr(image_archive, "_MEMBERS_MAX", 1)
    with pytest.raises(InvalidParameter, match="members"):
        load(a_tar(("a", b""), ("b", b"")))


def test_a_bomb_is_refused_when_it_has_unpacked_too_much() -> None:
    bomb = gzip.compress(a_tar(("zeros", bytes(1024 * 1024))))

    with pytest.raises(InvalidParameter, match="unpacks to more"):
        digest_layer(io.BytesIO(bomb), layers.Budget(100_000))


def test_an_xz_stream_may_not_demand_gigabytes_of_memory() -> None:
    packed = bytearray(lzma.compress(LAYER))
    # The block header (12 bytes, then its CRC) follows the stream header; its fifth byte is the dictionary's size.
    packed[16] = 36  # a gigabyte
    packed[20:24] = zlib.crc32(packed[12:20]).to_bytes(4, "little")

    with pytest.raises(InvalidParameter, match="xz data is damaged"):
        digest_layer(io.BytesIO(bytes(packed)))


def a_zstd_frame(window_log: int, content: bytes = LAYER) -> bytes:
    """A frame whose header wants a window of this size and that has the content as one raw block."""
    window = bytes([(window_log - 10) << 3])
    block = (len(content) << 3 | 1).to_bytes(3, "little")
    return b"\x28\xb5\x2f\xfd\0" + window + block + content


def test_a_zstd_stream_may_not_demand_gigabytes_of_memory() -> None:
    assert digest_layer(io.BytesIO(a_zstd_frame(27))).diff_id == digest(LAYER)

    for window_log in (28, 31, 41):
        with pytest.raises(InvalidParameter, match="zstd data is damaged"):
            digest_layer(io.BytesIO(a_zstd_frame(window_log)))


def test_the_best_compression_of_zstd_is_read() -> None:
    packed = zstd.compress(
        LAYER, options={zstd.CompressionParameter.compression_level: 22, zstd.CompressionParameter.window_log: 27}
    )

    assert digest_layer(Trickle(packed)).diff_id == digest(LAYER)


@pytest.mark.parametrize("magic", [0x184D2A50, 0x184D2A5F])
def test_skippable_frames_of_zstd_are_skipped(magic: int) -> None:
    skippable = magic.to_bytes(4, "little") + (5).to_bytes(4, "little") + b"hello"
    half = len(LAYER) // 2
    packed = skippable + zstd.compress(LAYER[:half]) + skippable * 2 + zstd.compress(LAYER[half:]) + skippable

    assert digest_layer(Trickle(packed)).diff_id == digest(LAYER)


def test_a_zstd_bomb_is_refused_when_it_has_unpacked_too_much() -> None:
    with pytest.raises(InvalidParameter, match="unpacks to more"):
        digest_layer(io.BytesIO(zstd.compress(a_tar(("zeros", bytes(1024 * 1024))))), layers.Budget(100_000))


@pytest.mark.parametrize("compress", COMPRESSIONS)
def test_a_layer_is_digested_as_its_uncompressed_tar(compress: Callable[[bytes], bytes]) -> None:
    assert digest_layer(Trickle(compress(LAYER))) == (digest(LAYER), LAYER_SIZE)


@pytest.mark.parametrize("data", [b"", bytes(1024), bytes(10240), a_tar()])
def test_an_empty_tar_is_an_empty_layer(data: bytes) -> None:
    assert digest_layer(io.BytesIO(data)) == (digest(data), 0)


def test_compressed_streams_may_follow_each_other() -> None:
    half = len(LAYER) // 2

    for compress in COMPRESSIONS[1:]:
        packed = compress(LAYER[:half]) + compress(LAYER[half:])
        assert digest_layer(io.BytesIO(packed)).diff_id == digest(LAYER)


def test_an_error_of_the_stream_itself_goes_through() -> None:
    class Broken(io.RawIOBase):
        def read(self, size: int = -1, /) -> bytes:
            raise ConnectionResetError(size)

    with pytest.raises(ConnectionResetError):
        digest_layer(Broken())


@given(st.binary(), st.sampled_from(COMPRESSIONS))
def test_any_bytes_are_an_archive_or_refused(data: bytes, compress: Callable[[bytes], bytes]) -> None:
    for stream in (data, compress(data), a_tar(("manifest.json", data)), an_archive(**{"c.json": data})):
        with contextlib.suppress(InvalidParameter):
            load(stream)


@given(st.integers(0, 6000), st.binary(min_size=1, max_size=4), st.sampled_from(COMPRESSIONS))
def test_any_damage_is_harmless_or_refused(place: int, damage: bytes, compress: Callable[[bytes], bytes]) -> None:
    good = compress(an_archive())

    with contextlib.suppress(InvalidParameter):
        load(good[:place] + damage + good[place + len(damage) :])
