"""Requests that make several commits: one that fails in the middle does not say that nothing was changed."""

import errno

from faults import Call, FaultyDisk
from service import Service
from truth import claim, create, names_after_a_crash

from statesvc.services.pruning import BATCH

LOG = "statesvc.db-wal"


def test_a_prune_that_fails_in_the_middle_says_so(faulty: Service, disk: FaultyDisk) -> None:
    names = {f"web-{n}" for n in range(BATCH + 20)}
    for name in names:
        assert create(faulty, name).status == 201
    with disk.failing(Call.SYNC, LOG, 0):
        assert create(faulty, "counted").status == 201
        syncs = disk.counts()[0]
    disk.fail(Call.SYNC, LOG, errno.EIO, skip=syncs, count=1)
    disk.fail(Call.WRITE, LOG, errno.ENOSPC, skip=-1, rule=1)
    answer = faulty.call("POST", "/containers/prune")
    left = names_after_a_crash(faulty.data_root)
    disk.mend()
    assert claim(answer) is None, answer
    assert f"{BATCH} removals were done before" in answer.message
    assert left < names


def test_a_prune_that_fails_at_once_says_that_nothing_was_changed(faulty: Service, disk: FaultyDisk) -> None:
    assert create(faulty, "web").status == 201
    with disk.failing(Call.WRITE, LOG, errno.ENOSPC):
        answer = faulty.call("POST", "/containers/prune")
        assert names_after_a_crash(faulty.data_root) == {"web"}
    assert claim(answer) is False
