import gzip
import json
import sys
import urllib.parse
from typing import Any

import pytest
from image_archives import LAYER, LAYER_SIZE, a_config, a_manifest, a_tar, an_archive, digest
from service import CONFORMANCE, Answer, Service, now

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def tags(service: Service, path: str = "/images/json", **query: object) -> list[str]:
    answer = service.call("GET", path, query=query)
    assert answer.status == 200, answer
    return sorted(tag for image in answer.json() for tag in image["RepoTags"])


def test_the_filter_by_reference_shows_only_the_names_that_match(service: Service) -> None:
    service.call("POST", "/images/busybox/tag", query={"repo": "other/name", "tag": "1"})
    assert tags(service, filters='{"reference":["other/*"]}') == ["other/name:1"]


def test_the_parameter_filter_is_a_reference_before_version_1_41(service: Service) -> None:
    service.call("POST", "/images/busybox/tag", query={"repo": "old/filter", "tag": "1"})
    assert tags(service, "/v1.40/images/json", filter="old/filter") == ["old/filter:1"]
    assert tags(service, "/v1.40/images/json", filter="old/*", filters='{"reference":["no/such"]}') == ["old/filter:1"]
    assert tags(service, "/v1.41/images/json", filter="old/filter") == tags(service, "/v1.41/images/json")


@pytest.mark.parametrize(
    ("filters", "status"),
    [
        ({"before": ["nosuch"]}, 404),
        ({"dangling": ["x"]}, 400),
        ({"dangling": {"true": False}}, 400),
        ({"until": ["x"]}, 400),
        ({"until": ["-5"]}, 400),
        ({"until": ["2021-02-29"]}, 400),
        ({"is-task": ["1"]}, 400),
    ],
    ids=str,
)
def test_a_filter_that_cannot_be_answered_is_refused(service: Service, filters: dict[str, object], status: int) -> None:
    assert service.call("GET", "/images/json", query={"filters": json.dumps(filters)}).is_refusal(status)


def test_an_archive_that_zstd_compressed_is_loaded(own_service: Service) -> None:
    assert own_service.call("DELETE", "/images/busybox:latest").status == 200
    archive = gzip.decompress((CONFORMANCE / "images/busybox_latest.tar.gz").read_bytes())
    answer = own_service.call(
        "POST", "/images/load", zstd.compress(archive), headers={"Content-Type": "application/x-tar"}
    )
    assert answer.status == 200, answer
    assert answer.json() == {"stream": "Loaded image: busybox:latest\n"}
    assert tags(own_service, filters='{"reference":["busybox"]}') == ["busybox:latest"]


def load(service: Service, archive: bytes, path: str = "/images/load", **query: str) -> Answer:
    answer = service.call("POST", path, archive, query=query, headers={"Content-Type": "application/x-tar"})
    assert answer.status == 200, answer
    return answer


def load_config(service: Service, tag: str, **fields: Any) -> str:
    """Load an image of one layer with this configuration; return its ID."""
    config = a_config(LAYER, comment=tag, **fields)
    load(service, an_archive(**{"c.json": config, "manifest.json": a_manifest(tags=[tag])}))
    return digest(config)


def inspected(service: Service, name: str, version: str = "1.51", **query: str) -> dict[str, Any]:
    answer = service.call("GET", f"/v{version}/images/{name}/json", query=query)
    assert answer.status == 200, answer
    return answer.json()


def test_the_error_of_a_broken_archive_is_in_the_stream(service: Service) -> None:
    answer = load(service, b"abc")
    message = "this is not a tar archive: archive/tar: invalid tar header"
    assert answer.json()["errorDetail"]["message"] == answer.json()["error"]
    assert answer.json()["error"] in (message, "the archive is cut off: unexpected EOF")
    assert answer.headers["content-type"] == "application/json"
    assert answer.body.endswith(b"\r\n")


