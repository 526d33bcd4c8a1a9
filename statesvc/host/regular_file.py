"""Reads a file that another program may have put there: it cannot keep the service waiting, or fill its memory."""

import asyncio
import errno
import os
import stat
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path


async def read(path: Path, *, most: int, seconds: float) -> bytes:
    """Return the content of a regular file. Raises OSError, TimeoutError for a disk that does not answer in time.

    A thread of its own reads, as on a disk that hangs it cannot be ended: no executor waits for it at the end.
    """
    loop = asyncio.get_running_loop()
    content: asyncio.Future[bytes] = loop.create_future()

    def run() -> None:
        try:
            answer = partial(content.set_result, _read(path, most))
        except OSError as error:
            answer = partial(content.set_exception, error)
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(lambda: None if content.done() else answer())

    threading.Thread(target=run, name="statesvc-file", daemon=True).start()
    async with asyncio.timeout(seconds):
        return await content


def _read(path: Path, most: int) -> bytes:
    # Without O_NONBLOCK the opening of a FIFO waits for a writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it has more than {most} bytes")
    return content
