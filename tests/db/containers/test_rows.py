from collections.abc import Callable
from typing import Any

import pytest

from statesvc.db.containers import conditions, listing, names
from statesvc.db.containers import rows as containers
from statesvc.db.containers.rows import BY_ID, RANKED, RANKED_ROW
from statesvc.db.sqlite import Connection
from statesvc.db.statements import Query, Statement
from statesvc.errors import Damaged, InvalidParameter, NotFound

Make = Callable[..., str]
A, B = "a" * 64, "ab" + "c" * 62


def test_a_full_id_finds_its_container(conn: Connection, make: Make) -> None:
    assert containers.inspect(conn, make("web")).name == "web"


@pytest.mark.parametrize("reference", ["web", "/web"])
def test_a_name_finds_its_container_with_or_without_slash(conn: Connection, make: Make, reference: str) -> None:
    container_id = make("web")
    assert containers.find(conn, reference).id == container_id


def test_a_unique_prefix_finds_its_container(conn: Connection, make: Make) -> None:
    make("web", container_id=A)
    make("db", container_id=B)
    assert containers.find(conn, "aa").id == A
    assert containers.find(conn, "ab").id == B


def test_a_prefix_finds_ids_to_the_last_digit(conn: Connection, make: Make) -> None:
    for first, container_id in (("0", "0" + "f" * 63), ("f", "f" * 64), ("e", "ef" + "0" * 62)):
        make(f"web{first}", container_id=container_id)
        assert containers.find(conn, first).id == container_id
        assert containers.inspect(conn, first).id == container_id


def test_an_ambiguous_prefix_is_an_error_of_its_own(conn: Connection, make: Make) -> None:
    make("web", container_id=A)
    make("db", container_id=B)
    with pytest.raises(InvalidParameter, match="multiple IDs found with provided prefix: a"):
        containers.find(conn, "a")


def test_an_exact_name_wins_over_an_ambiguous_prefix(conn: Connection, make: Make) -> None:
    make("web", container_id=A)
    make("db", container_id="aa" + "c" * 62)
    named = make("aa", container_id="f" * 64)
    assert containers.inspect(conn, "aa").id == named


def test_a_full_id_wins_over_a_name(conn: Connection, make: Make) -> None:
    make("web", container_id=A)
    make(A, container_id=B)
    assert containers.inspect(conn, A).id == A
    assert containers.find(conn, A).id == A


def test_a_name_of_64_hexadecimal_digits_is_found_when_no_id_is_like_it(conn: Connection, make: Make) -> None:
    make(A, container_id=B)
    assert containers.inspect(conn, A).id == B


