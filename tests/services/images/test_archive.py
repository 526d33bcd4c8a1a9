import bz2
import contextlib
import gzip
import hashlib
import io
import json
import lzma
import sys
import tarfile
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from image_archives import LAYER, LAYER_SIZE, a_config, a_manifest, a_tar, an_archive, digest

from statesvc.domain.limits import LIMITS
from statesvc.domain.platform import Platform
from statesvc.errors import InvalidParameter
from statesvc.services.images.archive import LoadedImage, digest_layer, entries, layers, manifest, read_archive

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CONFORMANCE = Path(__file__).parents[2] / "conformance"
IMAGES = json.loads((CONFORMANCE / "images.json").read_text())["images"]
COMPRESSIONS: list[Callable[[bytes], bytes]] = [bytes, gzip.compress, bz2.compress, lzma.compress, zstd.compress]

HOST = Platform("linux", "amd64")


def load(data: bytes, **given: Platform) -> list[LoadedImage]:
    return read_archive(io.BytesIO(data), HOST, **given)


def size_of(image: LoadedImage) -> int:
    """The bytes of all layers, which the archive has to hold."""
    assert all(isinstance(layer, int) for layer in image.layers), image.layers
    return sum(layer for layer in image.layers if isinstance(layer, int))


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
        (loaded,) = read_archive(stream, HOST)

    assert (loaded.id, loaded.repo_tags) == (image["id"], (image["ref"],))
    assert digest(loaded.config) == image["id"]


def test_the_size_is_what_docker_shows() -> None:
    # Docker Engine 26.1.5 says 1982312 for this busybox: 1982256 bytes of files and 56 of symlink targets.
    (busybox,) = load((CONFORMANCE / "images/busybox_latest.tar.gz").read_bytes())

    assert size_of(busybox) == 1_982_312


@pytest.mark.parametrize("compress_layer", COMPRESSIONS)
@pytest.mark.parametrize("compress", COMPRESSIONS)
def test_compression_changes_nothing(
    compress: Callable[[bytes], bytes], compress_layer: Callable[[bytes], bytes]
) -> None:
    data = compress(an_archive(**{"l/layer.tar": compress_layer(LAYER)}))

    (image,) = read_archive(Trickle(data), HOST)

    assert (image.id, size_of(image)) == (digest(a_config(LAYER)), LAYER_SIZE)


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
    members = {"k/layer.tar": LAYER, "l/layer.tar": link, "c.json": a_config(LAYER), "manifest.json": a_manifest()}
    (image,) = load(a_tar(*members.items()))

    assert size_of(image) == LAYER_SIZE


@pytest.mark.parametrize("target", ["real", "./real", "../real", "/real", "other"], ids=str)
def test_a_path_may_lead_through_a_folder_that_is_a_link(target: str) -> None:
    members = {"other": (tarfile.SYMTYPE, "real"), "l": (tarfile.SYMTYPE, target), "l/layer.tar": LAYER}
    data = a_tar(*members.items(), ("c.json", a_config(LAYER)), ("manifest.json", a_manifest()))
    named = a_tar(
        ("real/layer.tar", LAYER), ("l", (tarfile.SYMTYPE, target)), ("other", (tarfile.SYMTYPE, "real")),
        ("c.json", a_config(LAYER)), ("manifest.json", a_manifest()),
    )  # fmt: skip

    assert [size_of(image) for image in (*load(data), *load(named))] == [LAYER_SIZE] * 2


def test_a_member_above_the_root_is_one_below_it() -> None:
    data = an_archive(**{"l/layer.tar": None, "../l/layer.tar": LAYER, "a/../../out": b""})

    assert [size_of(image) for image in load(data)] == [LAYER_SIZE]


def test_a_folder_takes_the_place_of_a_link() -> None:
    data = a_tar(
        ("l", (tarfile.SYMTYPE, "gone")), ("l", (tarfile.DIRTYPE, "")), ("l/layer.tar", LAYER), ("gone/layer.tar", b""),
        ("c.json", a_config(LAYER)), ("manifest.json", a_manifest()),
    )  # fmt: skip

    assert [size_of(image) for image in load(data)] == [LAYER_SIZE]


def test_bytes_behind_the_manifest_are_passed_over() -> None:
    assert load(an_archive(**{"manifest.json": b"\n " + a_manifest() + b"\n[{} junk"}))


def test_every_item_of_a_manifest_is_checked() -> None:
    items = [{"Config": "c.json", "RepoTags": ["x:1"], "Layers": names} for names in (["l/layer.tar"], [])]
    with pytest.raises(InvalidParameter, match="layers length mismatch: expected 0, got 1"):
        load(an_archive(**{"manifest.json": json.dumps(items).encode()}))


def test_a_layer_whose_first_file_looks_like_json_is_a_layer() -> None:
    layer = a_tar(("{odd}", b"x"))

    (image,) = load(an_archive(**{"c.json": a_config(layer), "l/layer.tar": layer}))

    assert size_of(image) == 1


