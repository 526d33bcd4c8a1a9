"""The wire's server alone, in a thread, with a handler that shows what it can do and limits that are met at once."""

import asyncio
import socket
import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from statesvc.api.wire.answer import Answer, Hijack, Taken
from statesvc.api.wire.request import Request
from statesvc.api.wire.server import Server
from statesvc.domain.limits import Limits

TEXT = b"Content-Type: text/plain\r\n"
SECOND = 1_000_000_000


@dataclass
class WireServer:
    """A running server, and what its handler has seen and done."""

    path: Path
    limits: Limits
    done: list[str] = field(default_factory=list)
    streams: int = 0
    produced: int = 0
    lent: list[tuple[socket.socket, bytes]] = field(default_factory=list)
    bugs: list[BaseException] = field(default_factory=list)
    loop: asyncio.AbstractEventLoop | None = None
    server: Server | None = None

    @property
    def connections(self) -> int:
        """How many connections it holds."""
        assert self.server is not None
        return len(self.server._shared.connections)

    @property
    def held(self) -> int:
        """How many bytes of bodies it holds."""
        assert self.server is not None
        return self.server._shared.held.size

    def stop(self) -> None:
        """Ask it to stop."""
        assert self.loop is not None
        assert self.server is not None
        self.loop.call_soon_threadsafe(self.server.stop)

    async def handle(self, request: Request) -> Answer:
        """Answer by the first part of the path."""
        handlers = {
            "/ping": self._ping, "/echo": self._echo, "/count": self._count, "/ignore": self._ping,
            "/fixed": self._fixed, "/endless": self._endless, "/silent": self._silent, "/empty": self._empty,
            "/broken": self._broken, "/slow": self._slow, "/hijack": self._hijack, "/lend": self._lend,
            "/bug": self._bug, "/large": self._large, "/busy": self._busy, "/finite": self._finite,
            "/list": self._list,
        }  # fmt: skip
        answer = await handlers[request.head.target.path](request)
        self.done.append(f"{request.head.method} {request.head.target.path}?{request.head.target.query}")
        return answer

    async def _ping(self, _request: Request) -> Answer:
        return Answer(200, b"OK", TEXT)

    async def _echo(self, request: Request) -> Answer:
        return Answer(200, await request.body.whole(self.limits.json_bytes), TEXT)

    async def _count(self, request: Request) -> Answer:
        size = 0
        async for part in request.body.parts():
            size += len(part)
            await asyncio.sleep(0)
        return Answer(200, b"%d" % size, TEXT)

    async def _fixed(self, request: Request) -> Answer:
        return Answer(int(request.head.target.query), b"not to be sent" if request.head.target.query != "200" else b"")

    async def _large(self, request: Request) -> Answer:
        return Answer(200, b"x" * int(request.head.target.query), TEXT)

    async def _bug(self, _request: Request) -> Answer:
        raise KeyError("a bug")

    async def _slow(self, _request: Request) -> Answer:
        await asyncio.sleep(0.5)
        return Answer(200, b"slow", TEXT)

    async def _endless(self, _request: Request) -> Answer:
        async def parts() -> AsyncGenerator[bytes, None]:
            while True:
                self.produced += 1
                yield b"x" * 10_000

        return Answer(200, self._counted(parts()), TEXT)

    async def _list(self, request: Request) -> Answer:
        answer = await (self._endless if request.head.target.query == "endless" else self._empty)(request)
        answer.is_list = True
        return answer

    async def _silent(self, _request: Request) -> Answer:
        async def parts() -> AsyncGenerator[bytes, None]:
            yield b"first"
            await asyncio.Event().wait()

        return Answer(200, self._counted(parts()), TEXT)

    async def _finite(self, request: Request) -> Answer:
        async def parts() -> AsyncGenerator[bytes, None]:
            for _ in range(int(request.head.target.query)):
                yield b"x" * 10_000

        return Answer(200, self._counted(parts()), TEXT)

    async def _busy(self, _request: Request) -> Answer:
        async def parts() -> AsyncGenerator[bytes, None]:
            while True:
                yield b"more"
                await asyncio.sleep(0.05)

        return Answer(200, self._counted(parts()), TEXT)

    async def _empty(self, _request: Request) -> Answer:
        async def parts() -> AsyncGenerator[bytes, None]:
            for part in (b"", b"one", b"", b"two"):
                yield part

        return Answer(200, self._counted(parts()), TEXT)

    async def _broken(self, _request: Request) -> Answer:
        async def parts() -> AsyncGenerator[bytes, None]:
            yield b"first"
            raise KeyError("a bug in a stream")

        return Answer(200, self._counted(parts()), TEXT)

    async def _counted(self, parts: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        self.streams += 1
        try:
            async for part in parts:
                yield part
        finally:
            self.streams -= 1

    async def _hijack(self, _request: Request) -> Answer:
        async def run(taken: Taken) -> None:
            while data := await taken.read():
                taken.write(data.upper())
                await taken.drained()
            taken.write(b"bye")
            taken.end_output()

        return Answer(200, Hijack(run, "application/vnd.docker.raw-stream"))

    async def _lend(self, _request: Request) -> Answer:
        async def run(taken: Taken) -> None:
            self.lent.append(await taken.lend())

        return Answer(200, Hijack(run, "application/vnd.docker.raw-stream"))

    async def serve(self, listener: socket.socket) -> None:
        """Serve until it is told to stop."""
        self.loop = asyncio.get_running_loop()
        self.server = Server(
            self.handle,
            lambda: None,
            clock=lambda: 1_700_000_000 * SECOND,
            lines=b"Server: test\r\n",
            limits=self.limits,
        )
        self.loop.set_exception_handler(lambda _loop, context: self.bugs.append(context["exception"]))
        await self.server.run_on([listener])


@contextmanager
def wire_server(path: Path, limits: Limits) -> Iterator[WireServer]:
    """Serve a socket from a thread; leaving stops it, and asserts that it ended in order."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen(100)
    listener.setblocking(False)
    serving = WireServer(path, limits)

    def run() -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serving.serve(listener))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        while serving.server is None:
            pass
        yield serving
    finally:
        if thread.is_alive():
            serving.stop()
        thread.join(20)
    assert not thread.is_alive()
    assert serving.bugs == []
    assert serving.connections == 0
    assert serving.held == 0
