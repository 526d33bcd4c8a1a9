"""Binds, Mounts, VolumesFrom: what they mean, what is wrong with them, which mount points follow."""

from dataclasses import replace
from typing import Any

import pytest
from verdicts import Judge, codes_and_fields

from statesvc.domain.documents import Config, HostConfig, Mount
from statesvc.domain.mount_point import MountPoint
from statesvc.errors import InvalidParameter
from statesvc.validation import Context, ReferencedContainer, Verdict, finish, mounts
from statesvc.validation.mount_specs import BadMountError, check_mode, parse_bind, parse_volumes_from, volume_faults

ANONYMOUS = "f" * 64
VOLUMES = "/data/root/volumes"
WITHOUT_DRIVER = [("volume-driver", "/HostConfig/VolumeDriver")]


@pytest.fixture
def here(context: Context) -> Context:
    """A context with one path, and a container with a volume, a read-only bind and a volume of its image."""
    points = (
        MountPoint("volume", "/data", f"{VOLUMES}/vol/_data", "vol", "local", "z"),
        MountPoint("bind", "/etc/app", "/etc", mode="ro", rw=False, propagation="rprivate"),
        MountPoint("volume", "/own", f"{VOLUMES}/{ANONYMOUS}/_data", ANONYMOUS, "local", named=False),
    )
    scratch = ReferencedContainer("e" * 64, mounts=(MountPoint("tmpfs", "/t"),))
    gone = ReferencedContainer(missing="No such container: gone")
    return replace(
        context, paths=frozenset({"/tmp"}), containers={"web": ReferencedContainer("c" * 64, mounts=points)} | {
            "scratch": scratch, "gone": gone,
        },
    )  # fmt: skip


def shown(verdict: Verdict) -> list[tuple[str, str, str, bool]]:
    """Return type, destination, what is mounted and whether it can be written, of every mount point."""
    return [(one.type, one.destination, one.name or one.source, one.rw) for one in verdict.verified.mounts]


@pytest.mark.parametrize("mode", ["", "ro", "rw", "z", "ro,Z,rslave,nocopy,cached", "consistent", "rprivate"])
def test_a_mode_has_a_word_of_each_kind(mode: str) -> None:
    assert check_mode(mode) == frozenset(mode.split(",")) - {""}


@pytest.mark.parametrize(
    "mode", ["ro,rw", "z,Z", "shared,slave", "cached,delegated", "RO", " ro", "ro,", ",", "x", "ro,ro"]
)
def test_other_modes_are_invalid(mode: str) -> None:
    with pytest.raises(BadMountError) as caught:
        check_mode(mode)
    assert str(caught.value) == f"invalid mode: {mode}"


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("/anon", ("volume", "", "/anon", False, "")),
        ("vol:/data", ("volume", "vol", "/data", False, "")),
        ("vol:/data:ro", ("volume", "vol", "/data", True, "ro")),
        ("/tmp:/x:", ("bind", "/tmp", "/x", False, "")),
        ("/tmp:/x:ro,rslave", ("bind", "/tmp", "/x", True, "ro,rslave")),
        ("/tmp:\\x", ("bind", "/tmp", "\\x", False, "")),
        ("./a:/x", ("volume", "./a", "/x", False, "")),
    ],
)
def test_a_bind_is_a_volume_or_a_path_of_the_host(text: str, means: tuple[object, ...]) -> None:
    mount, mode = parse_bind(text, "")
    assert (mount.Type, mount.Source, mount.Target, mount.ReadOnly, mode) == means


def of(bind: str, type_: str) -> str:
    return f"invalid volume specification: '{bind}': invalid mount config for type \"{type_}\":"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "invalid volume specification: ''"),
        (":/x", "invalid volume specification: ':/x'"),
        ("/a:/b:ro:x", "invalid volume specification: '/a:/b:ro:x'"),
        ("/x:ro", "invalid volume specification: '/x:ro'"),
        ("/a:/b:bogus", "invalid mode: bogus"),
        ("/a:b", f"{of('/a:b', 'bind')} invalid mount path: 'b' mount path must be absolute"),
        ("/a:/..", f"{of('/a:/..', 'bind')} invalid specification: destination can't be '/'"),
        ("/a:/b:nocopy", f"{of('/a:/b:nocopy', 'bind')} field VolumeOptions must not be specified"),
        ("vol:/b:shared", f"{of('vol:/b:shared', 'volume')} field BindOptions must not be specified"),
    ],
)  # fmt: skip
def test_another_bind_is_refused_in_dockers_words(text: str, fault: str) -> None:
    with pytest.raises(BadMountError) as caught:
        parse_bind(text, "")
    assert str(caught.value) == fault