def test_tags_come_out_as_docker_shows_them() -> None:
    manifest = a_manifest(tags=["docker.io/library/x:1", "example.org/y:2"])

    assert load(an_archive(**{"manifest.json": manifest}))[0].repo_tags == ("x:1", "example.org/y:2")
    assert load(an_archive(**{"manifest.json": a_manifest(tags=None)}))[0].repo_tags == ()


OTHER = a_tar(("other", b""))


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (OTHER, f'invalid diffID for layer 0 ("l/layer.tar"): expected "{digest(LAYER)}", got "{digest(OTHER)}"'),
        (None, 'does not contain the layer "l/layer.tar"'),
        (b"no tar" * 200, "not a tar archive"),
        (gzip.compress(LAYER)[:-9], "cut off"),
        ((tarfile.SYMTYPE, "layer.tar"), "too many levels of links"),
    ],
    ids=["another", "none", "no tar", "cut off", "a circle"],
)
def test_a_layer_that_the_archive_does_not_hold_is_left_out_for_a_reason(layer: Any, reason: str) -> None:
    (image,) = load(an_archive(**{"l/layer.tar": layer}))

    (left_out,) = image.layers
    assert isinstance(left_out, InvalidParameter)
    assert reason in left_out.message


def test_a_layer_without_a_name_is_left_out() -> None:
    base = a_tar(("base", b"12"))
    (image,) = load(
        an_archive(**{"c.json": a_config(base, LAYER), "manifest.json": a_manifest(layer_names=["", "l/layer.tar"])})
    )

    assert isinstance(image.layers[0], InvalidParameter)
    assert image.layers[1] == LAYER_SIZE


def test_members_may_be_named_from_the_root() -> None:
    (image,) = load(a_tar(("/manifest.json", a_manifest()), ("/c.json", a_config(LAYER)), ("//l/./layer.tar", LAYER)))

    assert size_of(image) == LAYER_SIZE


def test_an_image_has_as_many_layers_as_docker_can_mount() -> None:
    def stacked(count: int) -> bytes:
        config, listed = a_config(*[LAYER] * count), a_manifest(layer_names=["l/layer.tar"] * count)
        return an_archive(**{"c.json": config, "manifest.json": listed})

    (image,) = load(stacked(125))
    assert size_of(image) == 125 * LAYER_SIZE
    with pytest.raises(InvalidParameter, match="max depth exceeded"):
        load(stacked(126))


def test_an_image_that_is_named_twice_has_all_its_tags() -> None:
    items = [{"Config": "c.json", "RepoTags": [tag, "x:1"], "Layers": ["l/layer.tar"]} for tag in ("a:1", "b:1")]
    images = load(an_archive(**{"manifest.json": json.dumps(items).encode()}))

    assert [image.repo_tags for image in images] == [("a:1", "x:1"), ("b:1", "x:1")]


def test_the_images_for_one_platform_are_picked() -> None:
    configs = {f"{name}.json": a_config(LAYER, architecture=name) for name in ("amd64", "arm64")}
    items = [{"Config": name, "RepoTags": [f"{name[:5]}:1"], "Layers": ["l/layer.tar"]} for name in configs]
    data = an_archive(**configs, **{"manifest.json": json.dumps(items).encode()})

    assert len(load(data)) == 2
    assert [image.repo_tags for image in load(data, wanted=Platform("linux", "arm64"))] == [("arm64:1",)]


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
        (an_archive(**{"manifest.json": b"no JSON"}), "not valid JSON"),
        (an_archive(**{"manifest.json": b"[" * 100_000}), "not valid JSON"),
        (an_archive(**{"manifest.json": b"null"}), "cannot be null"),
        (an_archive(**{"manifest.json": b"{}"}), "list of objects"),
        (an_archive(**{"manifest.json": b"[{}]"}), "no Config"),
        (an_archive(**{"manifest.json": b"[" + b" " * (4 * 1024 * 1024) + b"]"}), "too large"),
        (an_archive(**{"manifest.json": a_manifest(tags="x:1")}), "repotags must be a list of strings"),
        (an_archive(**{"manifest.json": a_manifest(tags=["x"])}), 'invalid tag "x"'),
        (an_archive(**{"manifest.json": a_manifest(tags=["X:1"])}), "must be lowercase"),
        (an_archive(**{"manifest.json": a_manifest(tags=["sha256:" + "a" * 64])}), "ambiguous tag"),
        (an_archive(**{"manifest.json": a_manifest(tags=["a" * 64])}), "cannot specify 64-byte hexadecimal strings"),
        (an_archive(**{"manifest.json": a_manifest(tags=["x:1@" + digest(b"")])}), "a digest reference"),
        (an_archive(**{"c.json": a_config(LAYER, history=[{}, {}])}), "too many non-empty layers in History"),
        (an_archive(**{"manifest.json": a_manifest(config="../../c2.json")}), "does not contain the configuration"),
        (an_archive(**{"manifest.json": a_manifest(config="l/layer.tar")}), "too large, or not JSON"),
        (an_archive(**{"manifest.json": a_manifest(layer_names=[])}), "layers length mismatch: expected 0, got 1"),
        (an_archive(**{"c.json": b"{}"}), "no RootFS key"),
        (an_archive(**{"c.json": a_config(LAYER, os="windows")}), "cannot load windows image on linux"),
        (an_archive(h=(tarfile.LNKTYPE, "../../etc/passwd")), 'a hard link to "../../etc/passwd", which is not there'),
        (an_archive(h=(tarfile.LNKTYPE, "later"), later=b""), "which is not there before it"),
        (an_archive(h=(tarfile.SYMTYPE, "h/h"), **{"h/x": b""}), "has too many levels of links"),
        (an_archive(h=(tarfile.SYMTYPE, "."), **{"x/" * 3000: b""}), "is too long"),
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
    monkeypatch.setattr(entries, "_DOCUMENTS_MAX", 10)
    with pytest.raises(InvalidParameter, match="documents"):
        load(an_archive())
    monkeypatch.setattr(entries, "_MEMBERS_MAX", 1)
    with pytest.raises(InvalidParameter, match="members"):
        load(a_tar(("a", b""), ("b", b"")))


