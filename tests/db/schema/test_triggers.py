"""What the database refuses whoever asks: tried with the bare driver, on rows that are there, as a shell would.

With foreign keys on, and off as in a shell; never with recursive triggers, so that REPLACE asks no trigger for DELETE.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from stored_rows import BUSYBOX, CACHE, OLD, REDIS, SCRIPT, WEB, fill

from statesvc.db.schema import catalogue
from statesvc.db.schema.tables import metadata
from statesvc.db.schema.triggers import DELETIONS, REFUSALS
from statesvc.db.sqlite import driver
from statesvc.domain import names

NOBODY = "9" * 64
LAST = 2**63 - 1


def replaced(table: str, where: str, **values: str) -> str:
    """Return a REPLACE with a row of the table in which some values are others."""
    columns = list(dict.fromkeys([*metadata.tables[table].columns.keys(), *values]))
    found = ", ".join(values.get(column, column) for column in columns)
    return f"REPLACE INTO {table} ({', '.join(columns)}) SELECT {found} FROM {table} WHERE {where}"


def event(seq: int, verb: str = "INSERT") -> str:
    columns = "(seq, time, type, action, actor_id, attributes)"
    return f"{verb} INTO events {columns} VALUES ({seq}, 0, '', '', '', '{{}}')"


def name(text: str, container_id: str, parent_id: str = "", verb: str = "REPLACE") -> str:
    kind, parent = ("'alias'", f"'{parent_id}'") if parent_id else ("'primary'", "NULL")
    return f"{verb} INTO container_names VALUES ('{text}', '{container_id}', {kind}, {parent}, 0)"


REFUSED = {
    "events_are_immutable": [
        "UPDATE events SET action = 'destroy' WHERE seq = 41",
        "UPDATE OR REPLACE events SET seq = 57 WHERE seq = 41",
        "UPDATE events SET time = time",
    ],
    "events_go_behind_all_others": [
        event(50),
        event(99),
        event(LAST),
        event(-5),
        event(57, "REPLACE"),
        event(0, "INSERT OR IGNORE"),
    ],
    "events_are_counted_from_one": [event(-1), event(-1, "REPLACE")],
    "events_go_from_the_old_end": [
        "DELETE FROM events WHERE seq = 57",
        "DELETE FROM events WHERE seq > 41",
        "DELETE FROM events",
    ],
    "containers_keep_what_they_are": [
        f"UPDATE containers SET id = '{'9' * 64}' WHERE id = '{WEB}'",
        "UPDATE containers SET created_at = created_at + 1",
        "UPDATE containers SET origin = 'podman'",
        "UPDATE OR REPLACE containers SET rowid = 2 WHERE rowid = 1",
        "UPDATE OR REPLACE containers SET _rowid_ = 2 WHERE rowid = 1",
        "UPDATE OR REPLACE containers SET oid = 2 WHERE rowid = 1",
        f"UPDATE OR REPLACE containers SET id = '{CACHE}' WHERE id = '{WEB}'",
    ],
    "containers_are_not_replaced": [
        replaced("containers", f"id = '{WEB}'", id=f"'{CACHE}'"),
        replaced("containers", f"id = '{WEB}'", id=f"'{NOBODY}'", rowid="2"),
        replaced("containers", f"id = '{WEB}'", id=f"'{NOBODY}'", oid="2"),
    ],
    "revisions_grow": ["UPDATE containers SET revision = revision - 1"],
    "names_stay_with_their_container": [
        f"UPDATE container_names SET container_id = '{CACHE}' WHERE name = 'web'",
        f"UPDATE container_names SET kind = 'alias', parent_id = '{CACHE}' WHERE name = 'web'",
        f"UPDATE OR REPLACE container_names SET container_id = '{CACHE}' WHERE name = 'web'",
    ],
    "names_are_not_replaced": [
        name("web/redis", OLD, WEB),
        name("web/redis", CACHE, WEB),
        name("web", NOBODY),
        name("web", NOBODY, verb="INSERT"),
    ],
    "names_are_not_taken_over": [
        "UPDATE OR REPLACE container_names SET name = 'cache' WHERE name = 'web'",
        "UPDATE container_names SET name = 'cache' WHERE name = 'web'",
    ],
    "containers_have_one_name": [name("web2", WEB), name("web2", WEB, verb="INSERT")],
    "names_are_valid": [
        name("/bad/ name", NOBODY),
        name("web2/redis", NOBODY),
        name("redis", CACHE, WEB),
        name("we b/redis", CACHE, WEB),
    ],
    "names_stay_valid": [
        "UPDATE container_names SET name = '/bad/ name' WHERE name = 'web'",
        "UPDATE container_names SET name = 'a' || char(97, 0, 97) WHERE name = 'web'",
        "UPDATE container_names SET name = 'redis' WHERE name = 'web/redis'",
    ],
    "containers_keep_a_name": [
        "DELETE FROM container_names WHERE name = 'web'",
    ],
    "containers_keep_their_documents": ["DELETE FROM container_specs"],
    "documents_stay_with_their_container": [
        f"UPDATE container_specs SET container_id = '{'9' * 64}' WHERE container_id = '{WEB}'",
        "UPDATE OR REPLACE container_specs SET rowid = 2 WHERE rowid = 1",
    ],
    "documents_are_not_replaced": [
        replaced("container_specs", f"container_id = '{WEB}'", container_id=f"'{CACHE}'"),
        replaced("container_specs", f"container_id = '{WEB}'", container_id=f"'{NOBODY}'", rowid="2"),
    ],
    "execs_stay_with_their_container": [
        f"UPDATE execs SET container_id = '{CACHE}'",
        "UPDATE OR REPLACE execs SET rowid = 2 WHERE rowid = 1",
    ],
    "execs_are_not_replaced": [
        replaced("execs", "rowid = 1", container_id=f"'{CACHE}'"),
        replaced("execs", "rowid = 1", id=f"'{NOBODY}'", rowid="2"),
    ],
    "answers_are_immutable": [
        "UPDATE idempotency_keys SET answer = '{}'",
        "UPDATE idempotency_keys SET expires_at = expires_at + 1",
    ],
    "answers_are_not_replaced": [replaced("idempotency_keys", "true", answer="'{}'")],
    "images_are_immutable": [
        "UPDATE images SET config = x'00'",
        f"UPDATE images SET id = 'sha256:{'9' * 64}' WHERE id = '{BUSYBOX}'",
        f"UPDATE OR REPLACE images SET id = '{REDIS}' WHERE id = '{BUSYBOX}'",
    ],
    "images_are_not_replaced": [f"REPLACE INTO images (id, config, size) VALUES ('{BUSYBOX}', x'00', 0)"],
    "an_installation_keeps_its_id": ["UPDATE service_state SET instance_id = 'x'"],
    "an_installation_is_not_replaced": [
        "REPLACE INTO service_state (id, instance_id) VALUES (1, 'x')",
        "REPLACE INTO service_state (instance_id) VALUES ('x')",
    ],
    "a_version_is_in_force": [
        "UPDATE service_state SET current_version = 9",
        "UPDATE service_state SET current_version = NULL",
    ],
    "an_installation_stays": ["DELETE FROM service_state"],
    "scripts_are_immutable": [
        f"UPDATE scripts SET content = x'00' WHERE digest = '{SCRIPT}'",
        f"UPDATE OR REPLACE scripts SET digest = '{SCRIPT}' WHERE digest <> '{SCRIPT}'",
    ],
    "scripts_are_not_replaced": [f"REPLACE INTO scripts (digest, content, created_at) VALUES ('{SCRIPT}', x'00', 0)"],
    "held_scripts_stay": [f"DELETE FROM scripts WHERE digest = '{SCRIPT}'"],
    "held_runtimes_stay": ["DELETE FROM runtimes WHERE id = 3"],
    "held_versions_stay": ["DELETE FROM runtime_configs WHERE version = 2"],
    "runtime_configs_are_immutable": [
        "UPDATE runtime_configs SET source = ''",
        "UPDATE OR REPLACE runtime_configs SET rowid = 2 WHERE version = 1",
    ],
    "runtime_configs_are_not_replaced": [replaced("runtime_configs", "version = 2", source="''")],
    "runtimes_are_immutable": [
        "UPDATE runtimes SET args = '[]'",
        "UPDATE runtimes SET rowid = 9 WHERE id = 3",
        "UPDATE OR REPLACE runtimes SET name = 'crun' WHERE id = 4",
    ],
    "runtimes_are_not_replaced": [
        replaced("runtimes", "id = 3", args="'[]'"),
        replaced("runtimes", "id = 3", id="NULL"),
        replaced("runtimes", "id = 1", id="3"),
    ],
    "runtimes_in_force_keep_their_script": ["UPDATE runtimes SET script_digest = NULL WHERE id = 3"],
    "runtimes_keep_their_script": [f"UPDATE runtimes SET script_digest = '{SCRIPT}' WHERE id = 3"],
}
# What a trigger does rather than refuse.
DONE = {"belongings_go_with_their_container", "references_go_with_their_image", "runtimes_lose_a_script_that_goes"}
BY_ANY = {
    "a second primary name": name("web2", WEB, verb="INSERT"),
    "a name that is taken": name("web", CACHE, WEB, verb="INSERT"),
    "another name for the own one": name("cache2", CACHE, verb="INSERT OR REPLACE"),
    "a name of another container": name("web", CACHE),
    "an alias for a primary name": name("web", WEB, CACHE),
    "a state that is none": "UPDATE containers SET state = 'sleeping'",
    "a document that is no JSON": "UPDATE container_specs SET config = '{'",
    "text for a number": "UPDATE containers SET pid = 'many'",
    "a second installation": "INSERT INTO service_state (id, instance_id) VALUES (2, 'x')",
    "a script without a runtime": "UPDATE containers SET runtime_id = NULL",
}


@pytest.fixture(params=["ON", "OFF"])
def raw(database_file: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A connection of the bare driver, as a shell would have it, with foreign keys on and off."""
    fill(database_file)
    with opened(database_file, foreign_keys=request.param) as connection:
        yield connection