def test_before_1_50_a_configuration_is_shown_with_the_fields_of_a_container(service: Service) -> None:
    config = {"Hostname": "h", "Tty": True, "StopTimeout": 3, "Cmd": [], "Labels": {}, "ExposedPorts": {}, "User": "u"}
    load_config(service, "shown/config:1", config=config)
    image_has = {
        "Cmd": None, "Entrypoint": None, "Env": None, "Labels": None, "OnBuild": None, "User": "u", "Volumes": None,
        "WorkingDir": "",
    }  # fmt: skip
    others = {
        "Hostname": "", "Domainname": "", "AttachStdin": False, "AttachStdout": False, "AttachStderr": False,
        "Tty": False, "OpenStdin": False, "StdinOnce": False, "Image": "",
    }  # fmt: skip
    assert inspected(service, "shown/config:1", "1.50")["Config"] == image_has
    assert inspected(service, "shown/config:1", "1.49")["Config"] == image_has | others


def test_an_image_without_a_time_has_none_before_1_44_gos(service: Service) -> None:
    load_config(service, "without/time:1")
    assert "Created" not in inspected(service, "without/time:1", "1.44")
    assert inspected(service, "without/time:1", "1.43")["Created"] == "0001-01-01T00:00:00Z"


@pytest.mark.parametrize("created", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "0007-01-01T00:00:00.5Z"])
def test_an_image_of_a_time_beyond_64_bits_is_shown_with_it(service: Service, created: str) -> None:
    tag = f"far/away:{created[:4]}"
    load_config(service, tag, created=created, history=[{"created": created}])
    seconds = {"9999": 253_402_300_799, "0001": -62_135_596_800, "0007": -61_946_294_400}[created[:4]]
    assert inspected(service, tag)["Created"] == created
    (entry,) = service.call("GET", "/images/json", query={"filters": json.dumps({"reference": [tag]})}).json()
    assert entry["Created"] == seconds
    assert service.call("GET", f"/images/{tag}/history").json()[0]["Created"] == seconds


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("2021-03-04T05:06:07.1200+02:00", "2021-03-04T05:06:07.12+02:00"),
        ("2021-03-04T05:06:07-11:30", "2021-03-04T05:06:07-11:30"),
        ("2021-03-04T05:06:07+00:00", "2021-03-04T05:06:07Z"),
        ("2021-03-04T5:06:07,0Z", "2021-03-04T05:06:07Z"),
    ],
)
def test_the_time_of_an_image_is_shown_in_its_own_zone(service: Service, written: str, shown: str) -> None:
    tag = f"own/zone:{digest(written.encode())[7:19]}"
    load_config(service, tag, created=written)
    assert inspected(service, tag)["Created"] == shown


def test_gos_zero_time_is_a_time_for_filters_and_none_is_not(service: Service) -> None:
    load_config(service, "moment/zero:1", created="0001-01-01T00:00:00Z")
    load_config(service, "moment/none:1")
    load_config(service, "moment/new:1", created="2024-01-01T00:00:00Z")

    def shown(**filters: str) -> list[str]:
        chosen = {"reference": ["moment/*"], **{key: [value] for key, value in filters.items()}}
        return tags(service, filters=json.dumps(chosen))

    assert shown(until="2023-01-01") == ["moment/zero:1"]
    assert shown(before="moment/new:1") == ["moment/zero:1"]
    assert shown(before="moment/zero:1") == shown(since="moment/zero:1") == shown()
    pruned = {"until": ["2023-01-01"], "dangling": ["false"], "label": ["moment=1"]}
    load_config(service, "moment/pruned:1", created="0001-01-01T00:00:00Z", config={"Labels": {"moment": "1"}})
    service.call("POST", "/images/prune", query={"filters": json.dumps(pruned)})
    assert "moment/pruned:1" not in shown()


