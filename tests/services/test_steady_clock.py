"""Nothing grows old because the clock of the machine jumped."""

from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from statesvc.app import Services
from statesvc.db import events
from statesvc.db.sqlite import Connection
from statesvc.domain.event import Event
from statesvc.domain.times import SECOND
from statesvc.host.clock import since_boot
from statesvc.services.journal.retention import DAY, Limits, Retention
from statesvc.services.steady_clock import TRUSTED_AFTER, SteadyClock

START = 1_700_000_000 * SECOND


@dataclass
class Machine:
    """A machine whose clock can jump."""

    wall: int = START
    boot: int = 0
    clock: SteadyClock = field(init=False)

    def __post_init__(self) -> None:
        self.clock = SteadyClock(lambda: self.wall, lambda: self.boot)

    def jump(self, by: int) -> None:
        self.wall += by

    def go_on(self, for_: int) -> int | None:
        """Let time pass, with a look every ten seconds; return the time that has passed at the end."""
        for _ in range(for_ // (10 * SECOND)):
            self.wall += 10 * SECOND
            self.boot += 10 * SECOND
            passed = self.clock.passed()
        return passed


def test_no_time_is_trusted_before_it_has_gone_on_for_a_while() -> None:
    machine = Machine()
    assert machine.clock.passed() is None
    assert machine.go_on(TRUSTED_AFTER - 10 * SECOND) is None
    assert machine.go_on(10 * SECOND) == machine.wall


def test_a_jump_ahead_is_not_followed_and_logged_once_each_way() -> None:
    machine = Machine()
    machine.go_on(TRUSTED_AFTER)
    before = machine.wall
    machine.jump(40 * DAY)
    with capture_logs() as logged:
        assert machine.go_on(10 * SECOND) == before + 10 * SECOND
        assert machine.go_on(100 * SECOND) == before + 110 * SECOND
        machine.jump(-40 * DAY)
        assert machine.go_on(10 * SECOND) == machine.wall == before + 120 * SECOND
    assert [(line["log_level"], line["jumped"]) for line in logged] == [
        ("warning", "5 weeks ahead"),
        ("warning", "5 weeks back"),
    ]


def test_a_new_time_is_trusted_once_it_has_gone_on_for_a_while() -> None:
    machine = Machine()
    machine.go_on(TRUSTED_AFTER)
    machine.jump(40 * DAY)
    assert machine.go_on(TRUSTED_AFTER) == machine.wall - 40 * DAY
    assert machine.go_on(10 * SECOND) == machine.wall


def test_a_time_is_never_later_than_the_clock_shows() -> None:
    machine = Machine()
    machine.go_on(TRUSTED_AFTER)
    machine.jump(-40 * DAY)
    assert machine.go_on(10 * SECOND) == machine.wall


def test_a_clock_that_is_slowly_set_right_is_followed() -> None:
    machine = Machine()
    machine.go_on(TRUSTED_AFTER)
    with capture_logs() as logged:
        for _ in range(100):
            machine.jump(SECOND)
            assert machine.go_on(10 * SECOND) == machine.wall
    assert logged == []


def test_the_clock_since_boot_goes_on() -> None:
    assert since_boot() < since_boot()


def put(conn: Connection, number: int, time: int) -> None:
    for n in range(number):
        events.append(conn, Event("test", "take", str(n), time))


@pytest.mark.anyio
async def test_a_jump_ahead_does_not_erase_the_journal(services: Services) -> None:
    machine = Machine()
    await services.database.write(put, 300, START)
    journal = Retention(services.database, machine.clock.passed, Limits(10**9, 30 * DAY))
    assert await journal.trim() == 0
    machine.go_on(TRUSTED_AFTER)
    machine.jump(40 * DAY)
    for _ in range(3):
        assert await journal.trim() == 0
        machine.go_on(10 * SECOND)
    machine.jump(-40 * DAY)
    assert await journal.trim() == 0
    assert await services.database.read(events.ends) == (1, 300)