def test_the_volume_driver_is_that_of_binds_which_are_volumes() -> None:
    volume, path = parse_bind("vol:/data", "nfs")[0], parse_bind("/tmp:/data", "nfs")[0]
    assert volume.VolumeOptions.DriverConfig.Name == "nfs"
    assert path.VolumeOptions is None


@pytest.mark.parametrize(
    ("text", "parsed"),
    [("web", ("web", "rw")), ("web:", ("web", "")), ("web:ro,z", ("web", "ro,z")), (":ro", ("", "ro"))],
)
def test_volumes_are_taken_from_a_container_in_a_mode(text: str, parsed: tuple[str, str]) -> None:
    assert parse_volumes_from(text) == parsed


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "volumes-from specification cannot be an empty string"),
        ("web:nocopy", "invalid mode: nocopy"),
        ("web:rslave", "invalid mode: rslave"),
        ("web:ro:z", "invalid mode: ro:z"),
    ],
)
def test_volumes_are_taken_in_no_other_mode(text: str, fault: str) -> None:
    with pytest.raises(BadMountError) as caught:
        parse_volumes_from(text)
    assert str(caught.value) == fault


def a_mount(type_: str = "bind", target: str = "/m", **fields: Any) -> dict[str, Any]:
    return {"Type": type_, "Target": target} | ({"Source": "/tmp"} if type_ == "bind" else {}) | fields


@pytest.mark.parametrize(
    ("mount", "faults"),
    [
        (a_mount(), []),
        (a_mount(Source="/nowhere"), ["bind source path does not exist: /nowhere"]),
        (a_mount(Source="/nowhere", BindOptions={"CreateMountpoint": True}), []),
        (a_mount(Source=""), ["field Source must not be empty"]),
        (a_mount(Source="tmp"), ["invalid mount path: 'tmp' mount path must be absolute"]),
        (a_mount(target=""), ["field Target must not be empty"]),
        (a_mount(target="\\"), ["invalid specification: destination can't be '/'"]),
        (a_mount(BindOptions={"Propagation": "x"}), ["invalid propagation mode: x"]),
        (
            a_mount(target="m", Source="x", BindOptions={"Propagation": "x"}),
            [
                "invalid mount path: 'm' mount path must be absolute",
                "invalid propagation mode: x",
                "invalid mount path: 'x' mount path must be absolute",
            ],
        ),
        (a_mount("volume"), []),
        (a_mount("volume", ReadOnly=True), ["must not set ReadOnly mode when using anonymous volumes"]),
        (a_mount("volume", Source="vol", ReadOnly=True, VolumeOptions={"Subpath": "a/../b"}), []),
        (a_mount("volume", Source="vol", VolumeOptions={"Subpath": "a/../.."}),
         ["subpath must be a relative path within the volume"]),
        (a_mount("volume", Source="vol", VolumeOptions={"Subpath": "/a"}),
         ["subpath must be a relative path within the volume"]),
        (a_mount("volume", VolumeOptions={"Subpath": "a"}), ["must not set Subpath when using anonymous volumes"]),
        (a_mount("tmpfs", TmpfsOptions={"SizeBytes": -1}), []),
        (a_mount("tmpfs", Source="/x"), ["field Source must not be specified"]),
        (a_mount("npipe"), ["mount type unknown"]),
        (a_mount(""), ["mount type unknown"]),
    ],
    ids=str,
)  # fmt: skip
def test_mounts_are_judged_each_for_itself(
    judge: Judge, here: Context, mount: dict[str, Any], faults: list[str]
) -> None:
    verdict = judge({"Mounts": [mount]}, on=here)
    before = f'invalid mount config for type "{mount["Type"]}": '
    assert [problem.message for problem in verdict.early] == [before + fault for fault in faults]
    assert {problem.field for problem in verdict.early} <= {"/HostConfig/Mounts/0"}


