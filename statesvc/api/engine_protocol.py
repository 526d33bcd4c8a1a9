"""The engine protocol over HTTP: what an engine asks and reports of a container's life. See docs/engine-protocol.md."""

from collections.abc import Awaitable, Callable

from starlette.responses import Response

from statesvc.api.preconditions import if_match, tagged
from statesvc.api.routing import Handler, Route
from statesvc.api.wire.answers import json_answer, no_content
from statesvc.api.wire.call import Call
from statesvc.domain import times
from statesvc.domain.documents import EngineReport, ExecBegun, ExecProcess, HealthReport, ProbeReport
from statesvc.domain.documents.decode import decode
from statesvc.domain.health import REPORTED
from statesvc.errors import InvalidParameter, Problem
from statesvc.services.lifecycle.execs import Process
from statesvc.services.lifecycle.handles import Handle
from statesvc.services.lifecycle.health import Probe
from statesvc.services.lifecycle.reports import Exited, Restarting
from statesvc.services.lifecycle.service import Lifecycle, Standing

_LARGEST_CODE = 2**31 - 1
_CONTAINER = "/statesvc/v1/containers/{name}"

Plain = Callable[..., Awaitable[Standing]]


class LifecycleApi:
    """The handlers under /statesvc/v1/containers/{name} that engines call."""

    def __init__(self, lifecycle: Lifecycle) -> None:
        self._lifecycle = lifecycle

    def routes(self) -> list[Route]:
        """Return the routes of this noun."""
        reports: dict[str, Handler] = {
            "prepare-start": self.prepare_start,
            "adopt": self.adopt,
            "started": self.started,
            "start-failed": self.start_failed,
            "exited": self.exited,
            "restarting": self.restarting,
            "paused": _plain(self._lifecycle.paused),
            "unpaused": _plain(self._lifecycle.unpaused),
            "removing": _plain(self._lifecycle.removing),
            "dead": _plain(self._lifecycle.dead),
            "removed": self.removed,
            "health": self.health,
            "execs": self.exec_begun,
        }
        posted = [Route("POST", f"{_CONTAINER}/{verb}", handler) for verb, handler in reports.items()]
        ended = Route("POST", "/statesvc/v1/execs/{name}/ended", self.exec_ended)
        return [Route("GET", f"{_CONTAINER}/runtime", self.runtime), *posted, ended]

    async def prepare_start(self, call: Call) -> Response:
        """POST …/prepare-start {engine}"""
        report = await _read_report(call, "Engine")
        return _handed(await self._lifecycle.prepare_start(call.name, report.Engine or "", expected=if_match(call)))

    async def adopt(self, call: Call) -> Response:
        """POST …/adopt {engine, pid?}"""
        report = await _read_report(call, "Engine")
        adopted = await self._lifecycle.adopt(call.name, report.Engine or "", pid=report.Pid, expected=if_match(call))
        return _handed(adopted)

    async def runtime(self, call: Call) -> Response:
        """GET …/runtime"""
        return _handed(await self._lifecycle.runtime(call.name))

    async def started(self, call: Call) -> Response:
        """POST …/started {attempt, pid}"""
        report = await _read_report(call, "Attempt", "Pid")
        started = await self._lifecycle.started(
            call.name, report.Attempt or 0, report.Pid or 0, expected=if_match(call)
        )
        return _standing(started)

    async def start_failed(self, call: Call) -> Response:
        """POST …/start-failed {attempt, error, exitCode}"""
        report = await _read_report(call, "Attempt", "ExitCode")
        failed = await self._lifecycle.start_failed(
            call.name,
            report.Attempt or 0,
            error=report.Error,
            exit_code=report.ExitCode or 0,
            expected=if_match(call),
        )
        return _standing(failed)

    async def exited(self, call: Call) -> Response:
        """POST …/exited {exitCode, attempt?, error?, oomKilled?, manual?}"""
        report = await _read_report(call, "ExitCode")
        exited = Exited(report.ExitCode or 0, report.Attempt, report.Error, report.OomKilled, report.Manual)
        return _standing(await self._lifecycle.exited(call.name, exited, expected=if_match(call)))

    async def restarting(self, call: Call) -> Response:
        """POST …/restarting {exitCode, attempt?, oomKilled?}"""
        report = await _read_report(call, "ExitCode")
        ended = Restarting(report.ExitCode or 0, report.Attempt, report.OomKilled)
        return _standing(await self._lifecycle.restarting(call.name, ended, expected=if_match(call)))

    async def removed(self, call: Call) -> Response:
        """POST …/removed"""
        await self._lifecycle.removed(call.name, expected=if_match(call))
        return no_content()

    async def health(self, call: Call) -> Response:
        """POST …/health {status?, probe?: {start, end, exitCode, output}}"""
        body = await call.json_body()
        report = decode(HealthReport, body) if body else HealthReport()
        if report.Status is None and report.Probe is None:
            _refuse([_missing("Probe")])
        if report.Status is not None and report.Status not in REPORTED:
            known = ", ".join(REPORTED)
            _refuse([Problem("health-status", "/status", f"status: it is one of {known}", report.Status)])
        probe = _probe(report.Probe) if report.Probe else None
        checked = await self._lifecycle.health(call.name, status=report.Status, probe=probe, expected=if_match(call))
        return _standing(checked)

    async def exec_begun(self, call: Call) -> Response:
        """POST …/execs {id?, engine, pid?, process: {entrypoint, arguments, …}, openStdin, openStdout, openStderr}"""
        body = await call.json_body()
        report = decode(ExecBegun, body) if body else ExecBegun()
        _refuse([_missing(name) for name in ("Engine", "Process") if not getattr(report, name)])
        if not 0 <= report.Pid <= _LARGEST_CODE:
            _refuse([_no_pid(report.Pid)])
        process = _process(report, report.Process or ExecProcess())
        begun = await self._lifecycle.exec_begun(
            call.name, report.Engine or "", process, exec_id=report.Id or None, expected=if_match(call)
        )
        told = _handle(begun.handle) | {"ExecId": begun.exec_id}
        return tagged(json_answer(told, 201), begun.handle.revision)

    async def exec_ended(self, call: Call) -> Response:
        """POST /statesvc/v1/execs/{name}/ended {exitCode}"""
        report = await _read_report(call, "ExitCode")
        ended = await self._lifecycle.exec_ended(call.name, report.ExitCode or 0, expected=if_match(call))
        return _standing(ended)


