"""The engine protocol over the socket: bodies, answers, revisions as ETags, and what Docker's API shows of it."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from reporting import CONFIGURED, configure
from service import Answer, Service, now, running

OWN = "/statesvc/v1/containers"
PID = "the number of a process, which is from 1 to 2147483647"
ENGINE = "an engine names itself with 1 to 128 printable characters, the same as long as it runs"
EXEC_ID = "'zz' cannot be the ID of an exec: it is 64 hexadecimal digits in lower case"
EXIT_CODE = "an exit code, which is from -1 to 2147483647"


@pytest.fixture(scope="module")
def engines(loaded_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service whose runtimes are binaries that every machine has."""
    folder = tmp_path_factory.mktemp("engines")
    shutil.copytree(loaded_root, folder / "data")
    configure(folder / "daemon.json", CONFIGURED)
    with running(folder / "data", "--config-file", str(folder / "daemon.json")) as started:
        yield started


def report(service: Service, name: str, verb: str, body: object = None, *, revision: int | None = None) -> Answer:
    headers = {} if revision is None else {"If-Match": f'"{revision}"'}
    return service.call("POST", f"{OWN}/{name}/{verb}", body, headers=headers)


def start(service: Service, runtime: str = "plain", **body: object) -> tuple[str, dict[str, Any]]:
    """Create a container and report it as started; return its ID and what it is run by."""
    container = service.create(HostConfig={"Runtime": runtime}, **body)
    prepared = report(service, container, "prepare-start", {"Engine": "engine-1"})
    assert prepared.status == 200, prepared.body
    started = report(service, container, "started", {"Attempt": prepared.json()["Attempt"], "Pid": 42})
    assert started.status == 200, started.body
    return container, prepared.json()


def test_a_prepared_start_is_answered_in_full(engines: Service) -> None:
    container = engines.create("in-full", HostConfig={"Runtime": "wrapped", "SecurityOpt": ["no-new-privileges"]})
    answer = report(engines, "in-full", "prepare-start", {"Engine": "engine-1"})
    handle = answer.json()
    digest = handle["Runtime"]["ScriptDigest"]
    assert handle == {
        "Id": container,
        "Name": "in-full",
        "Revision": 2,
        "Attempt": 1,
        "Runtime": {
            "Name": "wrapped",
            "Version": 2,
            "Path": handle["Runtime"]["ScriptPath"],
            "Binary": "/bin/true",
            "Args": ["--log", "/a b/$c"],
            "Type": None,
            "Options": None,
            "ScriptPath": f"{engines.data_root}/runtimes/wrapped.{digest.removeprefix('sha256:')}",
            "ScriptDigest": digest,
        },
        "Security": {
            "ProcessLabel": "",
            "MountLabel": "",
            "AppArmorProfile": handle["Security"]["AppArmorProfile"],
            "SeccompProfile": handle["Security"]["SeccompProfile"],
            "NoNewPrivileges": True,
        },
    }
    assert answer.headers["etag"] == '"2"'
    assert "exec /bin/true --log '/a b/$c'" in Path(handle["Runtime"]["Path"]).read_text()


def test_a_life_is_what_docker_shows(engines: Service) -> None:
    container, prepared = start(engines)

    def shown() -> tuple[str, int, int]:
        state = engines.call("GET", f"/containers/{container}/json").json()["State"]
        return state["Status"], state["Pid"], state["ExitCode"]

    seen = [shown()]
    for verb, body in (("paused", None), ("unpaused", None), ("restarting", {"ExitCode": 1})):
        assert report(engines, container, verb, body).status == 200
        seen.append(shown())
    again = report(engines, container, "started", {"Attempt": prepared["Attempt"], "Pid": 43})
    assert again.json() == {"Id": container, "State": "running", "Attempt": 1, "Revision": 7}
    assert again.headers["etag"] == '"7"'
    seen.append(shown())
    report(engines, container, "exited", {"ExitCode": 137, "OomKilled": True, "Error": "no memory"})
    seen.append(shown())
    report(engines, container, "removing")
    report(engines, container, "dead")
    seen.append(shown())
    assert seen == [
        ("running", 42, 0), ("paused", 42, 0), ("running", 42, 0), ("restarting", 0, 1), ("running", 43, 0),
        ("exited", 0, 137), ("dead", 0, 137),
    ]  # fmt: skip
    assert report(engines, container, "removed").status == 204
    assert engines.call("GET", f"/containers/{container}/json").is_refusal(404)


