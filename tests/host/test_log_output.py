"""Lines of the log reach their descriptor, or are dropped and counted; whoever logs never waits and meets no error."""

import os
import time
from pathlib import Path

import pytest

from statesvc.host import log_output
from statesvc.host.log_output import LogOutput


def opened(path: str | Path, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


def test_a_line_is_there_when_write_returns(tmp_path: Path) -> None:
    output = LogOutput(opened(tmp_path / "log", os.O_WRONLY | os.O_CREAT))
    for n in range(100):
        output.write(f"line {n} \udc80\n")
        assert (tmp_path / "log").read_text().splitlines()[-1] == f"line {n} \\udc80"
    assert (output.dropped, output.fault) == (0, "")


def test_what_a_full_disk_refuses_is_dropped_and_counted(tmp_path: Path) -> None:
    output = LogOutput(opened("/dev/full", os.O_WRONLY))
    for _ in range(3):
        output.write("x\n")
    output.close()
    assert (output.dropped, output.fault) == (3, "No space left on device")


@pytest.mark.parametrize("descriptor", [None, 987_654])
def test_without_a_descriptor_lines_are_dropped(descriptor: int | None) -> None:
    output = LogOutput(descriptor)
    output.write("x\n")
    output.close()
    assert output.dropped == 1
    assert output.fault


def test_a_pipe_that_nobody_reads_holds_up_one_line_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_output, "MOST_BYTES", 100_000)
    reader, writer = os.pipe()
    output, began = LogOutput(writer), time.monotonic()
    for n in range(10_000):
        output.write(f"{n:099}\n")
    assert time.monotonic() - began < 5
    assert output.fault == "nobody reads it"
    waited_for = 10_000 - output.dropped
    assert 1_000 <= waited_for <= 2_000  # what a pipe takes, and what may wait
    got = b""
    while got.count(b"\n") < waited_for:
        got += os.read(reader, 65_536)
    output.close()
    assert got.splitlines() == [b"%099d" % n for n in range(waited_for)]
    output.write("after\n")
    assert os.read(reader, 65_536) == b"after\n"
    assert output.fault == ""


def test_the_end_waits_for_a_pipe_that_nobody_reads_only_so_long() -> None:
    _, writer = os.pipe()
    os.set_blocking(writer, False)  # as another program that has it may do
    output = LogOutput(writer)
    output.write("x" * 200_000 + "\n")
    began = time.monotonic()
    output.close(0.2)
    assert 0.1 < time.monotonic() - began < 2
