"""The floors of foreign clients: what they hold, how they are told, and the document that is made from them."""

import json
from pathlib import Path

from foreign import floors
from foreign.causes import CAUSES, UNKNOWN, cause_of
from foreign.floors import Floor
from foreign.outcomes import Outcome, of_junit, of_lines
from foreign.run import CLIENTS

FLOOR = Floor("1.0", ("a", "b"), {"engine": ("c",)})
JUNIT = """<testsuites><testsuite>
    <testcase classname="tests.test_x" name="good"/>
    <testcase classname="tests.test_x" name="bad"><failure message="first">E   second\nno reason</failure></testcase>
    <testcase classname="tests.test_x" name="bad"><error message="third"/></testcase>
    <testcase classname="tests.test_x" name="left_out"><skipped/></testcase>
    <testcase classname="tests.test_x" name="torn_down"/>
    <testcase classname="tests.test_x" name="torn_down"><error message="late"/></testcase>
</testsuite></testsuites>"""


def test_a_test_that_fails_is_named_with_its_message() -> None:
    assert FLOOR.broken([Outcome("a"), Outcome("b", "it answered 500"), Outcome("c", "x")]) == ["b: it answered 500"]


def test_a_test_that_did_not_run_is_named() -> None:
    assert FLOOR.broken([Outcome("a")]) == ["b: it did not run"]


def test_a_floor_that_holds_has_nothing_to_say() -> None:
    assert FLOOR.broken([Outcome("a"), Outcome("b"), Outcome("c")]) == []


def test_what_passes_above_the_floor_is_named() -> None:
    assert FLOOR.above([Outcome("a"), Outcome("c"), Outcome("d", "x")]) == ["c"]


def test_outcomes_become_a_floor_by_cause() -> None:
    found = [
        Outcome("a"),
        Outcome("b"),
        Outcome("c", "501: no engine is connected to it"),
        Outcome("d", "no such thing"),
    ]
    assert floors.of_outcomes("1.0", found) == Floor("1.0", ("a", "b"), {"engine": ("c",), UNKNOWN: ("d",)})


def test_a_junit_file_tells_each_test_once(tmp_path: Path) -> None:
    (tmp_path / "report.xml").write_text(JUNIT)
    assert of_junit(tmp_path / "report.xml") == [
        Outcome("test_x::good"),
        Outcome("test_x::bad", "first\nsecond"),
        Outcome("test_x::torn_down", "late"),
    ]


def test_a_script_tells_a_call_a_line() -> None:
    lines = [json.dumps({"name": "ping"}), "a warning", json.dumps({"name": "pull", "failure": "501"})]
    assert of_lines("\n".join(lines)) == [Outcome("ping"), Outcome("pull", "501")]


def test_every_client_has_a_floor_and_passes_something() -> None:
    held = floors.read()
    assert sorted(held) == sorted(CLIENTS)
    assert all(floor.passes for floor in held.values())


def test_every_failure_has_a_cause_that_is_explained() -> None:
    assert {cause for floor in floors.read().values() for cause in floor.fails} - set(CAUSES) == set()


def test_a_test_stands_in_a_floor_once() -> None:
    for floor in floors.read().values():
        names = [*floor.passes, *(name for failed in floor.fails.values() for name in failed)]
        assert len(names) == len(set(names))


def test_a_failure_without_a_known_message_has_no_cause() -> None:
    assert cause_of("assert None == []") == UNKNOWN


def test_the_document_is_in_step_with_the_floors() -> None:
    assert floors.DOCUMENT.read_text() == floors.markdown(floors.read()), "make docs"