def test_the_journal_tells_a_life_in_docker_words(engines: Service) -> None:
    container, _ = start(engines)
    report(engines, container, "paused")
    report(engines, container, "unpaused")
    report(engines, container, "health", {"Status": "healthy"})
    report(engines, container, "exited", {"ExitCode": 137, "OomKilled": True})
    report(engines, container, "removed")
    query = {"since": "1", "until": now(), "filters": json.dumps({"container": [container]})}
    lines = engines.call("GET", "/events", query=query).body.splitlines()
    actions = [json.loads(line)["Action"] for line in lines]
    docker_s = ["create", "start", "pause", "unpause", "health_status: healthy", "oom", "die", "destroy"]
    assert actions == docker_s
    answer = engines.call("GET", "/statesvc/v1/events", query={"follow": "0", "filters": query["filters"]})
    own = [json.loads(line)["Action"] for line in answer.body.splitlines()]
    assert own == ["create", "prepare", *docker_s[1:]]


def test_events_without_a_counterpart_in_docker_are_left_out(engines: Service) -> None:
    container = engines.create(HostConfig={"Runtime": "plain"})
    attempt = report(engines, container, "prepare-start", {"Engine": "engine-1"}).json()["Attempt"]
    report(engines, container, "start-failed", {"Attempt": attempt, "Error": "no such file", "ExitCode": 127})
    query = {"since": "1", "until": now(), "filters": json.dumps({"container": [container]})}
    lines = engines.call("GET", "/events", query=query).body.splitlines()
    assert [json.loads(line)["Action"] for line in lines] == ["create"]


def test_a_forced_removal_tells_which_engine_has_the_container(engines: Service) -> None:
    container, _ = start(engines)
    answer = engines.call("DELETE", f"/containers/{container}?force=1")
    assert answer.is_refusal(409)
    assert "engine engine-1 runs it" in answer.message


def test_the_locked_runtime_can_be_asked_for(engines: Service) -> None:
    container, prepared = start(engines, "shim")
    answer = engines.call("GET", f"{OWN}/{container}/runtime")
    assert answer.json()["Runtime"] == prepared["Runtime"]
    assert (prepared["Runtime"]["Path"], prepared["Runtime"]["Type"]) == (None, "io.containerd.kata.v2")
    assert answer.headers["etag"] == f'"{answer.json()["Revision"]}"'


def test_an_exec_is_shown_as_docker_shows_it(engines: Service) -> None:
    container, _ = start(engines)
    process = {"Entrypoint": "sh", "Arguments": ["-c", "ls"], "Tty": True, "env": ["SECRET=1"]}
    body = {"Engine": "engine-1", "Pid": 50, "Process": process, "OpenStdout": True}
    begun = report(engines, container, "execs", body)
    assert begun.status == 201, begun.body
    exec_id = begun.json()["ExecId"]
    assert begun.json()["Runtime"]["Binary"] == "/bin/true"
    assert engines.call("GET", f"/containers/{container}/json").json()["ExecIDs"] == [exec_id]
    shown = engines.call("GET", f"/exec/{exec_id}/json")
    assert shown.json() == {
        "ID": exec_id,
        "Running": True,
        "ExitCode": None,
        "ProcessConfig": {"tty": True, "entrypoint": "sh", "arguments": ["-c", "ls"], "privileged": False},
        "OpenStdin": False,
        "OpenStderr": False,
        "OpenStdout": True,
        "CanRemove": False,
        "ContainerID": container,
        "DetachKeys": "",
        "Pid": 50,
    }
    assert engines.call("POST", f"/exec/{exec_id}/start", {}).is_refusal(409)
    assert engines.call("POST", f"/statesvc/v1/execs/{exec_id}/ended", {"ExitCode": 3}).status == 200
    ended = engines.call("GET", f"/exec/{exec_id}/json").json()
    assert (ended["Running"], ended["ExitCode"]) == (False, 3)
    assert engines.call("GET", f"/containers/{container}/json").json()["ExecIDs"] is None
    assert "SECRET" not in engines.log_text


