"""What takes room, over HTTP."""

import pytest
from image_archives import LAYER, a_config, a_manifest, an_archive
from service import Service


def test_images_containers_and_volumes_are_counted_truly(own_service: Service) -> None:
    own_service.create("one", HostConfig={"Binds": ["data:/a"]})
    own_service.create("two", HostConfig={"Binds": ["data:/b"]})
    usage = own_service.call("GET", "/system/df").json()
    images = {image["RepoTags"][0]: image for image in usage["Images"]}
    busybox = images["busybox:latest"]
    assert (busybox["Containers"], images["cf/rich:1"]["Containers"]) == (2, 0)
    assert busybox["Size"] == own_service.call("GET", "/images/busybox/json").json()["Size"]
    assert [(one["Names"], one["SizeRootFs"]) for one in usage["Containers"]] == [
        (["/two"], busybox["Size"]),
        (["/one"], busybox["Size"]),
    ]
    assert [(one["Name"], one["UsageData"]) for one in usage["Volumes"]] == [("data", {"RefCount": 2, "Size": -1})]
    assert usage["BuildCache"] == []
    assert busybox["Size"] <= usage["LayersSize"] <= sum(image["Size"] for image in images.values())


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {"Images", "Containers", "Volumes", "BuildCache"}),
        ("type=image", {"Images"}),
        ("type=container&type=volume", {"Containers", "Volumes"}),
        ("type=build-cache", {"BuildCache"}),
    ],
)
def test_what_is_not_asked_for_is_null(service: Service, query: str, shown: set[str]) -> None:
    usage = service.call("GET", f"/system/df?{query}").json()
    lists = {"Images", "Containers", "Volumes", "BuildCache"}
    assert {key for key in lists if usage[key] is not None} == shown
    assert (usage["LayersSize"] > 0) == ("Images" in shown)


def test_an_old_version_knows_no_types(service: Service) -> None:
    usage = service.call("GET", "/v1.41/system/df?type=bogus").json()
    (busybox,) = (image for image in usage["Images"] if "busybox:latest" in (image["RepoTags"] or ()))
    assert busybox["VirtualSize"] == busybox["Size"] > 0


@pytest.mark.parametrize("version", ["v1.42", "v1.44", "v1.51"])
def test_names_that_an_image_lacks_are_null(service: Service, version: str) -> None:
    archive = an_archive(**{"c.json": a_config(LAYER, comment="nameless"), "manifest.json": a_manifest(tags=None)})
    loaded = service.call("POST", "/images/load", archive, headers={"Content-Type": "application/x-tar"})
    image = loaded.json()["stream"].removeprefix("Loaded image ID: ").strip()
    shown = service.call("GET", f"/{version}/system/df?type=image").json()["Images"]
    named = {one["Id"]: (one["RepoTags"], one["RepoDigests"]) for one in shown}
    assert named[image] == (None, None)
    assert (["cf/rich:1"], None) in named.values()


def test_an_unknown_type_is_refused(service: Service) -> None:
    answer = service.call("GET", "/system/df?type=image&type=bogus")
    assert answer.is_refusal(400)
    assert "unknown object type: bogus" in answer.message