def test_options_of_another_type_are_told_once(judge: Judge, here: Context) -> None:
    verdict = judge({"Mounts": [a_mount(VolumeOptions={}, TmpfsOptions={})]}, on=here)
    assert codes_and_fields(verdict) == [
        ("mount-volume-options", "/HostConfig/Mounts/0/VolumeOptions"),
        ("mount-tmpfs-options", "/HostConfig/Mounts/0/TmpfsOptions"),
    ]


def test_bind_options_of_a_volume_are_told_in_old_versions_too(judge: Judge, here: Context) -> None:
    verdict = judge({"Mounts": [a_mount("volume", BindOptions={})]}, on=replace(here, version=(1, 41)))
    assert codes_and_fields(verdict) == [("mount", "/HostConfig/Mounts/0")]


@pytest.mark.parametrize(
    ("name", "driver", "options", "faults"),
    [
        ("", "", {}, 0), ("vol", "local", {"type": "tmpfs", "o": "", "device": "x"}, 0), ("vol", "", {"size": "0"}, 0),
        ("vol", "", {"type": "tmpfs"}, 1), ("vol", "", {"device": "x"}, 1), ("vol", "", {"o": "x"}, 2),
        ("vol", "", {"o": "x", "type": ""}, 2), ("vol", "", {"size": "1m"}, 1), ("vol", "", {"size": "x"}, 1),
        ("vol", "", {"type": "cifs", "device": "//host:445/share"}, 1),
        ("vol", "", {"type": "cifs", "device": "//host/a:1"}, 0),
        ("V.1-_", "", {}, 0),
        ("v", "", {}, 1), (".vol", "", {}, 1), ("/abs", "", {}, 1), ("völ", "", {}, 1), ("vol\n", "", {}, 1),
        ("vol", "", {"bogus": "", "other": ""}, 2), ("v", "nfs", {"bogus": ""}, 1),
    ],
)  # fmt: skip
def test_a_volume_has_a_name_and_options_of_the_local_driver(
    name: str, driver: str, options: dict[str, str], faults: int
) -> None:
    assert len(list(volume_faults(name, driver, options))) == faults


@pytest.mark.parametrize(
    ("host", "points"),
    [
        ({"Binds": ["/anon"]}, [("volume", "/anon", ANONYMOUS, True)]),
        ({"Binds": ["vol:/a/../b/:ro"]}, [("volume", "/b", "vol", False)]),
        ({"Binds": ["/tmp//x/:/b"]}, [("bind", "/b", "/tmp/x", True)]),
        ({"Mounts": [a_mount("tmpfs", "/t")]}, [("tmpfs", "/t", "", True)]),
        ({"Mounts": [a_mount("volume", "/v")]}, [("volume", "/v", ANONYMOUS, True)]),
        ({"Mounts": [a_mount("bind", "/z", ReadOnly=True)], "Binds": ["vol:/a"]},
         [("volume", "/a", "vol", True), ("bind", "/z", "/tmp", False)]),
        ({"Tmpfs": {"/t": ""}}, []),
        ({"VolumesFrom": ["web"]},
         [("volume", "/data", "vol", True), ("bind", "/etc/app", "/etc", False), ("volume", "/own", ANONYMOUS, True)]),
        (
            {"VolumesFrom": ["web:ro"]},
            [
                ("volume", "/data", "vol", False), ("bind", "/etc/app", "/etc", False),
                ("volume", "/own", ANONYMOUS, False),
            ],
        ),
        ({"VolumesFrom": ["web"], "Binds": ["/tmp:/data"], "Mounts": [a_mount("tmpfs", "/own")]},
         [("bind", "/data", "/tmp", True), ("bind", "/etc/app", "/etc", False), ("tmpfs", "/own", "", True)]),
    ],
    ids=str,
)  # fmt: skip
def test_mount_points_follow_from_the_documents(
    judge: Judge, here: Context, host: dict[str, Any], points: list[tuple[str, str, str, bool]]
) -> None:
    verdict = judge(host, on=here)
    assert (codes_and_fields(verdict), shown(verdict)) == ([], points)


def test_what_is_taken_over_from_a_container_loses_its_mode(judge: Judge, here: Context) -> None:
    points = judge({"VolumesFrom": ["web:z"]}, on=here).verified.mounts
    assert [(point.mode, point.named) for point in points] == [("", True), ("", True), ("", False)]