def test_health_is_shown_as_docker_shows_it(engines: Service) -> None:
    container, _ = start(engines, Healthcheck={"Test": ["CMD", "true"]})
    probe = {"Start": "2026-01-01T00:00:00Z", "End": "2026-01-01T00:00:01.5Z", "ExitCode": 0, "Output": "fine"}
    assert report(engines, container, "health", {"Probe": probe}).status == 200
    shown = engines.call("GET", f"/containers/{container}/json").json()["State"]["Health"]
    logged = {"Start": probe["Start"], "End": probe["End"], "ExitCode": 0, "Output": "fine"}
    assert shown == {"Status": "healthy", "FailingStreak": 0, "Log": [logged]}


def test_a_stale_revision_fails_the_precondition(engines: Service) -> None:
    container, _ = start(engines)
    answer = report(engines, container, "paused", revision=1)
    assert answer.is_refusal(412)
    assert "revision 3, not at 1" in answer.message
    assert report(engines, container, "paused", revision=3).status == 200


@pytest.mark.parametrize(("header", "status"), [("*", 200), ('"3"', 200), ('W/"3"', 412), ("3", 400)])
def test_if_match_takes_an_etag(engines: Service, header: str, status: int) -> None:
    container, _ = start(engines)
    answer = engines.call("POST", f"{OWN}/{container}/paused", headers={"If-Match": header})
    assert answer.status == status, answer.body


@pytest.mark.parametrize(
    ("verb", "body", "fields"),
    [
        ("prepare-start", {}, ["/Engine"]),
        ("adopt", {"Pid": 0}, ["/Engine", "/Pid"]),
        ("started", {}, ["/Attempt", "/Pid"]),
        ("started", {"Attempt": 1, "Pid": -1}, ["/Pid"]),
        ("start-failed", {"Error": "x"}, ["/Attempt", "/ExitCode"]),
        ("exited", {}, ["/ExitCode"]),
        ("exited", {"ExitCode": -2}, ["/ExitCode"]),
        ("restarting", {}, ["/ExitCode"]),
        ("health", {}, ["/Probe"]),
        ("health", {"Status": "fine"}, ["/Status"]),
        ("health", {"Probe": {"Start": "now", "ExitCode": 0}}, ["/Probe/Start"]),
        ("health", {"Probe": {}}, ["/Probe/ExitCode"]),
        ("execs", {}, ["/Engine", "/Process"]),
        ("health", {"Status": "fine", "Probe": {"End": "now"}}, ["/Status", "/Probe/ExitCode", "/Probe/End"]),
        ("execs", {"Engine": "e", "Process": {}}, ["/Process/Entrypoint"]),
        (
            "execs",
            {"Process": {"Arguments": "x"}, "Pid": -1},
            ["/Engine", "/Process/Entrypoint", "/Process/Arguments", "/Pid"],
        ),
        ("execs", {"Engine": "", "Process": {"Entrypoint": ""}}, ["/Engine", "/Process/Entrypoint"]),
        ("execs", {"Engine": "e", "Process": {"Entrypoint": "x"}, "Pid": -1}, ["/Pid"]),
        ("exited", {"ExitCode": "0"}, ["/ExitCode"]),
        ("prepare-start", {"Engine": "\n"}, ["/Engine"]),
        ("adopt", {"Engine": "x" * 129, "Pid": 0}, ["/Engine", "/Pid"]),
        ("execs", {"Engine": "a\0b", "Process": {}, "Id": "zz"}, ["/Engine", "/Process/Entrypoint", "/Id"]),
        ("execs", {"Engine": "e", "Process": {"Entrypoint": "x"}, "Id": "E" * 64}, ["/Id"]),
    ],
)
def test_a_report_that_says_too_little_names_each_field(
    engines: Service, verb: str, body: object, fields: list[str]
) -> None:
    container, _ = start(engines)
    answer = report(engines, container, verb, body)
    assert answer.is_refusal(400)
    assert [problem["field"] for problem in answer.json()["errors"]] == fields


