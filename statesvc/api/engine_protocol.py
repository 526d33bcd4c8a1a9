"""The engine protocol over HTTP: requests and reports of an engine about containers. See docs/engine-protocol.md."""

from collections.abc import Awaitable, Callable

from statesvc.api.bodies import document
from statesvc.api.preconditions import if_match, tagged
from statesvc.api.routing import Handler, Route
from statesvc.api.wire.answer import Answer
from statesvc.api.wire.answers import json_answer, no_content
from statesvc.api.wire.call import Call
from statesvc.domain import times
from statesvc.domain.documents import (
    AdoptRequest,
    Document,
    ExecEndedReport,
    ExecStartedReport,
    ExitedReport,
    HealthReport,
    PrepareStartRequest,
    ProbeReport,
    RestartingReport,
    StartedReport,
    StartFailedReport,
)
from statesvc.errors import InvalidParameter, Problem
from statesvc.services.lifecycle.execs import ExecConfig
from statesvc.services.lifecycle.handles import Handle
from statesvc.services.lifecycle.health import Probe
from statesvc.services.lifecycle.reports import Exited, Restarting
from statesvc.services.lifecycle.service import Acknowledgement, Lifecycle

_CONTAINER = "/statesvc/v1/containers/{name}"

Plain = Callable[..., Awaitable[Acknowledgement]]


class EngineProtocolApi:
    """The handlers under /statesvc/v1/containers/{name} that engines call."""

    def __init__(self, lifecycle: Lifecycle) -> None:
        self._lifecycle = lifecycle

    def routes(self) -> list[Route]:
        """Return the routes of this noun."""
        reports: dict[str, tuple[Handler, type[Document] | None]] = {
            "prepare-start": (self.prepare_start, PrepareStartRequest),
            "adopt": (self.adopt, AdoptRequest),
            "started": (self.started, StartedReport),
            "start-failed": (self.start_failed, StartFailedReport),
            "exited": (self.exited, ExitedReport),
            "restarting": (self.restarting, RestartingReport),
            "paused": (_plain(self._lifecycle.paused), None),
            "unpaused": (_plain(self._lifecycle.unpaused), None),
            "removing": (_plain(self._lifecycle.removing), None),
            "dead": (_plain(self._lifecycle.dead), None),
            "removed": (self.removed, None),
            "health": (self.health, HealthReport),
            "execs": (self.exec_started, ExecStartedReport),
        }
        posted = [
            Route("POST", f"{_CONTAINER}/{verb}", handler, body=body) for verb, (handler, body) in reports.items()
        ]
        ended = Route("POST", "/statesvc/v1/execs/{name}/ended", self.exec_ended, body=ExecEndedReport)
        return [Route("GET", f"{_CONTAINER}/runtime", self.runtime), *posted, ended]

    async def prepare_start(self, call: Call) -> Answer:
        """POST …/prepare-start {Engine}"""
        asked = await document(call, PrepareStartRequest)
        return _handed(await self._lifecycle.prepare_start(call.name, asked.Engine, expected=if_match(call)))

    async def adopt(self, call: Call) -> Answer:
        """POST …/adopt {Engine, Pid?}"""
        asked = await document(call, AdoptRequest)
        return _handed(await self._lifecycle.adopt(call.name, asked.Engine, pid=asked.Pid, expected=if_match(call)))

    async def runtime(self, call: Call) -> Answer:
        """GET …/runtime"""
        return _handed(await self._lifecycle.runtime(call.name))

    async def started(self, call: Call) -> Answer:
        """POST …/started {Attempt, Pid}"""
        report = await document(call, StartedReport)
        return _acknowledged(
            await self._lifecycle.started(call.name, report.Attempt, report.Pid, expected=if_match(call))
        )

    async def start_failed(self, call: Call) -> Answer:
        """POST …/start-failed {Attempt, ExitCode, Error?}"""
        report = await document(call, StartFailedReport)
        failed = await self._lifecycle.start_failed(
            call.name, report.Attempt, error=report.Error, exit_code=report.ExitCode, expected=if_match(call)
        )
        return _acknowledged(failed)

    async def exited(self, call: Call) -> Answer:
        """POST …/exited {ExitCode, Attempt?, Error?, OomKilled?, Manual?}"""
        report = await document(call, ExitedReport)
        exited = Exited(report.ExitCode, report.Attempt, report.Error, report.OomKilled, report.Manual)
        return _acknowledged(await self._lifecycle.exited(call.name, exited, expected=if_match(call)))

    async def restarting(self, call: Call) -> Answer:
        """POST …/restarting {ExitCode, Attempt?, OomKilled?}"""
        report = await document(call, RestartingReport)
        ended = Restarting(report.ExitCode, report.Attempt, report.OomKilled)
        return _acknowledged(await self._lifecycle.restarting(call.name, ended, expected=if_match(call)))

    async def removed(self, call: Call) -> Answer:
        """POST …/removed"""
        await self._lifecycle.removed(call.name, expected=if_match(call))
        return no_content()

    async def health(self, call: Call) -> Answer:
        """POST …/health {Status?, Probe?: {Start?, End?, ExitCode, Output?}}"""
        report = await document(call, HealthReport)
        if report.Status is None and report.Probe is None:
            message = "Probe: it is required without a Status"
            raise InvalidParameter(message, (Problem("required", "/Probe", message),))
        probe = _probe(report.Probe) if report.Probe else None
        checked = await self._lifecycle.health(call.name, status=report.Status, probe=probe, expected=if_match(call))
        return _acknowledged(checked)

    async def exec_started(self, call: Call) -> Answer:
        """POST …/execs {Engine, Process: {Entrypoint, …}, Id?, Pid?, OpenStdin?, OpenStdout?, OpenStderr?}"""
        report = await document(call, ExecStartedReport)
        started = await self._lifecycle.exec_started(
            call.name, report.Engine, _exec_config(report), exec_id=report.Id or None, expected=if_match(call)
        )
        answer = _handle(started.handle) | {"ExecId": started.exec_id}
        return tagged(json_answer(answer, 201), started.handle.revision)

    async def exec_ended(self, call: Call) -> Answer:
        """POST /statesvc/v1/execs/{name}/ended {ExitCode}"""
        report = await document(call, ExecEndedReport)
        return _acknowledged(await self._lifecycle.exec_ended(call.name, report.ExitCode, expected=if_match(call)))