def test_what_one_archive_may_name_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest, "_NAMED_MAX", 3)
    assert load(an_archive(**{"manifest.json": a_manifest(tags=["x:1", "x:2"])}))
    with pytest.raises(InvalidParameter, match="images and tags"):
        load(an_archive(**{"manifest.json": a_manifest(tags=["x:1", "x:2", "x:3"])}))


def peak_of(reading: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        with pytest.raises(InvalidParameter):
            reading()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.SYMTYPE], ids=["names", "targets of links"])
def test_long_names_cannot_take_the_memory(kind: bytes) -> None:
    def members() -> Iterator[tuple[str, Any]]:
        for number in range(100):
            long = f"{number:03}" + "x" * 1_000_000
            yield (long, b"") if kind == tarfile.REGTYPE else (str(number), (kind, long))

    data = gzip.compress(a_tar(*members()))

    assert len(data) < 200_000
    assert peak_of(lambda: load(data)) < 40 * 1024 * 1024


def test_records_of_headers_that_nobody_reads_cannot_take_the_memory() -> None:
    def header(number: int) -> bytes:
        body = b"%d=%s\n" % (number, b"x" * 500_000)
        record = b"%d %s" % (len(body) + 7, body)
        return a_header(b"%o" % len(record), b"x") + record + bytes(-len(record) % 512)

    data = b"".join(header(100 + number) for number in range(100))

    assert peak_of(lambda: load(gzip.compress(data) + b"more")) < 40 * 1024 * 1024


def test_a_bomb_is_refused_when_it_has_unpacked_too_much() -> None:
    bomb = gzip.compress(a_tar(("zeros", bytes(1024 * 1024))))

    with pytest.raises(InvalidParameter, match="unpacks to more"):
        digest_layer(io.BytesIO(bomb), layers.Budget(replace(LIMITS, archive_unpacked_bytes=100_000)))


@pytest.mark.parametrize(
    "compress",
    [
        gzip.compress,
        bz2.compress,
        lzma.compress,
        zstd.compress,
        lambda tar: gzip.compress(a_tar(("layer", gzip.compress(tar)))),
    ],
    ids=["gzip", "bzip2", "xz", "zstd", "layer"],
)
def test_what_unpacks_to_far_more_than_it_has_is_refused(
    monkeypatch: pytest.MonkeyPatch, compress: Callable[[bytes], bytes]
) -> None:
    monkeypatch.setattr(layers.Budget.__init__, "__defaults__", (replace(LIMITS, archive_ratio_free_bytes=1 << 20),))
    bomb = compress(a_tar(("zeros", bytes(8 << 20))))
    with pytest.raises(InvalidParameter, match="200 times what it has"):
        read_archive(io.BytesIO(bomb), HOST)


def test_a_stream_is_read_no_further_than_its_ratio_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    free = 4 << 20
    monkeypatch.setattr(layers.Budget.__init__, "__defaults__", (replace(LIMITS, archive_ratio_free_bytes=free),))
    stream = io.BytesIO(gzip.compress(a_tar(("zeros", bytes(64 << 20)))))
    unpacked = 0
    digest = hashlib.sha256

    def counted() -> Any:
        made = digest()

        class Counting:
            def update(self, data: bytes) -> None:
                nonlocal unpacked
                unpacked += len(data)
                made.update(data)

        return Counting()

    monkeypatch.setattr(layers.hashlib, "sha256", counted)
    with pytest.raises(InvalidParameter):
        digest_layer(stream)
    assert unpacked <= max(free, 200 * stream.tell())


def test_an_archive_that_compresses_well_is_read() -> None:
    assert digest_layer(io.BytesIO(gzip.compress(a_tar(("zeros", bytes(16 << 20)))))).size == 16 << 20


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
        digest_layer(
            io.BytesIO(zstd.compress(a_tar(("zeros", bytes(1024 * 1024))))),
            layers.Budget(replace(LIMITS, archive_unpacked_bytes=100_000)),
        )


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
