"""Archives without a manifest.json: OCI layouts, and those of Docker before 1.10."""

import hashlib
import io
import json
from typing import Any

import pytest
from image_archives import LAYER, LAYER_SIZE, a_config, a_tar, digest

from statesvc.domain.platform import Platform
from statesvc.errors import InvalidParameter
from statesvc.services.images.archive import LoadedImage, oci, read_archive

HOST = Platform("linux", "amd64")
TAG = {"org.opencontainers.image.ref.name": "busybox:1"}


class Layout:
    """An OCI layout: blobs by digest, and the descriptors of its index."""

    def __init__(self) -> None:
        self.members: dict[str, bytes] = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}'}

    def blob(self, content: bytes, **fields: Any) -> dict[str, Any]:
        """Add a blob; return its descriptor."""
        self.members[f"blobs/sha256/{hashlib.sha256(content).hexdigest()}"] = content
        return {"digest": digest(content), "size": len(content), **fields}

    def image(self, layer: bytes = LAYER, config: bytes | None = None, **fields: Any) -> dict[str, Any]:
        """Add an image of one layer; return the descriptor of its manifest."""
        config = a_config(layer) if config is None else config
        return self.index({"config": self.blob(config), "layers": [self.blob(layer)]}, **fields)

    def index(self, document: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """Add a manifest or an index; return its descriptor."""
        return self.blob(json.dumps(document).encode(), **fields)

    def archive(self, *descriptors: dict[str, Any]) -> bytes:
        """Return the archive with these in its index."""
        index = json.dumps({"manifests": descriptors}).encode()
        return a_tar(("index.json", index), *self.members.items())


def load(data: bytes, wanted: Platform | None = None) -> list[LoadedImage]:
    return read_archive(io.BytesIO(data), HOST, wanted)


def test_an_oci_layout_is_loaded() -> None:
    layout = Layout()
    (image,) = load(layout.archive(layout.image(annotations=TAG)))

    assert (image.id, image.repo_tags, image.layers) == (digest(a_config(LAYER)), ("busybox:1",), (LAYER_SIZE,))


@pytest.mark.parametrize(
    ("annotations", "tags"),
    [
        (None, ()),
        ({}, ()),
        ({"org.opencontainers.image.ref.name": "latest"}, ()),
        ({"org.opencontainers.image.ref.name": "docker.io/library/x:2"}, ("x:2",)),
        ({"io.containerd.image.name": "docker.io/library/x:2", "org.opencontainers.image.ref.name": "2"}, ("x:2",)),
    ],
)
def test_the_annotations_of_a_layout_name_its_images(annotations: object, tags: tuple[str, ...]) -> None:
    layout = Layout()
    (image,) = load(layout.archive(layout.image(annotations=annotations)))

    assert image.repo_tags == tags


def of_two_platforms(layout: Layout) -> dict[str, Any]:
    platforms = [{"os": "linux", "architecture": name} for name in ("arm64", "amd64")]
    images = [layout.image(config=a_config(LAYER, **one), platform=one) for one in platforms]
    about = layout.image(a_tar(), platform={"os": "unknown", "architecture": "unknown"})
    attestation = {**about, "annotations": {"vnd.docker.reference.type": "attestation-manifest"}}
    return layout.index({"manifests": [attestation, *images]}, annotations=TAG)


@pytest.mark.parametrize(("wanted", "architecture"), [(None, "amd64"), (Platform("linux", "arm64"), "arm64")])
def test_of_several_platforms_the_one_that_is_wanted_or_the_hosts_is_taken(
    wanted: Platform | None, architecture: str
) -> None:
    layout = Layout()
    (image,) = load(layout.archive(of_two_platforms(layout)), wanted)

    assert (image.parsed.architecture, image.repo_tags) == (architecture, ("busybox:1",))


def test_of_several_platforms_one_that_is_there_is_taken() -> None:
    layout = Layout()
    index = of_two_platforms(layout)
    (amd64,) = (one for one in json.loads(layout.members[path_of(index)])["manifests"] if "amd64" in str(one))
    del layout.members[path_of(amd64)]

    assert [image.parsed.architecture for image in load(layout.archive(index))] == ["arm64"]


def path_of(descriptor: dict[str, Any]) -> str:
    return descriptor["digest"].replace("sha256:", "blobs/sha256/")


def broken_layouts() -> dict[str, bytes]:
    layout, none = Layout(), {"digest": digest(b"none")}
    lying = layout.image()
    layout.members[path_of(lying)] += b" "
    itself = Layout()
    level = itself.image()
    for _ in range(20):
        level = itself.index({"manifests": [level]})
    return {
        "no object": a_tar(("index.json", b"[]")),
        "no list": a_tar(("index.json", b'{"manifests": 1}')),
        "no digest": Layout().archive({"digest": "../../etc/passwd"}),
        "no manifest": Layout().archive(none),
        "no config": layout.archive(layout.index({"layers": []})),
        "a config that is not there": layout.archive(layout.index({"config": none})),
        "another manifest": layout.archive(lying),
        "an empty index": layout.archive(layout.index({"manifests": []})),
        "too deep": itself.archive(level),
    }


@pytest.mark.parametrize("name", broken_layouts())
def test_a_broken_layout_is_refused(name: str) -> None:
    with pytest.raises(InvalidParameter):
        load(broken_layouts()[name])


def test_indexes_that_lead_to_each_other_again_and_again_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oci, "_DESCRIPTORS_MAX", 100)
    layout = Layout()
    image = layout.image(annotations=TAG)
    index = layout.index({"manifests": [image] * 20})

    assert load(layout.archive(index))
    with pytest.raises(InvalidParameter, match="more than 100 manifests"):
        load(layout.archive(*[index] * 20))


