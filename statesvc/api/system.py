"""The service as a whole over HTTP: ping, version, info."""

import platform
from collections.abc import Mapping

from statesvc import __version__
from statesvc.api import versions
from statesvc.api.endpoint import Endpoint
from statesvc.api.routing import Route
from statesvc.api.wire.answer import Answer
from statesvc.api.wire.answers import json_answer
from statesvc.api.wire.call import Call
from statesvc.domain.api_version import Version
from statesvc.domain.platform import of_host
from statesvc.domain.runtimes import Runtime
from statesvc.domain.state import State
from statesvc.domain.times import render as time_text
from statesvc.services.images.service import DOCKER_VERSION
from statesvc.services.journal.service import Journal
from statesvc.services.runtimes.sweep import SweepReport
from statesvc.services.system import Counts, Health, System
from statesvc.services.vitals import Vitals

_LOG_DRIVERS = ["awslogs", "fluentd", "gcplogs", "gelf", "journald", "json-file", "local", "splunk", "syslog"]

# The registry of references that name none; it is never contacted.
_DOCKER_IO = {"Mirrors": [], "Name": "docker.io", "Official": True, "Secure": True}

# Where the engine of containers would be: none is connected, so that there is no address.
_CONTAINERD = {"Address": "", "Namespaces": {"Containers": "moby", "Plugins": "plugins.moby"}}

_HEALTH = Endpoint(
    "The health of the database, from what is known already; only `statesvc check` reads every row. `Healthy` is false "
    "if there are `Reasons`, each with a code and a sentence: `quarantined` (rows are marked as unreadable: "
    "`Quarantined` counts them, `Marks` has the newest 100), `swept` (the file of a held script could not be written "
    "again at the start), `data-root` (a file of the data root was removed or replaced; changes are refused), "
    "`log-lost` (the log of a process that ended uncleanly is gone, cut or damaged), `unreadable` (the database "
    "cannot be read now), `not-recorded` (the disk was full or read-only at the start), `log-size` and `checkpoint` "
    "(the log of the database cannot be moved into it: `WalWaitingBytes` wait since `CheckpointedAt`; `Readers` "
    "that hold a snapshot are the usual cause), `doubt` (a change that was called unsure may come back after a crash), "
    "`disk` (less than 64 MiB are free), `descriptors` (fewer than 16 are left), `log-lines` (log lines cannot be "
    "written), `unclean-end` (for an hour: the run before was killed, or the machine stopped). A line is logged "
    "when this turns. `Swept` lists what the start removed and wrote again. "
    "What to do then: [operations.md](operations.md#check-and-repair).",
    {
        "Healthy": False,
        "Reasons": [
            {"Code": "quarantined", "Message": "rows that cannot be read: 1; statesvc check names them"},
        ],
        "Sqlite": "3.51.3",
        "Schema": "0007",
        "DatabaseBytes": 1048576,
        "WalBytes": 32992,
        "WalWaitingBytes": 32768,
        "CheckpointedAt": "2026-01-02T03:04:05.678Z",
        "Readers": {"Own": 0, "OwnSeconds": 0.0, "Processes": []},
        "FreeBytes": 21474836480,
        "DescriptorsLeft": 1048500,
        "DroppedLogLines": 0,
        "CleanStart": True,
        "Quarantined": 1,
        "Marks": [
            {
                "Table": "container_specs",
                "Key": "4f1c…",
                "Column": "config",
                "ContainerId": "4f1c…",
                "Reason": "is not JSON",
                "Since": "2026-01-02T03:04:05.678Z",
            }
        ],
        "Swept": {
            "Healthy": True,
            "RemovedScripts": ["sha256:6bee…"],
            "RemovedFiles": ["logged.6bee…"],
            "RestoredFiles": [],
            "RemovedVersions": [1],
            "Damaged": [],
            "Unwritten": [],
        },
    },
)


