"""`statesvc db`, as a process: on a free data root, and beside the service that holds one."""

import json
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from service import Service, running
from stored_rows import fill, rows_of

from statesvc import __version__
from statesvc.db.schema import migrate
from statesvc.db.sqlite import driver, make_engine

NEWEST = migrate.known_revisions()[-1]


@pytest.fixture
def root(data_root: Path) -> Path:
    """A data root that no service holds, with rows in every table."""
    fill(data_root / "statesvc.db")
    return data_root


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Service]:
    """A service that holds a data root."""
    with running(tmp_path / "held") as service:
        yield service


def statesvc(*words: object, root: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "statesvc", "db", *map(str, words), "--data-root", str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def backup_named_in(text: str) -> Path:
    named = re.search(r"^backup: (\S+) \(revision \w+, \d+ rows, verified\)$", text, re.MULTILINE)
    assert named, text
    return Path(named[1])


def test_a_downgrade_tells_what_it_would_lose_and_needs_a_yes(root: Path) -> None:
    rows = rows_of(root / "statesvc.db")
    done = statesvc("downgrade", "base", root=root, code=4)
    assert f"-- would be lost: table containers with {len(rows['containers'])} rows\n" in done.stdout
    assert "nothing was changed: add --yes to go on" in done.stderr
    assert rows_of(root / "statesvc.db") == rows
    assert not (root / "backups").exists()


def test_a_downgrade_tells_what_it_would_lose_beside_a_running_service(held: Service) -> None:
    done = statesvc("downgrade", "base", root=held.data_root, code=4)
    assert "-- would be lost: table service_state with 1 rows\n" in done.stdout
    assert "nothing was changed: add --yes to go on" in done.stderr
    assert held.answers()


def test_a_downgrade_backs_up_and_says_where(root: Path) -> None:
    rows = rows_of(root / "statesvc.db")
    done = statesvc("downgrade", "base", "--yes", root=root)
    assert rows_of(backup_named_in(done.stdout)) == rows
    assert rows_of(root / "statesvc.db") == {}
    assert "nothing to do" in statesvc("downgrade", "base", "--yes", root=root).stdout


def test_a_downgrade_by_steps_is_understood(root: Path) -> None:
    statesvc("downgrade", "-1", "--yes", root=root)
    assert migrate.current(root / "statesvc.db") == ([None, *migrate.known_revisions()][-2])


def test_an_upgrade_makes_a_database_and_goes_on_to_the_newest_schema(tmp_path: Path) -> None:
    root = tmp_path / "new"
    assert "base -> 0001" in statesvc("upgrade", "0001", root=root).stdout
    statesvc("upgrade", root=root)
    assert migrate.current(root / "statesvc.db") == NEWEST
    assert statesvc("upgrade", root=root).stdout == f"{NEWEST}: nothing to do\n"


@pytest.mark.parametrize("direction", [("upgrade", "head"), ("downgrade", "base")])
def test_a_dry_run_prints_what_ran_on_a_copy_beside_a_running_service(
    held: Service, direction: tuple[str, str]
) -> None:
    printed = statesvc(*direction, "--dry-run", root=held.data_root).stdout
    if direction[0] == "upgrade":
        assert printed == f"-- {NEWEST}: nothing to do\n-- nothing would be lost\n"
    else:
        assert "\nDROP TABLE containers;\n" in printed
        assert "-- would be lost: table service_state with 1 rows" in printed
    assert held.answers()
    assert [entry.name for entry in held.data_root.glob("rehearsal-*")] == []


def test_a_dry_run_of_an_upgrade_of_nothing_leaves_nothing(tmp_path: Path) -> None:
    assert "CREATE TABLE containers" in statesvc("upgrade", "--dry-run", root=tmp_path / "new").stdout
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize(
    "words", [("upgrade",), ("downgrade", "base", "--yes"), ("restore", "there.db")], ids=lambda words: words[0]
)
def test_what_changes_the_database_needs_the_service_stopped(
    held: Service, words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    statesvc("backup", "there.db", root=held.data_root)
    assert "in use by another statesvc" in statesvc(*words, root=held.data_root, code=4).stderr
    assert held.answers()


def test_a_backup_beside_a_writing_service_has_all_that_was_acknowledged_before(held: Service, tmp_path: Path) -> None:
    archive = Path(__file__).parents[1] / "conformance" / "images" / "busybox_latest.tar.gz"
    assert held.call("POST", "/images/load", archive.read_bytes()).status == 200
    before = [held.create(f"before-{n}") for n in range(20)]
    command = [
        sys.executable,
        "-m",
        "statesvc",
        "db",
        "backup",
        str(tmp_path / "b.db"),
        "--data-root",
        str(held.data_root),
    ]
    meanwhile = []
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as backup:
        while backup.poll() is None:
            meanwhile.append(held.create(f"meanwhile-{len(meanwhile)}"))
    assert backup.returncode == 0
    kept = {row["id"] for row in rows_of(tmp_path / "b.db")["containers"]}
    assert set(before) <= kept <= {*before, *meanwhile}
    assert held.answers()


def test_a_backup_without_a_name_goes_to_the_data_root_and_the_oldest_go(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATESVC_BACKUPS_KEPT", "2")
    taken = [backup_named_in(statesvc("backup", root=root).stdout) for _ in range(3)]
    assert sorted((root / "backups").iterdir()) == taken[-2:]


def test_a_restored_backup_is_served(root: Path, tmp_path: Path) -> None:
    statesvc("backup", tmp_path / "b.db", root=root)
    with make_engine(root / "statesvc.db", busy_timeout_ms=0, query_only=False).connect() as conn:
        conn.exec_driver_sql("DELETE FROM containers")
    printed = statesvc("restore", tmp_path / "b.db", root=root).stdout
    replaced = re.search(r"^replaced: (.+)$", printed, re.MULTILINE)
    assert replaced
    assert rows_of(Path(replaced[1]))["containers"] == []
    with running(root) as service:
        names = {name for entry in service.call("GET", "/containers/json?all=1").json() for name in entry["Names"]}
    assert "/web" in names


def test_an_older_database_is_backed_up_before_it_is_served(root: Path) -> None:
    migrate.downgrade(root / "statesvc.db", "base")
    with make_engine(root / "statesvc.db", busy_timeout_ms=0, query_only=False).connect() as conn:
        conn.exec_driver_sql("CREATE TABLE notes (x)")
    with running(root) as service:
        assert service.answers()
        log = service.log_text
    (backup,) = (root / "backups").iterdir()
    assert str(backup) in log
    assert log.index("database backed up") < log.index("database migrated")
    assert rows_of(backup) == {"notes": []}


def test_current_and_history_say_where_the_database_is(root: Path) -> None:
    assert statesvc("current", root=root).stdout == f"{NEWEST} (newest), written by statesvc {__version__}\n"
    lines = statesvc("history", root=root).stdout.splitlines()
    assert lines[0].startswith(f"* {NEWEST}  ")
    assert lines[-1].endswith(
        "0001  Create the registry: containers with their names and documents, images, runtime "
        "configurations, the journal."
    )


def test_check_tells_by_its_exit_code(root: Path, tmp_path: Path) -> None:
    assert statesvc("check", root=root).stdout == "healthy\n"
    with make_engine(root / "statesvc.db", busy_timeout_ms=0, query_only=False).connect() as conn:
        conn.exec_driver_sql("DROP INDEX ix_events_time")
    assert statesvc("check", root=root, code=1).stdout == "schema: index ix_events_time is missing\n1 findings\n"
    (found,) = json.loads(statesvc("check", "--json", root=root, code=1).stdout)["Findings"]
    assert (found["Code"], found["Message"]) == ("schema", "index ix_events_time is missing")
    assert "there is no database" in statesvc("check", root=tmp_path / "none", code=3).stderr
    (root / "statesvc.db").write_bytes(b"no database" * 1_000)
    assert "is not a database" in statesvc("check", root=root, code=5).stderr


def test_check_looks_at_a_database_in_use(held: Service) -> None:
    assert statesvc("check", root=held.data_root).stdout == "healthy\n"


def test_a_newer_database_is_named_and_refused(root: Path) -> None:
    with make_engine(root / "statesvc.db", busy_timeout_ms=0, query_only=False).connect() as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        conn.exec_driver_sql("PRAGMA user_version = 3000000")
    assert statesvc("current", root=root).stdout == "9999 (newer than this statesvc), written by statesvc 3.0.0\n"
    for words in (("upgrade",), ("check",), ("downgrade", "0001", "--yes")):
        assert "install statesvc 3.0.0 or newer" in statesvc(*words, root=root, code=4).stderr


def test_a_newer_database_is_refused_by_its_own_name_also_in_a_rehearsal(root: Path) -> None:
    connection = driver.connect(root / "statesvc.db", isolation_level=None)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    stderr = statesvc("upgrade", "--dry-run", root=root, code=4).stderr
    assert f"the database {root / 'statesvc.db'} has schema 9999" in stderr


def test_a_backup_that_cannot_be_read_is_told_by_its_name(root: Path, tmp_path: Path) -> None:
    (tmp_path / "odd.db").write_bytes(b"hello" * 1_000)
    assert f"{tmp_path / 'odd.db'} cannot be read" in statesvc("restore", tmp_path / "odd.db", root=root, code=5).stderr


@pytest.mark.parametrize("words", [["backup"], ["downgrade", "0001", "--yes"], ["upgrade", "--dry-run"]], ids=" ".join)
def test_a_disk_that_takes_no_copy_is_told_and_nothing_is_changed(root: Path, words: list[str]) -> None:
    before = rows_of(root / "statesvc.db")
    command = [sys.executable, "-m", "statesvc", "db", *words, "--data-root", str(root)]

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, 65_536))

    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, preexec_fn=small_files)
    assert (done.returncode, "cannot take the copy" in done.stderr) == (5, True), done.stderr
    assert rows_of(root / "statesvc.db") == before
    assert not [left for left in root.rglob("*") if left.suffix == ".partial" or left.name.startswith("rehearsal-")]


