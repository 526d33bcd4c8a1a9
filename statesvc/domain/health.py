"""The health of a container: its status in Docker's words, and the last probes."""

from dataclasses import dataclass

STARTING, HEALTHY, UNHEALTHY, NONE = "starting", "healthy", "unhealthy", "none"
STATUSES = (STARTING, HEALTHY, UNHEALTHY, NONE)
"""Every status; `none` is that of a container without a health check."""
REPORTED = (STARTING, HEALTHY, UNHEALTHY)
"""What an engine reports of a container with a health check."""


@dataclass(frozen=True, slots=True)
class Health:
    """The health of a container: `streak` counts failed probes in a row, `log` is the JSON text of the last probes."""

    status: str
    streak: int
    log: str