@pytest.mark.parametrize("config", [{}, {"config": None}], ids=["absent", "null"])
@pytest.mark.parametrize("version", ["1.44", "1.51"])
def test_the_configuration_of_an_image_without_one_is_an_object(
    service: Service, config: dict[str, None], version: str
) -> None:
    load_config(service, f"without/config:{len(config)}", **config)
    shown = inspected(service, f"without/config:{len(config)}", version)["Config"]
    assert [shown[name] for name in ("Cmd", "Entrypoint", "Env", "Labels", "User")] == [None, None, None, None, ""]


def test_the_parent_in_a_configuration_is_not_shown(service: Service) -> None:
    load_config(service, "with/parent:1", parent=f"sha256:{'a' * 64}")
    assert inspected(service, "with/parent:1")["Parent"] == ""
    (entry,) = service.call("GET", "/images/json", query={"filters": '{"reference":["with/parent"]}'}).json()
    assert entry["ParentId"] == ""


@pytest.mark.parametrize(
    ("written", "shown"),
    [({"type": "layers"}, {"Type": "layers"}), ({"type": "other"}, {"Type": "other"}), ({}, {})],
    ids=["layers", "other", "none"],
)
def test_the_type_of_the_root_is_what_the_configuration_says(
    service: Service, written: dict[str, str], shown: dict[str, str]
) -> None:
    layers = [digest(LAYER)]
    load_config(service, f"root/type:{len(written)}", rootfs={**written, "diff_ids": layers}, author=str(written))
    assert inspected(service, f"root/type:{len(written)}")["RootFS"] == shown | {"Layers": layers}


def mount(service: Service, source: str, **body: object) -> str:
    """Create a container that mounts an image; return the short form of its ID."""
    host = {"Mounts": [{"Type": "image", "Source": source, "Target": "/m"}]}
    return service.create(HostConfig=host, Cmd=["x"], **body)[:12]


def test_an_image_that_is_mounted_is_not_removed_by_its_name(service: Service) -> None:
    image = load_config(service, "mounted/image:1")
    mount(service, "mounted/image:1")
    user = mount(service, image)
    answer = service.call("DELETE", "/images/mounted/image:1")
    assert answer.is_refusal(409)
    assert answer.message == (
        'conflict: unable to remove repository reference "mounted/image:1" (must force) - '
        f"container {user} is using its referenced image {image[7:19]}"
    )
    # Another image of that name is not the one that is mounted, and the first goes on being it.
    load_config(service, "mounted/image:1", author="another")
    assert service.call("DELETE", "/images/mounted/image:1").status == 200
    service.call("POST", f"/images/{image}/tag", query={"repo": "mounted/image", "tag": "2"})
    assert service.call("DELETE", "/images/mounted/image:2").is_refusal(409)
    removed = service.call("DELETE", "/images/mounted/image:2", query={"force": 1}).json()
    assert removed == [{"Untagged": "mounted/image:2"}, {"Deleted": image}]


def test_a_prune_leaves_an_image_that_is_mounted(own_service: Service) -> None:
    load_config(own_service, "mounted/pruned:1", config={"Labels": {"a": "1"}})
    load_config(own_service, "mounted/not:1", config={"Labels": {"a": "1"}})
    mount(own_service, "mounted/pruned:1")
    own_service.call("POST", "/images/prune", query={"filters": '{"dangling":["false"],"label":["a"]}'})
    assert tags(own_service, filters='{"reference":["mounted/*"]}') == ["mounted/pruned:1"]


def test_several_names_forbid_a_removal_by_id_before_a_container_does(service: Service) -> None:
    image = load_config(service, "several/names:1")
    service.create(Image="several/names:1", Cmd=["x"])
    by_one = service.call("DELETE", f"/images/{image}")
    assert "image is being used by stopped container" in by_one.message
    service.call("POST", f"/images/{image}/tag", query={"repo": "several/names", "tag": "2"})
    by_two = service.call("DELETE", f"/images/{image}")
    assert by_two.is_refusal(409)
    assert by_two.message == (
        f"conflict: unable to delete {image[7:19]} (must be forced) - image is referenced in multiple repositories"
    )


