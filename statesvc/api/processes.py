"""The process of a container over HTTP: what the state alone can answer; 501 for what needs an engine."""

import asyncio
from collections.abc import AsyncGenerator

import orjson
import structlog

from statesvc.api.bodies import document
from statesvc.api.routing import Route
from statesvc.api.wire.answer import Answer, Taken
from statesvc.api.wire.answers import JSON, hijack, no_content, raw_json, stream, typed
from statesvc.api.wire.call import Call
from statesvc.domain.api_version import parse as version
from statesvc.domain.documents import ExecCreate, ExecStart
from statesvc.domain.go.values import parse_uint, quote
from statesvc.errors import InvalidParameter, StateError
from statesvc.services.engines import needs_engine
from statesvc.services.lifecycle.waits import Until, Wait, Waiting
from statesvc.services.processes import Exec, Output, Processes, Still

log = structlog.get_logger(__name__)

_RAW = "application/vnd.docker.raw-stream"
_MULTIPLEXED = "application/vnd.docker.multiplexed-stream"
# A body of up to so many bytes counts as none, as in Docker.
_NO_BODY = 7
_USAGE = {"total_usage": 0, "usage_in_kernelmode": 0, "usage_in_usermode": 0}
_CPU = {"cpu_usage": _USAGE, "throttling_data": {"periods": 0, "throttled_periods": 0, "throttled_time": 0}}
_BLOCK_IO = (
    "io_service_bytes_recursive", "io_serviced_recursive", "io_queue_recursive", "io_service_time_recursive",
    "io_wait_time_recursive", "io_merged_recursive", "io_time_recursive", "sectors_recursive",
)  # fmt: skip
_NOTHING = {
    "read": "0001-01-01T00:00:00Z",
    "preread": "0001-01-01T00:00:00Z",
    "pids_stats": {},
    "blkio_stats": dict.fromkeys(_BLOCK_IO),
    "num_procs": 0,
    "storage_stats": {},
    "cpu_stats": _CPU,
    "precpu_stats": _CPU,
    "memory_stats": {},
}
STATS_SECONDS = 1.0


class ProcessesApi:
    """The handlers of the processes of a container."""

    def __init__(self, processes: Processes, waiting: Waiting) -> None:
        self._processes = processes
        self._waiting = waiting

    def routes(self) -> list[Route]:
        """Return the routes of this noun."""
        return [
            Route("POST", "/containers/{name}/start", self.start),
            Route("POST", "/containers/{name}/stop", self.stop),
            Route("POST", "/containers/{name}/restart", self.restart),
            Route("POST", "/containers/{name}/kill", self.kill),
            Route("POST", "/containers/{name}/pause", self.pause),
            Route("POST", "/containers/{name}/unpause", self.unpause),
            Route("POST", "/containers/{name}/wait", self.wait),
            Route("POST", "/containers/{name}/resize", self.resize),
            Route("POST", "/containers/{name}/attach", self.attach),
            Route("GET", "/containers/{name}/attach/ws", self.attach_websocket),
            Route("GET", "/containers/{name}/top", self.top),
            Route("GET", "/containers/{name}/logs", self.logs),
            Route("GET", "/containers/{name}/stats", self.stats),
            Route("POST", "/containers/{name}/exec", self.create_exec, body=ExecCreate),
            Route("GET", "/exec/{name}/json", self.inspect_exec),
            Route("POST", "/exec/{name}/start", self.start_exec, body=ExecStart),
            Route("POST", "/exec/{name}/resize", self.resize_exec),
        ]

    async def start(self, call: Call) -> Answer:
        """POST /containers/{name}/start?checkpoint="""
        if _has_body(call):
            raise InvalidParameter(
                "starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24"
            )
        if call.text("checkpoint"):
            raise InvalidParameter("checkpoint is only supported in experimental mode")
        await self._processes.start(call.name)
        return no_content()

    async def stop(self, call: Call) -> Answer:
        """POST /containers/{name}/stop?t=&signal="""
        await self._processes.stop(call.name, _stop_signal(call))
        return no_content()

    async def restart(self, call: Call) -> Answer:
        """POST /containers/{name}/restart?t=&signal="""
        await self._processes.restart(call.name, _stop_signal(call))
        return no_content()

    async def kill(self, call: Call) -> Answer:
        """POST /containers/{name}/kill?signal="""
        await self._processes.kill(call.name, call.text("signal"))
        return no_content()

    async def pause(self, call: Call) -> Answer:
        """POST /containers/{name}/pause"""
        await self._processes.pause(call.name)
        return no_content()

    async def unpause(self, call: Call) -> Answer:
        """POST /containers/{name}/unpause"""
        await self._processes.unpause(call.name)
        return no_content()

    async def wait(self, call: Call) -> Answer:
        """POST /containers/{name}/wait?condition=

        The headers go out at once: clients start the container only when they have them.
        """
        wait = await self._waiting.begin(call.name, _until(call))
        return stream(self._outcome(wait), JSON)

    async def _outcome(self, wait: Wait) -> AsyncGenerator[bytes, None]:
        ended = await self._waiting.end(wait)
        if ended is not None:  # the service stops before the container does
            error: dict[str, object] = {"Error": {"Message": ended.error}} if ended.error else {}
            yield orjson.dumps(error | {"StatusCode": ended.code}) + b"\n"

    async def resize(self, call: Call) -> Answer:
        """POST /containers/{name}/resize?h=&w="""
        _sizes(call)
        await self._processes.resize(call.name)
        return Answer()

    async def attach(self, call: Call) -> Answer:
        """POST /containers/{name}/attach?logs=&stream=&stdin=&stdout=&stderr=&detachKeys="""
        keys, logs, goes_on = call.text("detachKeys"), call.flag("logs"), call.flag("stream")
        output = await self._processes.attach(call.name, keys=keys, logs=logs, stream=goes_on)
        is_upgrade = call.header("upgrade") is not None

        async def run(taken: Taken) -> None:
            if output.run is not None:
                await self._until_the_end(output.run, taken)

        return hijack(run, _stream_type(output, call) if is_upgrade else _RAW)

    async def _until_the_end(self, run: Wait, taken: Taken) -> None:
        """Hold a connection until the run that it is attached to has ended, or its client is gone."""
        ends = {asyncio.ensure_future(self._waiting.end_of_run(run)), asyncio.ensure_future(taken.gone())}
        try:
            done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for end in done:
                end.result()
        except StateError as error:  # the head is sent by now: that the connection ends is all that can be shown
            log.warning("an attached client is cut off", reason=error.message)
        finally:
            for end in ends:
                end.cancel()

    async def attach_websocket(self, call: Call) -> Answer:
        """GET /containers/{name}/attach/ws?logs=&stream=&stdin=&stdout=&stderr=&detachKeys="""
        await self._processes.attach(call.name, keys=call.text("detachKeys"), logs=call.flag("logs"), stream=True)
        raise needs_engine("attach")

    async def top(self, call: Call) -> Answer:
        """GET /containers/{name}/top?ps_args="""
        await self._processes.top(call.name, call.text("ps_args"))
        return Answer()

    async def logs(self, call: Call) -> Answer:
        """GET /containers/{name}/logs?stdout=&stderr=&follow=&since=&until=&timestamps=&tail=&details="""
        if not (call.flag("stdout") or call.flag("stderr")):
            raise InvalidParameter("Bad parameters: you must choose at least one stream")
        output = await self._processes.logs(call.name, since=call.text("since"), until=call.text("until"))
        return typed(b"", _stream_type(output, call))

    async def stats(self, call: Call) -> Answer:
        """GET /containers/{name}/stats?stream=&one-shot="""
        goes_on = call.flag("stream") if "stream" in call.query else True
        one_shot = call.flag("one-shot") and call.version >= version("1.41")
        still = await self._processes.stats(call.name, stream=goes_on, one_shot=one_shot)
        if goes_on:
            return stream(self._stats_of(still), JSON)
        return raw_json(_figures(still))

    async def _stats_of(self, still: Still) -> AsyncGenerator[bytes, None]:
        figures = _figures(still)
        async for _ in self._waiting.ticks(still.id, STATS_SECONDS):
            yield figures

    async def create_exec(self, call: Call) -> Answer:
        """POST /containers/{name}/exec"""
        asked = await document(call, ExecCreate)
        if not asked.Cmd:
            raise InvalidParameter("No exec command specified")
        await self._processes.create_exec(call.name, asked.DetachKeys)
        return Answer()

    async def inspect_exec(self, call: Call) -> Answer:
        """GET /exec/{name}/json"""
        return raw_json(orjson.dumps(_shown(await self._processes.find_exec(call.name))))

    async def start_exec(self, call: Call) -> Answer:
        """POST /exec/{name}/start"""
        await document(call, ExecStart)
        await self._processes.start_exec(call.name)
        return Answer()

    async def resize_exec(self, call: Call) -> Answer:
        """POST /exec/{name}/resize?h=&w="""
        _sizes(call)
        await self._processes.resize_exec(call.name)
        return Answer()


