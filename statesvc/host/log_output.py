"""Where log lines go: a descriptor that may be full, closed, or a pipe that nobody reads."""

import os
import select
import threading
from collections import deque

KIB = 1024
MOST_BYTES = 4096 * KIB
"""How many bytes of lines wait at most; the lines beyond are dropped."""
PATIENCE_SECONDS = 0.1
"""How long a line is waited for: only the first of those that do not get through."""


class LogOutput:
    """Takes lines and never raises. It does not block either: a thread of its own writes, and what waits is bounded.

    A line that is written at once is there when `write` returns.
    """

    def __init__(self, descriptor: int | None) -> None:
        """Write to a descriptor; without one, as where standard error is closed, every line is dropped."""
        self._descriptor = descriptor
        self._lines: deque[bytes] = deque()
        self._bytes = 0
        self._changed = threading.Condition()
        self._behind = False
        self._thread: threading.Thread | None = None
        self._torn = False
        self.dropped = 0
        """How many lines were dropped."""
        self.fault = ""
        """Why the newest line could not be written, "" if it could."""

    def write(self, text: str) -> int:
        """Take a line."""
        line = text.encode("utf-8", "backslashreplace")
        with self._changed:
            fault = self._obstacle(len(line))
            if fault:
                self.fault = fault
                self.dropped += 1
                return len(text)
            self._lines.append(line)
            self._bytes += len(line)
            self._changed.notify_all()
            if not self._behind:
                self._behind = not self._changed.wait_for(lambda: not self._lines, PATIENCE_SECONDS)
        return len(text)

    def flush(self) -> None:
        """Do nothing: lines are on their way already."""

    def close(self, seconds: float = 1.0) -> None:
        """Wait until every line is written, at most so long."""
        with self._changed:
            self._changed.wait_for(lambda: not self._lines, seconds)

    def _obstacle(self, size: int) -> str:
        if self._descriptor is None:
            return "there is no standard error"
        if self._lines and self._bytes + size > MOST_BYTES:
            return "nobody reads it"
        if self._thread is None:
            try:
                thread = threading.Thread(target=self._serve, name="statesvc-log", daemon=True)
                thread.start()
            except RuntimeError as error:
                return str(error)
            self._thread = thread
        return ""

    def _serve(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._lines))
                line = self._lines[0]
            fault = self._put(line)
            with self._changed:
                self._lines.popleft()
                self._bytes -= len(line)
                self.fault = fault
                self.dropped += bool(fault)
                if not self._lines:
                    self._behind = False
                self._changed.notify_all()

    def _put(self, line: bytes) -> str:
        """Write a line; return what prevents that."""
        assert self._descriptor is not None
        left = b"\n" + line if self._torn else line
        try:
            while left:
                try:
                    written = os.write(self._descriptor, left)
                except BlockingIOError:  # another program that has it, too, made it so
                    select.select([], [self._descriptor], [])
                    continue
                left = left[written:]
                self._torn = bool(left)
        except OSError as error:
            return error.strerror or str(error)
        return ""
