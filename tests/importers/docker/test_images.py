"""Images of a data root: exact bytes under their digest, sizes, tags and digests."""

import json

import httpx
import pytest
from docker_root import DockerRoot, an_id, outcomes_by_name

from statesvc.app import Services
from statesvc.db import images

pytestmark = pytest.mark.anyio

DIGEST = f"sha256:{'d' * 64}"


async def test_an_image_keeps_its_bytes_tags_and_digests(
    root: DockerRoot, run_import, services: Services, client: httpx.AsyncClient
) -> None:
    image = root.image(architecture="arm64", novelty=[1])
    root.references({"shop/web:1": image, "shop/web:latest": image, f"shop/web@{DIGEST}": image})
    last = f"image/overlay2/imagedb/metadata/sha256/{image.removeprefix('sha256:')}/lastUpdated"
    root.write(last, b"2024-05-01T10:00:00.25Z")
    assert (await run_import()).complete
    found = (await client.get("/images/shop/web/json")).json()
    assert (found["Id"], found["Architecture"]) == (image, "arm64")
    assert found["RepoTags"] == ["shop/web:1", "shop/web:latest"]
    assert found["RepoDigests"] == [f"shop/web@{DIGEST}"]
    assert found["Metadata"]["LastTagTime"] == "2024-05-01T10:00:00.25Z"
    row = await services.database.scan(images.by_id, image)
    assert row is not None
    assert json.loads(row.config)["novelty"] == [1]


async def test_the_size_is_that_of_all_layers(root: DockerRoot, run_import, client: httpx.AsyncClient) -> None:
    image = root.image(layers=3, sizes=[1000, 200, 30])
    report = await run_import()
    assert report.notes == []
    assert (await client.get(f"/images/{image}/json")).json()["Size"] == 1230


async def test_a_size_that_is_not_known_is_zero_and_told_once(
    root: DockerRoot, run_import, client: httpx.AsyncClient
) -> None:
    image = root.image(layers=3, sizes=[1000, 200])
    root.image(author="another")
    report = await run_import()
    assert [note for note in report.notes if "sizes" in note] == report.notes
    assert len(report.notes) == 1
    assert (await client.get(f"/images/{image}/json")).json()["Size"] == 0


async def test_a_configuration_with_another_digest_is_refused(
    root: DockerRoot, run_import, client: httpx.AsyncClient
) -> None:
    image = root.image()
    file = root.path / "image/overlay2/imagedb/content/sha256" / image.removeprefix("sha256:")
    file.write_bytes(file.read_bytes() + b" ")
    good = root.image(author="another")
    root.references({"bad:1": image, "good:1": good})
    report = await run_import()
    damaged, lost = (entry for entry in report.entries if entry.id == image)
    assert (damaged.kind, damaged.outcome.value) == ("image", "failed")
    assert "has the digest sha256:" in damaged.message
    assert (lost.kind, lost.name, lost.outcome.value) == ("tag", "bad:1", "failed")
    assert (await client.get(f"/images/{image}/json")).status_code == 404
    assert (await client.get("/images/good:1/json")).json()["Id"] == good


async def test_what_is_no_image_configuration_is_refused(root: DockerRoot, run_import) -> None:
    root.image(rootfs=None)
    root.write("image/overlay2/imagedb/content/sha256/notes.txt", b"")
    root.write(f"image/overlay2/imagedb/content/sha256/{an_id('folder')}/x", b"")
    report = await run_import()
    assert [entry.outcome.value for entry in report.entries] == ["failed"] * 3
    assert any("no RootFS key" in entry.message for entry in report.entries)


async def test_an_image_of_two_drivers_is_recorded_once(root: DockerRoot, run_import) -> None:
    image = root.image()
    root.image(driver="vfs")
    root.references({"one:1": image})
    root.references({"two:1": image}, driver="vfs")
    report = await run_import()
    assert sorted(entry.outcome.value for entry in report.entries if entry.kind == "image") == ["imported", "unchanged"]
    assert {entry.name: entry.outcome.value for entry in report.entries if entry.kind == "tag"} == {
        "one:1": "imported",
        "two:1": "imported",
    }


async def test_a_tag_of_another_image_stays_where_it_is(
    root: DockerRoot, run_import, client: httpx.AsyncClient
) -> None:
    here = root.image(author="here")
    root.references({"web:1": here})
    await run_import()
    there = root.image(author="there")
    root.references({"web:1": there, "web:2": there})
    report = await run_import()
    skipped = [entry for entry in report.entries if entry.outcome.value == "skipped"]
    assert [(entry.kind, entry.name) for entry in skipped] == [("tag", "web:1")]
    assert here in skipped[0].message
    assert (await client.get("/images/web:1/json")).json()["Id"] == here
    assert (await client.get("/images/web:2/json")).json()["Id"] == there


async def test_references_that_are_none_are_told(root: DockerRoot, run_import) -> None:
    image = root.image()
    root.references({"UPPER:1": image, "bare": image, "number:1": 7, "good:1": image})  # type: ignore[dict-item]
    outcomes = outcomes_by_name(await run_import())
    assert {name: outcomes[name] for name in ("UPPER:1", "bare", "number:1", "good:1")} == {
        "UPPER:1": "failed",
        "bare": "failed",
        "number:1": "failed",
        "good:1": "imported",
    }


@pytest.mark.parametrize("text", [b"{", b"[]", b"null", b'{"Repositories": 3}', b'{"Repositories": {"x": [1]}}'])
async def test_a_damaged_list_of_references_does_not_keep_the_images_out(
    root: DockerRoot, run_import, text: bytes
) -> None:
    root.image()
    root.write("image/overlay2/repositories.json", text)
    report = await run_import()
    assert [entry.outcome.value for entry in report.entries if entry.kind == "image"] == ["imported"]
    assert [entry.outcome.value for entry in report.entries if entry.kind == "tag"] == ["failed"]
