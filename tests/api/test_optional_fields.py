"""What the engine protocol documents as optional may be absent, and may be null: every field of every report."""

import copy
import inspect
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from damage import lawless
from reporting import CONFIGURED, configure
from service import Service, running

from statesvc.domain.documents import Document, reports
from statesvc.domain.documents.go_types import bare_type
from statesvc.domain.times import parse

OWN = "/statesvc/v1/containers"
TIMES = {"Start": "2026-01-01T00:00:00Z", "End": "2026-01-01T00:00:01Z"}
PROCESS = {"Entrypoint": "sh", "Arguments": ["-c"], "Tty": True, "Privileged": True, "User": "nobody"}
OPENED = {"OpenStdin": True, "OpenStdout": True, "OpenStderr": True}
# Each document's path after the container or exec, and a body with all of its fields.
FULL: dict[type[Document], tuple[str, dict[str, Any]]] = {
    reports.PrepareStartRequest: ("prepare-start", {"Engine": "engine-1"}),
    reports.AdoptRequest: ("adopt", {"Engine": "engine-1", "Pid": 7}),
    reports.StartedReport: ("started", {"Attempt": 1, "Pid": 42}),
    reports.StartFailedReport: ("start-failed", {"Attempt": 1, "ExitCode": 127, "Error": "no such file"}),
    reports.ExitedReport: (
        "exited",
        {"ExitCode": 1, "Attempt": 1, "Error": "no memory", "OomKilled": True, "Manual": True},
    ),
    reports.RestartingReport: ("restarting", {"ExitCode": 1, "Attempt": 1, "OomKilled": True}),
    reports.HealthReport: ("health", {"Status": "healthy", "Probe": {"ExitCode": 0, "Output": "fine"} | TIMES}),
    reports.ExecStartedReport: (
        "execs",
        {"Engine": "engine-1", "Process": PROCESS, "Id": "e" * 64, "Pid": 50} | OPENED,
    ),
    reports.ExecEndedReport: ("ended", {"ExitCode": 3}),
}


def fields_of(document: type[Document], *above: str) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Yield the path of each field of a document and of those within, and whether it is optional."""
    for name, field in document.model_fields.items():
        yield (*above, name), not field.is_required()
        kind = bare_type(field.annotation)
        if isinstance(kind, type) and issubclass(kind, Document):
            yield from fields_of(kind, *above, name)


OPTIONAL = [(document, path) for document in FULL for path, optional in fields_of(document) if optional]


def without(body: dict[str, Any], path: tuple[str, ...], *, null: bool) -> dict[str, Any]:
    """Return the body without this field, or with null in it."""
    changed = copy.deepcopy(body)
    inner = changed
    for step in path[:-1]:
        inner = inner[step]
    if null:
        inner[path[-1]] = None
    else:
        del inner[path[-1]]
    return changed


@pytest.fixture(scope="module")
def engines(loaded_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("optional")
    shutil.copytree(loaded_root, folder / "data")
    configure(folder / "daemon.json", CONFIGURED)
    with running(folder / "data", "--config-file", str(folder / "daemon.json")) as started:
        yield started


def ready_for(engines: Service, verb: str) -> str:
    """Create a container in the state that the report is about; return its ID."""
    container = engines.create(HostConfig={"Runtime": "plain"})
    if verb == "adopt":
        with lawless(engines.data_root) as raw:
            as_imported = "state = 'running', started_at = 1, pid = 7, started_before = 1"
            raw.execute(f"UPDATE containers SET {as_imported} WHERE id = ?", (container,))
        return container
    assert engines.call("POST", f"{OWN}/{container}/prepare-start", {"Engine": "engine-1"}).status == 200
    if verb != "start-failed":
        assert engines.call("POST", f"{OWN}/{container}/started", {"Attempt": 1, "Pid": 42}).status == 200
    return container


def test_every_field_of_every_document_is_tried() -> None:
    everything = {kind for _, kind in inspect.getmembers(reports, inspect.isclass) if issubclass(kind, Document)}
    assert everything - FULL.keys() == {Document, reports.ProbeReport, reports.ExecProcess}  # the last two are within
    for document, (_, body) in FULL.items():
        for path, _ in fields_of(document):
            within: Any = body
            for step in path:
                within = within[step]
            assert within is not None
    assert (reports.HealthReport, ("Probe", "Start")) in OPTIONAL


@pytest.mark.parametrize("null", [False, True], ids=["absent", "null"])
@pytest.mark.parametrize(
    ("document", "path"), OPTIONAL, ids=[f"{document.__name__}-{'.'.join(path)}" for document, path in OPTIONAL]
)
def test_an_optional_field_may_be_missing(
    engines: Service, document: type[Document], path: tuple[str, ...], null: bool
) -> None:
    verb, body = FULL[document]
    if "Id" in body and path != ("Id",):
        body = body | {"Id": engines.create()}
    container = ready_for(engines, verb)
    answer = engines.call("POST", f"{OWN}/{container}/{verb}", without(body, path, null=null))
    assert answer.status in {200, 201}, answer.body


@pytest.mark.parametrize("times", [{}, {"Start": None, "End": None}, dict.fromkeys(TIMES, "0001-01-01T00:00:00Z")])
def test_a_probe_without_times_is_one_of_now(engines: Service, times: dict[str, str | None]) -> None:
    container = ready_for(engines, "health")
    answer = engines.call("POST", f"{OWN}/{container}/health", {"Probe": {"ExitCode": 0} | times})
    assert answer.status == 200, answer.body
    state = engines.call("GET", f"/containers/{container}/json").json()["State"]
    (probe,) = state["Health"]["Log"]
    assert probe["Start"] == probe["End"]
    assert (parse(probe["Start"]) or 0) > (parse(state["StartedAt"]) or 0)
