"""Random create requests: typed ones, made from the fields of the documents with values that matter, and any JSON."""

import types
from typing import Any, get_args, get_origin

from hypothesis import strategies as st

from statesvc.domain.documents import Config, Document, HostConfig, NetworkingConfig
from statesvc.domain.documents.go_types import bare_type
from statesvc.domain.documents.update import ContainerUpdate

MB = 1024 * 1024
Strategy = st.SearchStrategy[Any]

# Values that a field may have, and values that break its rules; other fields take those of their type.
GOOD: dict[str, list[Any]] = {
    "WorkingDir": ["/srv", "//a/../b/", "/"],
    "StopSignal": ["SIGTERM", "quit", "9", "RTMIN+3"],
    "Env": [["A=1", "B", "C="], []],
    "Cmd": [["true"], "sleep 1", []],
    "Entrypoint": [["/init"], [""], []],
    "Healthcheck": [{"Test": ["CMD", "true"], "Interval": 10**9, "Retries": 3}, {}],
    "MacAddress": ["02:42:ac:11:00:02"],
    "NetworkMode": ["", "default", "bridge", "host", "none", "net", "container:web"],
    "IpcMode": ["", "none", "private", "shareable", "host", "container:web"],
    "PidMode": ["", "host", "container:web"],
    "UTSMode": ["", "host"],
    "CgroupnsMode": ["", "private", "host"],
    "Isolation": ["", "default", "DEFAULT"],
    "Runtime": ["", "runc", "io.containerd.foo.v2"],
    "CgroupParent": ["", "my.slice"],
    "RestartPolicy": [{"Name": ""}, {"Name": "no"}, {"Name": "always"}, {"Name": "on-failure", "MaximumRetryCount": 3}],
    "LogConfig": [
        {}, {"Type": "none"}, {"Type": "local", "Config": {"max-size": "1m"}}, {"Config": {"max-file": "3"}},
        {"Type": "json-file", "Config": {"mode": "non-blocking", "max-buffer-size": "1m"}},
        {"Type": "gelf", "Config": {"gelf-address": "udp://h:1"}},
    ],
    "PortBindings": [{"80/tcp": [{"HostPort": "8080"}]}, {"53/udp": []}, {"80": [{"HostPort": "1-2"}]}],
    "Binds": [["vol:/data"], ["/tmp:/x:ro,rslave"], ["/anon"], ["/:/host"]],
    "VolumesFrom": [["web"], ["web:ro"]],
    "Links": [["web:db"], ["web"]],
    "ExtraHosts": [["a:10.0.0.1", "b:host-gateway", "c:::1"]],
    "CapAdd": [["ALL"], ["NET_ADMIN", "cap_chown"]],
    "CapDrop": [["ALL"], ["CAP_MKNOD"]],
    "SecurityOpt": [["label=disable"], ["no-new-privileges", "apparmor=x"], ["seccomp:{}"]],
    "StorageOpt": [{}],
    "Tmpfs": [{"/run": "size=1m"}, {"/a/../b": ""}],
    "Annotations": [{"a": "b"}],
    "Mounts": [
        [{"Type": "volume", "Target": "/v"}], [{"Type": "volume", "Source": "vol", "Target": "/w", "ReadOnly": True}],
        [{"Type": "bind", "Source": "/tmp", "Target": "/b", "BindOptions": {"Propagation": "rslave"}}],
        [{"Type": "tmpfs", "Target": "/t", "TmpfsOptions": {"SizeBytes": 1}}],
    ],
    "CpusetCpus": ["", "0", "0-1"], "CpusetMems": ["", "0"],
    "Memory": [0, 6 * MB, 64 * MB, 2**62, 2**63 - 1], "MemorySwap": [0, -1, 2**63 - 1],
    "MemoryReservation": [0, 6 * MB], "KernelMemory": [0, 6 * MB], "MemorySwappiness": [None, -1, 0, 100],
    "NanoCpus": [0, 10**9], "CpuPeriod": [0, 5000], "CpuQuota": [0, -1, 5000],
    "CpuRealtimePeriod": [0], "CpuRealtimeRuntime": [0, -1],
    "IOMaximumIOps": [0], "IOMaximumBandwidth": [0], "BlkioWeight": [0, 10, 1000],
    "PidsLimit": [None, -1, 0, 100], "OomKillDisable": [None, True, False],
    "OomScoreAdj": [-1000, 0, 1000], "ShmSize": [0, 1, 64 * MB],
    "Hostname": ["", "web"],
    "EndpointsConfig": [
        {"net": {"MacAddress": "02:42:ac:11:00:02"}}, {"bridge": {}}, {"default": {}}, {},
        {"net": {"IPAMConfig": {"IPv4Address": "10.0.0.9"}, "Aliases": ["a"]}, "bridge": {}},
    ],
    "Devices": [[{"PathOnHost": "/dev/null"}], [None]],
    "Ulimits": [[{"Name": "nofile", "Soft": 1, "Hard": 2}]],
    "BlkioDeviceReadBps": [[], [{"Path": "/dev/sda", "Rate": 1}]],
    "BlkioWeightDevice": [[], [{"Path": "/dev/sda", "Weight": 10}]],
}  # fmt: skip
BAD: dict[str, list[Any]] = {
    "WorkingDir": ["srv", "."], "StopSignal": ["NOPE", "0"], "Env": [[""], ["=x"], None],
    "Healthcheck": [{"Interval": 1, "Retries": -1}, None], "MacAddress": ["zz", "02-42-ac-11-00-02"],
    "NetworkMode": ["container:", "container:gone", ":", "container", "default:x"],
    "IpcMode": ["HOST", "container:", "container:gone"], "PidMode": ["x", "container:gone"], "UTSMode": ["x"],
    "CgroupnsMode": ["x"], "Isolation": ["hyperv"], "Runtime": ["/x", ".", "nosuch"], "CgroupParent": ["/x", ".slice"],
    "RestartPolicy": [{"Name": "Always"}, {"MaximumRetryCount": -1}, {"Name": "always", "MaximumRetryCount": 1}],
    "LogConfig": [{"Type": "x"}, {"Config": {"": ""}}, {"Type": "logentries"}, {"Type": "gelf", "Config": {"x": "%"}}],
    "PortBindings": [{"x": []}, {"": None}, {"80/tcp/x": [{"HostPort": "-"}]}, {"70000": [None]}],
    "Binds": [["", ":", "a:b:c:d"], ["x:/y:rw,ro"], ["/a:/"], ["vol:/data", "/x:/data/"]],
    "VolumesFrom": [[""], ["gone"], ["web:x"], [":"]], "Links": [["", ":", "gone", "a:b:c"]],
    "ExtraHosts": [["", ":", "a:x"]], "CapAdd": [["", "cap_"]], "SecurityOpt": [["", "x", "="]],
    "StorageOpt": [{"size": "1"}, {"": ""}], "Tmpfs": [{"": ""}, {"/": ""}, {"x": ""}], "Annotations": [{"": ""}],
    "Mounts": [
        [{}], [None], [{"Type": "volume", "Source": "x", "Target": "/", "BindOptions": {}}], [{"Type": "npipe"}],
        [{"Type": "bind", "Source": "/data/root/x", "Target": "/m", "BindOptions": {"Propagation": "private"}}],
        [{"Type": "bind", "Target": "x", "BindOptions": {"ReadOnlyForceRecursive": True}}],
        [{"Type": "volume", "Target": "\\", "VolumeOptions": {"Subpath": "..", "DriverConfig": {"Name": "x"}}}],
    ],
    "CpusetCpus": ["x", "0-9", "-", ","], "CpusetMems": ["9999"], "Memory": [1, -1], "MemorySwap": [1, -2],
    "EndpointsConfig": [{"": None}, {"bridge": {"IPAMConfig": {"IPv4Address": "::1", "LinkLocalIPs": [""]}}}],
}  # fmt: skip

