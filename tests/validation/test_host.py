from dataclasses import replace
from typing import Any

import pytest
from verdicts import Judge, codes_and_fields

from statesvc.domain.host_facts import HostFacts
from statesvc.validation import Context


@pytest.mark.parametrize(
    ("host", "problems"),
    [
        ({"AutoRemove": True, "RestartPolicy": {"Name": "always"}}, [("auto-remove", "/HostConfig/AutoRemove")]),
        ({"RestartPolicy": {"Name": "Always"}}, [("restart-policy", "/HostConfig/RestartPolicy/Name")]),
        (
            {"RestartPolicy": {"Name": "always", "MaximumRetryCount": 1}},
            [("restart-count", "/HostConfig/RestartPolicy/MaximumRetryCount")],
        ),
        ({"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3}}, []),
        ({"CapAdd": ["NET_ADMIN", "cap_chown", "all"], "CapDrop": ["ALL"]}, []),
        (
            {"CapAdd": ["CHOWN", "NOPE"], "CapDrop": ["CAP_ALL"]},
            [("cap-add", "/HostConfig/CapAdd/1"), ("cap-drop", "/HostConfig/CapDrop/0")],
        ),
        ({"Isolation": "hyperv"}, [("isolation", "/HostConfig/Isolation")]),
        ({"Annotations": {"": "x"}}, [("annotation-key", "/HostConfig/Annotations")]),
        ({"ShmSize": -1}, [("shm-size", "/HostConfig/ShmSize")]),
        ({"OomScoreAdj": 1001}, [("oom-score", "/HostConfig/OomScoreAdj")]),
        ({"Runtime": "io.containerd.foo.v2"}, []),
        ({"Runtime": "/usr/bin/runc"}, [("runtime", "/HostConfig/Runtime")]),
        (
            {"Tmpfs": {"/a/..": "", "b": ""}},
            [("tmpfs-destination", "/HostConfig/Tmpfs/~1a~1.."), ("tmpfs-destination", "/HostConfig/Tmpfs/b")],
        ),
        ({"StorageOpt": {"bogus": "1"}}, [("storage-opt", "/HostConfig/StorageOpt/bogus")]),
        (
            {"SecurityOpt": ["no-new-privileges", "x", "y=z"]},
            [("security-opt", "/HostConfig/SecurityOpt/1"), ("security-opt", "/HostConfig/SecurityOpt/2")],
        ),
        ({"NetworkMode": "container:"}, [("network-container", "/HostConfig/NetworkMode")]),
        ({"IpcMode": "HOST", "PidMode": "none", "UTSMode": "x", "CgroupnsMode": "x"}, [
            ("ipc-mode", "/HostConfig/IpcMode"), ("pid-mode", "/HostConfig/PidMode"),
            ("uts-mode", "/HostConfig/UTSMode"), ("cgroupns-mode", "/HostConfig/CgroupnsMode"),
        ]),
    ],
    ids=lambda value: "" if isinstance(value, list) else "+".join(value),
)  # fmt: skip
def test_host_configurations_are_judged(judge: Judge, host: dict[str, Any], problems: list[tuple[str, str]]) -> None:
    assert codes_and_fields(judge(host)) == problems


def test_with_systemd_a_cgroup_parent_is_a_slice(judge: Judge, context: Context, v1_host: HostFacts) -> None:
    on = replace(context, facts=replace(v1_host, cgroup_driver="systemd"))
    assert codes_and_fields(judge({"CgroupParent": "/x"}, on=on)) == [("cgroup-parent", "/HostConfig/CgroupParent")]
    assert codes_and_fields(judge({"CgroupParent": "my.slice"}, on=on)) == []
    assert codes_and_fields(judge({"CgroupParent": "/x"})) == []


def test_who_shares_the_hosts_namespaces_has_no_label(judge: Judge) -> None:
    assert judge({"PidMode": "host"}).verified.host_config.SecurityOpt == ["label=disable"]
    assert judge({"Privileged": True, "SecurityOpt": ["label=x"]}).verified.host_config.SecurityOpt == ["label=x"]


def test_security_options_are_stored_as_what_they_say(judge: Judge) -> None:
    options = ["no-new-privileges:true", "apparmor=mine", "seccomp={}"]
    security = judge({"SecurityOpt": options}).verified.security
    assert (security.no_new_privileges, security.apparmor_profile, security.seccomp_profile) == (True, "mine", "{}")


def test_published_ports_on_the_hosts_network_are_told(judge: Judge) -> None:
    verdict = judge({"NetworkMode": "host", "PortBindings": {"80/tcp": [{"HostPort": "80"}]}})
    assert verdict.verified.warnings == ("Published ports are discarded when using host network mode",)


def test_a_host_without_forwarding_is_told(judge: Judge, context: Context, v1_host: HostFacts) -> None:
    on = replace(context, facts=replace(v1_host, ipv4_forwarding=False))
    assert judge({}, on=on).verified.warnings == ("IPv4 forwarding is disabled. Networking will not work.",)
    assert judge({"NetworkMode": "none"}, on=on).verified.warnings == ()


def test_a_runtime_whose_wrapped_binary_is_not_there_is_refused_with_its_path(judge: Judge, context: Context) -> None:
    without = replace(context, runtime_obstacle="/opt/r: no such file or directory")
    verdict = judge({}, on=without)
    assert codes_and_fields(verdict) == [("runtime-path", "/HostConfig/Runtime")]
    assert "specified runtime path: /opt/r: no such file or directory" in verdict.early[0].message
    assert codes_and_fields(judge({"Runtime": "nope"}, on=without)) == [("runtime", "/HostConfig/Runtime")]


def test_the_heat_of_the_processors_is_masked(judge: Judge, context: Context) -> None:
    heat = "/sys/devices/system/cpu/cpu0/thermal_throttle"
    on = replace(context, facts=replace(context.facts, thermal_throttles=(heat,)))
    masked = judge({}, on=on).verified.host_config.MaskedPaths
    assert masked is not None
    assert masked[-1] == heat
    assert judge({"MaskedPaths": []}, on=on).verified.host_config.MaskedPaths == []
