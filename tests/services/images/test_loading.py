"""What is recorded of loaded images, and what goes when they are removed."""

import json
from collections.abc import AsyncIterator

import pytest
from image_archives import LAYER, LAYER_SIZE, a_config, a_tar, digest

from statesvc.app import Services
from statesvc.db import images
from statesvc.domain.documents import Config, ContainerCreate, HostConfig, Mount
from statesvc.domain.platform import Platform
from statesvc.errors import Conflict, InvalidParameter, NotFound
from statesvc.services.images.layers import chain_ids

pytestmark = pytest.mark.anyio

UPPER = a_tar(("upper", b"12345"))
TOP = a_tar(("top", b"1"))
ALL = (LAYER, UPPER, TOP)


async def stream(data: bytes) -> AsyncIterator[bytes]:
    yield data


def archive_of(*layers: bytes, tag: str | None = None, held: tuple[bytes, ...] = ALL) -> bytes:
    """An archive of one image, with the layers that it holds; the others it names only."""
    names = [f"{digest(layer)[7:]}.tar" for layer in layers]
    items = [{"Config": "c.json", "RepoTags": tag and [tag], "Layers": names}]
    members = {name: layer for name, layer in zip(names, layers, strict=True) if layer in held}
    return a_tar(("manifest.json", json.dumps(items).encode()), ("c.json", a_config(*layers)), *members.items())


async def load(services: Services, data: bytes, platform: Platform | None = None) -> list[str]:
    return await services.images.load(stream(data), platform)


async def size_of(services: Services, *layers: bytes) -> int:
    return (await services.images.inspect(digest(a_config(*layers)))).image.size


async def test_known_layers_may_be_left_out(services: Services) -> None:
    await load(services, archive_of(LAYER, UPPER))
    assert await load(services, archive_of(*ALL, tag="x:1", held=(TOP,))) == ["Loaded image: x:1"]
    assert await size_of(services, *ALL) == LAYER_SIZE + 5 + 1


async def test_layers_of_an_image_that_was_built_on_them_are_known_too(services: Services) -> None:
    await load(services, archive_of(*ALL))
    await load(services, archive_of(LAYER, held=()))
    # How large the lowest of three layers is does not follow from the size of all.
    assert await size_of(services, LAYER) == 0


async def test_layers_of_an_image_before_in_the_archive_are_known(services: Services) -> None:
    await load(services, archive_of(LAYER))
    images_of = {"0.json": (LAYER, UPPER), "1.json": ALL}
    held = {digest(layer): layer for layer in (UPPER, TOP)}
    items = [
        {"Config": name, "RepoTags": None, "Layers": [digest(layer) for layer in layers]}
        for name, layers in images_of.items()
    ]
    items[1]["Layers"] = ["", "", digest(TOP)]
    configs = {name: a_config(*layers) for name, layers in images_of.items()}
    await load(services, a_tar(("manifest.json", json.dumps(items).encode()), *configs.items(), *held.items()))
    assert await size_of(services, *ALL) == LAYER_SIZE + 5 + 1


async def test_the_image_itself_may_be_loaded_again_without_any_layer(services: Services) -> None:
    await load(services, archive_of(*ALL))
    assert await load(services, archive_of(*ALL, tag="again:1", held=())) == ["Loaded image: again:1"]
    assert await size_of(services, *ALL) == LAYER_SIZE + 5 + 1


@pytest.mark.parametrize(
    ("known", "held"),
    [((), (UPPER, TOP)), ((LAYER,), (TOP,)), ((UPPER, LAYER), (UPPER, TOP)), ((TOP,), (LAYER, UPPER))],
    ids=["nothing known", "a gap", "in another order", "the top one alone"],
)
async def test_layers_that_nobody_knows_cannot_be_left_out(
    services: Services, known: tuple[bytes, ...], held: tuple[bytes, ...]
) -> None:
    if known:
        await load(services, archive_of(*known))
    with pytest.raises(InvalidParameter, match="does not contain the layer"):
        await load(services, archive_of(*ALL, tag="x:1", held=held))
    with pytest.raises(NotFound):
        await services.images.inspect("x:1")


async def test_an_image_for_another_platform_is_not_loaded(services: Services) -> None:
    assert await load(services, archive_of(LAYER, tag="x:1"), Platform("linux", "riscv64")) == []
    with pytest.raises(NotFound):
        await services.images.inspect("x:1")


async def test_all_ids_are_told_if_the_last_image_has_no_name(services: Services) -> None:
    def archive(*tags: str | None) -> bytes:
        items = [
            {"Config": f"{number}.json", "RepoTags": tag and [tag], "Layers": []} for number, tag in enumerate(tags)
        ]
        configs = [(f"{number}.json", a_config(comment=str(number))) for number in range(len(tags))]
        return a_tar(("manifest.json", json.dumps(items).encode()), *configs)

    ids = [digest(a_config(comment=str(number))) for number in range(2)]
    assert await load(services, archive("x:1", None)) == [
        "Loaded image: x:1", *(f"Loaded image ID: {image_id}" for image_id in ids),
    ]  # fmt: skip
    assert await load(services, archive(None, "x:2")) == ["Loaded image: x:2"]
    assert await load(services, archive()) == []