def _shown(found: Exec) -> dict[str, object]:
    """Return a process as Docker shows it (Go: backend.ExecInspect)."""
    process = orjson.loads(found.process)
    config = {name: process[name] for name in ("tty", "entrypoint", "arguments", "privileged")}
    if process["user"]:
        config["user"] = process["user"]
    return {
        "ID": found.id,
        "Running": found.running,
        "ExitCode": found.exit_code,
        "ProcessConfig": config,
        "OpenStdin": process["openStdin"],
        "OpenStderr": process["openStderr"],
        "OpenStdout": process["openStdout"],
        "CanRemove": False,
        "ContainerID": found.container_id,
        "DetachKeys": "",
        "Pid": found.pid,
    }


def _has_body(call: Call) -> bool:
    return call.body_size is None or call.body_size > _NO_BODY


def _stop_signal(call: Call) -> str:
    if call.text("t"):
        call.integer("t")
    return call.text("signal") if call.version >= version("1.42") else ""


def _until(call: Call) -> Until:
    asked = call.text("condition")
    if not asked or call.version < version("1.30"):
        return Until.NOT_RUNNING
    if asked not in set(Until):
        raise InvalidParameter(f"invalid condition: {quote(asked)}")
    return Until(asked)


def _sizes(call: Call) -> tuple[int, int]:
    return _size(call, "h", "height"), _size(call, "w", "width")


def _size(call: Call, key: str, what: str) -> int:
    """Read a size as Docker does, for which a negative number is a number (moby httputils.Uint32Value)."""
    text = call.text(key)
    try:
        size = parse_uint(text.removeprefix("-"), 32)
    except ValueError as error:
        reason = str(error).rpartition(": ")[2]
    else:
        if not text.startswith("-"):
            return size
        reason = "value out of range"
    raise InvalidParameter(f"invalid resize {what} {quote(text)}: {reason}")


def _stream_type(output: Output, call: Call) -> str:
    return _RAW if output.tty or call.version < version("1.42") else _MULTIPLEXED


def _figures(still: Still) -> bytes:
    return orjson.dumps(_NOTHING | {"name": f"/{still.name}", "id": still.id}) + b"\n"
