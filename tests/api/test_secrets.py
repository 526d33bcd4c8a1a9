"""Canaries: a secret in every field that may have one, and every place where none may come to light."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from service import Service, now, running

from statesvc.db.sqlite import snapshot
from statesvc.db.views.views import VIEWS

PLANTED = (
    "env", "refused-env", "log-option", "mount-option", "volume-option", "bind-option", "exec-env", "update-body",
    "registry-auth", "registry-config", "authorization", "login", "build-argument", "validated-env", "option",
    "daemon-log-option", "runtime-option", "image-env", "wrong-type", "broken-json", "cut-off", "import-path",
)  # fmt: skip
"""The fields in which a secret is planted: the canary of each has its name."""


def canary(field: str) -> str:
    """Return the secret that is planted in a field."""
    assert field in PLANTED
    return f"c4n4ry-{field}"


def configure(path: Path) -> Path:
    configured = {
        "log-driver": "json-file",
        "log-opts": {"env": canary("daemon-log-option")},
        "runtimes": {"shim": {"runtimeType": "io.containerd.kata.v2", "options": {"Token": canary("runtime-option")}}},
    }
    path.write_text(json.dumps(configured))
    return path


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that logs all it can, after every field that takes a secret was given one."""
    folder = tmp_path_factory.mktemp("secrets")
    flags = ("-l", "debug", "--config-file", str(configure(folder / "daemon.json")))
    with running(folder / "data", *flags) as service:
        service.load_images()
        plant(service)
        refuse(service)
        live(service)
        yield service


def plant(service: Service) -> None:
    mounts = [
        {
            "Type": "volume",
            "Target": "/v",
            "Source": "vol",
            "VolumeOptions": {
                "DriverConfig": {
                    "Options": {"type": "cifs", "device": "//x", "o": f"password={canary('mount-option')}"}
                }
            },
        }
    ]
    log = {"Type": "splunk", "Config": {"splunk-token": canary("log-option"), "splunk-url": "https://x"}}
    service.create("web", Env=[f"PASSWORD={canary('env')}"], HostConfig={"LogConfig": log, "Mounts": mounts})
    options = {"type": "cifs", "device": "//x", "o": f"password={canary('volume-option')}"}
    service.call("POST", "/volumes/create", {"Name": "other", "DriverOpts": options})
    body = {"Image": "busybox:latest", "Env": [f"A={canary('validated-env')}"], "HostConfig": {"Memory": 1}}
    service.call("POST", "/statesvc/v1/containers/validate", body)
    changes = {"fromSrc": "-", "repo": "made", "changes": f"ENV A={canary('image-env')}"}
    service.call("POST", "/images/create", b"", query=changes)
    headers = {"X-Registry-Auth": canary("registry-auth"), "Authorization": f"Bearer {canary('authorization')}"}
    service.call("POST", "/images/create", query={"fromImage": "alpine", "tag": "latest"}, headers=headers)
    service.call("POST", "/auth", {"username": "me", "password": canary("login")})
    arguments = json.dumps({"TOKEN": canary("build-argument")})
    headers = {"X-Registry-Config": canary("registry-config")}
    service.call("POST", "/build", b"", query={"buildargs": arguments}, headers=headers)


def refuse(service: Service) -> None:
    """Send what is refused: no error repeats a secret, either."""
    path = "/containers/create"
    refused = [
        service.call("POST", path, {"Image": "missing/image:1", "Env": [f"A={canary('refused-env')}"]}),
        service.call("POST", path, {"Image": "busybox:latest", "Env": f"A={canary('wrong-type')}"}),
        service.call(
            "POST", path, b'{"Env":["' + canary("broken-json").encode(), headers={"Content-Type": "application/json"}
        ),
        service.call("POST", "/containers/web/update", {"Memory": canary("update-body")}),
        service.call(
            "POST", path, {"Image": "busybox:latest", "HostConfig": {"Binds": [f"/a:/b:{canary('bind-option')}"]}}
        ),
        service.call(
            "POST", path, {"Image": "busybox:latest", "HostConfig": {"StorageOpt": {"size": canary("option")}}}
        ),
        service.call("POST", "/statesvc/v1/import", {"Engine": "docker", "Path": f"/{canary('import-path')}"}),
    ]
    assert [answer.status for answer in refused] == [404, *(5 * [400]), 404], refused
    head = (
        b"POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n"
    )
    service.send_and_hang_up(head + b'{"Env":["A=' + canary("cut-off").encode())


