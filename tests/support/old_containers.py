"""Containers as a long-lived data root of Docker has them: of engines since 1.10, edited, odd; named by what is odd.

`tests/samples/recording/old.py` asks a real engine what it says of the very same files.
"""

import json
from collections.abc import Mapping
from typing import Any

from docker_root import ENGINE_ROOT, DockerRoot, an_id

ABSENT = object()
IMAGE = "sha256:bf5b01b3a2f04c5cb39c47a00dcfaae0cde9fe1dd13448ca2d8d170e03898e8b"
AT, LATER, ZERO = "2016-02-04T10:00:00.5Z", "2016-02-04T11:00:00Z", "0001-01-01T00:00:00Z"
ENDED = {"StartedAt": AT, "FinishedAt": LATER, "ExitCode": 3}
NETWORK_ID = "a" * 64

Fields = Mapping[str, Any]


def _endpoint(**fields: Any) -> dict[str, Any]:
    return {"bridge": {"NetworkID": NETWORK_ID} | fields}


def _bind(source: str = "/srv", **fields: Any) -> dict[str, Any]:
    return {"Source": source, "Destination": "/d", "RW": True} | fields


def _probe(**fields: Any) -> dict[str, Any]:
    return {"Health": {"Status": "healthy", "FailingStreak": 0, "Log": [fields]}}


HOSTS: dict[str, Fields] = {
    "restart-unnamed": {"RestartPolicy": {"Name": ""}},
    "restart-unnamed-counted": {"RestartPolicy": {"Name": "", "MaximumRetryCount": 3}},
    "restart-empty": {"RestartPolicy": {}},
    "restart-null": {"RestartPolicy": None},
    "restart-absent": {"RestartPolicy": ABSENT},
    "restart-no-counted": {"RestartPolicy": {"Name": "no", "MaximumRetryCount": 3}},
    "restart-stopped-counted": {"RestartPolicy": {"Name": "unless-stopped", "MaximumRetryCount": 3}},
    "restart-unknown": {"RestartPolicy": {"Name": "sometimes"}},
    "network-default": {"NetworkMode": "default"},
    "network-unnamed": {"NetworkMode": ""},
    "network-absent": {"NetworkMode": ABSENT},
    "network-null": {"NetworkMode": None},
    "network-upper": {"NetworkMode": "Default"},
    "network-of-gone": {"NetworkMode": f"container:{'d' * 64}"},
    "log-logentries": {"LogConfig": {"Type": "logentries", "Config": {"logentries-token": "t"}}},
    "log-logentries-bare": {"LogConfig": {"Type": "logentries"}},
    "log-null": {"LogConfig": None},
    "log-absent": {"LogConfig": ABSENT},
    "log-unnamed": {"LogConfig": {"Type": "", "Config": {"max-size": "1m"}}},
    "log-no-options": {"LogConfig": {"Type": "json-file", "Config": None}},
    "log-unknown": {"LogConfig": {"Type": "gone", "Config": {"a": "b"}}},
    "ipc-absent": {"IpcMode": ABSENT, "ShmSize": ABSENT, "CgroupnsMode": ABSENT, "Runtime": ABSENT},
    "runtime-unnamed": {"Runtime": "", "IpcMode": "", "CgroupnsMode": ""},
    "runtime-of-17": {"Runtime": "docker-runc"},
    "paths-absent": {"MaskedPaths": ABSENT, "ReadonlyPaths": ABSENT},
    "paths-null": {"MaskedPaths": None, "ReadonlyPaths": None},
    "paths-of-privileged": {"MaskedPaths": ABSENT, "ReadonlyPaths": ABSENT, "Privileged": True},
    "nulls": {
        "Binds": None, "PortBindings": None, "CapAdd": None, "Dns": None, "DnsOptions": None, "DnsSearch": None,
        "ExtraHosts": None, "GroupAdd": None, "Links": None, "SecurityOpt": None, "Tmpfs": None, "Sysctls": None,
        "Ulimits": None, "Devices": None, "Memory": None, "Privileged": None, "ConsoleSize": None, "Mounts": None,
    },
    "old-fields": {
        "LxcConf": [], "KernelMemory": 4096, "KernelMemoryTCP": 0, "DiskQuota": 0, "Capabilities": None,
        "CpuCount": 0, "Cgroup": "", "MemorySwappiness": -1, "OomKillDisable": None, "PidsLimit": 0,
    },
    "swappiness-minus-one": {"MemorySwappiness": -1},
    "console-of-one": {"ConsoleSize": [80]},
    "ports-unnamed": {"PortBindings": {"80": [{"HostPort": "8080"}], "81/tcp": [], "82/udp": None}},
    "links-to-gone": {"Links": ["/gone:/links-to-gone/g", "gone"]},
    "links-absent-alias": {"Links": ["/volumes-from-gone:/links-absent-alias/v"], "NetworkMode": "bridge"},
    "links-odd": {"Links": ["a:b:c", ":", "", "x:", ":y", "/a:/b/c/d"], "NetworkMode": "bridge"},
    "links-to-odd-name": {"Links": ["/x:/links-to-odd-name/x", "a/b:ab"], "NetworkMode": "bridge"},
    "volumes-from-gone": {"VolumesFrom": ["gone:ro", "d" * 64]},
    "caps-of-20": {"CapAdd": ["net_admin", "CAP_SYS_ADMIN", "ALL"], "CapDrop": ["CAP_MKNOD"]},
    "security-of-10": {"SecurityOpt": ["seccomp:unconfined", "label:disable", "apparmor:x"]},
    "device-as-of-10": {"Devices": [{"PathOnHost": "/dev/null"}], "Ulimits": [{"Name": "nofile", "Soft": 1}]},
}  # fmt: skip

