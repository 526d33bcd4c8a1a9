"""What the views show of rows that are known, that they show no secret, and that SQLite finds a row through them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from stored_rows import BORN, CACHE, OLD, SCRIPT, WEB, disarmed, fill

from statesvc.db.sqlite import Connection, bare, make_engine, snapshot
from statesvc.db.views import document, views
from statesvc.domain.times import render

ROOT = Path(__file__).parents[3]
SECRET = "hush-hush"


@pytest.fixture
def filled(database_file: Path) -> Path:
    """A database with rows in every table."""
    fill(database_file)
    return database_file


@pytest.fixture
def conn(filled: Path) -> Iterator[Connection]:
    with make_engine(filled, busy_timeout_ms=1_000, query_only=False).connect() as connection:
        yield connection


def rows(conn: Connection, sql: str) -> list[dict[str, Any]]:
    return [dict(row) for row in conn.exec_driver_sql(sql).mappings()]


def plan(conn: Connection, sql: str) -> list[str]:
    return [row["detail"] for row in rows(conn, f"EXPLAIN QUERY PLAN {sql}")]


def test_the_document_is_what_the_code_says() -> None:
    assert (ROOT / "docs" / "admin-sql.md").read_text() == document.markdown(), "run `make docs`"


@pytest.mark.parametrize("view", views.VIEWS, ids=lambda view: view.name)
def test_a_view_has_the_columns_that_are_declared_each_with_a_sentence(filled: Path, view: views.View) -> None:
    with snapshot(filled) as connection:
        there = [name for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (view.name,))]
        connection.execute(f"SELECT * FROM {view.name}").fetchall()
    assert there == [column.name for column in view.columns]
    assert re.fullmatch(r"v[1-9]\d*_[a-z]+(_[a-z]+)*", view.name)
    for column in view.columns:
        assert column.meaning.endswith((".", "…")), column
    assert view.meaning.endswith("."), view


def test_a_name_without_a_version_is_the_newest_version(conn: Connection) -> None:
    for noun, view in views.newest().items():
        assert rows(conn, f"SELECT * FROM v_{noun}") == rows(conn, f"SELECT * FROM {view.name}")


def test_no_view_shows_a_secret_wherever_it_is_kept(conn: Connection) -> None:
    hidden = {
        "container_specs": (
            "config = json_object('Env', json_array('TOKEN={0}')), network_settings = json_object('x', '{0}'), "
            "host_config = json_object('LogConfig', "
            "json_object('Type', 'splunk', 'Config', json_object('splunk-token', '{0}')))"
        ),
        "containers": "args = json_array('--password={0}'), summary = json_object('Command', '{0}')",
        "container_mounts": "document = json_object('RW', 1, 'DriverOpts', json_object('o', 'password={0}'))",
        "container_health": "log = json_array('{0}')",
        "execs": (
            "process = json_object('entrypoint', 'sh', 'arguments', json_array('{0}'), 'env', json_array('A={0}'))"
        ),
        "images": "config = CAST(json_object('Env', json_array('A={0}')) AS BLOB)",
        "events": "action = 'exec_create: sh -c {0}'",
        "quarantine": "raw = CAST('{0}' AS BLOB)",
    }
    with disarmed(bare(conn)):
        for table, assignment in hidden.items():
            conn.exec_driver_sql(f"UPDATE {table} SET {assignment.format(SECRET)}")
    conn.exec_driver_sql(
        "INSERT INTO runtime_configs (version, digest, source, user_config, loaded_at) "
        f"VALUES (3, 'd', 'f', json_object('log-opts', json_object('token', '{SECRET}')), 0)"
    )
    conn.exec_driver_sql(
        "INSERT INTO runtimes (version, name, origin, args, type, options) "
        f"VALUES (3, 'x', 'configured', '[]', 't', json_object('Token', '{SECRET}'))"
    )
    for view in views.VIEWS:
        assert SECRET not in repr(rows(conn, f"SELECT * FROM {view.name}")), view.name
    assert rows(conn, "SELECT DISTINCT log_driver, log_options FROM v_specs") == [
        {"log_driver": "splunk", "log_options": "splunk-token"}
    ]
    assert rows(conn, "SELECT settings FROM v_versions WHERE version = 3") == [{"settings": "log-opts"}]
    assert {row["action"] for row in rows(conn, "SELECT action FROM v_events")} == {"exec_create"}


def test_a_damaged_document_hides_its_values_and_nothing_else(conn: Connection) -> None:
    conn.exec_driver_sql("PRAGMA ignore_check_constraints=ON")
    with disarmed(bare(conn)):
        conn.exec_driver_sql("UPDATE container_specs SET config = '{', host_config = '}'")
        conn.exec_driver_sql("UPDATE container_mounts SET document = ''")
        conn.exec_driver_sql("UPDATE execs SET process = 'x'")
        conn.exec_driver_sql("UPDATE events SET attributes = 'x'")
    for view in views.VIEWS:
        rows(conn, f"SELECT * FROM {view.name}")
    assert [row["memory"] for row in rows(conn, "SELECT memory FROM v_specs")] == [None] * 3


@pytest.mark.parametrize(
    "time", [0, 1, -1, BORN, BORN + 100, BORN + 500_000_000, -1_000_000_000, -1_500_000_000, 4_102_444_800_123_456_789]
)
def test_a_time_is_shown_as_inspect_shows_it(conn: Connection, time: int) -> None:
    conn.exec_driver_sql(f"UPDATE images SET created_at = {time}")
    assert rows(conn, "SELECT DISTINCT created_at, created_at_ns FROM v_images") == [
        {"created_at": render(time), "created_at_ns": time}
    ]


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        (f"SELECT * FROM v_containers WHERE id = '{WEB}'", "SEARCH c USING INDEX"),
        (f"SELECT * FROM v_containers WHERE id >= '{WEB[:8]}' AND id < '{WEB[:8]}g'", "SEARCH c USING INDEX"),
        ("SELECT * FROM v_containers WHERE name = 'web'", "SEARCH n USING PRIMARY KEY (name=?)"),
        ("SELECT * FROM v_containers WHERE state = 'running'", "SEARCH c USING INDEX ix_containers_state"),
        ("SELECT * FROM v_containers WHERE image_id = 'x'", "SEARCH c USING INDEX ix_containers_image_id"),
        ("SELECT * FROM v_names WHERE name = 'web'", "SEARCH b USING PRIMARY KEY (name=?)"),
        ("SELECT * FROM v_labels WHERE key = 'tier' AND value = 'front'", "ix_container_labels_key_value"),
        (f"SELECT * FROM v_labels WHERE container_id = '{WEB}'", "SEARCH b USING PRIMARY KEY (container_id=?)"),
        ("SELECT * FROM v_mounts WHERE volume = 'data'", "ix_container_mounts_volume"),
        ("SELECT * FROM v_networks WHERE network = 'bridge'", "ix_container_networks_name"),
        ("SELECT * FROM v_ports WHERE public_port = 80", "ix_container_ports_public_port"),
        (f"SELECT * FROM v_specs WHERE container_id = '{WEB}'", "SEARCH b USING INDEX"),
        (f"SELECT * FROM v_environment WHERE container_id = '{WEB}'", "SEARCH b USING INDEX"),
        ("SELECT * FROM v_images WHERE id = 'x'", "SEARCH i USING PRIMARY KEY (id=?)"),
        ("SELECT * FROM v_image_tags WHERE reference = 'x'", "SEARCH t USING PRIMARY KEY (reference=?)"),
        ("SELECT * FROM v_execs WHERE id = 'x'", "SEARCH b USING INDEX"),
        (f"SELECT * FROM v_execs WHERE container_id = '{WEB}'", "ix_execs_container_id_state"),
        ("SELECT * FROM v_events WHERE seq > 7", "SEARCH e USING INTEGER PRIMARY KEY (rowid>?)"),
        ("SELECT * FROM v_events WHERE time_ns > 7", "ix_events_time"),
        ("SELECT * FROM v_changed_last_hour", "ix_events_time"),
        ("SELECT * FROM v_scripts WHERE digest = 'x'", "SEARCH t USING PRIMARY KEY (digest=?)"),
        ("SELECT * FROM v_script_holders WHERE digest = 'x'", "ix_containers_script_digest"),
        (f"SELECT * FROM v_quarantine WHERE container_id = '{WEB}'", "ix_quarantine_container_id"),
        ("SELECT * FROM v_quarantine WHERE table_name = 'events'", "SEARCH q USING PRIMARY KEY (table_name=?)"),
    ],
)
def test_what_is_asked_by_its_key_is_found_in_an_index(conn: Connection, sql: str, found: str) -> None:
    assert any(found in line for line in plan(conn, sql)), plan(conn, sql)


def test_a_container_is_shown_with_ports_names_labels_and_lock(conn: Connection) -> None:
    (web,) = rows(conn, "SELECT * FROM v_containers WHERE name = 'web'")
    assert (
        web.items()
        >= {
            "id": WEB,
            "ports": "[::]:8080->80/tcp, 53/udp",
            "labels": '{"":"","tier":"front"}',
            "health": "healthy",
            "runtime_version": 2,
            "script_digest": SCRIPT,
            "started_at": "2023-11-14T22:13:20.000000007Z",
            "finished_at": None,
        }.items()
    )
    assert [row["names"] for row in rows(conn, f"SELECT names FROM v_containers WHERE id = '{CACHE}'")] == [
        "cache, web/redis"
    ]


def test_a_mark_is_shown_without_what_was_found_in_the_row(conn: Connection) -> None:
    (mark,) = rows(conn, "SELECT * FROM v_quarantine WHERE container_name = 'cache'")
    assert mark == {
        "table_name": "container_specs",
        "key": CACHE,
        "column_name": "config",
        "container_id": CACHE,
        "container_name": "cache",
        "reason": "is not JSON",
        "bytes": len(b'{"Env":[\xff'),
        "since": "2023-11-14T22:13:20.000000003Z",
        "since_ns": BORN + 3,
    }


@pytest.mark.parametrize(
    ("change", "drift"),
    [
        ("", []),
        ("INSERT INTO runtimes (version, name, origin, args) VALUES (3, 'runc', 'stock', '[]')", [("runc", "gone")]),
        (
            """INSERT INTO runtimes (version, name, origin, path, args, binary)
            VALUES (3, 'crun', 'configured', '/usr/bin/crun', '[]', '/usr/bin/crun')""",
            [("crun", "changed")],
        ),
        (
            """INSERT INTO runtimes (version, name, origin, path, args, binary, wrapper_digest)
            SELECT 3, name, origin, path, args, binary, wrapper_digest FROM runtimes WHERE id = 3""",
            [("crun", "older")],
        ),
    ],
    ids=["none", "gone", "changed", "older"],
)
def test_drift_tells_a_runtime_that_is_gone_changed_or_older(
    conn: Connection, change: str, drift: list[tuple[str, str]]
) -> None:
    conn.exec_driver_sql(f"DELETE FROM containers WHERE id <> '{WEB}'")
    conn.exec_driver_sql("UPDATE containers SET runtime_name = 'crun'")
    if change:
        conn.exec_driver_sql("INSERT INTO runtime_configs VALUES (3, 'd', 'f', '{}', 0)")
        conn.exec_driver_sql(change)
        conn.exec_driver_sql("UPDATE service_state SET current_version = 3")
    found = rows(conn, "SELECT container_name, drift, locked_version, current_version FROM v_runtime_drift")
    assert found == [
        {"container_name": "web", "drift": kind, "locked_version": 2, "current_version": 3} for _, kind in drift
    ]


def test_a_container_that_is_not_locked_drifts_only_when_its_runtime_is_gone(conn: Connection) -> None:
    conn.exec_driver_sql(f"UPDATE containers SET runtime_name = 'youki' WHERE id = '{CACHE}'")
    conn.exec_driver_sql(f"UPDATE containers SET runtime_name = 'io.containerd.x.v2' WHERE id = '{OLD}'")
    assert rows(conn, "SELECT container_name, drift, locked_version FROM v_runtime_drift") == [
        {"container_name": "cache", "drift": "gone", "locked_version": None}
    ]


def test_restart_loops_are_those_that_restart_were_restarted_or_died_often(conn: Connection) -> None:
    assert rows(conn, "SELECT * FROM v_restart_loops") == []  # one that was stopped by hand has rest
    conn.exec_driver_sql(f"UPDATE containers SET manually_stopped = 0 WHERE id = '{OLD}'")
    conn.exec_driver_sql(f"UPDATE containers SET state = 'restarting' WHERE id = '{WEB}'")
    conn.exec_driver_sql(
        "INSERT INTO events (time, type, action, actor_id, attributes) "
        "SELECT CAST(strftime('%s', 'now') AS INTEGER) * 1000000000, 'container', 'die', ?, '{}' "
        "FROM (VALUES (1), (2), (3))",
        (CACHE,),
    )
    found = rows(conn, "SELECT container_name, deaths_last_hour FROM v_restart_loops ORDER BY container_name")
    assert [tuple(row.values()) for row in found] == [("cache", 3), ("eager_hopper", 0), ("web", 0)]


def test_what_changed_in_the_last_hour_leaves_out_what_is_older(conn: Connection) -> None:
    conn.exec_driver_sql(
        "INSERT INTO events (time, type, action, actor_id, attributes) "
        "SELECT (CAST(strftime('%s', 'now') AS INTEGER) - t.column2) * 1000000000, 'container', t.column1, ?, "
        """'{"name":"web"}' FROM (VALUES ('start', 3700), ('pause', 3500), ('exec_die: x', 10)) t""",
        (WEB,),
    )
    found = rows(conn, "SELECT actor_id, actor_name, events, last_action FROM v_changed_last_hour")
    assert found == [{"actor_id": WEB, "actor_name": "web", "events": 2, "last_action": "exec_die"}]