class SystemApi:
    """The handlers that need no object."""

    def __init__(self, system: System, journal: Journal) -> None:
        self._system = system
        self._journal = journal

    def routes(self) -> list[Route]:
        """Return the routes of this noun."""
        return [
            Route("GET", "/_ping", self.ping),
            Route("HEAD", "/_ping", self.ping_head),
            Route("GET", "/version", self.version),
            Route("GET", "/info", self.info),
            Route("GET", "/statesvc/v1/health", self.health, _HEALTH),
        ]

    async def ping(self, _call: Call) -> Answer:
        """GET /_ping"""
        return _pong(b"OK")

    async def ping_head(self, _call: Call) -> Answer:
        """HEAD /_ping"""
        return _pong(b"")

    async def version(self, _call: Call) -> Answer:
        """GET /version"""
        facts = self._system.site.facts
        architecture = of_host(facts.architecture).architecture
        common = {
            "ApiVersion": versions.NEWEST_TEXT,
            "MinAPIVersion": versions.OLDEST_TEXT,
            "Os": "linux",
            "Arch": architecture,
            "KernelVersion": facts.kernel_version,
        }
        details = {key: str(value) for key, value in common.items()} | {
            "Experimental": "false",
            "statesvc": __version__,
        }
        return json_answer(
            {
                "Platform": {"Name": f"statesvc {__version__}"},
                "Components": [{"Name": "Engine", "Version": DOCKER_VERSION, "Details": details}],
                "Version": DOCKER_VERSION,
                **common,
                "GitCommit": "",
                "GoVersion": f"none (Python {platform.python_version()})",
                "BuildTime": "",
            }
        )

    async def info(self, call: Call) -> Answer:
        """GET /info"""
        counts, features = await self._system.counts(), await self._system.features()
        info = self._state(counts) | self._host(call.version) | self._daemon(features, call.version)
        return json_answer(info)

    async def health(self, _call: Call) -> Answer:
        """GET /statesvc/v1/health"""
        return json_answer(_health(await self._system.health()))

    def _state(self, counts: Counts) -> dict[str, object]:
        by_state = counts.containers
        # As Docker counts: what restarts does not run (moby daemon setStateCounter).
        total, running, paused = sum(by_state.values()), by_state.get(State.RUNNING, 0), by_state.get(State.PAUSED, 0)
        return {
            "Containers": total,
            "ContainersRunning": running,
            "ContainersPaused": paused,
            "ContainersStopped": total - running - paused,
            "Images": counts.images,
        }

    def _host(self, version: Version) -> dict[str, object]:
        facts = self._system.site.configuration.in_force.facts
        # What came and went with versions: moby api/server/router/system/system_routes.go getInfo.
        shown: dict[str, object] = {}
        if version < (1, 42) and facts.kernel_memory:
            shown["KernelMemory"] = True
        if facts.kernel_memory_tcp:
            shown["KernelMemoryTCP"] = True
        if version < (1, 50):
            shown |= {"BridgeNfIptables": False, "BridgeNfIp6tables": False}
        options = facts.security_options
        if version < (1, 25):
            options = tuple(option.partition(",")[0].removeprefix("name=") for option in options)
        return shown | {
            "Driver": facts.storage_driver,
            "DriverStatus": [list(pair) for pair in facts.driver_status],
            "MemoryLimit": facts.memory_limit,
            "SwapLimit": facts.swap_limit,
            "CpuCfsPeriod": facts.cpu_cfs_period,
            "CpuCfsQuota": facts.cpu_cfs_quota,
            "CPUShares": facts.cpu_shares,
            "CPUSet": facts.cpuset,
            "PidsLimit": facts.pids_limit,
            "OomKillDisable": facts.oom_kill_disable,
            "IPv4Forwarding": facts.ipv4_forwarding,
            "CgroupDriver": facts.cgroup_driver,
            "CgroupVersion": str(facts.cgroup_version),
            "KernelVersion": facts.kernel_version,
            "OperatingSystem": facts.operating_system,
            "OSVersion": facts.os_version,
            "OSType": "linux",
            "Architecture": facts.architecture,
            "NCPU": facts.ncpu,
            "MemTotal": facts.mem_total,
            "Name": facts.hostname,
            "SecurityOptions": list(options),
            "Warnings": list(facts.warnings) or None,
        }

    def _daemon(self, features: Mapping[str, str], version: Version) -> dict[str, object]:
        site = self._system.site
        daemon = site.configuration.in_force.daemon
        commit = {"ID": ""}
        registries: dict[str, object] = {
            "InsecureRegistryCIDRs": ["::1/128", "127.0.0.0/8"],
            "IndexConfigs": {"docker.io": _DOCKER_IO},
            "Mirrors": None,
        }
        if version < (1, 47):
            registries |= dict.fromkeys(
                ("AllowNondistributableArtifactsCIDRs", "AllowNondistributableArtifactsHostnames")
            )
        if version < (1, 44):
            features = {}
        return {
            "ID": site.instance_id,
            "Plugins": {"Volume": ["local"], "Network": [], "Authorization": None, "Log": _LOG_DRIVERS},
            "Debug": False,
            "NFd": -1,
            "NGoroutines": -1,
            "NEventsListener": self._journal.readers,
            "SystemTime": time_text(site.clock()),
            "LoggingDriver": daemon.log.Type,
            "IndexServerAddress": "",
            "RegistryConfig": registries,
            "GenericResources": None,
            "DockerRootDir": str(site.data_root),
            "HttpProxy": "",
            "HttpsProxy": "",
            "NoProxy": "",
            "Labels": list(daemon.labels),
            "ExperimentalBuild": False,
            "ServerVersion": DOCKER_VERSION,
            "Runtimes": {name: _runtime(one, features.get(name)) for name, one in daemon.runtimes.items()},
            "DefaultRuntime": daemon.default_runtime,
            "Swarm": {
                "NodeID": "",
                "NodeAddr": "",
                "LocalNodeState": "inactive",
                "ControlAvailable": False,
                "Error": "",
                "RemoteManagers": None,
            },
            "LiveRestoreEnabled": daemon.live_restore,
            "Isolation": "",
            "InitBinary": "docker-init",
            "ContainerdCommit": commit,
            "RuncCommit": commit,
            "InitCommit": commit,
            "CDISpecDirs": ["/etc/cdi", "/var/run/cdi"],
            **({"Containerd": _CONTAINERD} if version >= (1, 46) else {}),
        }


