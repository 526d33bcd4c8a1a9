"""`statesvc check`, as a process: on a free data root, and beside the service that holds one."""

import json
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from service import Service, running
from stored_rows import disarmed

from statesvc.db.sqlite import bare, make_engine

SAMPLE = Path(__file__).parents[1] / "samples" / "docker-26.1-root.tar.gz"


def statesvc(*words: object, root: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "statesvc", *map(str, words), "--data-root", str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def findings(root: Path) -> list[dict[str, Any]]:
    return json.loads(statesvc("check", "--json", root=root, code=1).stdout)["Findings"]


def codes(root: Path) -> set[str]:
    return {finding["Code"] for finding in findings(root)}


def alter(root: Path, *statements: str) -> None:
    """Change rows as a program does that knows none of the rules."""
    engine = make_engine(root / "statesvc.db", busy_timeout_ms=5_000, query_only=False, foreign_keys=False)
    with engine.connect() as conn:
        conn.exec_driver_sql("PRAGMA ignore_check_constraints=ON")
        with disarmed(bare(conn)):
            for statement in statements:
                conn.exec_driver_sql(statement)


@pytest.fixture(scope="session")
def populated_root(loaded_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("populated") / "data"
    shutil.copytree(loaded_root, root)
    with running(root) as service:
        mounts = {"Binds": ["/tmp:/mnt", "data:/data"]}
        service.create("web", Labels={"tier": "front"}, Cmd=["sleep", "1 0"], HostConfig=mounts)
        service.create("cache", Volumes={"/cache": {}}, ExposedPorts={"80/tcp": {}})
        service.create("linked", HostConfig={"Links": ["web:db"]})
        service.create("apart", HostConfig={"NetworkMode": "mine"})
    return root


@pytest.fixture
def root(populated_root: Path, tmp_path: Path) -> Path:
    """A data root that no service holds, with containers that were created through the API."""
    return Path(shutil.copytree(populated_root, tmp_path / "data"))


@pytest.fixture
def held(root: Path) -> Iterator[Service]:
    """A service that holds such a data root."""
    with running(root) as service:
        yield service


def test_what_the_service_writes_is_healthy(root: Path) -> None:
    assert statesvc("check", root=root).stdout == "healthy\n"


def test_a_data_root_is_checked_while_a_service_holds_it(held: Service) -> None:
    assert json.loads(statesvc("check", "--json", root=held.data_root).stdout)["Healthy"] is True


def test_an_import_of_the_sample_is_healthy(tmp_path: Path) -> None:
    with tarfile.open(SAMPLE) as sample:
        # An attribute and not extractall(filter=), which Debian 12's Python 3.11.2 does not know yet.
        sample.extraction_filter = lambda member, _path: member
        sample.extractall(tmp_path / "docker")
    statesvc("import", "docker", tmp_path / "docker", root=tmp_path / "data")
    assert statesvc("check", root=tmp_path / "data").stdout == "healthy\n"


def test_without_a_database_there_is_nothing_to_check(tmp_path: Path) -> None:
    assert "there is no database" in statesvc("check", root=tmp_path, code=3).stderr


def test_an_older_schema_is_told_and_its_rows_are_not_looked_at(root: Path) -> None:
    statesvc("db", "downgrade", "0001", "--yes", root=root)
    assert codes(root) == {"old-schema"}


def test_with_schema_rows_are_not_looked_at(root: Path) -> None:
    alter(root, "UPDATE containers SET summary = replace(summary, 'front', 'back')")
    assert statesvc("check", "--schema", root=root).stdout == "healthy\n"
    alter(root, "UPDATE containers SET state = 'lost'", "DROP INDEX ix_events_time")
    found = json.loads(statesvc("check", "--schema", "--json", root=root, code=1).stdout)["Findings"]
    assert {one["Code"] for one in found} == {"integrity", "schema"}


def test_with_schema_an_older_schema_is_printed_and_no_finding(root: Path) -> None:
    statesvc("db", "downgrade", "0001", "--yes", root=root)
    assert statesvc("check", "--schema", root=root).stdout.startswith("healthy (schema 0001, the newest is 0")


def test_db_check_is_check_with_schema(root: Path) -> None:
    alter(root, "DROP INDEX ix_events_time")
    for words in ([], ["--json"]):
        both = [
            statesvc(*command, *words, root=root, code=1).stdout for command in (["check", "--schema"], ["db", "check"])
        ]
        assert both[0] == both[1]
        assert "ix_events_time" in both[0]


def test_with_schema_nothing_is_mended(root: Path) -> None:
    assert "--repair" in statesvc("check", "--schema", "--repair", root=root, code=2).stderr


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE container_specs SET config = '{' WHERE rowid = 1", "unreadable"),
        ("UPDATE containers SET image = CAST(x'ff' AS TEXT)", "unreadable"),
        ("UPDATE containers SET state = 'lost'", "integrity"),
        ("UPDATE containers SET summary = replace(summary, 'front', 'back')", "summary-differs"),
        ("UPDATE container_labels SET value = 'back'", "labels-differ"),
        ("DELETE FROM container_networks", "networks-differ"),
        ("DELETE FROM container_names WHERE name = 'web'", "no-name"),
        ("UPDATE container_names SET name = '/bad/ name' WHERE name = 'web'", "invalid-name"),
        ("DELETE FROM container_specs WHERE rowid = 1", "no-documents"),
        ("UPDATE container_labels SET container_id = 'gone'", "orphan"),
        ("UPDATE images SET config = CAST(config || ' ' AS BLOB)", "digest"),
        ("INSERT INTO quarantine VALUES ('images', 'gone', 'config', NULL, 'is not JSON', NULL, 1)", "stale-mark"),
        ("CREATE TABLE mine (x)", "schema"),
    ],
)
def test_each_kind_of_damage_has_its_code(root: Path, statement: str, code: str) -> None:
    alter(root, statement)
    assert code in codes(root)


