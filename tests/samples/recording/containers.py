"""The containers of the sample: what is created on the engine, in this order, and what is then done with them."""

from typing import Any

Body = dict[str, Any]

SECOND = 1_000_000_000
SLEEP = ["sleep", "3600"]
MAC = "02:42:ac:1e:00:42"

NETWORKS: dict[str, Body] = {
    "shop": {"IPAM": {"Config": [{"Subnet": "172.30.0.0/16", "Gateway": "172.30.0.1"}]}, "Labels": {"tier": "front"}},
    "back": {"Internal": True, "Attachable": True, "Options": {"com.docker.network.bridge.name": "br-back"}},
    "six": {"EnableIPv6": True, "IPAM": {"Config": [{"Subnet": "fd00:30::/64"}, {"Subnet": "172.31.0.0/24"}]}},
    "none-but-six": {"EnableIPv4": False, "EnableIPv6": True},
}

VOLUMES: dict[str, Body] = {
    "pgdata": {"Labels": {"keep": "yes"}},
    "ram": {"DriverOpts": {"type": "tmpfs", "device": "tmpfs", "o": "size=1m,uid=1000"}},
}


def _body(host: Body | None = None, networks: Body | None = None, **config: Any) -> Body:
    body: Body = {"Image": "busybox:latest", "Cmd": SLEEP} | config | {"HostConfig": host or {}}
    return body | ({"NetworkingConfig": {"EndpointsConfig": networks}} if networks else {})


def _mounts(*mounts: Body) -> Body:
    return {"Mounts": list(mounts)}


def _check(*test: str, **more: Any) -> Body:
    return {"Test": list(test), "Interval": 4 * SECOND, "Timeout": SECOND, "Retries": 2} | more


