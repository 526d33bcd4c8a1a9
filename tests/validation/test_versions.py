import timeit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statesvc.domain.documents import (
    BindOptions,
    Config,
    ContainerCreate,
    HealthConfig,
    HostConfig,
    Mount,
    TmpfsOptions,
    VolumeOptions,
)
from statesvc.validation.versions import Adjusted, adjust

NEWEST = (1, 45)
VERSIONS = [(1, minor) for minor in range(24, 46)]


def adjusted(host: HostConfig, version: tuple[int, ...], *, cgroup_version: int = 2) -> HostConfig:
    found = adjust(ContainerCreate(host_config=host), version, cgroup_version=cgroup_version).request.host_config
    assert found is not None
    return found


def mount(kind: str, **options: object) -> HostConfig:
    return HostConfig(Mounts=[Mount(Type=kind, Target="/mnt").copy_with(**options)])


@pytest.mark.parametrize(
    ("kind", "read_only", "options", "version", "expected"),
    [
        ("bind", True, BindOptions(), (1, 43), BindOptions(ReadOnlyNonRecursive=True)),
        (
            "bind",
            True,
            BindOptions(Propagation="rslave"),
            (1, 24),
            BindOptions(Propagation="rslave", ReadOnlyNonRecursive=True),
        ),
        ("bind", True, BindOptions(), (1, 44), BindOptions()),
        ("bind", False, BindOptions(), (1, 43), BindOptions()),
        ("bind", True, None, (1, 43), None),
        ("volume", True, BindOptions(), (1, 41), BindOptions()),
    ],
)
def test_a_read_only_mount_was_not_recursive_before_1_44(
    kind: str,
    options: BindOptions | None,
    version: tuple[int, ...],
    expected: BindOptions | None,
    *,
    read_only: bool,
) -> None:
    (found,) = adjusted(mount(kind, ReadOnly=read_only, BindOptions=options), version).Mounts or ()
    assert found.BindOptions == expected


def refusals(host: HostConfig, version: tuple[int, ...]) -> list[str]:
    found = adjust(ContainerCreate(host_config=host), version, cgroup_version=2)
    return [problem.message for problem in found.problems]


@pytest.mark.parametrize(
    ("field", "value", "before", "at", "emptied"),
    [
        ("AutoRemove", True, (1, 24), (1, 25), False),
        ("KernelMemoryTCP", 2**26, (1, 39), (1, 40), 0),
        ("IpcMode", "", (1, 39), (1, 40), "shareable"),
        ("ConsoleSize", [24, 80], (1, 41), (1, 42), [0, 0]),
        ("KernelMemory", 2**26, (1, 42), (1, 41), 0),
        ("Annotations", {"a": "b"}, (1, 42), (1, 43), None),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_field_has_effect_in_its_versions(
    field: str, value: object, before: tuple[int, ...], at: tuple[int, ...], emptied: object
) -> None:
    host = HostConfig().copy_with(**{field: value})

    assert getattr(adjusted(host, before), field) == emptied
    assert getattr(adjusted(host, at), field) == value


@pytest.mark.parametrize(
    ("version", "cgroup_version", "mode"), [((1, 40), 1, "host"), ((1, 40), 2, ""), ((1, 41), 1, ""), ((1, 41), 2, "")]
)
def test_old_clients_expect_the_hosts_cgroups_on_v1(version: tuple[int, ...], cgroup_version: int, mode: str) -> None:
    assert adjusted(HostConfig(), version, cgroup_version=cgroup_version).CgroupnsMode == mode


def test_modes_that_were_chosen_stay() -> None:
    host = HostConfig(IpcMode="private", CgroupnsMode="private")

    assert adjusted(host, (1, 24), cgroup_version=1) == host


def test_an_old_request_without_a_host_configuration_gets_the_old_defaults() -> None:
    found = adjust(ContainerCreate(), (1, 39), cgroup_version=1).request.host_config

    assert found == HostConfig(IpcMode="shareable", CgroupnsMode="host")


@pytest.mark.parametrize("limit", [0, -1, -5])
@pytest.mark.parametrize("version", [(1, 24), NEWEST])
def test_no_limit_of_processes_is_none(limit: int, version: tuple[int, ...]) -> None:
    assert adjusted(HostConfig(PidsLimit=limit), version).PidsLimit is None


def test_a_limit_of_processes_stays() -> None:
    assert adjusted(HostConfig(PidsLimit=1), NEWEST).PidsLimit == 1


@pytest.mark.parametrize(
    ("option", "before", "at"), [("NonRecursive", (1, 39), (1, 40)), ("CreateMountpoint", (1, 41), (1, 42))]
)
def test_a_bind_option_has_effect_from_its_version(option: str, before: tuple[int, ...], at: tuple[int, ...]) -> None:
    host = mount("bind", BindOptions=BindOptions().copy_with(**{option: True}))

    assert adjusted(host, before) == mount("bind", BindOptions=BindOptions()).copy_with(
        IpcMode=adjusted(host, before).IpcMode
    )
    assert adjusted(host, at) == host


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("bind", {"VolumeOptions": VolumeOptions()}),
        ("volume", {"TmpfsOptions": TmpfsOptions()}),
        ("tmpfs", {"VolumeOptions": VolumeOptions(), "TmpfsOptions": TmpfsOptions()}),
    ],
    ids=["volume-on-bind", "tmpfs-on-volume", "volume-on-tmpfs"],
)
def test_options_for_another_type_are_left_to_the_rules_of_mounts_before_1_42_and_refused_after(
    kind: str, options: dict[str, object]
) -> None:
    host = mount(kind, **options)
    (refusal,) = refusals(host, (1, 42))

    assert adjusted(host, (1, 41)) == host
    assert refusals(host, (1, 41)) == []
    assert refusal.endswith(f'Options must not be specified on mount type "{kind}"')


