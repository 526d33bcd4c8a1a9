"""The disk whose power can be cut: what a plain writer synced is there afterwards, and what it did not is lost."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from histories import power
from histories.power import Disk, obstacle


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """An empty disk."""
    if reason := obstacle():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    with Disk(tmp_path / "disk.img", tmp_path / "disk").open() as opened:
        yield opened


def write(path: Path, records: int, *, sync: bool) -> None:
    """Append records as a program does that acknowledges each, and sync each or none."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for number in range(records):
        os.write(descriptor, f"{number:07}\n".encode())
        if sync:
            os.fsync(descriptor)
    os.close(descriptor)
    if sync:
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


def test_a_cut_keeps_what_was_synced_and_loses_what_was_not(disk: Disk) -> None:
    write(disk.mounted / "synced", 100, sync=True)
    write(disk.mounted / "unsynced", 100, sync=False)
    disk.lose_power(disk.copy_of_now())
    assert (disk.mounted / "synced").read_text() == "".join(f"{number:07}\n" for number in range(100))
    unsynced = disk.mounted / "unsynced"
    assert not unsynced.exists() or unsynced.stat().st_size == 0


def test_a_disk_goes_on_after_several_cuts(disk: Disk) -> None:
    for cut in range(3):
        write(disk.mounted / f"file-{cut}", 10, sync=True)
        disk.lose_power(disk.copy_of_now())
    assert sorted(path.name for path in disk.mounted.glob("file-*")) == ["file-0", "file-1", "file-2"]


def test_what_the_kernel_writes_meanwhile_is_not_half_in_a_copy(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The device is written to during the first copy, so that it is taken again."""
    copies = []
    run = power._run

    def copying(*command: object) -> str:
        if command[0] == "cp":
            copies.append(command)
            if len(copies) == 1:
                write(disk.mounted / "meanwhile", 10, sync=True)
        return run(*command)

    monkeypatch.setattr(power, "_run", copying)
    disk.lose_power(disk.copy_of_now())
    assert len(copies) == 2
    assert (disk.mounted / "meanwhile").stat().st_size == 80
