"""Builds the `docker create` command that creates a container again, from its inspect document and its image.

Docker's defaults and values from the image are left out. A remark names each setting that has no option.
"""

import csv
import io
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Options = Iterator[tuple[str, str | None]]

_SECOND = 1_000_000_000
# One value each, printed where it differs from Docker's default.
_VALUES: Mapping[str, tuple[str, object]] = {
    "BlkioWeight": ("--blkio-weight", 0),
    "CgroupParent": ("--cgroup-parent", ""),
    "CgroupnsMode": ("--cgroupns", ""),  # its default is the host's
    "CpuPeriod": ("--cpu-period", 0),
    "CpuQuota": ("--cpu-quota", 0),
    "CpuRealtimePeriod": ("--cpu-rt-period", 0),
    "CpuRealtimeRuntime": ("--cpu-rt-runtime", 0),
    "CpuShares": ("--cpu-shares", 0),
    "CpusetCpus": ("--cpuset-cpus", ""),
    "CpusetMems": ("--cpuset-mems", ""),
    "IpcMode": ("--ipc", "private"),
    "Isolation": ("--isolation", ""),
    "KernelMemory": ("--kernel-memory", 0),
    "Memory": ("--memory", 0),
    "MemoryReservation": ("--memory-reservation", 0),
    "MemorySwap": ("--memory-swap", 0),
    "MemorySwappiness": ("--memory-swappiness", -1),
    "OomScoreAdj": ("--oom-score-adj", 0),
    "PidMode": ("--pid", ""),
    "PidsLimit": ("--pids-limit", 0),
    "Runtime": ("--runtime", "runc"),
    "ShmSize": ("--shm-size", 67_108_864),
    "UTSMode": ("--uts", ""),
    "UsernsMode": ("--userns", ""),
    "VolumeDriver": ("--volume-driver", ""),
}
_FLAGS = {
    "AutoRemove": "--rm",
    "OomKillDisable": "--oom-kill-disable",
    "Privileged": "--privileged",
    "PublishAllPorts": "--publish-all",
    "ReadonlyRootfs": "--read-only",
}
_LISTS = {
    "Binds": "--volume",
    "CapAdd": "--cap-add",
    "CapDrop": "--cap-drop",
    "DeviceCgroupRules": "--device-cgroup-rule",
    "Dns": "--dns",
    "DnsOptions": "--dns-option",
    "DnsSearch": "--dns-search",
    "ExtraHosts": "--add-host",
    "GroupAdd": "--group-add",
    "VolumesFrom": "--volumes-from",
}
_MAPS = {"Annotations": "--annotation", "StorageOpt": "--storage-opt", "Sysctls": "--sysctl"}
_THROTTLES = {
    "BlkioWeightDevice": ("--blkio-weight-device", "Weight"),
    "BlkioDeviceReadBps": ("--device-read-bps", "Rate"),
    "BlkioDeviceWriteBps": ("--device-write-bps", "Rate"),
    "BlkioDeviceReadIOps": ("--device-read-iops", "Rate"),
    "BlkioDeviceWriteIOps": ("--device-write-iops", "Rate"),
}
# The client's terminal and files, and what has an effect on Windows or on nothing.
_NO_MATTER = {"ConsoleSize", "ContainerIDFile", "MaskedPaths", "ReadonlyPaths", "AttachStdin", "AttachStdout"}
_NO_MATTER |= {"AttachStderr", "StdinOnce", "ArgsEscaped", "Image"}


@dataclass(frozen=True, slots=True)
class CreateCommand:
    """The options with their values (None: a flag), the image, the command, and remarks on what has no option."""

    options: tuple[tuple[str, str | None], ...]
    arguments: tuple[str, ...]
    remarks: tuple[str, ...]

    def shown(self) -> str:
        """Return it for a shell, one option on each line."""
        lines = ["docker create"]
        lines += [name if value is None else f"{name}={shlex.quote(value)}" for name, value in self.options]
        return " \\\n  ".join([*lines, shlex.join(self.arguments)])


def create_command(inspected: Mapping[str, Any], image: Mapping[str, Any]) -> CreateCommand:
    """Return the command for what inspect shows of a container; `image` is its image's Config, {} if that is gone."""
    making = _Making(inspected, image)
    options = tuple(making.options())
    return CreateCommand(options, tuple(making.arguments()), tuple(making.remarks))


