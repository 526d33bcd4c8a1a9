"""Plant a fault in a copy of the code, and see a test fail: a proof that cannot fail proves nothing.

    python tests/support/mutants.py [NAME …]     all of them without a name; see `make mutants`

Each mutant replaces a piece of text that its file has once, and names the tests that must then fail.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
COPIED = ("statesvc", "migrations", "tests", "pyproject.toml", "alembic.ini", "docs", "README.md", "CHANGELOG.md")


@dataclass(frozen=True)
class Mutant:
    """A fault: what stands in which file in the place of what, and the tests that find it."""

    name: str
    file: str
    sound: str
    faulty: str
    tests: str


_COMMITS = "tests/faults/test_commits.py::test_an_error_at_any_step_of_a_commit_is_answered_truly[once-EIO]"
_DATABASE = "tests/db/test_database.py::test_"
_ROWS = "tests/db/containers/test_rows.py::test_"

MUTANTS = (
    Mutant("commit without a sync", "statesvc/db/sqlite.py", '"synchronous=FULL"', '"synchronous=OFF"', _COMMITS),
    Mutant(
        "answer before the commit",
        "statesvc/db/writer.py",
        "        unit.result = tolerantly(connection, unit.run, undo=undo)\n",
        "        unit.result = tolerantly(connection, unit.run, undo=undo)\n"
        "        unit.loop.call_soon_threadsafe(unit.settle)\n",
        _COMMITS,
    ),
    Mutant(
        "a doubt is forgotten",
        "statesvc/db/writer.py",
        "        self.error = self.doubt or error\n",
        "        self.error = error\n",
        _DATABASE + "units_that_fail_again_alone_after_a_commit_failed_are_unsure",
    ),
    Mutant(
        "a failed commit is denied",
        "statesvc/db/failures.py",
        '_NOT_COMMITTED = ("SQLITE_FULL", "SQLITE_BUSY")',
        '_NOT_COMMITTED = ("SQLITE_FULL", "SQLITE_BUSY", "SQLITE_IOERR")',
        _COMMITS,
    ),
    Mutant(
        "a unit that fails is not undone",
        "statesvc/db/writer.py",
        'undo=("ROLLBACK TO unit",)',
        "undo=()",
        _DATABASE + "units_that_share_a_commit_fail_alone",
    ),
    Mutant(
        "a stale read",
        "statesvc/db/database.py",
        "            return unit(self._loop_reader, *args, **kwargs)\n",
        "            if not bare(self._loop_reader).in_transaction:\n"
        '                bare(self._loop_reader).execute("BEGIN")\n'
        "            return unit(self._loop_reader, *args, **kwargs)\n",
        "tests/services/test_vitals.py tests/services/lifecycle/test_waits.py",
    ),
    Mutant(
        "a scan without a snapshot",
        "statesvc/db/readers.py",
        '            bare(connection).execute("BEGIN")\n        except driver.Error:\n',
        "            pass\n        except driver.Error:\n",
        _DATABASE + "a_scan_sees_one_snapshot",
    ),
    Mutant(
        "an event outside of the transaction",
        "statesvc/services/containers/service.py",
        """    events.append(
        conn, Event("container", "create", container.id, container.created_at, attributes, container.revision)
    )
    created = Created(container.id, new.warnings)
""",
        """    conn.connection.driver_connection.execute("COMMIT")
    conn.connection.driver_connection.execute("BEGIN IMMEDIATE")
    events.append(
        conn, Event("container", "create", container.id, container.created_at, attributes, container.revision)
    )
    created = Created(container.id, new.warnings)
