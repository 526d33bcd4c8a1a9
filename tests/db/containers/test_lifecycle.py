from collections.abc import Callable

import pytest

from statesvc.db.containers import execs, lifecycle
from statesvc.db.sqlite import Connection
from statesvc.db.statements import Statement
from statesvc.domain.state import State
from statesvc.errors import InvalidParameter, NotFound

A, B = "a" * 64, "ab" + "c" * 62
Make = Callable[..., str]


def plan(conn: Connection, statement: Statement) -> list[str]:
    parameters = tuple("a" * statement.sql.count("?"))
    return [row[3] for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement.sql}", parameters)]


def test_a_look_up_searches_indexes_and_scans_no_table(conn: Connection) -> None:
    scans = [step for step in plan(conn, lifecycle.FIND) if step.startswith("SCAN")]
    assert set(scans) <= {"SCAN found", "SCAN prefixed"}


@pytest.mark.parametrize("statement", [execs.END_ALL, execs.FORGET], ids=["end all", "forget"])
def test_the_processes_of_a_container_are_searched_in_an_index(conn: Connection, statement: Statement) -> None:
    assert plan(conn, statement) == [
        "SEARCH execs USING INDEX ix_execs_container_id_state (container_id=? AND state=?)"
    ]


@pytest.mark.parametrize("reference", ["web", "/web", A, A[:12]])
def test_a_life_is_found_as_every_container_is(conn: Connection, make: Make, reference: str) -> None:
    make("web", container_id=A)
    found = lifecycle.find(conn, reference)
    assert (found.id, found.name, found.state, found.attempt, found.runtime_id) == (A, "web", State.CREATED, 0, None)


@pytest.mark.parametrize(
    ("reference", "kind", "message"),
    [
        ("", InvalidParameter, "invalid name or ID supplied"),
        ("a", InvalidParameter, "multiple IDs found with provided prefix: a"),
        ("nosuch", NotFound, "No such container: nosuch"),
    ],
)
def test_what_means_no_container_is_refused(
    conn: Connection, make: Make, reference: str, kind: type[Exception], message: str
) -> None:
    make("web", container_id=A)
    make("db", container_id=B)
    with pytest.raises(kind, match=message):
        lifecycle.find(conn, reference)


def test_what_is_stored_is_what_is_found_one_revision_on(conn: Connection, make: Make) -> None:
    make("web", container_id=A)
    make("other", container_id=B)
    before, other = lifecycle.find(conn, A), lifecycle.find(conn, B)
    stored = lifecycle.store(conn, before._replace(state=State.RUNNING, pid=7, started_at=5, attempt=1, error="e"))
    assert stored == lifecycle.find(conn, A)
    assert stored.revision == before.revision + 1
    assert lifecycle.find(conn, B) == other