@pytest.mark.parametrize(
    ("host", "problems"),
    [
        ({"Binds": ["/tmp:/m", "vol:/m/"]}, [("mount-duplicate", "Binds/1")]),
        ({"Binds": ["/tmp:/m"], "Mounts": [a_mount()]}, [("mount-duplicate", "Mounts/0")]),
        ({"Mounts": [a_mount(), a_mount("tmpfs", "/x/../m")]}, [("mount-duplicate", "Mounts/1")]),
        ({"Binds": ["/tmp:/m/"], "Tmpfs": {"/m": ""}}, [("mount-duplicate", "Binds/0")]),
        ({"Mounts": [a_mount()], "Tmpfs": {"/m": ""}}, []),
        ({"VolumesFrom": ["web", "web"]}, []),
        ({"VolumesFrom": ["gone"]}, [("volumes-from", "VolumesFrom/0")]),
        ({"VolumesFrom": ["web", "scratch"]}, [("volumes-from-tmpfs", "VolumesFrom/1")]),
        ({"VolumesFrom": [":ro", ""]}, [("volumes-from", "VolumesFrom/0"), ("volumes-from", "VolumesFrom/1")]),
        ({"Binds": ["x:/m"], "VolumeDriver": "nfs"}, [("volume", "Binds/0")]),
        ({"Binds": ["/tmp:/m"], "VolumeDriver": "nfs"}, []),
        (
            {"Mounts": [a_mount("volume", VolumeOptions={"DriverConfig": {"Options": {"x": ""}}})]},
            [("volume", "Mounts/0")],
        ),
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_mounted_is_told(
    judge: Judge, here: Context, host: dict[str, Any], problems: list[tuple[str, str]]
) -> None:
    assert codes_and_fields(judge(host, on=here)) == [(code, f"/HostConfig/{field}") for code, field in problems]


@pytest.mark.parametrize("source", ["/", "/data", "/data/root", "/data/root/volumes/x", "/data/rootless"])
@pytest.mark.parametrize(
    ("asked", "kept"), [("", "rslave"), ("rslave", "rslave"), ("rshared", "rshared"), ("private", ""), ("slave", "")]
)
def test_a_bind_that_meets_the_data_root_follows_it(judge: Judge, source: str, asked: str, kept: str) -> None:
    verdict = judge({"Binds": [f"{source}:/m{':' if asked else ''}{asked}"]})
    if kept:
        assert codes_and_fields(verdict) == []
        assert [point.propagation for point in verdict.verified.mounts] == [kept]
    else:
        assert codes_and_fields(verdict) == [("bind-data-root", "/HostConfig/Binds/0")]


def test_a_bind_elsewhere_is_private_where_nothing_is_said(judge: Judge) -> None:
    points = judge({"Binds": ["/srv:/a", "/srv:/b:shared"]}).verified.mounts
    assert [point.propagation for point in points] == ["rprivate", "shared"]


def test_the_paths_that_must_exist_are_those_of_bind_mounts() -> None:
    host = HostConfig(
        Binds=["/made:/x"],
        Mounts=[Mount(Type="bind", Source="/a"), Mount(Type="volume", Source="b"), Mount(Type="bind")],
    )
    assert mounts.sources(host) == {"/a"}


def test_an_anonymous_volume_needs_its_driver(judge: Judge) -> None:
    assert codes_and_fields(judge({"VolumeDriver": "nope"}, Volumes={"/data": {}})) == WITHOUT_DRIVER
    assert codes_and_fields(judge({"VolumeDriver": "local"}, Volumes={"/data": {}})) == []


@pytest.mark.parametrize(
    "host", [{}, {"Tmpfs": {"/data": ""}}, {"Binds": ["/tmp:/data"]}], ids=["none", "tmpfs", "bind"]
)
def test_a_driver_that_makes_no_volume_may_be_any(judge: Judge, host: dict[str, object]) -> None:
    volumes = {"/data": {}} if host else {}
    assert codes_and_fields(judge({"VolumeDriver": "nope", **host}, Volumes=volumes)) == []


def test_a_volume_of_the_image_needs_its_driver(judge: Judge, context: Context) -> None:
    verdict = judge({"VolumeDriver": "nope"})
    merged = finish.merged(verdict, Config(Cmd=["sh"], Volumes={"/data": {}}))
    with pytest.raises(InvalidParameter) as caught:
        finish.complete(verdict, merged, "1" * 64, context, lambda: "f" * 64)
    assert [problem.field for problem in caught.value.problems] == ["/HostConfig/VolumeDriver"]