STATES: dict[str, Fields] = {
    "removal-began": {"RemovalInProgress": True},
    "removal-began-dead": {"RemovalInProgress": True, "Dead": True},
    "removal-began-created": {"RemovalInProgress": True, "StartedAt": ZERO, "FinishedAt": ZERO},
    "dead": {"Dead": True},
    "times-absent": {"StartedAt": ABSENT, "FinishedAt": ABSENT},
    "times-null": {"StartedAt": None, "FinishedAt": None},
    "started-1601": {"StartedAt": "1601-01-01T00:00:00Z", "FinishedAt": "1601-01-01T00:00:01Z"},
    "started-2300": {"StartedAt": "2300-01-01T00:00:00Z", "FinishedAt": "2300-01-02T00:00:00.25Z"},
    "started-year-one": {"StartedAt": "0001-01-01T00:00:01Z"},
    "started-with-offset": {"StartedAt": "2016-02-04T12:00:00+02:00", "FinishedAt": "2016-02-04T09:30:00.120-05:30"},
    "ended-before-start": {"StartedAt": LATER, "FinishedAt": AT},
    "never-ended": {"FinishedAt": ZERO},
    "exit-code-negative": {"ExitCode": -1},
    "exit-code-windows": {"ExitCode": 3221225786},
    "oom-error-pid": {"OOMKilled": True, "Error": "it ended", "Pid": 77},
    "health-null": {"Health": None},
    "health-empty": {"Health": {}},
    "health-log-null": {"Health": {"Status": "healthy", "FailingStreak": 0, "Log": None}},
    "health-log-of-null": {"Health": {"Status": "unhealthy", "FailingStreak": 2, "Log": [None]}},
    "health-log-some-null": {"Health": {"Status": "healthy", "Log": [None, {"Start": AT, "End": LATER}, None]}},
    "health-none": {"Health": {"Status": "none", "FailingStreak": 0, "Log": []}},
    "health-unknown": {"Health": {"Status": "fit", "FailingStreak": 0, "Log": []}},
    "health-starting": {"Health": {"Status": "starting", "FailingStreak": 0, "Log": []}},
    "probe-of-nothing": _probe(),
    "probe-year-one": _probe(Start=ZERO, End=ZERO, ExitCode=1, Output="no"),
    "probe-1601": _probe(Start="1601-01-01T00:00:00Z", End="2300-01-01T00:00:00Z", ExitCode=0, Output=""),
    "probe-null": _probe(Start=None, End=None, ExitCode=None, Output=None),
}

