"""The time by which stored things grow old: it follows the wall clock, but no jump of it.

The wall clock jumps when NTP sets it, when a virtual machine is resumed, when a host without a battery boots. What is
removed because of its age is lost for good, so a time is believed only after it has gone on steadily for a while.
"""

import threading

import structlog

from statesvc.domain.times import SECOND, Clock, human, render

# How far the wall clock may be moved between two looks without this being a jump.
TOLERANCE = 60 * SECOND
TRUSTED_AFTER = 3_600 * SECOND

log = structlog.get_logger(__name__)


class SteadyClock:
    """Compares the wall clock with the time since the machine was booted, which never jumps."""

    def __init__(self, wall: Clock, since_boot: Clock) -> None:
        self._wall = wall
        self._since_boot = since_boot
        self._lock = threading.Lock()
        self._steady_from = since_boot()
        self._offset = wall() - self._steady_from
        self._trusted: int | None = None

    def passed(self) -> int | None:
        """Return a time that has surely passed, None while no time is trusted yet, as in the first hour."""
        wall, steady = self._look()
        return None if steady is None else min(wall, steady)

    def latest(self) -> int:
        """Return a time that is not earlier than the true one: what is to be kept for a while is kept from then on."""
        wall, steady = self._look()
        return wall if steady is None else max(wall, steady)

    def _look(self) -> tuple[int, int | None]:
        """Return the wall clock's time, and the one that goes on from the last that was trusted."""
        with self._lock:
            now, wall = self._since_boot(), self._wall()
            self._compare(now, wall)
            return wall, None if self._trusted is None else now + self._trusted

    def _compare(self, now: int, wall: int) -> None:
        jump, self._offset = wall - now - self._offset, wall - now
        if abs(jump) > TOLERANCE:
            self._steady_from = now
            log.warning(
                "the clock of this machine jumped: nothing is removed because of its age by the new time for now",
                jumped=f"{human(abs(jump))} {'ahead' if jump > 0 else 'back'}",
                time=render(wall),
                trusted_in=human(TRUSTED_AFTER),
            )
        elif now - self._steady_from >= TRUSTED_AFTER:
            self._trusted = self._offset