def test_an_empty_platform_of_a_removal_is_refused(service: Service) -> None:
    answer = service.call("DELETE", "/images/busybox", query={"platforms": ""})
    assert answer.is_refusal(400)
    assert "failed to parse platform" in answer.message


def test_an_image_without_an_operating_system_is_for_linux(service: Service) -> None:
    load_config(service, "without/os:1", os="")
    assert inspected(service, "without/os:1")["Os"] == "linux"


def test_what_the_image_was_built_from_is_shown_before_1_45(service: Service) -> None:
    load_config(service, "built/before:1", container="c1", container_config={"Cmd": ["x"]})
    load_config(service, "built/now:1")
    before, after = (inspected(service, f"built/{name}:1", "1.44") for name in ("before", "now"))
    assert (before["Container"], before["ContainerConfig"]["Cmd"]) == ("c1", ["x"])
    assert "Container" not in after
    assert (after["ContainerConfig"]["Hostname"], after["ContainerConfig"]["Cmd"]) == ("", None)
    assert not {"Container", "ContainerConfig"} & inspected(service, "built/before:1", "1.45").keys()


def test_a_name_that_is_missing_is_null_before_1_43(service: Service) -> None:
    def shown(version: str) -> tuple[object, object]:
        query = {"filters": '{"reference":["missing/digest"]}'}
        (entry,) = service.call("GET", f"/v{version}/images/json", query=query).json()
        return entry["RepoTags"], entry["RepoDigests"]

    load_config(service, "missing/digest:1")
    assert shown("1.42") == (["missing/digest:1"], None)
    assert shown("1.43") == (["missing/digest:1"], [])


def test_containers_are_counted_from_1_51_on(service: Service) -> None:
    load_config(service, "counted/containers:1")
    assert service.create("counted", Image="counted/containers:1", Cmd=["x"])
    query = {"filters": '{"reference":["counted/containers"]}'}
    counts = [service.call("GET", f"/v{version}/images/json", query=query).json() for version in ("1.51", "1.50")]
    assert [entry["Containers"] for (entry,) in counts] == [1, -1]


def test_shared_size_is_looked_for_where_it_is_asked_for(service: Service) -> None:
    for tag in ("shared/size:1", "shared/size:2"):
        load_config(service, tag)
    query = {"filters": '{"reference":["shared/size"]}'}

    def shown(version: str, **more: str) -> list[int]:
        return [one["SharedSize"] for one in service.call("GET", f"/v{version}/images/json", query=query | more).json()]

    assert shown("1.42", **{"shared-size": "1"}) == [LAYER_SIZE, LAYER_SIZE]
    assert shown("1.42") == [-1, -1]
    assert shown("1.41", **{"shared-size": "1"}) == [-1, -1]


def test_the_history_has_the_last_step_first(service: Service) -> None:
    history = [
        {"created": "2024-03-01T10:00:00Z", "created_by": "FROM", "comment": "c"},
        {"created_by": "ENV x", "empty_layer": True, "author": "me"},
    ]
    image_id = load_config(service, "told/history:1", history=history)
    service.call("POST", "/images/told/history:1/tag", query={"repo": "told/history", "tag": "2"})
    assert service.call("GET", "/images/told/history:1/history").json() == [
        {
            "Comment": "", "Created": 0, "CreatedBy": "ENV x", "Id": image_id, "Size": 0,
            "Tags": ["told/history:1", "told/history:2"],
        },
        {
            "Comment": "c", "Created": 1_709_287_200, "CreatedBy": "FROM", "Id": "<missing>", "Size": LAYER_SIZE,
            "Tags": None,
        },
    ]  # fmt: skip
    assert service.call("GET", "/images/no/such/history").is_refusal(404)


