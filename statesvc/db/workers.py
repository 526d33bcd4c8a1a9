"""Threads for work that blocks, by purpose: what waits for a client or a disk holds up nothing of another purpose."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, ParamSpec, TypeVar

import structlog

from statesvc.db.failures import RETRY_SECONDS
from statesvc.errors import NOTHING_CHANGED, Unavailable

P = ParamSpec("P")
T = TypeVar("T")
_Piece = tuple["Future[Any]", Callable[[], Any]]

log = structlog.get_logger(__name__)

CLOSE_SECONDS = 1


class Workers:
    """Threads for one purpose. At most so many pieces of work are under way or wait; the next one is refused.

    Not a ThreadPoolExecutor: a process waits at its end for the threads of those, also if a disk never answers.
    """

    def __init__(self, purpose: str, threads: int, most: int) -> None:
        self._purpose = purpose
        self._most_threads = threads
        self._room = most
        self._lock = threading.Lock()
        self._pieces: SimpleQueue[_Piece | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._idle = 0

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do the work in a thread; return what it returns. Raises Unavailable if too much of it is under way."""
        with self._lock:
            if not self._room:
                raise _refusal(f"too many {self._purpose} are under way")
            if self._idle:
                self._idle -= 1
            elif len(self._threads) < self._most_threads and not self._start() and not self._threads:
                raise _refusal(f"the machine has no thread left for {self._purpose}")
            self._room -= 1
        done: Future[T] = Future()
        self._pieces.put((done, partial(work, *args, **kwargs)))
        return await asyncio.wrap_future(done)

    def close(self) -> None:
        """Drop what waits; wait a moment for what is under way, and leave it if it does not end."""
        try:
            while True:
                if piece := self._pieces.get_nowait():
                    piece[0].cancel()
        except Empty:
            pass
        for _ in self._threads:
            self._pieces.put(None)
        deadline = time.monotonic() + CLOSE_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        if left := sum(thread.is_alive() for thread in self._threads):
            log.warning("work is left undone: it does not end", purpose=self._purpose, threads=left)

    def _start(self) -> bool:
        """Start one more thread. False if the machine gives none: those that are there go on."""
        name = f"statesvc-{self._purpose.replace(' ', '-')}-{len(self._threads)}"
        thread = threading.Thread(target=self._serve, name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            log.warning("a thread cannot be started", purpose=self._purpose, reason=str(error))
            return False
        self._threads.append(thread)
        return True

    def _serve(self) -> None:
        while (piece := self._pieces.get()) is not None:
            done, work = piece
            if done.set_running_or_notify_cancel():
                self._do(done, work)
            else:
                self._end()
            del piece, done, work  # what they hold must not live until the next piece comes

    def _do(self, done: "Future[T]", work: Callable[[], T]) -> None:
        try:
            result = work()
        except BaseException as error:
            self._end()
            done.set_exception(error)
        else:
            self._end()
            done.set_result(result)

    def _end(self) -> None:
        with self._lock:
            self._room += 1
            self._idle += 1


def _refusal(reason: str) -> Unavailable:
    return Unavailable(f"{reason} at this time: try again; {NOTHING_CHANGED}", retry_seconds=RETRY_SECONDS)