def _probe(report: ProbeReport) -> Probe:
    if report.ExitCode is None:
        _refuse([Problem("required", "/probe/exitCode", "probe.exitCode: it is required")])
    return Probe(
        _moment(report.Start, "start"), _moment(report.End, "end"), exit_code=report.ExitCode or 0, output=report.Output
    )


def _moment(text: str, field: str) -> int:
    try:
        return times.parse(text) or 0
    except InvalidParameter as error:
        message = f"probe.{field}: {error.message}"
        raise InvalidParameter(message, (Problem("time", f"/probe/{field}", message),)) from None


def _process(report: ExecBegun, process: ExecProcess) -> Process:
    if not process.Entrypoint:
        _refuse([Problem("required", "/process/entrypoint", "process.entrypoint: it is required")])
    return Process(
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

    async def handler(call: Call) -> Response:
        return _standing(await report(call.name, expected=if_match(call)))

    return handler


async def _read_report(call: Call, *required: str) -> EngineReport:
    """Read a report with these fields. Raises InvalidParameter with every field that is missing or impossible."""
    body = await call.json_body()
    report = decode(EngineReport, body) if body else EngineReport()
    problems = [_missing(name) for name in required if getattr(report, name) is None]
    if report.Pid is not None and not 0 < report.Pid <= _LARGEST_CODE:
        problems.append(_no_pid(report.Pid))
    if report.ExitCode is not None and not -1 <= report.ExitCode <= _LARGEST_CODE:
        problems.append(Problem("exit-code", "/exitCode", "exitCode: no process can end so", report.ExitCode))
    _refuse(problems)
    return report


def _no_pid(pid: int) -> Problem:
    return Problem("pid", "/pid", "pid: a process has a number above 0", pid)


def _missing(name: str) -> Problem:
    """Return the problem of a field that a report must have."""
    field = name[0].lower() + name[1:]
    return Problem("required", f"/{field}", f"{field}: it is required")


def _refuse(problems: list[Problem]) -> None:
    """Raise InvalidParameter if there are problems."""
    if problems:
        raise InvalidParameter("; ".join(problem.message for problem in problems), tuple(problems))


def _standing(after: Standing) -> Response:
    """Answer a report with where the container is now."""
    told = {
        "Id": after.container_id,
        "State": after.state,
        "Attempt": after.attempt,
        "Revision": after.revision,
    }
    return tagged(json_answer(told), after.revision)


def _handle(by: Handle) -> dict[str, object]:
    """Return what a container is run by, as it is handed out."""
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


def _handed(by: Handle) -> Response:
    return tagged(json_answer(_handle(by)), by.revision)