def test_the_size_of_a_layer_is_told_where_it_is_known(service: Service) -> None:
    base, upper = a_tar(("only/in/history", b"123")), a_tar(("above", b"1234"))

    def load_layers(tag: str, *layers: bytes) -> None:
        config = a_config(*layers, history=[{"created_by": str(number)} for number in range(len(layers))])
        names = [str(number) for number in range(len(layers))]
        manifest = a_manifest(tags=[tag], layer_names=names)
        load(service, a_tar(("manifest.json", manifest), ("c.json", config), *zip(names, layers, strict=True)))

    def sizes() -> list[int]:
        return [step["Size"] for step in service.call("GET", "/images/layers/two:1/history").json()]

    load_layers("layers/two:1", base, upper)
    assert sizes() == [-1, -1]
    load_layers("layers/one:1", base)
    assert sizes() == [4, 3]


ARM64, AMD64 = '{"os":"linux","architecture":"arm64"}', '{"os":"linux","architecture":"amd64"}'


@pytest.mark.parametrize(
    ("method", "path", "key", "since"),
    [
        ("GET", "json", "platform", "1.49"),
        ("GET", "history", "platform", "1.48"),
        ("DELETE", "", "platforms", "1.50"),
    ],
)
def test_an_image_can_be_asked_for_by_platform(service: Service, method: str, path: str, key: str, since: str) -> None:
    def ask(value: str, version: str = since) -> Answer:
        tag = f"of/platform-{since}:1"
        load_config(service, tag, architecture="amd64")
        url = f"/v{version}/images/{tag}/{path}".rstrip("/")
        return service.call(method, url, query={key: value})

    assert ask(AMD64).status == 200
    refused = ask(ARM64)
    assert refused.is_refusal(404)
    assert "its platform (linux/amd64) does not match the specified platform (linux/arm64)" in refused.message
    assert ask("x").is_refusal(400)
    assert ask("x").message.startswith("failed to parse platform: ")
    assert ask("1").is_refusal(400)
    assert ask('{"os":"linux"}').message == "both OS and Architecture must be provided"
    before = ".".join(("1", str(int(since[2:]) - 1)))
    assert ask("x", before).status == 200


def test_a_platform_and_manifests_cannot_both_be_asked_for(service: Service) -> None:
    answer = service.call("GET", "/v1.51/images/busybox/json", query={"platform": AMD64, "manifests": "1"})
    assert answer.is_refusal(400)


def test_images_of_one_platform_are_loaded(service: Service) -> None:
    archive = an_archive(**{"manifest.json": a_manifest(tags=["loaded/platform:1"])})
    for version, status in (("1.48", 404), ("1.47", 200)):
        load(service, archive, f"/v{version}/images/load", platform=ARM64)
        assert service.call("GET", "/images/loaded/platform:1/json").status == status
    for query in (f"platform={urllib.parse.quote(ARM64)}&platform={urllib.parse.quote(AMD64)}", "platform=x"):
        assert service.call("POST", f"/v1.51/images/load?{query}", archive).is_refusal(400)


@pytest.mark.parametrize("repo", ["sha256", f"sha256:{'a' * 64}", "a" * 64, f"x@sha256:{'a' * 64}", "X"])
def test_a_name_that_would_be_read_as_a_digest_is_refused(service: Service, repo: str) -> None:
    assert service.call("POST", "/images/busybox/tag", query={"repo": repo}).is_refusal(400)
    answer = service.call("POST", "/images/create", a_tar(), query={"fromSrc": "-", "repo": repo})
    assert answer.is_refusal(400)