STATES: dict[str, Body] = {
    "web-0": _body(Labels={"app": "web", "n": "0"}, Healthcheck=_check("CMD-SHELL", "true", StartPeriod=60 * SECOND)),
    "web-1": _body(Labels={"app": "web", "n": "1"}, Env=["A=1", "EMPTY=", "WORD"]),
    "web-2": _body(Labels={"app": "web", "n": "2"}, Tty=True, OpenStdin=True, AttachStdin=True, StdinOnce=True),
    "healthy": _body(Healthcheck=_check("CMD", "true")),
    "unhealthy": _body(Healthcheck=_check("CMD-SHELL", "echo no; exit 1", StartInterval=SECOND)),
    "starting": _body(Healthcheck=_check("CMD", "true", Interval=3600 * SECOND)),
    "unchecked": _body(Healthcheck={"Test": ["NONE"]}),
    "checked-and-gone": _body(Cmd=["sleep", "2"], Healthcheck=_check("CMD", "true")),
    "paused": _body({"RestartPolicy": {"Name": "always"}}),
    "looping": _body({"RestartPolicy": {"Name": "always"}}, Cmd=["sh", "-c", "exit 3"]),
    "gave-up": _body({"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 2}}, Cmd=["false"]),
    "stopped": _body({"RestartPolicy": {"Name": "unless-stopped"}}, StopTimeout=0, StopSignal="SIGINT"),
    "killed": _body(),
    "succeeded": _body(Cmd=["true"]),
    "failed": _body(Cmd=["sh", "-c", "exit 37"]),
    "out-of-memory": _body(
        {"Memory": 8 << 20, "MemorySwap": 8 << 20}, Cmd=["sh", "-c", "x=x; while :; do x=$x$x; done"]
    ),
    "not-found": _body(Cmd=["no-such-binary"]),
    "port-taken": _body({"PortBindings": {"80/tcp": [{"HostPort": "8080"}]}}, ExposedPorts={"80/tcp": {}}),
    "dead": _body(Cmd=["sh", "-c", ": > /stays"]),
    "leaves": _body({"AutoRemove": True}),
    "renamed-from": _body(),
    "updated": _body(),
    "restarted": _body(),
}

RUNTIMES: dict[str, Body] = {
    "on-crun": _body({"Runtime": "crun"}),
    "on-crun-debug": _body({"Runtime": "crun-debug"}),
    "on-runc-json": _body({"Runtime": "runc-json"}),
    "on-wasm": _body({"Runtime": "wasm"}),
    "on-shim": _body({"Runtime": "io.containerd.runc.v2"}),
}

NETWORKED: dict[str, Body] = {
    "published": _body(
        {"PortBindings": {"80/tcp": [{"HostPort": "8080"}, {"HostIp": "127.0.0.1", "HostPort": ""}]}},
        ExposedPorts={"80/tcp": {}, "53/udp": {}},
    ),
    "published-all": _body({"PublishAllPorts": True}, ExposedPorts={"9000-9002/tcp": {}, "5353/sctp": {}}),
    "published-none": _body({"PortBindings": {"80/tcp": None, "81/tcp": []}}),
    "on-two": _body(
        {"NetworkMode": "shop"},
        {
            "shop": {
                "IPAMConfig": {"IPv4Address": "172.30.0.42", "LinkLocalIPs": ["169.254.34.68"]},
                "Aliases": ["a", "b"],
                "MacAddress": MAC,
                "GwPriority": 7,
                "DriverOpts": {"com.docker.network.endpoint.sysctls": "net.ipv4.conf.IFNAME.log_martians=1"},
            },
            "back": {"GwPriority": -1, "Aliases": ["c"]},
        },
    ),
    "on-two-created": _body({"NetworkMode": "shop"}, {"shop": {"MacAddress": MAC}, "back": {"GwPriority": 9}}),
    "on-six": _body({"NetworkMode": "six"}, {"six": {"IPAMConfig": {"IPv6Address": "fd00:30::42"}}}),
    "on-none-but-six": _body({"NetworkMode": "none-but-six"}),
    "by-network-id": _body(),  # its network mode is the ID of a network
    "with-mac": _body(networks={"bridge": {"MacAddress": "02:42:ac:11:00:77"}}),
    "connected-later": _body(),
    "disconnected": _body({"NetworkMode": "shop"}),
    "on-host": _body({"NetworkMode": "host", "UTSMode": "host", "PidMode": "host", "IpcMode": "host"}),
    "on-none": _body({"NetworkMode": "none"}, Hostname="h", Domainname="d.example"),
    "linked": _body({"Links": ["web-1:one", "web-1:two"]}),
    "linked-to-ended": _body({"Links": ["succeeded:/ok", "linked"]}),
    "linked-in-shop": _body({"NetworkMode": "shop", "Links": ["on-two:two"]}),
    "sidecar": _body({"NetworkMode": "container:web-1", "PidMode": "container:web-1", "IpcMode": "shareable"}),
    "sidecar-of-created": _body({"NetworkMode": "container:on-two-created"}),
    "names-and-servers": _body(
        {
            "Dns": ["1.1.1.1", "2606:4700::1111"],
            "DnsSearch": ["a.example"],
            "DnsOptions": ["ndots:2"],
            "ExtraHosts": ["gate:host-gateway", "six:fd00::1"],
        }
    ),
}

MOUNTED: dict[str, Body] = {
    "binds": _body({"Binds": ["/srv:/a:ro", "/srv:/b:rslave", "pgdata:/c:nocopy", "ram:/d:rw,z", "/srv/deep:/e"]}),
    "volumes": _body(Volumes={"/anon": {}, "/anon/below": {}}),
    "volumes-of-image": _body(Image="cf/rich:1", Entrypoint=["sleep"], Cmd=["60"]),
    "volumes-from": _body({"VolumesFrom": ["binds:ro", "volumes"]}),
    "every-mount": _body(
        _mounts(
            {"Type": "bind", "Source": "/srv", "Target": "/bind", "BindOptions": {"Propagation": "private"}},
            {"Type": "bind", "Source": "/srv/made", "Target": "/made", "BindOptions": {"CreateMountpoint": True}},
            {"Type": "bind", "Source": "/srv", "Target": "/ro", "ReadOnly": True, "Consistency": "cached"},
            {
                "Type": "bind",
                "Source": "/srv",
                "Target": "/ro-all",
                "ReadOnly": True,
                "BindOptions": {"ReadOnlyForceRecursive": True, "Propagation": "rprivate"},
            },
            {"Type": "volume", "Source": "pgdata", "Target": "/volume", "VolumeOptions": {"NoCopy": True}},
            {"Type": "volume", "Source": "pgdata", "Target": "/part", "VolumeOptions": {"Subpath": "sub"}},
            {"Type": "volume", "Target": "/anonymous", "VolumeOptions": {"Labels": {"made": "here"}}},
            {
                "Type": "volume",
                "Source": "made-by-mount",
                "Target": "/driver",
                "VolumeOptions": {"DriverConfig": {"Name": "local", "Options": {"type": "tmpfs", "device": "tmpfs"}}},
            },
            {"Type": "tmpfs", "Target": "/tmpfs"},
            {
                "Type": "tmpfs",
                "Target": "/tmpfs-options",
                "TmpfsOptions": {"SizeBytes": 65536, "Mode": 0o1770, "Options": [["noexec"]]},
            },
            {"Type": "image", "Source": "cf/file:1", "Target": "/image"},
        )
    ),
    "part-of-image": _body(
        _mounts({"Type": "image", "Source": "cf/file:1", "Target": "/img", "ImageOptions": {"Subpath": "etc"}})
    ),
    "tmpfs": _body({"Tmpfs": {"/run": "rw,noexec,size=65536k", "/t": ""}, "ReadonlyRootfs": True, "ShmSize": 1 << 20}),
}

LIMITED: dict[str, Body] = {
    "resources": _body(
        {
            "CpuShares": 512,
            "NanoCpus": 1_500_000_000,
            "CpusetCpus": "0-1",
            "CpusetMems": "0",
            "Memory": 64 << 20,
            "MemoryReservation": 32 << 20,
            "MemorySwap": -1,
            "MemorySwappiness": 10,
            "OomKillDisable": False,
            "OomScoreAdj": 500,
            "PidsLimit": 100,
            "BlkioWeight": 300,
            "Ulimits": [{"Name": "nofile", "Soft": 1024, "Hard": 2048}, {"Name": "core", "Soft": -1, "Hard": -1}],
        }
    ),
    "quota": _body({"CpuPeriod": 50_000, "CpuQuota": 25_000, "CgroupParent": "/sample", "CgroupnsMode": "private"}),
    "devices": _body(
        {
            "Devices": [
                {"PathOnHost": "/dev/null", "PathInContainer": "/dev/nothing", "CgroupPermissions": "rw"},
                {"PathOnHost": "/dev/zero", "PathInContainer": "/dev/zeroes", "CgroupPermissions": "rwm"},
            ],
            "DeviceCgroupRules": ["c 42:* rmw"],
            "DeviceRequests": [{"Driver": "cdi", "DeviceIDs": ["vendor.example/gpu=all"]}],
            "BlkioWeightDevice": [{"Path": "/dev/null", "Weight": 400}],
            "BlkioDeviceReadBps": [{"Path": "/dev/null", "Rate": 1024}],
        }
    ),
    "gpus": _body({"DeviceRequests": [{"Count": -1, "Capabilities": [["gpu"]], "Options": {"a": "b"}}]}),
    "sysctls": _body({"Sysctls": {"net.ipv4.ip_forward": "1", "kernel.msgmax": "65536"}}),
    "secured": _body(
        {
            "CapAdd": ["NET_ADMIN", "CAP_SYS_TIME"],
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges", "seccomp=unconfined", "apparmor=unconfined"],
            "GroupAdd": ["1000", "1001"],
            "Init": True,
        },
        User="1000:1000",
    ),
    "unmasked": _body({"MaskedPaths": [], "ReadonlyPaths": ["/proc/bus"]}),
    "writable-cgroups": _body({"SecurityOpt": ["writable-cgroups=true"]}),
    "privileged": _body({"Privileged": True, "UsernsMode": "host", "CapAdd": ["ALL"]}),
}

NOTED: dict[str, Body] = {
    "labelled": _body(Labels={"": "empty", "schlüssel": "wört — ✓", "a.b/c": "<&>\u2028", "long": "x" * 5000}),
    "annotated": _body({"Annotations": {"org.example/kind": "test", "ü": ""}}),
    "log-none": _body({"LogConfig": {"Type": "none"}}),
    "log-local": _body({"LogConfig": {"Type": "local", "Config": {"max-size": "1m", "compress": "false"}}}),
    "log-json": _body(
        {"LogConfig": {"Type": "json-file", "Config": {"max-file": "3", "labels": "app", "tag": "{{.ID}}"}}}
    ),
    "log-syslog": _body({"LogConfig": {"Type": "syslog", "Config": {"syslog-address": "udp://127.0.0.1:514"}}}),
    "log-fluentd": _body(
        {"LogConfig": {"Type": "fluentd", "Config": {"mode": "non-blocking", "max-buffer-size": "4m"}}}
    ),
    "console": _body({"ConsoleSize": [24, 80]}, Tty=True),
    "of-rich-image": _body(Image="cf/rich:1", Cmd=["other"], Env=["A=mine", "LANG"], Labels={"tier": "tin", "": ""}),
    "of-image-id": _body(Image="IMAGE:cf/labelled:2.0"),
    "of-entrypoint": _body(Image="cf/both:1", Cmd=None),
    "of-nothing": {"Image": "cf/cmd:1"},
    "of-lost-image": _body(Image="cf/nohealth:1"),
    "with-shell": _body(Image="cf/health:1", Shell=["/bin/ash", "-c"], WorkingDir="/srv/./x/", ArgsEscaped=True),
    "isolated": _body({"Isolation": "default", "VolumeDriver": "local", "ContainerIDFile": "/run/sample.cid"}),
    "Host.name_test-1": _body({"PidMode": "", "Cgroup": "", "AutoRemove": True}),
    "from-1.24": _body({"NetworkMode": "default", "LogConfig": {}}),
}

CREATED: dict[str, Body] = STATES | RUNTIMES | NETWORKED | MOUNTED | LIMITED | NOTED
VERSIONS = {"from-1.24": "1.24"}
"""The API version in which a container is created, where it is not the newest."""

STARTED = [
    *"web-0 web-1 web-2 healthy unhealthy starting unchecked checked-and-gone paused looping gave-up stopped".split(),
    *"killed succeeded failed out-of-memory not-found dead leaves updated restarted".split(),
    *"on-runc-json on-wasm on-shim".split(),
    *"published port-taken on-two on-six on-none-but-six by-network-id with-mac connected-later".split(),
    *"on-host linked sidecar names-and-servers binds volumes-from every-mount part-of-image tmpfs".split(),
    *"resources sysctls secured writable-cgroups log-local privileged".split(),
]