@contextmanager
def opened(file: Path, *, foreign_keys: str) -> Iterator[Any]:
    connection = driver.connect(str(file), isolation_level=None)
    connection.execute(f"PRAGMA foreign_keys={foreign_keys}")
    yield connection
    connection.close()


def refuse(raw: Any, statement: str) -> str:
    before = catalogue.contents(raw)
    with pytest.raises(driver.IntegrityError) as refused:
        raw.execute(statement)
    assert catalogue.contents(raw) == before
    return str(refused.value)


@pytest.mark.parametrize(
    ("trigger", "statement"), [(name, statement) for name, statements in REFUSED.items() for statement in statements]
)
def test_a_trigger_refuses_what_breaks_its_rule_in_its_own_words(raw: Any, trigger: str, statement: str) -> None:
    (sentence,) = (one.sentence for one in REFUSALS if one.name == trigger)
    assert refuse(raw, statement) == sentence


def test_every_trigger_is_tried() -> None:
    assert [one.name for one in REFUSALS if one.name not in REFUSED] == []
    assert {re.search(r"CREATE TRIGGER (\w+)", one)[1] for one in DELETIONS} == DONE  # type: ignore[index]


@pytest.mark.parametrize("statement", BY_ANY.values(), ids=BY_ANY)
def test_a_constraint_or_a_trigger_refuses_what_breaks_a_rule(raw: Any, statement: str) -> None:
    refuse(raw, statement)


