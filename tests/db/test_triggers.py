"""What the database refuses whoever asks: tried with the bare driver, on rows that are there."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from stored_rows import BUSYBOX, CACHE, SCRIPT, WEB, fill

from statesvc.db import schema
from statesvc.db.engine import driver
from statesvc.db.tables import metadata
from statesvc.db.triggers import TRIGGERS

COLUMNS = metadata.tables["containers"].columns.keys()
REPLACED = ", ".join(f"'{CACHE}'" if name == "id" else name for name in COLUMNS)
REFUSED = {
    "events_are_immutable": [
        "UPDATE events SET action = 'destroy' WHERE seq = 41",
        "UPDATE OR REPLACE events SET seq = 57 WHERE seq = 41",
        "UPDATE events SET time = time",
    ],
    "events_go_behind_all_others": [
        "INSERT INTO events (seq, time, type, action, actor_id, attributes) VALUES (50, 0, '', '', '', '{}')",
        "REPLACE INTO events (seq, time, type, action, actor_id, attributes) VALUES (57, 0, '', '', '', '{}')",
        "INSERT OR IGNORE INTO events (seq, time, type, action, actor_id, attributes) VALUES (0, 0, '', '', '', '{}')",
    ],
    "containers_keep_what_they_are": [
        f"UPDATE containers SET id = '{'9' * 64}' WHERE id = '{WEB}'",
        "UPDATE containers SET created_at = created_at + 1",
        "UPDATE containers SET origin = 'podman'",
    ],
    "containers_are_not_replaced": [f"REPLACE INTO containers SELECT {REPLACED} FROM containers WHERE id = '{WEB}'"],
    "revisions_grow": ["UPDATE containers SET revision = revision - 1"],
    "names_stay_with_their_container": [
        f"UPDATE container_names SET container_id = '{CACHE}' WHERE name = 'web'",
        f"UPDATE container_names SET kind = 'alias', parent_id = '{CACHE}' WHERE name = 'web'",
    ],
    "containers_keep_a_name": [
        "DELETE FROM container_names WHERE name = 'web'",
    ],
    "containers_keep_their_documents": ["DELETE FROM container_specs"],
    "documents_stay_with_their_container": [
        f"UPDATE container_specs SET container_id = '{'9' * 64}' WHERE container_id = '{WEB}'"
    ],
    "execs_stay_with_their_container": [f"UPDATE execs SET container_id = '{CACHE}'"],
    "images_are_immutable": [
        "UPDATE images SET config = x'00'",
        f"UPDATE images SET id = 'sha256:{'9' * 64}' WHERE id = '{BUSYBOX}'",
    ],
    "images_are_not_replaced": [f"REPLACE INTO images (id, config, size) VALUES ('{BUSYBOX}', x'00', 0)"],
    "an_installation_keeps_its_id": ["UPDATE service_state SET instance_id = 'x'"],
    "an_installation_stays": ["DELETE FROM service_state"],
    "scripts_are_immutable": [f"UPDATE scripts SET content = x'00' WHERE digest = '{SCRIPT}'"],
    "scripts_are_not_replaced": [f"REPLACE INTO scripts (digest, content, created_at) VALUES ('{SCRIPT}', x'00', 0)"],
    "held_scripts_stay": [f"DELETE FROM scripts WHERE digest = '{SCRIPT}'"],
    "held_runtimes_stay": ["DELETE FROM runtimes WHERE id = 3"],
    "held_versions_stay": ["DELETE FROM runtime_configs WHERE version = 2"],
    "runtime_configs_are_immutable": ["UPDATE runtime_configs SET source = ''"],
    "runtimes_are_immutable": ["UPDATE runtimes SET args = '[]'"],
    "runtimes_keep_their_script": [f"UPDATE runtimes SET script_digest = '{SCRIPT}' WHERE id = 3"],
}
BY_CONSTRAINT = {
    "a second primary name": f"INSERT INTO container_names VALUES ('web2', '{WEB}', 'primary', NULL, 0)",
    "a name that is taken": f"INSERT INTO container_names VALUES ('web', '{CACHE}', 'alias', '{WEB}', 0)",
    "a state that is none": "UPDATE containers SET state = 'sleeping'",
    "a name of nobody": f"INSERT INTO container_names VALUES ('x', '{'9' * 64}', 'primary', NULL, 0)",
    "a document that is no JSON": "UPDATE container_specs SET config = '{'",
    "text for a number": "UPDATE containers SET pid = 'many'",
    "a second installation": "INSERT INTO service_state (id, instance_id) VALUES (2, 'x')",
    "a script without a runtime": "UPDATE containers SET runtime_id = NULL",
}


@pytest.fixture
def raw(database_file: Path) -> Iterator[Any]:
    """A connection of the bare driver, as a shell would have it; only the foreign keys are on, as everywhere here."""
    fill(database_file)
    connection = driver.connect(str(database_file), isolation_level=None)
    connection.execute("PRAGMA foreign_keys=ON")
    yield connection
    connection.close()


def refuse(raw: Any, statement: str) -> str:
    before = schema.contents(raw)
    with pytest.raises(driver.IntegrityError) as refused:
        raw.execute(statement)
    assert schema.contents(raw) == before
    return str(refused.value)


@pytest.mark.parametrize(
    ("trigger", "statement"), [(name, statement) for name, statements in REFUSED.items() for statement in statements]
)
def test_a_trigger_refuses_what_breaks_its_rule_in_its_own_words(raw: Any, trigger: str, statement: str) -> None:
    (sql,) = (one for one in TRIGGERS if re.search(r"CREATE TRIGGER (\w+)", one)[1] == trigger)  # type: ignore[index]
    assert refuse(raw, statement) == re.search(r"ABORT, '(.+)'\)", sql)[1]  # type: ignore[index]


def test_every_trigger_is_tried() -> None:
    assert REFUSED.keys() == {re.search(r"CREATE TRIGGER (\w+)", one)[1] for one in TRIGGERS}  # type: ignore[index]


@pytest.mark.parametrize("statement", BY_CONSTRAINT.values(), ids=BY_CONSTRAINT)
def test_a_constraint_refuses_what_breaks_its_rule(raw: Any, statement: str) -> None:
    refuse(raw, statement)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO events (time, type, action, actor_id, attributes) VALUES (0, '', '', '', '{}')",
        "INSERT INTO events (seq, time, type, action, actor_id, attributes) VALUES (99, 0, '', '', '', '{}')",
        "DELETE FROM events WHERE seq = 41",
        "DELETE FROM events",
        "UPDATE containers SET revision = revision + 1, state = 'exited'",
        "UPDATE container_names SET name = 'www' WHERE name = 'web'",
        "DELETE FROM container_names WHERE name = 'web/redis'",
        f"DELETE FROM containers WHERE id = '{WEB}'",
        "UPDATE container_specs SET host_config = '{}'",
        "UPDATE images SET tagged_at = 1",
        "INSERT INTO images (id, config, size) SELECT id, config, 1 FROM images WHERE true ON CONFLICT DO NOTHING",
        "UPDATE service_state SET current_version = 1",
    ],
)
def test_what_the_service_does_is_not_refused(raw: Any, statement: str) -> None:
    before = schema.contents(raw)
    raw.execute(statement)
    assert schema.contents(raw) != before or "DO NOTHING" in statement


def test_what_belongs_to_a_container_goes_with_it(raw: Any) -> None:
    raw.execute("DELETE FROM containers")
    for table in ("container_names", "container_specs", "execs"):
        assert raw.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
