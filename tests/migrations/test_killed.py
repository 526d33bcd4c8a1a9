"""Whatever is killed, the database is the one before or the one after, and the work can be done again."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from stored_rows import fill

from statesvc.db.schema import migrate
from statesvc.db.schema.backup import copy
from statesvc.db.sqlite import make_engine

TESTS = Path(__file__).parents[1]

pytestmark = pytest.mark.kills


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A data root with rows in every table, and with changes that are only in the log yet."""
    root = tmp_path / "data"
    root.mkdir()
    migrate.upgrade(root / "statesvc.db")
    fill(root / "statesvc.db")
    return root


def killed_at_every_step(operation: str, root: Path) -> dict[str, int]:
    environment = os.environ | {"PYTHONPATH": str(TESTS)}
    program = [sys.executable, str(TESTS / "support" / "killing.py"), operation, str(root)]
    done = subprocess.run(program, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("operation", ["upgrade", "downgrade"])
def test_a_killed_migration_leaves_the_database_before_or_after(root: Path, operation: str) -> None:
    if operation == "upgrade":
        migrate.downgrade(root / "statesvc.db", "-1")
    outcomes = killed_at_every_step(operation, root)
    assert outcomes["before"] > 20


def test_a_killed_backup_leaves_the_database_and_no_half_copy(root: Path) -> None:
    assert killed_at_every_step("backup", root)["before"] > 20


def test_a_killed_compaction_leaves_the_database_whole(root: Path) -> None:
    assert killed_at_every_step("compact", root)["before"] > 20


def test_a_killed_restore_leaves_the_database_before_or_after(root: Path) -> None:
    copy(root / "statesvc.db", root / "backup.db")
    with make_engine(root / "statesvc.db", busy_timeout_ms=0, query_only=False).connect() as conn:
        conn.exec_driver_sql("DELETE FROM events WHERE seq = (SELECT min(seq) FROM events)")
    outcomes = killed_at_every_step("restore", root)
    assert outcomes["before"] > 20
    assert outcomes["after"] > 0