def test_a_name_of_nobody_is_refused_where_foreign_keys_are_on(database_file: Path) -> None:
    fill(database_file)
    with opened(database_file, foreign_keys="ON") as raw:
        refuse(raw, name("xx", NOBODY, verb="INSERT"))


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO events (time, type, action, actor_id, attributes) VALUES (0, '', '', '', '{}')",
        event(58),
        "DELETE FROM events WHERE seq = 41",
        name("web/cache", CACHE, WEB, verb="INSERT"),
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
    before = catalogue.contents(raw)
    raw.execute(statement)
    assert catalogue.contents(raw) != before or "DO NOTHING" in statement


def test_what_belongs_to_a_container_goes_with_it(raw: Any) -> None:
    raw.execute(f"DELETE FROM containers WHERE id = '{WEB}'")
    assert raw.execute("PRAGMA foreign_key_check").fetchall() == []
    assert raw.execute("SELECT name FROM container_names ORDER BY name").fetchall() == [("cache",), ("eager_hopper",)]
    raw.execute("DELETE FROM containers")
    owned = [one.name for one in metadata.sorted_tables if "container_id" in one.columns and one.name != "quarantine"]
    assert len(owned) == 8
    for table in owned:
        assert raw.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table
    assert raw.execute("SELECT table_name FROM quarantine").fetchall() == [("events",)]


