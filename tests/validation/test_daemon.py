"""Docker's daemon.json: what is refused, and what it makes of a request."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from verdicts import Judge, codes_and_fields

from statesvc.domain.daemon_config import DaemonConfig
from statesvc.domain.documents import LogConfig, Ulimit
from statesvc.domain.host_facts import HostFacts
from statesvc.domain.runtimes import RUNC, SHIM, Runtime
from statesvc.errors import InvalidParameter
from statesvc.validation import Context, daemon
from statesvc.validation.daemon_settings import OBJECTS, SETTINGS
from statesvc.validation.rules import DAEMON, RuleWarning

PATH = {"path": "/usr/bin/crun"}
SHIM_TYPE = {"runtimeType": "io.containerd.kata.v2"}


def wrong(written: object) -> list[tuple[str, str]]:
    with pytest.raises(InvalidParameter) as refused:
        daemon.read(json.dumps(written))
    return [(problem.code, problem.field) for problem in refused.value.problems]


MISTAKES: list[tuple[str, str, Any]] = [
    ("document", "", [1]),
    ("key", "/defualt-runtime", {"defualt-runtime": "runc"}),
    ("type", "/live-restore", {"live-restore": "yes"}),
    ("type", "/labels", {"labels": [1]}),
    ("type", "/runtimes", {"runtimes": ["crun"]}),
    ("type", "/default-shm-size", {"default-shm-size": 67108864}),
    ("runtime", "/runtimes/x", {"runtimes": {"x": {}}}),
    ("runtime", "/runtimes/x", {"runtimes": {"x": "crun"}}),
    ("runtime", "/runtimes/x", {"runtimes": {"x": PATH | SHIM_TYPE}}),
    ("runtime", "/runtimes/x", {"runtimes": {"x": {"path": 1}}}),
    ("runtime-name", "/runtimes/", {"runtimes": {"": PATH}}),
    ("type", "/default-runtime", {"default-runtime": ["runc"]}),
    ("runtime", "/runtimes/a~1b", {"runtimes": {"a/b": {}}}),
    ("runtime-name", "/runtimes/runc", {"runtimes": {RUNC: PATH}}),
    ("runtime-name", f"/runtimes/{SHIM}", {"runtimes": {SHIM: PATH}}),
    ("runtime-args", "/runtimes/x/runtimeArgs", {"runtimes": {"x": PATH | {"runtimeArgs": "--debug"}}}),
    ("runtime-args", "/runtimes/x/runtimeArgs", {"runtimes": {"x": SHIM_TYPE | {"runtimeArgs": ["--debug"]}}}),
    ("runtime-args", "/runtimes/x/runtimeArgs", {"runtimes": {"x": PATH | {"runtimeArgs": ["a\0b"]}}}),
    ("runtime-options", "/runtimes/x/options", {"runtimes": {"x": PATH | {"options": {"a": 1}}}}),
    ("runtime-options", "/runtimes/x/options", {"runtimes": {"x": SHIM_TYPE | {"options": [1]}}}),
    ("default-runtime", "/default-runtime", {"default-runtime": "crun"}),
    ("shm-size", "/default-shm-size", {"default-shm-size": "much"}),
    ("ipc-mode", "/default-ipc-mode", {"default-ipc-mode": "host"}),
    ("cgroupns-mode", "/default-cgroupns-mode", {"default-cgroupns-mode": "shared"}),
    ("cgroup-parent", "/cgroup-parent", {"cgroup-parent": "x", "exec-opts": ["native.cgroupdriver=systemd"]}),
    ("exec-opt", "/exec-opts/0", {"exec-opts": ["native.cgroupdriver"]}),
    ("exec-opt", "/exec-opts/1", {"exec-opts": ["a=b", "native.cgroupdriver=other"]}),
    ("label", "/labels/0", {"labels": ["x"]}),
    ("label", "/labels/1", {"labels": ["x=1", "x=2"]}),
    ("log", "/log-opts", {"log-opts": {"max-file": 3}}),
    ("log", "/log-opts", {"log-opts": {"max-fil": "3"}}),
    ("log", "/log-opts", {"log-driver": "loki", "log-opts": {"mode": "x"}}),
    ("shm-size", "/default-shm-size", {"default-shm-size": None}),
    ("key", "/oom-score-adjust", {"oom-score-adjust": -500}),
    ("key", "/x/y", {"x": {"y": 1}}),
    ("key", "/proxies/ftp-proxy", {"proxies": {"ftp-proxy": ""}}),
    ("type", "/proxies", {"proxies": []}),
    ("ulimit", "/default-ulimits/nofile", {"default-ulimits": {"nofile": 1024}}),
    ("ulimit", "/default-ulimits/nofile", {"default-ulimits": {"nofile": {"Hard": "1"}}}),
]


# A value of the right type for each setting, and one of a wrong type for each part of it (dockerd --validate).
TYPES: list[tuple[str, str, Any, Any]] = [
    ("ipv6", "", True, "true"),
    ("dns", "", ["8.8.8.8", ""], "8.8.8.8"),
    ("dns", "/1", ["::1"], ["8.8.8.8", "dns.example"]),
    ("dns", "/0", [None], [8]),
    ("ip", "", "0.0.0.0", 0),
    ("default-gateway", "", "10.0.0.1", "10.0.0.1/8"),
    ("mtu", "", 1500, "1500"),
    ("mtu", "", 0, 1500.0),
    ("debug", "", False, 1),
    ("data-root", "", "/srv", ["/srv"]),
    ("hosts", "", ["fd://"], "fd://"),
    ("hosts", "/0", [""], [1]),
    ("features", "/buildkit", {"buildkit": True}, {"buildkit": "true"}),
    ("features", "", {}, ["buildkit"]),
    ("default-network-opts", "/bridge/mtu", {"bridge": {"mtu": "1450"}}, {"bridge": {"mtu": 1450}}),
    ("default-address-pools", "/0/base", [{"base": "10.0.0.0/8", "size": 24}], [{"base": "10", "size": 24}]),
    ("default-address-pools", "/0/Size", [{"Base": "", "more": 1}], [{"base": "10.0.0.0/8", "Size": "24"}]),
    ("default-address-pools", "", [], {"base": "10.0.0.0/8", "size": 24}),
    ("builder", "/gc/enabled", {"gc": {"enabled": True}}, {"gc": {"enabled": 1}}),
    (
        "builder",
        "/GC/policy/0/keepStorage",
        {"GC": {"policy": [{"all": True}]}},
        {"GC": {"policy": [{"keepStorage": 1}]}},
    ),
    ("builder", "/entitlements/network-host", {"entitlements": {}}, {"entitlements": {"network-host": "yes"}}),
    ("builder", "/history/maxAge", {"history": {"maxAge": 3600, "x": 1}}, {"history": {"maxAge": []}}),
    ("cri-containerd", "", True, "yes"),
    ("tls", "", None, "true"),
    ("shutdown-timeout", "", -1, True),
]


@pytest.mark.parametrize(("key", "at", "right", "wrong_one"), TYPES)
def test_a_setting_without_effect_here_has_its_type_all_the_same(key: str, at: str, right: Any, wrong_one: Any) -> None:
    assert daemon.read(json.dumps({key: right})).warnings == ()
    if isinstance(wrong_one, dict) and key not in OBJECTS:  # Docker takes what is in it for settings, too
        assert ("type", f"/{key}") in wrong({key: wrong_one})
    else:
        assert wrong({key: wrong_one}) == [("type", f"/{key}{at}")]


def test_every_setting_may_be_null_but_one() -> None:
    settings = dict.fromkeys(SETTINGS.keys() - {"default-shm-size"})
    assert replace(daemon.read(json.dumps(settings)), text="{}") == DaemonConfig()


def test_the_value_of_a_proxy_is_not_repeated() -> None:
    with pytest.raises(InvalidParameter) as refused:
        daemon.read('{"proxies": {"http-proxy": ["http://user:canary@proxy"]}}')
    assert [(one.code, one.field) for one in refused.value.problems] == [("type", "/proxies/http-proxy")]
    assert "canary" not in f"{refused.value.message}{refused.value.problems}"


WARNED: list[tuple[str, str, Any]] = [
    ("runtime-key", "'args' has no effect", {"runtimes": {"nvidia": {"args": [], "path": "nvidia-container-runtime"}}}),
    ("runtime-key", "did you mean 'runtimeArgs'?", {"runtimes": {"x": PATH | {"runtimeArg": ["--debug"]}}}),
    ("runtime-type", "finds no shim by 'kata'", {"runtimes": {"x": {"runtimeType": "kata"}}}),
    ("runtime-type", "finds no shim by './shim'", {"runtimes": {"x": {"runtimeType": "./shim"}}}),
    ("log-plugin", "'loki' is not built in", {"log-driver": "loki", "log-opts": {"loki-url": "http://localhost"}}),
    ("unused-key", "write 'labels'", {"label": ["a=b"]}),
    ("unused-key", "has no effect in the file", {"allow-nondistributable-artifacts": []}),
    ("unused-key", "'tls-options' is no setting", {"tls-options": {"tls": True}}),
    ("unused-key", "write 'proxies'", {"http-proxy": "http://localhost"}),
]


@pytest.mark.parametrize(("code", "sentence", "written"), WARNED)
def test_what_docker_takes_and_ignores_is_taken_with_a_warning(code: str, sentence: str, written: object) -> None:
    (warning,) = daemon.read(json.dumps(written)).warnings
    assert isinstance(warning, RuleWarning)
    assert (warning.code, sentence in warning) == (code, True), warning


def test_a_file_that_docker_takes_as_it_is_gives_no_warning() -> None:
    shim = {"kata": {"runtimeType": "/opt/kata/bin/containerd-shim-kata-v2", "options": {"ConfigPath": "/x"}}}
    proxies = {"http-proxy": "http://localhost", "no-proxy": None}
    runtimes = shim | {"x": PATH | {"options": {}, "runtimeArgs": []}}
    read = daemon.read(json.dumps({"runtimes": runtimes, "proxies": proxies}))
    assert read.warnings == ()
    assert read.runtimes["kata"].type == "/opt/kata/bin/containerd-shim-kata-v2"
    assert read.runtimes["x"] == Runtime("x", "/usr/bin/crun", options={})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_taken(encoding: str) -> None:
    text = '{"labels": ["stadt=Zürich"]}'
    assert daemon.read(daemon.decoded(text.encode(encoding))).labels == ("stadt=Zürich",)
    assert daemon.decoded(b"\xfe\xff" + text.encode("utf-16-be")) == text


@pytest.mark.parametrize("raw", [b'{"group": "\xff"}', b"\xff\xfe{", b"\xef\xbb\xbf\xff"])
def test_bytes_that_are_no_text_are_refused(raw: bytes) -> None:
    with pytest.raises(InvalidParameter, match="is not text"):
        daemon.decoded(raw)


@pytest.mark.parametrize("text", ["", " \n\t"])
def test_an_empty_file_is_an_empty_object(text: str) -> None:
    assert daemon.read(text) == daemon.read("{}") == DaemonConfig()


def test_a_driver_that_is_the_default_may_be_a_plugin(judge: Judge, context: Context) -> None:
    loki = {"log-driver": "loki", "log-opts": {"loki-url": "http://localhost"}}
    plugged = replace(context, daemon=daemon.read(json.dumps(loki)))
    for asked in ({}, {"LogConfig": {"Type": "loki", "Config": {"loki-batch-size": "1"}}}):
        assert judge(asked, on=plugged).verified.host_config.LogConfig.Type == "loki"
    assert codes_and_fields(judge({"LogConfig": {"Type": "other"}}, on=plugged)) == [
        ("log-driver", "/HostConfig/LogConfig/Type")
    ]


@pytest.mark.parametrize(("code", "field", "written"), MISTAKES)
def test_a_mistake_is_told_with_its_code_and_field(code: str, field: str, written: object) -> None:
    assert wrong(written) == [(code, field)]


def test_every_rule_has_a_mistake() -> None:
    assert {code for code, *_ in MISTAKES} == {code for code, one in DAEMON.items() if not one.warns}
    assert {code for code, *_ in WARNED} == {code for code, one in DAEMON.items() if one.warns}


def test_every_mistake_of_a_file_is_told() -> None:
    written = {
        "lables": [],
        "live-restore": 1,
        "default-ipc-mode": "host",
        "runtimes": {"x": {}, "y": {"options": {"a": 1}}},
    }
    fields = ["/lables", "/runtimes/x", "/runtimes/y", "/runtimes/y/options", "/default-ipc-mode", "/live-restore"]
    assert [field for _, field in wrong(written)] == fields


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ({"defualt-runtime": "x"}, "did you mean 'default-runtime'?"),
        ({"live_restore": True}, "did you mean 'live-restore'?"),
        ({"zzz": 1}, "unknown setting 'zzz'"),
    ],
)
def test_a_misspelt_setting_names_the_nearest(written: object, hint: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        daemon.read(json.dumps(written))
    assert refused.value.message.endswith(hint)


MANY = {f"default-network-optz{at}": 1 for at in range(500)}


@pytest.mark.parametrize("written", [MANY, {"proxies": MANY}, {"labels": ["x"] * 500}])
def test_a_file_of_many_mistakes_lists_the_first_and_counts_the_others(written: object) -> None:
    with pytest.raises(InvalidParameter, match=r"; and 400 more$") as refused:
        daemon.read(json.dumps(written))
    assert len(refused.value.problems) == 100
    assert refused.value.message.count("did you mean") <= 10


def test_a_file_of_many_warnings_lists_the_first_and_counts_the_others() -> None:
    warnings = daemon.read(json.dumps({"runtimes": {"x": PATH | {f"runtimeArg{at}": 1 for at in range(500)}}})).warnings
    assert (len(warnings), str(warnings[-1])) == (101, "and 400 more warnings")
    assert sum("did you mean" in warning for warning in warnings) == 10


def test_a_long_name_of_a_setting_is_cut_in_the_message() -> None:
    with pytest.raises(InvalidParameter, match=r"unknown setting 'aaa.*…$") as refused:
        daemon.read(json.dumps({"a" * 1_000_000: 1}))
    assert len(refused.value.message) < 2_000


@pytest.mark.parametrize(
    "text",
    ["{", "nul", '{"a": }', "[" * 100_000, '{"mtu": NaN}', '{"mtu": 9223372036854775808}', r'{"group": "\ud800"}'],
)
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter, match="is not JSON"):
        daemon.read(text)


def test_runtimes_are_read_as_they_are_written_beside_the_stock_ones() -> None:
    runtimes = {
        "crun": PATH,
        "debug": {"Path": "/bin/r", "RUNTIMEARGS": ["--debug", ""]},
        "kata": SHIM_TYPE | {"options": {"a": [1]}},
        "none": {"path": "x", "options": None, "runtimeArgs": None},
    }
    read = daemon.read(json.dumps({"runtimes": runtimes, "default-runtime": "kata"}))
    assert read.default_runtime == "kata"
    assert {name: runtime for name, runtime in read.runtimes.items() if name not in {RUNC, SHIM}} == {
        "crun": Runtime("crun", "/usr/bin/crun"),
        "debug": Runtime("debug", "/bin/r", ("--debug", "")),
        "kata": Runtime("kata", type="io.containerd.kata.v2", options={"a": [1]}),
        "none": Runtime("none", "x"),
    }


def test_the_default_may_be_a_shim() -> None:
    assert daemon.read('{"default-runtime": "io.containerd.kata.v2"}').default_runtime == "io.containerd.kata.v2"


def test_settings_are_read() -> None:
    read = daemon.read(
        json.dumps(
            {
                "default-shm-size": "1g",
                "default-ipc-mode": "shareable",
                "default-cgroupns-mode": "host",
                "cgroup-parent": "a.slice",
                "exec-opts": ["native.cgroupdriver=systemd"],
                "userns-remap": "default",
                "labels": ["a=1", "a=1", "b="],
                "log-driver": "local",
                "log-opts": {"max-size": "1m"},
                "default-ulimits": {"nofile": {"Name": "nofile", "Hard": 64, "Soft": 32}, "core": {"hard": -1}},
                "live-restore": True,
                "debug": True,
                "dns": None,
            }
        )
    )
    assert (read.shm_size, read.ipc_mode, read.cgroupns_mode) == (2**30, "shareable", "host")
    assert (read.cgroup_parent, read.cgroup_driver, read.userns_remap) == ("a.slice", "systemd", "default")
    assert (read.labels, read.live_restore) == (("a=1", "b="), True)
    assert read.log == LogConfig(Type="local", Config={"max-size": "1m"})
    assert read.ulimits == {"nofile": Ulimit(Name="nofile", Hard=64, Soft=32), "core": Ulimit(Name="core", Hard=-1)}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["path", "options"]), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(SETTINGS)) | st.text(), json_values))
def test_any_json_is_read_or_refused(written: dict[str, Any]) -> None:
    text = json.dumps(written)
    try:
        assert daemon.read(text).text == text
    except InvalidParameter as refusal:
        event(refusal.problems[0].code)


def test_defaults_of_containers_come_from_the_configuration(judge: Judge, context: Context) -> None:
    settings = {
        "default-shm-size": "1m",
        "default-ipc-mode": "shareable",
        "default-cgroupns-mode": "private",
        "log-driver": "local",
        "log-opts": {"max-file": "2"},
    }
    told_so = replace(context, daemon=daemon.read(json.dumps(settings)))
    host = judge({}, on=told_so).verified.host_config
    assert (host.ShmSize, host.IpcMode, host.CgroupnsMode) == (2**20, "shareable", "private")
    assert host.LogConfig == LogConfig(Type="local", Config={"max-file": "2"})
    asked = {"ShmSize": 5, "IpcMode": "none", "CgroupnsMode": "host", "LogConfig": {"Type": "none", "Config": {}}}
    host = judge(asked, on=told_so).verified.host_config
    assert (host.ShmSize, host.IpcMode, host.CgroupnsMode) == (5, "none", "host")
    assert host.LogConfig == LogConfig(Type="none", Config={})


def test_a_privileged_container_has_the_hosts_cgroups_where_they_are_of_version_1(
    judge: Judge, context: Context, bare_host: HostFacts
) -> None:
    private = replace(context, daemon=daemon.read('{"default-cgroupns-mode": "private"}'))
    assert judge({"Privileged": True}, on=private).verified.host_config.CgroupnsMode == "host"
    on_version_2 = replace(private, facts=bare_host)
    assert judge({"Privileged": True}, on=on_version_2).verified.host_config.CgroupnsMode == "private"


@pytest.mark.parametrize(
    ("host", "broken"),
    [
        ({"Privileged": True}, ("userns-privileged", "/HostConfig/Privileged")),
        ({"NetworkMode": "host"}, ("userns-network", "/HostConfig/NetworkMode")),
        ({"PidMode": "host"}, ("userns-pid", "/HostConfig/PidMode")),
    ],
)
def test_remapped_users_share_little_with_the_host(
    judge: Judge, context: Context, host: dict[str, Any], broken: tuple[str, str]
) -> None:
    remapped = replace(context, daemon=daemon.read('{"userns-remap": "default"}'))
    assert codes_and_fields(judge(host, on=remapped)) == [broken]
    assert codes_and_fields(judge(host | {"UsernsMode": "host"}, on=remapped)) == []
    assert codes_and_fields(judge(host)) == []