INTEGERS = st.sampled_from([0, 1, -1, 5, 999, 1000, 6 * MB, 2**16, 2**31, 2**63 - 1, -(2**63)])
TEXTS = st.sampled_from(
    ["", "a", "A=b", "/", "/x", "../x", ":", "a:b", "0", "host", "\n", "é", "a/b", "container:web"]
) | (st.text(max_size=8))


def values(name: str, annotation: Any, *, good: bool) -> Strategy:
    """Return values for a field: good ones only, or those that break its rules and any of its type as well."""
    known = GOOD.get(name)
    if good:
        return st.sampled_from(known) if known else of_type(annotation, good=True)
    return st.sampled_from([*known, *BAD.get(name, ())]) | of_type(annotation) if known else of_type(annotation)


def of_type(annotation: Any, *, good: bool = False) -> Strategy:
    """Return the JSON that Go reads into a type; null too, where there can be a nil. Integers may be out of range."""
    found = _of_bare(bare_type(annotation), good=good)
    return found | st.none() if types.NoneType in get_args(annotation) else found


def _of_bare(kind: Any, *, good: bool) -> Strategy:
    if get_origin(kind) is list:
        return st.lists(of_type(get_args(kind)[0], good=good), max_size=3)
    if get_origin(kind) is dict:
        return st.dictionaries(TEXTS, of_type(get_args(kind)[1], good=good), max_size=3)
    if isinstance(kind, type) and issubclass(kind, Document):
        return of_document(kind, good=good)
    integers = st.sampled_from([0, 1, 5, 1000]) if good else INTEGERS
    return {str: TEXTS, bool: st.booleans(), int: integers, object: st.just({})}[kind]


def of_document(model: type[Document], *, good: bool = False, most: int = 4) -> Strategy:
    """Return objects with a few of a document's fields."""
    fields = {
        field.alias or name: values(name, field.rebuild_annotation(), good=good)
        for name, field in model.model_fields.items()
    }
    if not fields:
        return st.just({})

    @st.composite
    def build(draw: st.DrawFn) -> dict[str, Any]:
        chosen = draw(st.lists(st.sampled_from(sorted(fields)), max_size=most, unique=True))
        return {key: draw(fields[key]) for key in chosen}

    return build()


def requests(*, good: bool = False) -> Strategy:
    """Return bodies of create requests with the types of Docker's documents."""
    networking = st.fixed_dictionaries({"EndpointsConfig": st.sampled_from(GOOD["EndpointsConfig"])})
    if not good:
        networking |= of_document(NetworkingConfig)
    config, host = of_document(Config, good=good), of_document(HostConfig, good=good, most=8)
    whole = st.fixed_dictionaries({"HostConfig": host}, optional={"NetworkingConfig": networking})
    return st.builds(lambda config, rest: {"Image": "busybox:latest"} | config | rest, config, whole)


_KEYS = st.sampled_from([*Config.model_fields, *HostConfig.model_fields, "HostConfig", "NetworkingConfig", "Cpuset"])
ANY_JSON = st.recursive(
    st.none() | st.booleans() | INTEGERS | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS | TEXTS, inner, max_size=6),
    max_leaves=12,
)
UPDATES = of_document(ContainerUpdate, most=6)
VERSIONS = st.sampled_from([(1, minor) for minor in range(24, 46)])