def _health(health: Health) -> dict[str, object]:
    # Of a mark, what was found in the row is not shown: it may be a secret.
    marks = [
        {
            "Table": mark.table,
            "Key": mark.key,
            "Column": mark.column,
            "ContainerId": mark.container_id,
            "Reason": mark.reason,
            "Since": time_text(mark.since),
        }
        for mark in health.marks
    ]
    return {
        "Healthy": health.healthy,
        "Reasons": [{"Code": reason.code, "Message": reason.message} for reason in health.reasons],
        "Sqlite": health.sqlite,
        "Schema": health.schema,
        "DatabaseBytes": health.database_bytes,
        "WalBytes": health.wal_bytes,
        **_vitals(health.vitals),
        "Quarantined": health.quarantined,
        "Marks": marks,
        "Swept": health.swept and _sweep(health.swept),
    }


def _vitals(vitals: Vitals) -> dict[str, object]:
    return {
        "WalWaitingBytes": vitals.log_waiting,
        "CheckpointedAt": time_text(vitals.checkpointed_at),
        "Readers": {
            "Own": vitals.readings,
            "OwnSeconds": round(vitals.reading_seconds, 3),
            "Processes": vitals.other_readers,
        },
        "FreeBytes": vitals.free and vitals.free.bytes,
        "DescriptorsLeft": vitals.descriptors_left,
        "DroppedLogLines": vitals.dropped_log_lines,
        "CleanStart": vitals.clean_start,
    }


def _sweep(report: SweepReport) -> dict[str, object]:
    return {
        "Healthy": report.healthy,
        "RemovedScripts": report.removed_scripts,
        "RemovedFiles": report.removed_files,
        "RestoredFiles": report.restored_files,
        "RemovedVersions": report.removed_versions,
        "Damaged": report.damaged,
        "Unwritten": report.unwritten,
    }


def _runtime(runtime: Runtime, features: str | None) -> dict[str, object]:
    shown: dict[str, object] = {}
    if runtime.path:
        shown["path"] = runtime.path
    if runtime.args:
        shown["runtimeArgs"] = list(runtime.args)
    if features is not None:
        shown["status"] = {"org.opencontainers.runtime-spec.features": features}
    return shown


_PONG_LINES = (
    b"Builder-Version: 2\r\nSwarm: inactive\r\nCache-Control: no-cache, no-store, must-revalidate\r\n"
    b"Pragma: no-cache\r\nContent-Type: text/plain; charset=utf-8\r\n"
)


def _pong(body: bytes) -> Answer:
    return Answer(200, body, _PONG_LINES)
