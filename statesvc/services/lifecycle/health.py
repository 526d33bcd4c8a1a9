"""The health of containers: which status follows from a probe, as in Docker."""

from dataclasses import dataclass

import orjson
import structlog

from statesvc.db.containers import health
from statesvc.db.containers.lifecycle import Life
from statesvc.db.damage.judges import fault
from statesvc.db.sqlite import Connection
from statesvc.domain.documents import HealthConfig
from statesvc.domain.health import HEALTHY, STARTING, STATUSES, UNHEALTHY, Health
from statesvc.domain.times import render as time_text
from statesvc.services.damage.judging import mark_rows

KEPT_PROBES = 5
LONGEST_OUTPUT = 4096
RETRIES = 3

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Probe:
    """One check of a container; times are nanoseconds.

    Without an end it ended when it is reported, but not before its start; without a start it took no time.
    """

    start: int | None
    end: int | None
    exit_code: int
    output: str = ""

    def times(self, now: int) -> tuple[int, int]:
        """Return the start and the end of a probe that is reported now."""
        end = max(now, self.start or 0) if self.end is None else self.end
        return end if self.start is None else self.start, end

    def document(self, now: int) -> dict[str, object]:
        """Return the probe as it is stored, and as inspect shows it."""
        start, end = self.times(now)
        cut = self.output if len(self.output) <= LONGEST_OUTPUT else self.output[:LONGEST_OUTPUT] + "..."
        return {
            "Start": time_text(start), "End": time_text(end), "ExitCode": self.exit_code, "Output": cut,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """The health after a report; `new_status` is None if the status stays."""

    after: Health
    new_status: str | None


def begin(conn: Connection, container_id: str, now: int) -> None:
    """Set the health of a container that starts to starting, if it has a health check."""
    if health.check(conn, container_id):
        before = _before(conn, container_id, now)
        health.store(conn, container_id, Health(STARTING, 0, before.log if before else "[]"))


def end(conn: Connection, container_id: str, now: int) -> None:
    """Set a container with a health check to unhealthy at its end, as Docker does."""
    before = _before(conn, container_id, now)
    if before and before.status != "none":
        health.store(conn, container_id, Health(UNHEALTHY, before.streak, before.log))


def judge(conn: Connection, life: Life, status: str | None, probe: Probe | None, now: int) -> Change | None:
    """Return the health after a probe, a status or both; None if it is recorded already."""
    before = _before(conn, life.id, now)
    base = before or Health(STARTING, 0, "[]")
    after = _probed(base, probe, health.check(conn, life.id) or HealthConfig(), life, now) if probe else base
    if status and (probe is None or after is not base):
        after = Health(status, after.streak, after.log)
    return None if after == before else Change(after, after.status if after.status != base.status else None)


def store(conn: Connection, container_id: str, after: Health) -> None:
    """Store the health of a container."""
    health.store(conn, container_id, after)


def _before(conn: Connection, container_id: str, now: int) -> Health | None:
    """Return the health before a report. What cannot be read of it is as at a new start, and stops no report."""
    found = health.find(conn, container_id)
    if found is None or (found.status in STATUSES and not fault("container_health", "log", found.log)):
        return found
    # The report replaces the row; its mark keeps what was in it.
    for mark in mark_rows(conn, "container_health", container_id, now):
        log.warning("damaged row", table=mark.table, key=mark.key, column=mark.column, reason=mark.reason)
    status = found.status if found.status in STATUSES else STARTING
    return Health(status, found.streak, "[]" if fault("container_health", "log", found.log) else found.log)


def _probed(before: Health, probe: Probe, check: HealthConfig, life: Life, now: int) -> Health:
    probes, entry = orjson.loads(before.log) or [], probe.document(now)  # an imported log may be null
    if entry in probes:
        return before
    kept = orjson.dumps([*probes, entry][-KEPT_PROBES:]).decode()
    if probe.exit_code == 0:
        return Health(HEALTHY, 0, kept)
    start, _ = probe.times(now)
    starting = before.status == STARTING and start - (life.started_at or 0) < check.StartPeriod
    streak = before.streak + (not starting)
    failed = not starting and streak >= (check.Retries or RETRIES)
    return Health(UNHEALTHY if failed else before.status, streak, kept)