MOUNTS: dict[str, Any] = {
    "mounts-null": None,
    "mounts-absent": ABSENT,
    "mount-twice": {"/d": _bind("/one"), "/d/": _bind("/two")},
    "mount-twice-alike": {"/d": _bind(), "/e": _bind()},
    "mount-under-another-key": {"/key": _bind()},
    "mount-of-nothing": {"/d": {}},
    "mount-of-no-destination": {"/d": {"Source": "/srv", "RW": True}},
    "mount-untyped-volume": {"/v": {"Name": "data", "Driver": "local", "Destination": "/v", "RW": True}},
    "mount-untyped-bind": {"/d": _bind(Relabel="z", Propagation="rslave", Named=False)},
    "mount-mode": {"/d": _bind(Mode="ro", RW=False, Relabel="ro")},
    "mount-of-driver": {"/v": {"Type": "volume", "Name": "far", "Driver": "nfs", "Destination": "/v", "RW": True}},
    "mount-unknown": {"/d": {"Type": "cloud", "Source": "s", "Destination": "/d"}},
    "mount-of-spec": {"/d": _bind(Type="bind", Spec={"Type": "bind", "Target": "/d"}, SkipMountpointCreation=True)},
    "mount-relative": {"d": {"Type": "bind", "Source": "/srv", "Destination": "d", "RW": True}},
}  # fmt: skip

CONFIGS: dict[str, Fields] = {
    "labels-null": {"Labels": None},
    "labels-absent": {"Labels": ABSENT},
    "labels-odd": {"Labels": {"": "", "UPPER": "É", "a b": "\u0000"}},
    "command-text": {"Cmd": "sleep 60", "Entrypoint": "sh"},
    "command-null": {"Cmd": None, "Entrypoint": None, "Env": None},
    "command-empty": {"Cmd": [], "Entrypoint": [], "Env": [], "Volumes": {}, "OnBuild": []},
    "exposed-odd": {"ExposedPorts": {"80": {}, "81/TCP": {}, "82-84/tcp": {}}},
    "config-of-10": {
        "PublishService": "", "VolumeDriver": "", "PortSpecs": None, "Memory": 0, "CpuShares": 0, "Cpuset": "",
        "MacAddress": "", "NetworkDisabled": False, "StopSignal": "SIGTERM", "SecurityOpt": None,
    },
    "mac-address": {"MacAddress": "02:42:ac:11:00:09"},
    "image-unnamed": {"Image": ""},
    "image-upper": {"Image": "Registry.example/UPPER:latest"},
    "signal-unknown": {"StopSignal": "NOPE", "StopTimeout": -1, "WorkingDir": "srv"},
    "health-check-odd": {"Healthcheck": {"Test": None, "Interval": -5, "Retries": None}},
    "env-odd": {"Env": ["A", "=x", "", "A=1", "A=2"], "User": "a:b:c", "Hostname": "not_a host"},
}  # fmt: skip