class _Making:
    def __init__(self, inspected: Mapping[str, Any], image: Mapping[str, Any]) -> None:
        self.remarks: list[str] = []
        self._inspected = inspected
        self._config: dict[str, Any] = dict(inspected["Config"])
        self._host: dict[str, Any] = dict(inspected["HostConfig"])
        self._image = image
        self._reference = self._config.get("Image") or inspected["Image"]
        self._entrypoint_given = False

    def options(self) -> Options:
        yield "--name", self._inspected["Name"].removeprefix("/")
        yield from self._identity()
        yield from self._environment()
        yield from self._health()
        yield from self._entrypoint()
        yield from self._host_options()
        yield from self._security()
        yield from self._devices()
        yield from self._volumes()
        yield from self._networks()
        yield from self._ports()
        self._remark_on_the_rest()

    def arguments(self) -> Iterator[str]:
        """The image, the rest of an entry point, and the command unless the image gives it."""
        yield self._reference
        command, entrypoint = self._config.get("Cmd") or [], self._config.get("Entrypoint") or []
        if self._entrypoint_given:
            yield from entrypoint[1:]
            yield from command
        elif command != (self._image.get("Cmd") or []):
            yield from command

    def _differs(self, name: str) -> Any:
        """Return a value of Config unless the image has the same, None if it has or there is none."""
        value = self._config.pop(name, None)
        return None if not value or value == self._image.get(name) else value

    def _identity(self) -> Options:
        hostname = self._config.pop("Hostname", "")
        shares = self._host.get("UTSMode") == "host" or self._host["NetworkMode"].startswith(("host", "container:"))
        if hostname and hostname != self._inspected["Id"][:12] and not shares:
            yield "--hostname", hostname
        if domain := self._config.pop("Domainname", ""):
            yield "--domainname", domain
        for name, option in (("User", "--user"), ("WorkingDir", "--workdir"), ("StopSignal", "--stop-signal")):
            if value := self._differs(name):
                yield option, value
        timeout = self._config.pop("StopTimeout", None)
        if timeout is not None:
            yield "--stop-timeout", str(timeout)
        if self._config.pop("Tty", False):
            yield "--tty", None
        if self._config.pop("OpenStdin", False):
            yield "--interactive", None

    def _environment(self) -> Options:
        given = self._image.get("Env") or []
        for variable in self._config.pop("Env", None) or []:
            if "=" not in variable:
                self.remarks.append(f"environment variable {variable} is without a value: --env would take the shell's")
            elif variable not in given:
                yield "--env", variable
        labels = self._image.get("Labels") or {}
        for key, value in (self._config.pop("Labels", None) or {}).items():
            if labels.get(key) != value:
                yield "--label", f"{key}={value}"

    def _health(self) -> Options:
        check, given = self._config.pop("Healthcheck", None), self._image.get("Healthcheck") or {}
        if not check or check == given:
            return
        test = check.get("Test") or []
        if test == ["NONE"]:
            yield "--no-healthcheck", None
            return
        if test[:1] == ["CMD-SHELL"] and len(test) == 2:
            yield "--health-cmd", test[1]
        elif test and test != given.get("Test"):
            self.remarks.append("the health check runs a program without a shell: --health-cmd would run a shell")
        for name, option in (
            ("Interval", "--health-interval"),
            ("Timeout", "--health-timeout"),
            ("StartPeriod", "--health-start-period"),
            ("StartInterval", "--health-start-interval"),
        ):
            if check.get(name):
                yield option, _duration(check[name])
        if check.get("Retries"):
            yield "--health-retries", str(check["Retries"])

    def _entrypoint(self) -> Options:
        """Docker drops the image's command if an entry point is given, so both are written then."""
        mine, command = self._config.get("Entrypoint"), self._config.get("Cmd")
        same = (mine or []) == (self._image.get("Entrypoint") or [])
        if same and (command or command == self._image.get("Cmd") or not self._image.get("Cmd")):
            return
        self._entrypoint_given = True
        if len(mine or []) > 1:
            self.remarks.append("the entry point has several words: those behind the first begin the command instead")
        yield "--entrypoint", (mine or [""])[0]

    def _host_options(self) -> Options:
        host = self._host
        for name, (option, default) in _VALUES.items():
            value = host.pop(name, None)
            if value not in {None, "", default}:
                yield option, str(value)
        for name, option in _FLAGS.items():
            if host.pop(name, False):
                yield option, None
        for name, option in _LISTS.items():
            for value in host.pop(name, None) or []:
                yield option, value
        for name, option in _MAPS.items():
            for key, value in (host.pop(name, None) or {}).items():
                yield option, f"{key}={value}"
        yield from self._policies()

    def _policies(self) -> Options:
        if nanos := self._host.pop("NanoCpus", 0):
            yield "--cpus", f"{nanos // _SECOND}.{nanos % _SECOND:09d}".rstrip("0").rstrip(".")
        init = self._host.pop("Init", None)
        if init is not None:
            yield "--init", None if init else "false"
        policy = self._host.pop("RestartPolicy", None) or {}
        if policy.get("Name") not in {None, "", "no"}:
            limit = policy.get("MaximumRetryCount")
            yield "--restart", f"{policy['Name']}:{limit}" if limit else policy["Name"]
        log = self._host.pop("LogConfig", None) or {}
        if log.get("Config") or log.get("Type") not in {None, "", "json-file"}:
            yield "--log-driver", log["Type"]
        for key, value in (log.get("Config") or {}).items():
            yield "--log-opt", f"{key}={value}"
        for limit in self._host.pop("Ulimits", None) or []:
            yield "--ulimit", f"{limit['Name']}={limit['Soft']}:{limit['Hard']}"

    def _security(self) -> Options:
        for option in self._host.pop("SecurityOpt", None) or []:
            if option.startswith("seccomp=") and option[8:].lstrip().startswith("{"):
                self.remarks.append("the seccomp profile is in the container: write it to a file for seccomp=FILE")
            else:
                yield "--security-opt", option
        if self._host.get("MaskedPaths") == [] and self._host.get("ReadonlyPaths") == []:
            yield "--security-opt", "systempaths=unconfined"

    def _devices(self) -> Options:
        for device in self._host.pop("Devices", None) or []:
            yield (
                "--device",
                ":".join((device["PathOnHost"], device["PathInContainer"], device.get("CgroupPermissions") or "rwm")),
            )
        for name, (option, field) in _THROTTLES.items():
            for device in self._host.pop(name, None) or []:
                yield option, f"{device['Path']}:{device[field]}"
        for request in self._host.pop("DeviceRequests", None) or []:
            yield from self._device_request(request)

    def _device_request(self, request: Mapping[str, Any]) -> Options:
        if request.get("Driver") == "cdi":
            for device in request.get("DeviceIDs") or []:
                yield "--device", device
            return
        capabilities = request.get("Capabilities") or []
        if len(capabilities) != 1 or "gpu" not in capabilities[0]:
            self.remarks.append("a device request asks for other capabilities than those of a GPU")
            return
        fields = [f"driver={request['Driver']}"] if request.get("Driver") else []
        if request.get("DeviceIDs"):
            fields.append(f"device={','.join(request['DeviceIDs'])}")
        else:
            fields.append(f"count={'all' if request.get('Count') == -1 else request.get('Count', 0)}")
        if more := [one for one in capabilities[0] if one != "gpu"]:
            fields.append(f"capabilities={','.join(more)}")
        if request.get("Options"):
            fields.append(_row(f"options={key}={value}" for key, value in request["Options"].items()))
        yield "--gpus", _row(fields)

    def _volumes(self) -> Options:
        given = self._image.get("Volumes") or {}
        for path in self._config.pop("Volumes", None) or {}:
            if path not in given:
                yield "--volume", path
        for path, options in (self._host.pop("Tmpfs", None) or {}).items():
            yield "--tmpfs", f"{path}:{options}" if options else path
        for mount in self._host.pop("Mounts", None) or []:
            yield "--mount", _row(self._mount(mount))

    def _mount(self, mount: Mapping[str, Any]) -> Iterator[str]:
        yield f"type={mount['Type']}"
        if mount.get("Source"):
            yield f"source={mount['Source']}"
        yield f"target={mount['Target']}"
        if mount.get("ReadOnly"):
            yield "readonly"
        if mount.get("Consistency"):
            yield f"consistency={mount['Consistency']}"
        yield from self._bind_options(mount)
        yield from _volume_options(mount.get("VolumeOptions") or {})
        if subpath := (mount.get("ImageOptions") or {}).get("Subpath"):
            yield f"image-subpath={subpath}"
        tmpfs = mount.get("TmpfsOptions") or {}
        if tmpfs.get("Options"):
            self.remarks.append(f"the tmpfs at {mount['Target']} has options: --mount cannot ask for them")
        if tmpfs.get("SizeBytes"):
            yield f"tmpfs-size={tmpfs['SizeBytes']}"
        if tmpfs.get("Mode"):
            yield f"tmpfs-mode={tmpfs['Mode']:o}"

    def _bind_options(self, mount: Mapping[str, Any]) -> Iterator[str]:
        bind = mount.get("BindOptions") or {}
        if bind.get("Propagation"):
            yield f"bind-propagation={bind['Propagation']}"
        yield from (f"bind-recursive={word}" for key, word in _RECURSIVE.items() if bind.get(key))
        if bind.get("CreateMountpoint"):
            self.remarks.append(f"the mount at {mount['Target']} creates its source: --mount cannot ask for it")

    def _networks(self) -> Options:
        mode = self._host.pop("NetworkMode")
        endpoints = (self._inspected.get("NetworkSettings") or {}).get("Networks") or {}
        mac = self._config.pop("MacAddress", "") or ""
        own = "bridge" if mode == "default" else mode
        for name in sorted(endpoints.keys() | {own}, key=lambda name: name != own):
            fields = list(self._endpoint(endpoints.get(name) or {}))
            asked = mode if name == own else name
            if fields or len(endpoints) > 1:
                yield "--network", _row([f"name={asked}", *fields])
            elif asked not in {"default", "bridge"}:
                yield "--network", asked
        if mac and not any((one or {}).get("MacAddress") for one in endpoints.values()):
            yield "--mac-address", mac
        for link in self._host.pop("Links", None) or []:
            child, _, alias = link.partition(":")
            yield "--link", f"{child.removeprefix('/')}:{alias.rpartition('/')[2]}"

    def _endpoint(self, endpoint: Mapping[str, Any]) -> Iterator[str]:
        short = self._inspected["Id"][:12]
        yield from (f"alias={alias}" for alias in endpoint.get("Aliases") or [] if alias != short)
        addresses = endpoint.get("IPAMConfig") or {}
        if addresses.get("IPv4Address"):
            yield f"ip={addresses['IPv4Address']}"
        if addresses.get("IPv6Address"):
            yield f"ip6={addresses['IPv6Address']}"
        yield from (f"link-local-ip={address}" for address in addresses.get("LinkLocalIPs") or [])
        yield from (f"driver-opt={key}={value}" for key, value in (endpoint.get("DriverOpts") or {}).items())
        if endpoint.get("GwPriority"):
            yield f"gw-priority={endpoint['GwPriority']}"
        # A container that runs shows the address that it was given.
        if endpoint.get("MacAddress") and not endpoint.get("EndpointID"):
            yield f"mac-address={endpoint['MacAddress']}"

    def _ports(self) -> Options:
        bindings = self._host.pop("PortBindings", None) or {}
        for port, hosts in bindings.items():
            if not hosts:
                self.remarks.append(f"port {port} is bound to nothing")
            for host in hosts or []:
                address = host.get("HostIp") or ""
                before = f"[{address}]:" if ":" in address else f"{address}:" if address else ""
                chosen = f"{host['HostPort']}:" if host.get("HostPort") else ":" if before else ""
                yield "--publish", f"{before}{chosen}{port}"
        given = (self._image.get("ExposedPorts") or {}).keys() | bindings.keys()
        for port in self._config.pop("ExposedPorts", None) or {}:
            if port not in given:
                yield "--expose", port

    def _remark_on_the_rest(self) -> None:
        """Add a remark for each setting without an option, so that nothing is left out silently."""
        rest = self._config | dict.fromkeys(("Cmd", "Entrypoint"))
        for where, document in (("Config", rest), ("HostConfig", self._host)):
            for name, value in document.items():
                known = name in _NO_MATTER or (where == "Config" and value == self._image.get(name))
                if value and not known:
                    self.remarks.append(f"{where}.{name} has no option: it is left out")


_RECURSIVE = {"NonRecursive": "disabled", "ReadOnlyNonRecursive": "writable", "ReadOnlyForceRecursive": "readonly"}


def _volume_options(volume: Mapping[str, Any]) -> Iterator[str]:
    if volume.get("NoCopy"):
        yield "volume-nocopy"
    if volume.get("Subpath"):
        yield f"volume-subpath={volume['Subpath']}"
    driver = volume.get("DriverConfig") or {}
    if driver.get("Name"):
        yield f"volume-driver={driver['Name']}"
    yield from (f"volume-opt={key}={value}" for key, value in (driver.get("Options") or {}).items())
    yield from (f"volume-label={key}={value}" for key, value in (volume.get("Labels") or {}).items())


def _duration(nanoseconds: int) -> str:
    return f"{nanoseconds}ns" if nanoseconds % _SECOND else f"{nanoseconds // _SECOND}s"


def _row(fields: Iterable[str]) -> str:
    """Return the fields as one line of CSV, as --mount, --network and --gpus read them."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(fields)
    return line.getvalue()