def test_bind_options_on_a_volume_are_left_to_the_rules_of_mounts_before_1_42() -> None:
    host = mount("volume", BindOptions=BindOptions())

    assert adjusted(host, (1, 41)) == host
    assert refusals(host, (1, 42)) == ['BindOptions must not be specified on mount type "volume"']


def test_forced_recursion_needs_1_44() -> None:
    host = mount("bind", BindOptions=BindOptions(ReadOnlyForceRecursive=True))

    assert refusals(host, (1, 43)) == ["BindOptions.ReadOnlyForceRecursive needs API v1.44 or newer"]
    assert refusals(host, (1, 44)) == []


def test_a_subpath_needs_1_45() -> None:
    host = mount("volume", VolumeOptions=VolumeOptions(Subpath="a"))

    assert refusals(host, (1, 44)) == ["VolumeOptions.Subpath needs API v1.45 or newer"]
    assert refusals(host, NEWEST) == []


def test_a_subpath_needs_1_45_on_a_bind_too() -> None:
    host = mount("bind", VolumeOptions=VolumeOptions(Subpath="a"))

    assert len(refusals(host, (1, 41))) == 1
    assert len(refusals(host, (1, 44))) == 2


def test_a_problem_names_the_mount() -> None:
    host = HostConfig(Mounts=[Mount(Type="bind"), Mount(Type="tmpfs", BindOptions=BindOptions())])
    (problem,) = adjust(ContainerCreate(host_config=host), NEWEST, cgroup_version=2).problems

    assert problem.field == "/HostConfig/Mounts/1/BindOptions"


def test_the_start_interval_came_with_1_44() -> None:
    config = Config(Healthcheck=HealthConfig(Test=["NONE"], StartInterval=5))
    request = ContainerCreate(config=config)
    old = adjust(request, (1, 43), cgroup_version=2).request.config

    assert old == Config(Healthcheck=HealthConfig(Test=["NONE"]))
    assert adjust(request, (1, 44), cgroup_version=2).request is request


def test_a_request_of_the_newest_version_is_not_copied() -> None:
    request = ContainerCreate(config=Config(Image="x"), host_config=mount("bind", BindOptions=BindOptions()))

    assert adjust(request, NEWEST, cgroup_version=1) == Adjusted(request)
    assert adjust(request, NEWEST, cgroup_version=1).request is request


def test_a_request_of_the_newest_version_costs_little() -> None:
    request = ContainerCreate(config=Config(Image="x"), host_config=HostConfig(Memory=2**26, PidsLimit=5))
    rounds = 1000
    best = min(timeit.repeat(lambda: adjust(request, NEWEST, cgroup_version=1), number=rounds, repeat=5)) / rounds

    # Measured: 1 µs. The bound is wide for machines under load.
    assert best < 20e-6


OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "BindOptions": st.builds(BindOptions, NonRecursive=st.booleans(), CreateMountpoint=st.booleans()),
        "VolumeOptions": st.builds(VolumeOptions, Subpath=st.sampled_from(["", "a"])),
        "TmpfsOptions": st.just(TmpfsOptions()),
    },
)
MOUNTS = st.builds(
    lambda kind, options: Mount(Type=kind).copy_with(**options),
    st.sampled_from(["bind", "volume", "tmpfs", "npipe", ""]),
    OPTIONS,
)
HOSTS = st.builds(
    HostConfig,
    AutoRemove=st.booleans(),
    PidsLimit=st.none() | st.integers(-2, 2),
    KernelMemory=st.integers(0, 1),
    Annotations=st.none() | st.just({"a": "b"}),
    Mounts=st.none() | st.lists(MOUNTS),
)


@given(HOSTS, st.sampled_from(VERSIONS), st.sampled_from([1, 2]))
def test_adjusting_twice_is_adjusting_once(host: HostConfig, version: tuple[int, ...], cgroup_version: int) -> None:
    before = host.to_json()
    once = adjust(ContainerCreate(host_config=host), version, cgroup_version=cgroup_version)
    twice = adjust(once.request, version, cgroup_version=cgroup_version)

    assert host.to_json() == before
    assert twice.request is once.request
    assert twice.problems == once.problems