@pytest.mark.parametrize("reference", ["web", A, A[:12]])
def test_one_that_is_created_while_it_is_looked_up_is_not_called_damaged(
    conn: Connection, make: Make, reference: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was: inspect asked a second statement why the first had found nothing, and that found the container."""
    look_up = containers.best

    def create_after(*args: Any) -> Any:
        try:
            return look_up(*args)
        finally:
            monkeypatch.setattr(containers, "best", look_up)
            make("web", container_id=A)

    monkeypatch.setattr(containers, "best", create_after)
    with pytest.raises(NotFound):
        containers.inspect(conn, reference)
    assert containers.inspect(conn, reference).id == A


def test_one_without_documents_is_damaged(conn: Connection, make: Make) -> None:
    make("web", container_id=A)
    conn.exec_driver_sql("DROP TRIGGER containers_keep_their_documents")
    conn.exec_driver_sql("DELETE FROM container_specs")
    for reference in ("web", A, A[:12]):
        with pytest.raises(Damaged, match=f"container {A} is damaged: its documents are missing"):
            containers.inspect(conn, reference)
    assert containers.with_documents(conn, A) is None


@pytest.mark.parametrize("reference", ["nosuch", "A" * 12, "a%", "a_", "b" * 70, "\0", "'", "é", "g"])
def test_an_unknown_reference_is_not_found(conn: Connection, make: Make, reference: str) -> None:
    make("web", container_id=A)
    make("db", container_id=B)
    with pytest.raises(NotFound, match="No such container: "):
        containers.find(conn, reference)


def test_an_empty_reference_is_an_error_of_its_own(conn: Connection) -> None:
    with pytest.raises(InvalidParameter, match='invalid name or ID supplied: ""'):
        containers.find(conn, "")


def test_a_link_finds_the_child_and_shows_at_the_parent(conn: Connection, make: Make) -> None:
    parent, child = make("web"), make("db")
    names.reserve(conn, "web/store", child, parent_id=parent)
    assert containers.find(conn, "web/store").id == child
    assert containers.inspect(conn, parent).links == '"/db:/web/store"'
    assert containers.inspect(conn, child).links is None


def test_a_change_is_counted_in_the_revision(conn: Connection, make: Make) -> None:
    container_id = make("web")
    assert containers.touch(conn, container_id) == 2
    assert containers.find(conn, container_id).revision == 2


def test_a_list_shows_every_name(conn: Connection, make: Make) -> None:
    parent, child = make("web"), make("db")
    names.reserve(conn, "web/store", child, parent_id=parent)
    shown = {row.id: row.names for rows, _ in listing.pages(conn) for row in rows}
    assert shown[parent] == '"/web"'
    assert set(shown[child].split(",")) == {'"/db"', '"/web/store"'}


def plan(conn: Connection, sql: str, parameters: int) -> str:
    return "\n".join(row[3] for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", tuple("a" * parameters)))


@pytest.mark.parametrize("query", [BY_ID, RANKED, RANKED_ROW], ids=["by id", "ranked", "ranked row"])
def test_a_look_up_searches_indexes_and_scans_no_table(conn: Connection, query: Query[containers.Inspection]) -> None:
    steps = plan(conn, query.sql, query.sql.count("?")).splitlines()
    scans = [step for step in steps if step.startswith("SCAN") and step not in {"SCAN found", "SCAN prefixed"}]
    assert scans == []


def test_a_look_up_still_searches_after_analyze_saw_one_kind_of_row(conn: Connection, make: Make) -> None:
    for number in range(50):
        make(f"web{number}")
    conn.exec_driver_sql("ANALYZE")
    assert "SCAN link" not in plan(conn, BY_ID.sql, BY_ID.sql.count("?"))


def test_a_list_needs_no_sorting(conn: Connection) -> None:
    assert "TEMP B-TREE" not in plan(conn, listing.EVERY.sql, listing.EVERY.sql.count("?"))


@pytest.mark.parametrize(
    ("prefix", "found"), [("a", None), ("ab", B), (A, A), ("f", None), ("", None), ("ab" + "g", None)]
)
def test_a_filter_by_id_means_the_only_container_that_begins_so(
    conn: Connection, make: Make, prefix: str, found: str | None
) -> None:
    make("web", container_id=A)
    make("db", container_id=B)
    assert listing.only_with_prefix(conn, prefix) == found


PORTS = [conditions.PortRange(80, 90, "tcp")]


@pytest.mark.parametrize(
    ("condition", "index"),
    [
        pytest.param(
            conditions.labelled("tier", "front"), "ix_container_labels_key_value (key=? AND value=?)", id="label"
        ),
        pytest.param(conditions.labelled("tier", None), "ix_container_labels_key_value (key=?)", id="label-key"),
        pytest.param(conditions.state_in(["dead"]), "ix_containers_state_created_at_id (state=?)", id="status"),
        pytest.param(conditions.live(), "ix_containers_state_created_at_id (state=?)", id="live"),
        pytest.param(conditions.image_in(["sha256:" + "b" * 64]), "ix_containers_image_id (image_id=?)", id="ancestor"),
        pytest.param(conditions.ids([A, B]), "sqlite_autoindex_containers_1 (id=?)", id="id-and-name"),
        pytest.param(conditions.in_network(["bridge"]), "ix_container_networks_name (name=?)", id="network"),
        pytest.param(
            conditions.in_network(["c0ffee"]), "ix_container_networks_network_id (network_id>? AND network_id<?)",
            id="network-id",
        ),
        pytest.param(
            conditions.has_port(published=PORTS, exposed=[]),
            "ix_container_ports_public_port (public_port>? AND public_port<?)", id="publish",
        ),
        pytest.param(
            conditions.has_port(published=[], exposed=PORTS),
            "ix_container_ports_private_port (private_port>? AND private_port<?)", id="expose",
        ),
    ],
)  # fmt: skip
def test_a_filtered_list_searches_an_index_and_scans_no_documents(
    conn: Connection, condition: conditions.Condition, index: str
) -> None:
    steps = plan_of(conn, [condition])
    assert index in steps
    assert "container_specs" not in steps
    assert "SCAN containers" not in steps


@pytest.mark.parametrize(
    "by_state", [conditions.live(searched=False), conditions.state_in(["created"], searched=False)]
)
def test_a_label_is_searched_before_a_state(conn: Connection, by_state: conditions.Condition) -> None:
    steps = plan_of(conn, [by_state, conditions.labelled("tier", "front")])
    assert "ix_container_labels_key_value (key=? AND value=?)" in steps
    assert "ix_containers_state" not in steps


@pytest.mark.parametrize("statement", [listing.OWN_NAMES, listing.CONTAINING, listing.BEGINNING])
def test_a_name_filter_reads_names_only(conn: Connection, statement: Statement) -> None:
    steps = plan(conn, statement.sql, statement.sql.count("?")).splitlines()
    assert [step for step in steps if "container_names" not in step] == []


def test_the_beginning_of_a_name_is_a_range_of_the_names(conn: Connection) -> None:
    steps = plan(conn, listing.BEGINNING.sql, listing.BEGINNING.sql.count("?"))
    assert steps == "SEARCH container_names USING PRIMARY KEY (name>? AND name<?)"


def plan_of(conn: Connection, chosen: list[conditions.Condition]) -> str:
    sql = listing.filtered(chosen).sql
    return plan(conn, sql, sql.count("?"))
