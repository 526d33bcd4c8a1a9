"""Whatever fails at whatever step of a commit: each answer is true of what a crash right after it leaves."""

import errno
import threading
import time

import pytest
from faults import EVERY_ERROR, Call, FaultyDisk
from service import Answer, Service
from truth import claim, create, created_at_once, keeps_to, names_after_a_crash, writes_wait

LOG = "statesvc.db-wal"
# After the first and before the last write, and at the sync behind it.
SAMPLES = 4


def steps_of(service: Service, disk: FaultyDisk, call: Call) -> int:
    """Return how many such calls one create makes on the log."""
    disk.fail(call, LOG, 0)
    assert create(service, f"counted-{call}").status == 201
    disk.mend()
    return disk.counts()[0]


@pytest.mark.parametrize("error", EVERY_ERROR, ids=errno.errorcode.get)
@pytest.mark.parametrize("count", [1, -1], ids=["once", "from then on"])
def test_an_error_at_any_step_of_a_commit_is_answered_truly(
    faulty: Service, disk: FaultyDisk, error: int, count: int
) -> None:
    claims = set()
    for call in (Call.WRITE, Call.SYNC):
        steps = steps_of(faulty, disk, call)
        assert steps > 0
        for step in sorted({step * (steps - 1) // SAMPLES for step in range(SAMPLES + 1)}):
            name = f"at-{call}-{step}"
            disk.fail(call, LOG, error, skip=step, count=count)
            answer = create(faulty, name)
            assert disk.counts()[1], "no call failed"
            done = name in names_after_a_crash(faulty.data_root)
            disk.mend()
            assert keeps_to(answer, done=done), (call, step, answer)
            claims.add(claim(answer))
    assert None in claims  # a commit that was written and not synced
    assert create(faulty, "afterwards").status == 201
    assert "afterwards" in names_after_a_crash(faulty.data_root)


def shared(service: Service, names: list[str]) -> dict[str, Answer]:
    """Create containers in one commit."""
    answers: dict[str, Answer] = {}
    with writes_wait(service.data_root):
        first = threading.Thread(target=create, args=(service, "the-first"))  # it waits alone for the lock
        first.start()
        time.sleep(0.3)
        others = threading.Thread(target=lambda: answers.update(created_at_once(service, names)))
        others.start()
        time.sleep(0.5)
    first.join()
    others.join()
    return answers


@pytest.mark.parametrize("then", EVERY_ERROR, ids=errno.errorcode.get)
def test_units_of_a_commit_whose_sync_failed_are_unsure_if_they_fail_again_alone(
    faulty: Service, disk: FaultyDisk, then: int
) -> None:
    """The answer to the second try was given, though a crash brought back what the first had written."""
    names = [f"shared-{n}" for n in range(5)]
    assert create(faulty, "before").status == 201  # the log has its header, which is synced by itself
    # The first sync is that of the create that waits alone; once the second has failed nothing can be written.
    disk.fail(Call.SYNC, LOG, skip=1, count=1)
    disk.fail(Call.WRITE, LOG, then, skip=-1, rule=1)
    answers = shared(faulty, names)
    found = names_after_a_crash(faulty.data_root)
    disk.mend()
    assert {name: claim(answer) for name, answer in answers.items()} == dict.fromkeys(names)
    assert set(names) <= found  # which is why they are unsure