def test_a_script_file_that_nothing_holds_is_told(root: Path) -> None:
    (root / "runtimes").mkdir(exist_ok=True)
    (root / "runtimes" / f"old.{'a' * 64}").write_text("#!/bin/sh\n")
    assert codes(root) == {"script-orphan"}


def test_a_finding_names_row_and_column_and_tells_no_content(root: Path) -> None:
    alter(root, 'UPDATE container_specs SET config = \'{"Env":["TOKEN=hush"\' WHERE rowid = 1')
    found = next(finding for finding in findings(root) if finding["Code"] == "unreadable")
    assert (found["Table"], found["Column"]) == ("container_specs", "config")
    assert found["Key"] == found["ContainerId"]
    assert found["Repair"] == "mark the row"
    assert "hush" not in json.dumps(findings(root))


def repair(root: Path, *, code: int = 0) -> str:
    return statesvc("check", "--repair", root=root, code=code).stdout


def test_a_repair_backs_up_the_database_as_it_was(root: Path) -> None:
    alter(root, "UPDATE containers SET summary = '['")
    output = repair(root)
    (backup,) = (root / "backups").iterdir()
    assert f"backup: {backup} " in output
    with make_engine(backup, busy_timeout_ms=0, query_only=True).connect() as conn:
        assert set(conn.exec_driver_sql("SELECT summary FROM containers").scalars()) == {"["}


def test_what_nothing_says_any_more_is_marked_and_stays(root: Path) -> None:
    alter(root, "UPDATE container_specs SET config = '{' WHERE rowid = 1")
    assert "marked: container_specs.config of" in repair(root, code=1)
    assert "marked:" not in repair(root, code=1)
    with running(root) as service:
        health = service.call("GET", "/statesvc/v1/health").json()
        assert health["Quarantined"] == 1
        assert health["Healthy"] is False
        name = health["Marks"][0]["ContainerId"]
        assert service.call("GET", f"/containers/{name}/json").status == 500
        assert service.call("DELETE", f"/containers/{name}").status == 204
        assert service.call("GET", "/statesvc/v1/health").json()["Healthy"] is True
    assert statesvc("check", root=root).stdout == "healthy\n"


def test_a_repair_takes_the_mark_off_what_was_mended_by_hand(root: Path) -> None:
    with make_engine(root / "statesvc.db", busy_timeout_ms=0, query_only=True).connect() as conn:
        config = conn.exec_driver_sql("SELECT config FROM container_specs WHERE rowid = 1").scalar_one()
    alter(root, "UPDATE container_specs SET config = '{' WHERE rowid = 1")
    repair(root, code=1)
    engine = make_engine(root / "statesvc.db", busy_timeout_ms=0, query_only=False)
    with engine.connect() as conn:
        conn.exec_driver_sql("UPDATE container_specs SET config = ? WHERE rowid = 1", (config,))
    assert codes(root) == {"stale-mark"}
    assert "took the mark off container_specs.config" in repair(root)


