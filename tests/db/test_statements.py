from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest
from sqlalchemy import Select, bindparam, insert, literal_column, select, update

from statesvc.db.schema.tables import container_names, scripts
from statesvc.db.sqlite import Connection
from statesvc.db.statements import Query, Statement

_S, _N = scripts.c, container_names.c
DIGEST = "sha256:" + "a" * 64


class Made(NamedTuple):
    digest: str
    created_at: int
    rank: int = 0


ADD = Statement(insert(scripts))
MADE = Query(
    select(_S.digest, _S.created_at, literal_column("1").label("rank"))
    .where(_S.created_at >= bindparam("time"), _S.created_at <= bindparam("time"), _S.digest == bindparam("digest"))
    .limit(1),
    Made,
)
EVERY = Statement(select(_S.digest))
ROW = {"digest": DIGEST, "content": b"#!", "created_at": 7, "restored_at": None, "restored_because": None}


def without(name: str) -> dict[str, object]:
    return {key: value for key, value in ROW.items() if key != name}


def test_a_query_finds_rows_with_the_names_of_its_columns(conn: Connection) -> None:
    ADD.run(conn, ROW)
    assert MADE.first(conn, {"time": 7, "digest": DIGEST}) == Made(digest=DIGEST, created_at=7, rank=1)
    assert MADE.all(conn, {"digest": DIGEST, "time": 8}) == []


@pytest.mark.parametrize("name", ROW)
def test_an_insert_without_a_column_is_refused_and_writes_nothing(conn: Connection, name: str) -> None:
    with pytest.raises(TypeError, match=rf"missing parameters \['{name}'\], unknown parameters \[\]: INSERT INTO"):
        ADD.run(conn, without(name))
    with pytest.raises(TypeError, match="missing parameters"):
        ADD.run_many(conn, [ROW, without(name)])
    assert EVERY.value(conn, {}) is None


@pytest.mark.parametrize(
    ("statement", "parameters", "missing", "unknown"),
    [
        (MADE, {"time": 7}, "'digest'", ""),
        (MADE, {"time": 7, "id": 1}, "'digest'", "'id'"),
        (MADE, {"time": 7, "digest": DIGEST, "id": 1}, "", "'id'"),
        (ADD, ROW | {"size": 1}, "", "'size'"),
        (Statement(select(_S.digest).where(_S.digest == bindparam("digest"))), {"id": 1}, "'digest'", "'id'"),
        (EVERY, {"digest": DIGEST}, "", "'digest'"),
    ],
)
def test_a_parameter_that_is_missing_or_unknown_is_refused(
    conn: Connection, statement: Statement, parameters: Mapping[str, Any], missing: str, unknown: str
) -> None:
    with pytest.raises(TypeError) as refused:
        statement.run(conn, parameters)
    assert f"missing parameters [{missing}], unknown parameters [{unknown}]: " in str(refused.value)


@pytest.mark.parametrize(
    "statement",
    [
        select(_S.digest),
        select(_S.digest, _S.created_at),
        select(_S.created_at, _S.digest, literal_column("1").label("rank")),
        select(_S.digest, _S.created_at, literal_column("1").label("found")),
        select(_S.digest, _S.created_at, literal_column("1").label("rank"), _S.restored_at),
    ],
    ids=["too few", "without what has a default", "in another order", "another name", "too many"],
)
def test_a_query_whose_columns_are_not_the_fields_of_its_row_is_refused(statement: Select[Any]) -> None:
    with pytest.raises(TypeError, match=r"are not the fields of Made: \('digest', 'created_at', 'rank'\)"):
        Query(statement, Made)


def test_a_constant_is_part_of_the_text_so_that_a_partial_index_fits(conn: Connection) -> None:
    statement = Statement(select(_N.name).where(_N.container_id == bindparam("of"), _N.kind == "primary"))
    (step,) = (row[3] for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement.sql}", ("a",)))
    assert "uq_container_names_primary" in step


def test_a_constant_is_no_parameter_and_is_written_as_it_is(conn: Connection) -> None:
    ADD.run(conn, ROW | {"restored_because": "missing"})
    change = Statement(update(scripts).where(_S.digest == bindparam("of")).values(restored_at=3))
    change.run(conn, {"of": DIGEST})
    assert Statement(select(_S.restored_at, _S.restored_because)).run(conn, {}).fetchone() == (3, "missing")