def live(service: Service) -> None:
    """Let an engine run the container, an exec process in it, and end it; rename, update and remove others."""
    at = "/statesvc/v1/containers/web"
    prepared = service.call("POST", f"{at}/prepare-start", {"Engine": "e-1"})
    service.call("POST", f"{at}/started", {"Attempt": prepared.json()["Attempt"], "Pid": 42})
    process = {"Entrypoint": "sh", "Arguments": ["-c", "true"], "Env": [f"A={canary('exec-env')}"]}
    began = service.call("POST", f"{at}/execs", {"Engine": "e-1", "Process": process})
    assert began.status == 201, began
    service.call("POST", f"/statesvc/v1/execs/{began.json()['ExecId']}/ended", {"ExitCode": 0})
    service.call("POST", f"{at}/exited", {"ExitCode": 0})
    service.call("POST", "/containers/web/rename", query={"name": "www"})
    service.call("POST", "/containers/www/update", {"Memory": 8 * 1024 * 1024})
    service.call("POST", "/statesvc/v1/runtimes/reload")


def found(text: str) -> list[str]:
    return [field for field in PLANTED if canary(field) in text]


def statesvc(service: Service, *words: str) -> str:
    command = [sys.executable, "-m", "statesvc", *words, "--data-root", str(service.data_root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done
    return done.stdout + done.stderr


def test_the_secrets_are_kept_where_they_belong(used: Service) -> None:
    shown = used.call("GET", "/containers/www/json").body.decode()
    assert set(found(shown)) == {"env", "log-option", "mount-option"}


def test_no_secret_is_logged(used: Service) -> None:
    assert "request" in used.log_text
    assert found(used.log_text) == []


def test_no_event_has_a_secret(used: Service) -> None:
    seen = used.call("GET", "/events", query={"since": "0", "until": now()}).body
    journal = used.call("GET", "/statesvc/v1/events", query={"follow": "0"}).body
    assert len(journal.splitlines()) > 8
    assert found((seen + journal).decode()) == []


@pytest.mark.parametrize(
    "path",
    [
        "/containers/json?all=1", "/images/json", "/volumes", "/networks", "/info", "/version", "/system/df",
        "/statesvc/v1/health", "/statesvc/v1/snapshot", "/statesvc/v1/runtimes/history", "/statesvc/v1/runtimes/drift",
    ],
)  # fmt: skip
def test_no_list_and_no_report_shows_a_secret(used: Service, path: str) -> None:
    answer = used.call("GET", path)
    assert answer.status == 200
    assert found(answer.body.decode()) == []


def test_no_view_shows_a_secret(used: Service) -> None:
    shown = {view.name: statesvc(used, "sql", f"SELECT * FROM {view.name}") for view in (VIEWS[0], VIEWS[-1])}
    assert all(rows.strip() for rows in shown.values())
    with snapshot(used.data_root / "statesvc.db") as connection:
        shown |= {view.name: repr(connection.execute(f"SELECT * FROM {view.name}").fetchall()) for view in VIEWS}
    assert {name: found(rows) for name, rows in shown.items() if found(rows)} == {}


def test_no_check_and_no_name_of_a_file_has_a_secret(used: Service) -> None:
    assert found(statesvc(used, "check", "--json")) == []
    assert found("\n".join(map(str, used.data_root.rglob("*")))) == []
