"""Threads for work that blocks, by purpose: what waits for a client or a disk holds up nothing of another purpose."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from statesvc.errors import Unavailable

P = ParamSpec("P")
T = TypeVar("T")


class Workers:
    """Threads for one purpose. At most so many pieces of work are under way or wait; the next one is refused."""

    def __init__(self, purpose: str, threads: int, most: int) -> None:
        self._purpose = purpose
        self._room = threading.BoundedSemaphore(most)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=f"statesvc-{purpose.replace(' ', '-')}")

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do the work in a thread; return what it returns. Raises Unavailable if too much of it is under way."""
        if not self._room.acquire(blocking=False):
            raise Unavailable(f"too many {self._purpose} are under way at this time: try again; nothing was changed")
        # Released when the work ends, which may be after its caller went away.
        done = self._threads.submit(partial(work, *args, **kwargs))
        done.add_done_callback(self._release)
        return await asyncio.wrap_future(done)

    def close(self) -> None:
        """Drop what waits, and wait for what is under way."""
        self._threads.shutdown(cancel_futures=True)

    def _release(self, _done: "Future[T]") -> None:
        self._room.release()