@pytest.mark.parametrize("command", [("serve", "-H", "unix:///nowhere/s"), ("check",), ("check", "--repair")])
@pytest.mark.parametrize("revision", ["0001", "0003"])
def test_a_command_on_a_stamped_database_says_in_one_sentence_what_is_missing(
    command: tuple[str, ...], revision: str, tmp_path: Path
) -> None:
    root = tmp_path / "data"
    root.mkdir(0o700)
    migrate.upgrade(root / "statesvc.db", revision)
    (root / "statesvc.db").chmod(0o600)
    with make_engine(root / "statesvc.db", busy_timeout_ms=0, query_only=False).connect() as conn:
        conn.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{NEWEST}'")
    words = [sys.executable, "-m", "statesvc", *command, "--data-root", str(root)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (4, "", 1)
    assert f"is not that of {NEWEST}: table " in done.stderr


def test_a_compaction_shrinks_the_database_and_needs_the_service_stopped(root: Path, held: Service) -> None:
    database = root / "statesvc.db"
    with make_engine(database, busy_timeout_ms=0, query_only=False).connect() as conn:
        conn.exec_driver_sql("CREATE TABLE large (x BLOB)")
        conn.exec_driver_sql("INSERT INTO large VALUES (zeroblob(5000000))")
        conn.exec_driver_sql("DROP TABLE large")
    before = rows_of(database)
    done = statesvc("compact", root=root)
    assert re.fullmatch(r"compacted: \S+ \(\d+ -> \d+ bytes, \d+ rows, verified\)\n", done.stdout)
    assert database.stat().st_size < 1_000_000
    assert rows_of(database) == before
    with running(root) as service:
        assert service.answers()
    assert "in use by another statesvc" in statesvc("compact", root=held.data_root, code=4).stderr