@pytest.mark.parametrize(
    ("platform", "shown"),
    [
        ("arm64", ("linux", "arm64", None)),
        ("linux/386", ("linux", "386", None)),
        ("linux/arm/v7", ("linux", "arm", "v7")),
        ("linux/arm64/v8", ("linux", "arm64", "v8")),
    ],
)
def test_an_import_is_recorded_for_its_platform(
    service: Service, platform: str, shown: tuple[str, str, str | None]
) -> None:
    query = {"fromSrc": "-", "repo": "imported/platform", "platform": platform}
    assert service.call("POST", "/images/create", a_tar(("x", b"1")), query=query).status == 200
    image = inspected(service, "imported/platform")
    assert (image["Os"], image["Architecture"], image.get("Variant")) == shown


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"fromImage": "UPPER"}, 400),
        ({"fromImage": "x", "tag": "-"}, 400),
        ({"fromImage": "x", "platform": "foobar"}, 400),
        ({"fromImage": "scratch"}, 403),
        ({"fromImage": "x", "tag": f"sha256:{'a' * 64}"}, 501),
        ({"fromImage": "x:"}, 501),
        ({"fromImage": "x", "tag": "1", "platform": "linux/arm64"}, 501),
        ({"fromSrc": "-", "platform": "foobar"}, 400),
        ({"fromSrc": "-", "platform": "windows/amd64"}, 400),
        ({"fromSrc": "http://x", "repo": "UPPER"}, 400),
        ({"fromSrc": "http://x", "repo": "x"}, 501),
    ],
    ids=str,
)
def test_mistakes_are_told_before_what_is_not_offered(service: Service, query: dict[str, str], status: int) -> None:
    assert service.call("POST", "/images/create", a_tar(), query=query).is_refusal(status)


@pytest.mark.parametrize(
    ("version", "platform", "status"),
    [("v1.51", "foobar", 400), ("v1.51", "linux/arm64", 501), ("v1.51", "", 501), ("v1.31", "foobar", 501)],
)
def test_a_build_for_a_platform_that_is_none_is_refused(
    service: Service, version: str, platform: str, status: int
) -> None:
    assert service.call("POST", f"/{version}/build", a_tar(), query={"platform": platform}).is_refusal(status)


def test_an_import_is_tagged_and_then_told_by_its_id(own_service: Service) -> None:
    query = {"fromSrc": "-", "repo": "imported/events", "tag": "1"}
    image_id = own_service.call("POST", "/images/create", a_tar(("x", b"1")), query=query).json()["status"]
    lines = own_service.call("GET", "/events", query={"since": "0", "until": now()}).body.splitlines()
    events = [json.loads(line) for line in lines if image_id.encode() in line]
    told = [(event["Action"], event["Actor"]["Attributes"]["name"]) for event in events]
    assert told == [("tag", "imported/events:1"), ("import", image_id)]


@pytest.mark.parametrize(
    ("method", "path", "statuses"),
    [
        ("GET", "/images/{}/get", (404, 501)),
        ("GET", "/images/get?names=busybox&names={}", (404, 501)),
        ("POST", "/images/{}/push", (404, 501)),
        ("POST", "/images/{}/push?tag=latest", (404, 501)),
        ("POST", "/images/busybox/push?tag=nope-{}", (400, 404)),
        ("POST", "/images/{}/push?platform=x", (400, 400)),
        ("GET", "/images/{}/get?platform=x", (400, 400)),
        ("GET", "/images/search?term={}", (501, 501)),
        ("GET", "/images/search?term={}&limit=-1", (400, 400)),
        ("GET", "/images/search?term={}&limit=x", (400, 400)),
        ("GET", '/images/search?term={}&filters={{"stars":["x"]}}', (400, 400)),
        ("GET", '/images/search?term={}&filters={{"is-official":["x"]}}', (400, 400)),
        ("GET", '/images/search?term={}&filters={{"is-automated":["true"]}}', (200, 200)),
    ],
)
def test_what_is_not_offered_is_told_after_what_is_not_there(
    service: Service, method: str, path: str, statuses: tuple[int, int]
) -> None:
    for name, status in zip(("no/such", "busybox"), statuses, strict=True):
        url = urllib.parse.quote(path.format(name), safe="/?&=")
        answer = service.call(method, url)
        assert answer.status == status, answer
        assert status == 200 or answer.message != "page not found"