def a_legacy_archive(**members: bytes) -> bytes:
    base = {
        "id": "base",
        "created": "2015-01-01T00:00:00Z",
        "container_config": {"Cmd": ["/bin/sh", "-c", "#(nop) ADD"]},
    }
    top = {
        "id": "top", "parent": "base", "created": "2015-01-02T00:00:00Z", "author": "me", "os": "linux", "Size": 3,
        "docker_version": "1.9.1", "architecture": "amd64", "config": {"Cmd": ["<sh>"]},
        "container_config": {"Cmd": ["CMD sh"]},
    }  # fmt: skip
    given: dict[str, bytes] = {
        "base/VERSION": b"1.0", "base/json": json.dumps(base).encode(), "base/layer.tar": LAYER,
        "top/VERSION": b"1.0", "top/json": json.dumps(top).encode(), "top/layer.tar": a_tar(("x", b"123")),
        "repositories": b'{"old/name": {"1": "top", "2": "top"}}', **members,
    }  # fmt: skip
    return a_tar(*given.items())


def test_an_archive_of_docker_before_1_10_is_loaded() -> None:
    (image,) = load(a_legacy_archive())

    assert image.repo_tags == ("old/name:1", "old/name:2")
    assert image.layers == (LAYER_SIZE, 3)
    top = digest(a_tar(("x", b"123")))
    # What Docker makes of it (image/v1 MakeConfigFromV1Config): names in order, `<` escaped, neither IDs nor the size.
    assert image.config.decode() == (
        r'{"architecture":"amd64","author":"me","config":{"Cmd":["\u003csh\u003e"]},'
        '"container_config":{"Cmd":["CMD sh"]},'
        '"created":"2015-01-02T00:00:00Z","docker_version":"1.9.1",'
        '"history":[{"created":"2015-01-01T00:00:00Z","created_by":"/bin/sh -c #(nop) ADD"},'
        '{"created":"2015-01-02T00:00:00Z","created_by":"CMD sh","author":"me"}],'
        f'"os":"linux","rootfs":{{"type":"layers","diff_ids":["{digest(LAYER)}","{top}"]}}}}'
    )


def test_every_folder_that_no_other_is_built_on_is_an_image() -> None:
    more = {"bare/json": b'{"parent": "base"}', "bare/layer.tar": a_tar(("y", b"1"))}
    bare, top = load(a_legacy_archive(**more))

    assert (bare.repo_tags, bare.layers) == ((), (LAYER_SIZE, 1))
    assert top.repo_tags == ("old/name:1", "old/name:2")
    assert {bare.is_told, top.is_told} == {False}


@pytest.mark.parametrize(
    "members",
    [
        {"repositories": b"[]"},
        {"blobs/sha256/x": b"no image"},
        {"repositories": b'{"x": ["top"]}'},
        {"repositories": b'{"x": {"1": "none"}}'},
        {"repositories": b'{"X": {"1": "top"}}'},
        {"repositories": b'{"x": {"1": ""}}'},
        {"base/json": b'{"parent": "top"}'},
        {"base/json": b'{"created": 1}'},
        {"base/layer.tar": b"no tar"},
        {"top/json": b'{"os": "windows"}'},
    ],
    ids=str,
)
def test_a_broken_archive_of_docker_before_1_10_is_refused(members: dict[str, bytes]) -> None:
    with pytest.raises(InvalidParameter):
        load(a_legacy_archive(**members))