""",
        _COMMITS,
    ),
    Mutant(
        "a prefix that ends too early",
        "statesvc/db/prefixes.py",
        'BEHIND_DIGITS = "g"',
        'BEHIND_DIGITS = "f"',
        "tests/db/containers",
    ),
    Mutant(
        "documents that are asked for by a second statement",
        "statesvc/db/containers/rows.py",
        "_S.container_id == _C.id, isouter=True",
        "_S.container_id == _C.id",
        _ROWS + "one_without_documents_is_damaged",
    ),
    Mutant(
        "a lost sync of the folder",
        "statesvc/host/scripts.py",
        "                    _write(folder, name, content)\n                os.fsync(folder)\n",
        "                    _write(folder, name, content)\n",
        "tests/faults/test_scripts.py -k reload",
    ),
    Mutant(
        "a lock before its script",
        "statesvc/services/lifecycle/service.py",
        "            await self._ready(await self._lock_of(life))\n            now",
        "            now",
        "tests/faults/test_scripts.py -k exec",
    ),
    Mutant(
        "a script that a container holds is swept",
        "statesvc/db/scripts.py",
        "where(~exists(_IN_FORCE), ~exists(_OF_CONTAINER))",
        "where(~exists(_IN_FORCE))",
        "tests/services/runtimes/test_sweep.py",
    ),
    Mutant(
        "a revision that stays",
        "statesvc/db/containers/rows.py",
        "NEXT_REVISION = func.min(_C.revision, LAST_INTEGER - 1) + 1",
        "NEXT_REVISION = func.min(_C.revision, LAST_INTEGER - 1) + 0",
        "tests/api/test_preconditions.py",
    ),
    Mutant(
        "a prune that denies what it did",
        "statesvc/services/pruning.py",
        "        if not removed:\n            raise\n",
        "        if removed or not removed:\n            raise\n",
        "tests/faults/test_partial_changes.py",
    ),
    Mutant(
        "a wait that reads the journal first",
        "statesvc/services/lifecycle/waits.py",
        "        now = await self._database.read(waits.current_state, wait.began.id)\n"
        "        for ending in await self._database.read(waits.endings, wait.began.id, wait.seq):\n",
        "        endings = await self._database.read(waits.endings, wait.began.id, wait.seq)\n"
        "        now = await self._database.read(waits.current_state, wait.began.id)\n"
        "        for ending in endings:\n",
        "tests/services/lifecycle/test_waits.py",
    ),
    Mutant(
        "a log that waits for its reader",
        "statesvc/host/log_output.py",
        "                self._behind = not self._changed",
        "                self._behind = self._changed",
        "tests/host/test_log_output.py",
    ),
    Mutant(
        "a writer that a failed connection ends",
        "statesvc/db/writer.py",
        "            self._refuse(batch, error)\n            return\n",
        "            raise\n",
        _DATABASE + "what_cannot_connect_for_want_of_descriptors_is_unavailable_and_connects_later",
    ),
)


def copied(folder: Path) -> Path:
    """Copy the checkout, as far as tests need it, into a new folder; return it."""
    folder.mkdir()
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__", "corpus*", "reference"))
        else:
            shutil.copy(source, folder / name)
    return folder


def passes(folder: Path, tests: str) -> bool:
    """Return whether the tests pass with the code in a folder. Raises RuntimeError if they cannot be run."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--timeout", "120", *tests.split()]
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    # 1: some failed. A test that waits for ever is ended by its time limit, and has failed, too.
    if done.returncode not in {0, 1}:
        raise RuntimeError(f"{' '.join(command)}:\n{done.stdout[-2_000:]}{done.stderr[-2_000:]}")
    return done.returncode == 0


def planted(mutant: Mutant, folder: Path) -> None:
    """Plant a fault in a copy."""
    file = folder / mutant.file
    file.write_text(file.read_text().replace(mutant.sound, mutant.faulty))


def main(names: list[str]) -> int:
    """Plant each fault in turn; print which was found. Returns 1 if one was not."""
    chosen = [mutant for mutant in MUTANTS if not names or mutant.name in names]
    survived = 0
    with tempfile.TemporaryDirectory() as temporary:
        sound = copied(Path(temporary) / "sound")
        for tests in sorted({mutant.tests for mutant in chosen}):
            if not passes(sound, tests):
                print(f"these fail without a fault: {tests}")
                return 1
        for mutant in chosen:
            began, folder = time.monotonic(), Path(temporary) / "mutant"
            shutil.copytree(sound, folder)
            planted(mutant, folder)
            found = not passes(folder, mutant.tests)
            survived += not found
            print(f"{'found' if found else 'SURVIVED':9} {time.monotonic() - began:5.1f} s  {mutant.name}", flush=True)
            shutil.rmtree(folder)
    print(f"{len(chosen) - survived} of {len(chosen)} faults found")
    return 1 if survived or not chosen else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