def _probe(report: ProbeReport) -> Probe:
    # Go's zero time, which `parse` reads as None, is a time that the engine did not set.
    start, end = (times.parse(text) if text else None for text in (report.Start, report.End))
    return Probe(start, end, exit_code=report.ExitCode, output=report.Output)


def _exec_config(report: ExecStartedReport) -> ExecConfig:
    process = report.Process
    return ExecConfig(
        process.Entrypoint,
        tuple(process.Arguments or ()),
        tty=process.Tty,
        privileged=process.Privileged,
        user=process.User,
        open_stdin=report.OpenStdin,
        open_stdout=report.OpenStdout,
        open_stderr=report.OpenStderr,
        pid=report.Pid,
    )


def _plain(report: Plain) -> Handler:
    """Return the handler of a report that has no body."""

    async def handler(call: Call) -> Answer:
        return _acknowledged(await report(call.name, expected=if_match(call)))

    return handler


def _acknowledged(after: Acknowledgement) -> Answer:
    """Answer a report with the state of the container after it."""
    answer = {
        "Id": after.container_id,
        "State": after.state,
        "Attempt": after.attempt,
        "Revision": after.revision,
    }
    return tagged(json_answer(answer), after.revision)


def _handle(by: Handle) -> dict[str, object]:
    """Return the handle of a container in JSON."""
    lock, security = by.lock, by.security
    return {
        "Id": by.container_id,
        "Name": by.name,
        "Revision": by.revision,
        "Attempt": by.attempt,
        "Runtime": {
            "Name": lock.name,
            "Version": lock.version,
            "Path": by.path,
            "Binary": lock.binary,
            "Args": lock.args,
            "Type": lock.type,
            "Options": lock.options,
            "ScriptPath": by.script_path,
            "ScriptDigest": lock.script_digest,
        },
        "Security": {
            "ProcessLabel": security.process_label,
            "MountLabel": security.mount_label,
            "AppArmorProfile": security.apparmor_profile,
            "SeccompProfile": security.seccomp_profile,
            "NoNewPrivileges": bool(security.no_new_privileges),
        },
    }


def _handed(by: Handle) -> Answer:
    return tagged(json_answer(_handle(by)), by.revision)
