"""A body without a length on its way out: in chunks or as it is, until it ends or its client does."""

import asyncio
from contextlib import aclosing

import structlog

from statesvc.api.wire.answer import Parts
from statesvc.api.wire.input import Input
from statesvc.api.wire.output import Output
from statesvc.api.wire.refusal import Refusal

log = structlog.get_logger(__name__)

_LOOKS = 5
"""How often a stream that sent something is looked at again, after its client ended its side."""


class Stream:
    """Sends parts from the task of a connection, and ends the task's wait for the next one when nobody wants it."""

    def __init__(self, task: asyncio.Task[None], source: Input, output: Output, quiet_seconds: float) -> None:
        self._task = task
        self._input = source
        self._output = output
        self._quiet_seconds = quiet_seconds
        self._is_active = False
        self._has_spoken = True
        self._is_unwanted = False
        self._is_late = False
        self._looks_left = _LOOKS
        self._next_look: asyncio.Handle | None = None

    async def send(self, parts: Parts, *, in_chunks: bool, seconds: float | None) -> bool:
        """Send a stream, in so many seconds. False if it was cut off: the connection must be closed then."""
        timer = None if seconds is None else self._input.loop.call_later(seconds, self._expire)
        self._is_late = False
        try:
            async with aclosing(parts):
                if self._output.is_lost:
                    return False
                self._begin()
                await self._pass_on(parts, in_chunks=in_chunks)
        except asyncio.CancelledError:
            if not self._is_unwanted:
                raise
            self._task.uncancel()
            if self._is_late:
                return False
        except Refusal as refusal:
            log.warning("a stream is cut off", reason=refusal.message)
            return False
        except Exception:
            log.exception("a stream met a bug: it is cut off")
            return False
        finally:
            self._rest()
            if timer is not None:
                timer.cancel()
        if in_chunks:
            self._output.write(b"0\r\n\r\n")
        return not self._output.is_lost

    def _begin(self) -> None:
        self._is_active, self._has_spoken, self._is_unwanted, self._looks_left = True, True, False, _LOOKS
        # Not at once: a task that cancels itself is cancelled at any later wait.
        if self._input.has_ended:
            self._next_look = self._input.loop.call_soon(self.end_of_input)
        elif self._input.is_paused:
            self._next_look = self._input.loop.call_soon(self.pause_of_input)

    async def _pass_on(self, parts: Parts, *, in_chunks: bool) -> None:
        async for part in parts:
            if part:
                self._has_spoken = True
                self._output.write(b"%x\r\n%b\r\n" % (len(part), part) if in_chunks else part)
            if self._output.is_full:
                await self._output.room()

    def _rest(self) -> None:
        self._is_active = False
        if self._next_look:
            self._next_look.cancel()

    def end_of_input(self) -> None:
        """Note that the client ended its side: the stream ends now if the client is gone, else when it falls quiet.

        Go ends the context of a request when its client's side ends, so Docker's streams end then. Here a client that
        ended its side, and reads on, still gets what there is; but no stream goes on just because there is always more.
        """
        if not self._is_active or self._is_unwanted:
            return
        is_quiet = not self._output.is_full and (not self._has_spoken or self._looks_left == 0)
        if is_quiet or self._output.has_gone():
            self.cancel()
            return
        self._has_spoken = self._output.is_full  # one that cannot send may have had something to say
        self._looks_left -= not self._output.is_full
        self._next_look = self._input.loop.call_later(self._quiet_seconds, self.end_of_input)

    def pause_of_input(self) -> None:
        """Note that nothing is read of what the client sends: its end is not seen there, so it is looked for."""
        if not self._is_active or self._is_unwanted or not self._input.is_paused:
            return
        if self._output.has_gone():
            self.cancel()
        else:
            self._next_look = self._input.loop.call_later(self._quiet_seconds, self.pause_of_input)

    def _expire(self) -> None:
        # Its client may have gone at the same time; the connection is closed then, too.
        self._is_late = True
        self.cancel()

    def cancel(self) -> None:
        """End the stream: its client is gone."""
        if self._is_active and not self._is_unwanted:
            self._is_unwanted = True
            self._task.cancel()
