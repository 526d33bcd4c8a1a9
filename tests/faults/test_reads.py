"""A disk that cannot be read is not called a damaged database, and what is read is read again later."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest
from faults import Call, FaultyDisk
from service import Service
from truth import create

READS = ("/containers/json?all=1", "/containers/web/json", "/statesvc/v1/events?follow=0", "/images/json", "/info")
REFUSED = "the disk that holds the database reports an error; nothing was changed"


@pytest.mark.parametrize("error", [errno.EIO, errno.ENXIO], ids=errno.errorcode.get)
@pytest.mark.parametrize("file", ["statesvc.db", "statesvc.db-wal"])
def test_an_error_of_the_disk_is_told_as_one(faulty: Service, disk: FaultyDisk, error: int, file: str) -> None:
    """SQLite reports EIO as a corrupt file, after which an operator would restore a backup."""
    assert create(faulty, "web").status == 201
    refused = []
    with disk.failing(Call.READ, file, error):
        # Each connection has pages in its cache, so not every answer needs the disk.
        answers = [faulty.call("GET", path) for path in READS] + [create(faulty, f"web-{n}") for n in range(2)]
        refused = [answer for answer in answers if answer.status >= 400]
        assert disk.counts()[1]
    assert refused
    for answer in refused:
        assert (answer.status, answer.message) == (503, REFUSED)
    assert [faulty.call("GET", path).status for path in READS] == [200] * len(READS)


def test_a_passing_error_of_the_disk_is_told_as_one_or_passed_over(faulty: Service, disk: FaultyDisk) -> None:
    """When the file is looked at, it can be read again."""
    assert create(faulty, "web").status == 201
    for skip in range(8):
        with disk.failing(Call.READ, "statesvc.db", skip=skip, count=1):
            answers = [faulty.call("GET", path) for path in READS]
        for answer in answers:
            assert answer.status == 200 or answer.message == REFUSED, answer
    assert [faulty.call("GET", path).status for path in READS] == [200] * len(READS)


@pytest.mark.parametrize("command", [["check"], ["sql", "SELECT * FROM v_containers"], ["db", "backup", "copy.db"]])
@pytest.mark.parametrize("skip", [0, 2, 5])
def test_commands_tell_an_error_of_the_disk_as_one(
    data_root: Path, tmp_path: Path, disk: FaultyDisk, command: list[str], skip: int
) -> None:
    disk.fail(Call.READ, "data/statesvc.db", skip=skip)
    done = subprocess.run(
        [sys.executable, "-m", "statesvc", *command, "--data-root", str(data_root)],
        cwd=tmp_path,
        env=disk.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert disk.counts()[1], done
    assert done.returncode == 5, done
    assert "the disk that holds the database reports an error" in done.stderr
    assert "damaged" not in done.stderr + done.stdout