FILES: dict[str, Fields] = {
    "created-year-one": {"Created": ZERO},
    "created-1601": {"Created": "1601-01-01T00:00:00Z"},
    "created-1969": {"Created": "1969-12-31T23:59:59.999999999Z"},
    "created-2300": {"Created": "2300-01-01T00:00:00.123Z"},
    "created-9999": {"Created": "9999-12-31T23:59:59Z"},
    "created-year-zero": {"Created": "0000-01-01T00:00:00Z"},
    "created-absent": {"Created": ABSENT},
    "created-null": {"Created": None},
    "created-offset": {"Created": "2016-02-04T12:00:00.5+02:00"},
    "created-fraction": {"Created": "2016-02-04T12:00:00.1234567891Z"},
    "created-comma": {"Created": "2016-02-04T12:00:00,5Z"},
    "created-empty": {"Created": ""},
    "image-old-id": {"Image": "d" * 64},
    "image-unknown": {"Image": ""},
    "image-text": {"Image": "busybox"},
    "args-null": {"Args": None, "Path": ""},
    "args-absent": {"Args": ABSENT, "Path": ABSENT, "RestartCount": ABSENT, "OS": ABSENT},
    "os-unnamed": {"OS": "", "Managed": None, "RestartCount": None, "LogPath": None},
    "unknown-keys": {"UpdateDns": False, "AppliedVolumesFrom": None, "Volumes": {}, "VolumesRW": {}, "Newer": [1]},
    "settings-of-8": {
        "NetworkSettings": {"Bridge": "docker0", "IPAddress": "172.17.0.2", "Gateway": "172.17.0.1", "Ports": None}
    },
    "networks-null": {"NetworkSettings": {"Networks": None, "Ports": {}}},
    "endpoint-default": {"NetworkSettings": {"Networks": {"default": {"NetworkID": NETWORK_ID}}}},
    "endpoint-kept-address": {"NetworkSettings": {"Networks": _endpoint(IPAddress="172.17.0.2", IPPrefixLen=16)}},
    "endpoint-kept-mac": {"NetworkSettings": {"Networks": _endpoint(MacAddress="02:42:ac:11:00:02")}},
    "endpoint-asked-mac": {
        "NetworkSettings": {
            "Networks": _endpoint(MacAddress="02:42:ac:11:00:02", DesiredMacAddress="02:42:ac:11:00:02")
        }
    },
    "endpoint-kept-id": {
        "NetworkSettings": {
            "SandboxID": "5" * 64,
            "SandboxKey": "/var/run/docker/netns/5",
            "Networks": _endpoint(EndpointID="e" * 64, Gateway="172.17.0.1", MacAddress="02:42:ac:11:00:02"),
        }
    },
    "endpoint-assigned": {
        "NetworkSettings": {
            "Networks": _endpoint(IPAMConfig={"IPv4Address": "172.17.0.2"}, IPAMOperational=True, Aliases=["a"])
        }
    },
}
NAMES = {
    "name-of-one-letter": "/x",
    "name-with-slash": "/a/b",
    "name-without-slash": "plain",
    "name-with-two": "//two",
    "name-upper": "/UPPER",
    "name-with-dash": "/-dash",
    "name-with-space": "/a b",
    "name-of-other-letters": "/ü",
    "name-with-dots": "/../up",
    "name-with-end": "/end/",
    "name-of-an-id": f"/{an_id('name-upper')}",
    "name-of-a-short-id": f"/{an_id('name-upper')[:12]}",
    "name-long": "/" + "n" * 300,
    "name-with-line": "/a\nb",
}


def write(root: DockerRoot) -> dict[str, str]:
    """Write all of them; return their IDs by what is odd."""
    for name, host in HOSTS.items():
        _write(root, name, {}, host)
    for name, state in STATES.items():
        _write(root, name, {"State": _changed(ENDED, state)}, {})
    for name, mounts in MOUNTS.items():
        _write(root, name, {"MountPoints": mounts}, {})
    for name, config in CONFIGS.items():
        _write(root, name, {"Config": _changed(_config(name), config)}, {})
    for name, fields in FILES.items():
        _write(root, name, fields, {})
    for name, own in NAMES.items():
        _write(root, name, {"Name": own}, {})
    kinds: tuple[Mapping[str, Any], ...] = (HOSTS, STATES, MOUNTS, CONFIGS, FILES, NAMES)
    return {name: an_id(name) for kind in kinds for name in kind}


def _write(root: DockerRoot, name: str, fields: Fields, host: Fields) -> None:
    container_id = an_id(name)
    folder = f"containers/{container_id}"
    of_10 = {
        "State": ENDED,
        "ID": container_id,
        "Created": AT,
        "Path": "sleep",
        "Args": ["60"],
        "Config": _config(name),
        "Image": IMAGE,
        "NetworkSettings": {"Bridge": "", "SandboxID": "", "Ports": None, "Networks": _endpoint()},
        "LogPath": f"{ENGINE_ROOT}/{folder}/{container_id}-json.log",
        "Name": f"/{name}",
        "Driver": "overlay2",
        "RestartCount": 0,
        "HasBeenStartedBefore": True,
        "HasBeenManuallyStopped": True,
        "MountPoints": {},
    }
    kept = {"NetworkMode": "bridge", "RestartPolicy": {"Name": "no"}, "LogConfig": {"Type": "json-file", "Config": {}}}
    root.write(f"{folder}/config.v2.json", json.dumps(_changed(of_10, fields)).encode())
    root.write(f"{folder}/hostconfig.json", json.dumps(_changed(kept, host)).encode())


def _config(name: str) -> dict[str, Any]:
    return {"Hostname": an_id(name)[:12], "Image": "busybox", "Cmd": ["sleep", "60"], "Labels": {"odd": name}}


def _changed(document: Fields, changes: Fields) -> dict[str, Any]:
    return {key: value for key, value in {**document, **changes}.items() if value is not ABSENT}