async def test_an_image_that_is_listed_again_without_a_name_is_told_by_its_id(services: Services) -> None:
    items = [{"Config": "c.json", "RepoTags": tags, "Layers": ["l"]} for tags in (["x:1"], None)]
    data = a_tar(("manifest.json", json.dumps(items).encode()), ("c.json", a_config(LAYER)), ("l", LAYER))
    image_id = digest(a_config(LAYER))
    assert await load(services, data) == ["Loaded image: x:1", *[f"Loaded image ID: {image_id}"] * 2]
    assert (await services.images.inspect(image_id)).repo_tags == ["x:1"]


async def test_of_an_archive_of_docker_before_1_10_nothing_is_told(services: Services) -> None:
    members = {"one/json": b"{}", "one/layer.tar": LAYER, "two/json": b"{}", "two/layer.tar": UPPER}
    members["repositories"] = b'{"old": {"1": "one"}}'
    assert await load(services, a_tar(*members.items())) == []
    shown = [image.recorded.repo_tags for image in await services.images.listed({})]
    assert sorted(shown) == [[], ["old:1"]]
    old = (await services.images.inspect("old:1")).image.id
    members["repositories"] = b'{"old": {"1": "two"}}'
    line = f"The image old:1 already exists, renaming the old one with ID {old} to empty string"
    assert await load(services, a_tar(*members.items())) == [line]


async def test_to_load_an_image_is_not_to_tag_it(services: Services) -> None:
    await load(services, archive_of(LAYER, tag="x:1"))
    assert (await services.images.inspect("x:1")).image.tagged_at is None
    await services.images.tag("x:1", "y", "1")
    tagged_at = (await services.images.inspect("x:1")).image.tagged_at
    await load(services, archive_of(LAYER, tag="x:1"))
    assert tagged_at
    assert (await services.images.inspect("x:1")).image.tagged_at == tagged_at


async def removed(services: Services, text: str, *, force: bool = False) -> list[str]:
    return [done.deleted for done in await services.images.remove(text, force=force) if done.deleted]


async def test_with_an_image_go_the_layers_that_no_other_has(services: Services) -> None:
    for layers, tag in (((LAYER,), "base:1"), ((LAYER, UPPER), "upper:1"), (ALL, "all:1"), ((LAYER, TOP), "other:1")):
        await load(services, archive_of(*layers, tag=tag))
    chains = chain_ids(tuple(map(digest, ALL)))

    assert await removed(services, "base:1") == [digest(a_config(LAYER))]
    assert await removed(services, "upper:1") == [digest(a_config(LAYER, UPPER))]
    assert await removed(services, "all:1") == [digest(a_config(*ALL)), chains[2], chains[1]]
    assert await removed(services, "other:1") == [
        digest(a_config(LAYER, TOP)), chain_ids((digest(LAYER), digest(TOP)))[1], chains[0],
    ]  # fmt: skip


async def test_a_container_keeps_the_layers_of_an_image_that_is_removed_by_force(services: Services) -> None:
    await load(services, archive_of(LAYER, tag="x:1"))
    await services.containers.create("web", ContainerCreate(config=Config(Cmd=["x"], Image="x:1")))
    assert await removed(services, "x:1", force=True) == [digest(a_config(LAYER))]


async def test_a_reference_with_tag_and_digest_means_the_digest(services: Services) -> None:
    by_digest = f"x@{digest(b'manifest')}"

    await load(services, archive_of(LAYER, tag="x:1"))
    image_id = (await services.images.inspect("x:1")).image.id
    await services.database.write(images.tag, f"docker.io/library/{by_digest}", image_id, None)
    assert (await services.images.inspect(by_digest.replace("@", ":other@"))).image.id == image_id
    assert await removed(services, by_digest.replace("@", ":other@")) == []
    assert (await services.images.inspect("x:1")).repo_digests == []


async def test_to_remove_one_digest_leaves_the_others(services: Services) -> None:
    references = [f"docker.io/library/x@{digest(which)}" for which in (b"one", b"two")]

    await load(services, archive_of(LAYER))
    image_id = digest(a_config(LAYER))
    for reference in references:
        await services.database.write(images.tag, reference, image_id, None)
    assert await removed(services, references[0]) == []
    assert (await services.images.inspect(image_id)).repo_digests == [references[1].removeprefix("docker.io/library/")]


async def test_an_image_that_an_imported_container_mounts_is_found_by_its_name(services: Services) -> None:
    await load(services, archive_of(LAYER, tag="mounted:1"))
    host = HostConfig(Mounts=[Mount(Type="image", Source="mounted:1", Target="/m")])
    await services.containers.create("web", ContainerCreate(config=Config(Cmd=["x"]), host_config=host))
    source = f"/var/lib/docker/overlay2/{'f' * 64}/merged"
    moved = f"UPDATE container_mounts SET source = '{source}', document = json_set(document, '$.Source', '{source}')"
    await services.database.write(lambda conn: conn.exec_driver_sql(moved) and None)
    with pytest.raises(Conflict, match="is using its referenced image"):
        await services.images.remove("mounted:1", force=False)