def test_a_repair_is_refused_while_a_service_holds_the_data_root(held: Service) -> None:
    done = statesvc("check", "--repair", root=held.data_root, code=4)
    assert "in use by another statesvc" in done.stderr


def test_an_orphaned_script_file_is_removed(root: Path) -> None:
    (root / "runtimes").mkdir(exist_ok=True)
    orphan = root / "runtimes" / f"old.{'a' * 64}"
    orphan.write_text("#!/bin/sh\n")
    assert f"removed files: {orphan.name}" in repair(root)
    assert not orphan.exists()


def test_a_damaged_row_of_an_older_schema_is_carried_over_and_then_served_around(root: Path) -> None:
    statesvc("db", "downgrade", "0004", "--yes", root=root)
    alter(root, "UPDATE container_specs SET config = '{' WHERE container_id = (SELECT min(id) FROM containers)")
    assert "run `statesvc db upgrade` first" in statesvc("check", "--repair", root=root, code=4).stderr
    output = statesvc("db", "upgrade", root=root).stdout
    assert "rows damaged in it: 1, copied unchanged; statesvc check lists them" in output
    with running(root) as service:
        ids = sorted(one["Id"] for one in service.call("GET", "/containers/json?all=true").json())
        assert [service.call("GET", f"/containers/{each}/json").status for each in ids] == [500, 200, 200, 200]
    statesvc("check", "--repair", root=root, code=1)
    marks = statesvc("sql", "SELECT table_name, reason FROM v_quarantine", "--format", "csv", root=root).stdout
    assert marks.splitlines()[1:] == ["container_specs,is not JSON"]


@pytest.mark.parametrize(
    ("table", "column", "code"),
    [
        ("containers", "id", 1),
        ("container_specs", "container_id", 1),
        ("container_labels", "container_id", 0),
        ("container_names", "container_id", 0),
        ("container_names", "name", 1),
        ("container_mounts", "destination", 1),
    ],
)
def test_a_key_that_is_not_text_is_found_and_a_repair_ends(root: Path, table: str, column: str, code: int) -> None:
    first = f"{column} = (SELECT min({column}) FROM {table})"
    alter(root, f"UPDATE {table} SET {column} = CAST(x'fffe' AS TEXT) WHERE {first}")
    assert "unreadable" in codes(root)
    done = statesvc("check", "--repair", root=root, code=code)
    assert ("backup: " in done.stdout, done.stderr) == (True, "")


def test_a_repair_of_a_newer_database_is_refused_with_what_to_install(root: Path) -> None:
    alter(root, "UPDATE alembic_version SET version_num = '9999'")
    assert "newer than this statesvc" in statesvc("check", "--repair", root=root, code=4).stderr


def test_what_a_repair_prints_as_json_is_json(root: Path) -> None:
    stray = root / "runtimes" / f"gone.{'0' * 64}"
    stray.parent.mkdir(exist_ok=True)
    stray.write_text("#!/bin/sh\n")
    assert "script-orphan" in codes(root)
    assert json.loads(statesvc("check", "--repair", "--json", root=root).stdout)["Healthy"]
    assert not stray.exists()


def test_a_reload_leaves_nothing_to_find_before_the_next_start_and_after(root: Path, tmp_path: Path) -> None:
    config, runtimes = tmp_path / "daemon.json", root / "runtimes"
    config.write_text("{}")
    with running(root, "--config-file", str(config)) as service:
        for number in range(3):
            wrapped = {"path": "/bin/true", "runtimeArgs": [str(number)]}
            config.write_text(json.dumps({"runtimes": {"wrapped": wrapped}}))
            assert service.call("POST", "/statesvc/v1/runtimes/reload").status == 200
            assert statesvc("check", root=root).stdout == "healthy\n"
        assert len(list(runtimes.iterdir())) == 3
    assert statesvc("check", root=root).stdout == "healthy\n"
    with running(root, "--config-file", str(config)):
        assert len(list(runtimes.iterdir())) == 1
