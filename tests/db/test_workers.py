import asyncio
import threading
import time

import pytest

from statesvc.db.workers import CLOSE_SECONDS, Workers
from statesvc.errors import Unavailable

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_work_is_done_in_a_thread_and_its_result_or_error_comes_back() -> None:
    workers = Workers("tests", 2, 4)
    assert await workers.run(lambda: threading.current_thread().name) == "statesvc-tests-0"
    with pytest.raises(ZeroDivisionError):
        await workers.run(lambda: 1 // 0)
    assert await workers.run(int, "7", base=8) == 7
    workers.close()


async def test_no_more_threads_than_there_may_be_and_none_while_one_is_idle() -> None:
    workers = Workers("tests", 2, 100)
    release, names = threading.Event(), set()

    def work() -> None:
        names.add(threading.current_thread().name)
        release.wait(10)

    for _ in range(5):
        await workers.run(lambda: None)
    assert len(workers._threads) == 1
    pieces = [asyncio.create_task(workers.run(work)) for _ in range(20)]
    await asyncio.sleep(0.05)
    assert len(names) == 2
    release.set()
    await asyncio.gather(*pieces)
    assert len(names) == len(workers._threads) == 2
    workers.close()


async def test_what_is_too_much_is_refused_until_work_ends_also_if_its_caller_has_gone() -> None:
    workers, release = Workers("tests", 1, 2), threading.Event()
    pieces = [asyncio.create_task(workers.run(release.wait, 10)) for _ in range(2)]
    await asyncio.sleep(0.05)
    for piece in pieces:
        piece.cancel()
    await asyncio.gather(*pieces, return_exceptions=True)
    with pytest.raises(Unavailable, match="too many tests are under way"):
        await workers.run(lambda: None)
    release.set()
    await asyncio.sleep(0.05)
    assert await workers.run(lambda: "done") == "done"
    workers.close()


async def test_a_thread_that_cannot_be_started_is_no_end_of_its_purpose(monkeypatch: pytest.MonkeyPatch) -> None:
    workers, start = Workers("tests", 2, 2), threading.Thread.start

    def fail(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", fail)
    for _ in range(5):
        with pytest.raises(Unavailable, match="no thread left for tests") as refused:
            await workers.run(lambda: None)
    assert refused.value.retry_seconds == 1
    monkeypatch.setattr(threading.Thread, "start", start)
    release = threading.Event()
    first = asyncio.create_task(workers.run(release.wait, 10))
    await asyncio.sleep(0.05)
    monkeypatch.setattr(threading.Thread, "start", fail)
    second = asyncio.create_task(workers.run(lambda: "after the first"))
    await asyncio.sleep(0.05)
    release.set()
    assert await second == "after the first"
    assert await first
    workers.close()


async def test_closing_drops_what_waits_and_waits_only_for_a_moment() -> None:
    workers, release = Workers("tests", 1, 4), threading.Event()
    pieces = [asyncio.create_task(workers.run(release.wait, 60)) for _ in range(3)]
    await asyncio.sleep(0.05)
    began = time.monotonic()
    workers.close()
    assert time.monotonic() - began < CLOSE_SECONDS + 2
    assert [await _outcome(piece) for piece in pieces[1:]] == ["cancelled", "cancelled"]
    release.set()
    assert await pieces[0]


async def _outcome(piece: "asyncio.Task[bool]") -> str:
    try:
        await piece
    except asyncio.CancelledError:
        return "cancelled"
    return "done"
