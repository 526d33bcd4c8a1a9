"""This machine's clocks. Everything else is given them, so that tests can give their own."""

import time


def wall_clock() -> int:
    """Return the time in nanoseconds since 1970."""
    return time.time_ns()  # noqa: TID251 - the one place that names the clock


def since_boot() -> int:
    """Return the nanoseconds since this machine was booted, sleep included: this clock is never set."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)
