from collections.abc import Callable

import pytest
from stored_rows import disarmed

from statesvc.db.containers import names
from statesvc.db.containers import rows as containers
from statesvc.db.sqlite import Connection, bare
from statesvc.errors import NameConflict

Make = Callable[..., str]


def test_a_reserved_name_has_its_owner(conn: Connection, make: Make) -> None:
    container_id = make("web")
    assert names.owner(conn, "web") == container_id


def test_reserving_again_for_the_same_owner_changes_nothing(conn: Connection, make: Make) -> None:
    container_id = make("web")
    names.reserve(conn, "web", container_id)
    assert names.owner(conn, "web") == container_id


def test_reserving_a_taken_name_tells_its_owner(conn: Connection, make: Make) -> None:
    owner, other = make("web"), make("db")
    with pytest.raises(NameConflict) as caught:
        names.reserve(conn, "web", other)
    assert (caught.value.name, caught.value.owner_id) == ("web", owner)


def test_names_that_differ_in_case_are_different(conn: Connection, make: Make) -> None:
    assert make("web") != make("WEB")


def test_the_old_name_is_free_at_once_after_a_rename(conn: Connection, make: Make) -> None:
    container_id = make("web")
    names.rename(conn, container_id, "web", "www")
    assert names.owner(conn, "web") is None
    assert names.primary(conn, container_id) == "www"


def test_renaming_to_a_taken_name_conflicts_and_keeps_the_old(conn: Connection, make: Make) -> None:
    container_id, owner = make("web"), make("db")
    with pytest.raises(NameConflict, match=owner):
        names.rename(conn, container_id, "web", "db")
    assert names.primary(conn, container_id) == "web"


def test_renaming_the_parent_moves_its_links(conn: Connection, make: Make) -> None:
    parent, child = make("web"), make("db")
    names.reserve(conn, "web/store", child, parent_id=parent)
    names.rename(conn, parent, "web", "www")
    assert names.owner(conn, "www/store") == child
    assert names.owner(conn, "web/store") is None


def test_removing_the_parent_removes_the_names_of_its_links(conn: Connection, make: Make) -> None:
    parent, child = make("web"), make("db")
    names.reserve(conn, "web/store", child, parent_id=parent)
    containers.remove(conn, parent)
    assert names.owner(conn, "web/store") is None
    assert names.owner(conn, "db") == child


def test_a_rename_takes_along_the_aliases_under_a_name_that_was_lost(conn: Connection, make: Make) -> None:
    parent, child = make("web"), make("db")
    names.reserve(conn, "web/store", child, parent_id=parent)
    conn.exec_driver_sql("UPDATE container_names SET name = 'shop' WHERE name = 'web'")
    names.rename(conn, parent, "shop", "site")
    assert names.owner(conn, "site/store") == child
    assert names.owner(conn, "web/store") is None


def test_removing_a_container_frees_its_name(conn: Connection, make: Make) -> None:
    containers.remove(conn, make("web"))
    assert names.owner(conn, "web") is None


def test_a_made_up_name_is_the_first_that_is_free(conn: Connection, make: Make) -> None:
    make("bold_noether")
    container_id = make("other")
    with disarmed(bare(conn)):
        names.release(conn, "other")
    assert names.reserve_first_free(conn, ("bold_noether", "calm_turing"), container_id) == "calm_turing"


def test_a_second_primary_name_is_refused_by_the_database(conn: Connection, make: Make) -> None:
    container_id = make("web")
    with pytest.raises(Exception, match="a container has one name of its own"):
        names.reserve(conn, "second", container_id)