def test_what_refers_to_an_image_goes_with_it(raw: Any) -> None:
    raw.execute("DELETE FROM images")
    assert raw.execute("PRAGMA foreign_key_check").fetchall() == []
    assert raw.execute("SELECT * FROM image_tags").fetchall() == []


def test_the_runtimes_of_old_versions_lose_a_script_that_goes(raw: Any) -> None:
    raw.execute("UPDATE service_state SET current_version = 1")
    raw.execute("UPDATE containers SET script_digest = NULL")
    raw.execute("DELETE FROM scripts")
    assert raw.execute("PRAGMA foreign_key_check").fetchall() == []
    assert raw.execute("SELECT script_digest FROM runtimes WHERE id = 3").fetchone() == (None,)


def test_numbers_of_events_go_on_after_all_that_can_go_went(raw: Any) -> None:
    raw.execute("DELETE FROM events WHERE seq < (SELECT max(seq) FROM events)")
    raw.execute("INSERT INTO events (time, type, action, actor_id, attributes) VALUES (0, '', '', '', '{}')")
    assert raw.execute("SELECT seq FROM events ORDER BY seq").fetchall() == [(57,), (58,)]


@pytest.mark.parametrize("seq", [-1, 0, 2, LAST])
def test_the_first_event_has_the_number_one(database_file: Path, seq: int) -> None:
    with opened(database_file, foreign_keys="OFF") as raw:
        refuse(raw, event(seq, "REPLACE"))
        raw.execute(event(1))


@pytest.mark.parametrize(
    "text",
    [
        "web",
        "a-",
        "0_.-",
        "W1",
        "w",
        "",
        "-web",
        "_web",
        ".web",
        "/web",
        "we b",
        "w]b",
        "web/db",
        "we\0b",
        "wéb",
        "éb",
        "we\n",
    ],
)
def test_the_database_takes_the_names_that_the_service_takes(database_file: Path, text: str) -> None:
    with opened(database_file, foreign_keys="OFF") as raw:
        try:
            raw.execute("INSERT INTO container_names VALUES (?, ?, 'primary', NULL, 0)", (text, NOBODY))
        except driver.IntegrityError:
            taken = False
        else:
            taken = True
    assert taken == names.fits(text)


@pytest.mark.parametrize(
    "text", ["web/db", "web/d b/é", "web//", "web/", "web", "/db", "w/db", "w/db/x", "-web/db", "we b/db", "web/db/x"]
)
def test_the_database_takes_the_aliases_that_the_service_takes(database_file: Path, text: str) -> None:
    with opened(database_file, foreign_keys="OFF") as raw:
        try:
            raw.execute("INSERT INTO container_names VALUES (?, ?, 'alias', ?, 0)", (text, NOBODY, NOBODY))
        except driver.IntegrityError:
            taken = False
        else:
            taken = True
    assert taken == names.fits(text, alias=True)