def test_a_missing_field_is_named_as_it_is_spelled(engines: Service) -> None:
    container, _ = start(engines)
    answer = report(engines, container, "execs", {"Process": {"Env": ["SECRET=1"]}})
    assert answer.json() == {
        "message": "Engine: it is required; Process.Entrypoint: it is required",
        "errors": [
            {"code": "required", "field": "/Engine", "message": "Engine: it is required", "value": None},
            {
                "code": "required",
                "field": "/Process/Entrypoint",
                "message": "Process.Entrypoint: it is required",
                "value": None,
            },
        ],
    }


@pytest.mark.parametrize(
    ("verb", "body", "code", "message", "value"),
    [
        ("adopt", {"Engine": "e", "Pid": 0}, "pid", f"Pid: 0 is not {PID}", 0),
        ("started", {"Attempt": 1, "Pid": 2**31}, "pid", f"Pid: 2147483648 is not {PID}", 2**31),
        ("exited", {"ExitCode": 2**32}, "exit-code", f"ExitCode: 4294967296 is not {EXIT_CODE}", 2**32),
        ("exited", {"ExitCode": -2}, "exit-code", f"ExitCode: -2 is not {EXIT_CODE}", -2),
        ("prepare-start", {"Engine": "\n"}, "engine", f"Engine: {ENGINE}", "\n"),
        ("execs", {"Engine": "e", "Process": {"Entrypoint": "x"}, "Id": "zz"}, "exec-id", f"Id: {EXEC_ID}", "zz"),
        ("health", {"Status": "fine"}, "health-status", "Status: it is one of starting, healthy, unhealthy", "fine"),
    ],
)
def test_an_impossible_value_has_a_code_of_its_own(
    engines: Service, verb: str, body: object, code: str, message: str, value: object
) -> None:
    container, _ = start(engines)
    answer = report(engines, container, verb, body).json()
    assert answer["message"] == message
    assert [(one["code"], one["message"], one["value"]) for one in answer["errors"]] == [(code, message, value)]


def test_field_names_are_read_in_any_case(engines: Service) -> None:
    container, _ = start(engines)
    assert report(engines, container, "exited", {"exitCode": 3, "OOMKILLED": True}).status == 200
    state = engines.call("GET", f"/containers/{container}/json").json()["State"]
    assert (state["ExitCode"], state["OOMKilled"]) == (3, True)


def test_a_start_of_what_runs_is_not_modified(engines: Service) -> None:
    container, _ = start(engines)
    assert report(engines, container, "prepare-start", {"Engine": "engine-1"}).status == 304


def test_a_pending_start_is_taken_over_with_its_revision(engines: Service) -> None:
    container = engines.create(HostConfig={"Runtime": "plain"})
    report(engines, container, "prepare-start", {"Engine": "engine-1"})
    refused = report(engines, container, "prepare-start", {"Engine": "engine-2"})
    assert refused.is_refusal(409)
    assert "'engine-1'" in refused.message
    assert report(engines, container, "prepare-start", {"Engine": "engine-2"}, revision=2).json()["Attempt"] == 2


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", f"{OWN}/nosuch/started", 400),
        ("POST", f"{OWN}/nosuch/paused", 404),
        ("GET", f"{OWN}/nosuch/runtime", 404),
        ("GET", f"{OWN}/nosuch/paused", 404),
        ("POST", f"{OWN}/paused", 404),
        ("POST", "/statesvc/v1/execs/nosuch/ended", 400),
        ("POST", f"/v1.45{OWN}/nosuch/paused", 404),
    ],
)
def test_what_is_not_there_is_refused(engines: Service, method: str, path: str, status: int) -> None:
    assert engines.call(method, path).is_refusal(status)


def test_a_name_is_as_good_as_an_id(engines: Service) -> None:
    container = engines.create("by-name", HostConfig={"Runtime": "plain"})
    prepared = report(engines, "by-name", "prepare-start", {"Engine": "engine-1"})
    assert prepared.json()["Id"] == container
    assert report(engines, container[:12], "start-failed", {"Attempt": 1, "ExitCode": 127}).json()["State"] == "created"
