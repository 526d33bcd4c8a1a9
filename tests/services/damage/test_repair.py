"""A repair brings back what other rows still say, and leaves a sound database alone."""

import asyncio
import shutil
from pathlib import Path

import pytest
from damage import lawless
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from service import running
from stored_rows import rows_of

from statesvc.app import repaired
from statesvc.db.damage import marks as quarantine
from statesvc.db.damage.finding import Finding
from statesvc.db.damage.findings import MENDED_FROM
from statesvc.db.damage.raw_rows import checked_tables, texts
from statesvc.db.sqlite import reading
from statesvc.services.damage import check
from statesvc.services.damage.repair import WRITERS, Mended
from statesvc.settings import Settings


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
    return Path(shutil.copytree(populated_root, tmp_path / "data"))


def findings(root: Path) -> tuple[Finding, ...]:
    with reading(root / "statesvc.db") as conn:
        return tuple(check.of_rows(conn))


def repair(root: Path) -> Mended:
    return asyncio.run(repaired(Settings(data_root=root, hosts=())))[1]


def test_nothing_is_done_to_a_sound_database(root: Path) -> None:
    before = rows_of(root / "statesvc.db")
    assert repair(root) == Mended((), ())
    assert rows_of(root / "statesvc.db") == before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE containers SET summary = '['",
        "UPDATE containers SET summary = CAST(x'7bff7d' AS TEXT)",
        "UPDATE containers SET summary = replace(summary, 'front', 'back')",
        "UPDATE containers SET args = '{}'",
        "UPDATE container_labels SET value = 'back'",
        "UPDATE container_labels SET key = CAST(x'ff' AS TEXT)",
        "DELETE FROM container_labels",
        "UPDATE container_networks SET name = CAST(x'ff' AS TEXT)",
        "DELETE FROM container_networks",
        "UPDATE container_mounts SET document = '{'",
        "DELETE FROM container_names WHERE name = 'web'",
        "UPDATE container_names SET name = '/bad/ name' WHERE name = 'web'",
        "UPDATE container_names SET name = 'db' WHERE name = 'linked/db'",
        "INSERT INTO container_labels VALUES ('gone', 'key', 'value')",
        "INSERT INTO image_tags VALUES ('gone', 'sha256:gone')",
        "INSERT INTO quarantine VALUES ('images', 'gone', 'config', NULL, 'is not JSON', NULL, 1)",
    ],
)
def test_what_other_rows_still_say_is_written_again(root: Path, statement: str) -> None:
    before = rows_of(root / "statesvc.db")
    with lawless(root) as raw:
        raw.execute(statement)
    assert findings(root)
    repair(root)
    assert findings(root) == ()
    after = rows_of(root / "statesvc.db")
    if "container_names" in statement:
        before.pop("container_names"), after.pop("container_names")
    assert after == before


def test_a_mark_without_cause_is_taken_off_and_its_row_is_not_written_again(root: Path) -> None:
    with lawless(root) as raw:
        raw.execute(
            "INSERT INTO quarantine SELECT 'container_labels', '[\"' || container_id || '\",\"tier\"]', 'value', "
            "container_id, 'is not UTF-8', NULL, 1 FROM container_labels"
        )
    (done,) = repair(root).done
    assert done.startswith("took the mark off container_labels.value of ")


def test_what_a_finding_promises_to_write_again_is_what_a_repair_writes() -> None:
    assert WRITERS.keys() == MENDED_FROM.keys()


def test_a_container_whose_name_docker_never_takes_is_named_after_its_id_and_keeps_its_links(root: Path) -> None:
    with lawless(root) as raw:
        raw.execute("UPDATE container_names SET name = 'link ed' WHERE name = 'linked'")
    (sentence,) = repair(root).done
    container_id, name = sentence.removeprefix("named container ").split()
    names = {row["name"]: row["container_id"] for row in rows_of(root / "statesvc.db")["container_names"]}
    assert container_id.startswith(name)
    assert names.keys() == {"web", "cache", "apart", name, f"{name}/db"}
    assert names[name] == container_id
    assert names[f"{name}/db"] == names["web"]


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_bytes_are_flipped_are_found_and_marked_or_mended(root: Path, data: st.DataObject) -> None:
    places = [(t.name, c) for t in checked_tables() for c in texts(t) if t.name in OF_DOCUMENTS and c not in KEYS]
    table, column = data.draw(st.sampled_from(places))
    with lawless(root) as raw:
        found = raw.execute(f"SELECT CAST({column} AS BLOB) FROM {table} WHERE {column} IS NOT NULL").fetchone()
        if found is None or not found[0]:
            return
        at = data.draw(st.integers(0, len(found[0]) - 1))
        flipped = bytearray(found[0])
        flipped[at] ^= data.draw(st.integers(1, 255))
        raw.execute(
            f"UPDATE {table} SET {column} = CAST(? AS TEXT) WHERE CAST({column} AS BLOB) = ?",
            (bytes(flipped), found[0]),
        )
    repair(root)
    left = findings(root)
    assert {one.code for one in left} <= {"unreadable"}
    with reading(root / "statesvc.db") as conn:
        marks = {(mark.table, mark.key, mark.column) for mark in quarantine.every(conn, 1_000)}
    assert marks == {(one.table, one.key, one.column) for one in left}


OF_DOCUMENTS = {"containers", "container_specs", "container_mounts", "container_health", "events"}
KEYS = {"id", "container_id", "destination", "state", "origin", "status", "script_digest", "image_id"}
