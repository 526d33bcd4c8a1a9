"""A row that cannot be read is reported; all else is served. Driven by the schema: a new column is tried, too."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from damage import DOCUMENTS, KINDS, TEXTS, damage, lawless
from docker_cli import DockerCli
from service import Service, now, running

from statesvc.db.damage.raw_rows import checked_tables

HURT = "hurt"
OF_CONTAINER = {
    table.name: "id" if table.name == "containers" else "container_id"
    for table in checked_tables()
    if table.name == "containers" or "container_id" in table.columns
}


@pytest.fixture(scope="session")
def populated_root(loaded_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = Path(shutil.copytree(loaded_root, tmp_path_factory.mktemp("populated") / "data"))
    with running(root) as service:
        populate(service)
    return root


@pytest.fixture
def root(populated_root: Path, tmp_path: Path) -> Path:
    """A data root with a container that will be hurt, and others that must not feel it."""
    return Path(shutil.copytree(populated_root, tmp_path / "data"))


@pytest.fixture
def live(root: Path) -> Iterator[Service]:
    with running(root) as service:
        yield service


def populate(service: Service) -> None:
    container = service.create(HURT, Labels={"tier": "front"}, HostConfig={"Binds": ["/tmp:/mnt", "data:/data"]})
    service.create("sound", Labels={"tier": "front"})
    service.create("linked", HostConfig={"Links": ["sound:db"]})
    with lawless(service.data_root) as raw:
        raw.execute("INSERT INTO container_health VALUES (?, 'healthy', 0, '[]')", (container,))
        process = (
            "INSERT OR REPLACE INTO execs (id, container_id, state, pid, process, began_at) VALUES (?, ?, ?, 0, ?, 1)"
        )
        raw.execute(process, ("e" * 64, container, "ended", "{}"))
        raw.execute("UPDATE runtimes SET options = '{}'")


def hurt_id(root: Path) -> str:
    with lawless(root) as raw:
        return raw.execute("SELECT container_id FROM container_names WHERE name = ?", (HURT,)).fetchone()[0]


def hurt(root: Path, table: str, column: str, value: bytes) -> None:
    """Damage the rows of one container, one image that no container uses, or all rows of another table."""
    where = "true"
    if owner := OF_CONTAINER.get(table):
        where = f"{owner} = '{hurt_id(root)}'"
    elif table == "images":
        where = "id = (SELECT max(id) FROM images WHERE id NOT IN (SELECT image_id FROM containers))"
    elif table == "runtimes":  # their names are unique
        where = "id = (SELECT min(id) FROM runtimes)"
    damage(root, table, column, value, where=where)


def listed(service: Service) -> dict[str, dict[str, object]]:
    answer = service.call("GET", "/containers/json", query={"all": "1"})
    assert answer.status == 200, answer
    return {entry["Id"]: entry for entry in answer.json()}


def check(root: Path, *words: str) -> str:
    """Return what `statesvc check` prints of a data root in which something is wrong."""
    command = [sys.executable, "-m", "statesvc", "check", *words, "--data-root", str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


def without_reason(entry: dict[str, object]) -> dict[str, object]:
    """Return an entry without the reason of its damage: once the mark is written, it names all that is damaged."""
    return entry | {"Status": str(entry["Status"]).partition(": ")[0]}


def everything_else_is_served(service: Service) -> None:
    """The service answers for all that was not hurt, and the hurt container can be renamed and removed."""
    entries = listed(service)
    assert len(entries) == 3
    snapshot = service.call("GET", "/statesvc/v1/snapshot").json()["Containers"]
    assert [*map(without_reason, snapshot)] == [*map(without_reason, entries.values())]
    assert [entry["Id"] for entry in service.call("GET", "/system/df").json()["Containers"]] == [*entries]
    for name in ("sound", "linked"):
        shown = service.call("GET", f"/containers/{name}/json").json()
        assert f"/{name}" in entries[shown["Id"]]["Names"]  # type: ignore[operator]
    for path in ("/images/json", "/info", "/system/df", "/volumes", "/networks", "/containers/json?size=1", "/_ping"):
        assert service.call("GET", path).status == 200, path
    assert service.call("GET", "/containers/json", query={"filters": '{"label":["tier"]}'}).status == 200
    events = service.call("GET", "/events", query={"since": "0", "until": now()})
    assert all(json.loads(line)["Type"] for line in events.body.splitlines())
    assert service.call("GET", f"/containers/{HURT}/json").status in {200, 500}
    assert "has a bug" not in service.call("GET", f"/containers/{HURT}/json").body.decode()
    new = service.create("fresh")
    assert service.call("GET", f"/containers/{new}/json").status == 200
    assert service.call("POST", f"/containers/{HURT}/rename", query={"name": "renamed"}).status == 204
    assert service.call("DELETE", "/containers/renamed").status == 204
    assert service.call("GET", "/containers/renamed/json").status == 404
    assert service.call("POST", "/containers/prune").status == 200
    assert listed(service) == {}


@pytest.mark.parametrize(("table", "column"), DOCUMENTS, ids=[".".join(each) for each in DOCUMENTS])
def test_one_document_that_cannot_be_read_hides_nothing_else(root: Path, table: str, column: str) -> None:
    first, *others = KINDS.values()
    hurt(root, table, column, first)
    with running(root) as service:
        everything_else_is_served(service)
        for value in others:
            populate(service)
            hurt(root, table, column, value)
            everything_else_is_served(service)


@pytest.mark.parametrize("table", sorted({table for table, _ in TEXTS}))
def test_one_text_that_is_not_utf_8_hides_nothing_else(root: Path, table: str) -> None:
    first, *others = [column for of, column in TEXTS if of == table]
    hurt(root, table, first, b"caf\xe9")
    with running(root) as service:
        everything_else_is_served(service)
        for column in others:
            populate(service)
            hurt(root, table, column, b"caf\xe9")
            everything_else_is_served(service)


@pytest.mark.parametrize(
    ("table", "column", "kind"),
    [
        ("containers", "args", "another shape"),
        ("container_specs", "config", "not text"),
        ("container_specs", "host_config", "not JSON"),
        ("container_specs", "network_settings", "another shape"),
        ("container_mounts", "document", "not text"),
        ("container_health", "log", "not JSON"),
    ],
)
def test_inspect_of_a_damaged_container_says_what_is_damaged(root: Path, table: str, column: str, kind: str) -> None:
    hurt(root, table, column, KINDS[kind])
    with running(root) as service:
        answer = service.call("GET", f"/containers/{HURT}/json")
        assert answer.status == 500
        assert f"{table}.{column}" in answer.message
        assert "statesvc check --repair" in answer.message
        assert service.call("GET", f"/v1.40/containers/{HURT}/json").status == 500
        health = service.call("GET", "/statesvc/v1/health").json()
        assert health["Healthy"] is False
        assert {(mark["Table"], mark["Column"]) for mark in health["Marks"]} == {(table, column)}
        assert service.log_text.count("damaged row") == len(health["Marks"]) == health["Quarantined"]
        (entry,) = [entry for entry in listed(service).values() if entry["Names"] == [f"/{HURT}"]]
        assert entry["Status"] == f"Damaged: {table}.{column} {health['Marks'][0]['Reason']}"
        assert entry["State"] == "created"


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("containers", "state", "'zzz'"),
        ("containers", "managed", "7"),
        ("containers", "oom_killed", str(2**63 - 1)),
        ("container_names", "kind", "'zzz'"),
        ("container_specs", "no_new_privileges", "-1"),
        ("container_health", "status", "'zzz'"),
        ("execs", "state", "'zzz'"),
    ],
    ids=str,
)
def test_a_value_that_the_schema_forbids_is_found_marked_and_served_around(
    root: Path, table: str, column: str, value: str
) -> None:
    container = hurt_id(root)
    with lawless(root) as raw:
        raw.execute(f"UPDATE {table} SET {column} = {value} WHERE {OF_CONTAINER[table]} = '{container}'")
    report = json.loads(check(root, "--json"))
    (about,) = [one for one in report["Findings"] if one["Code"] == "constraint"]
    assert (about["Table"], about["Column"], about["ContainerId"]) == (table, column, container)
    assert about["Repair"] == "mark the row"
    key = about["Key"]
    assert f"marked: {table}.{column} of {key} is not what ck_{table}_{column}_" in check(root, "--repair")
    with running(root) as service:
        assert str(listed(service)[container]["Status"]).startswith(f"Damaged: {table}.{column} is not what ck_")
        assert service.call("GET", f"/containers/{container}/json").status in {200, 500}
        assert service.call("POST", f"/containers/{container}/rename", query={"name": "renamed"}).status == 204
        assert service.call("DELETE", "/containers/renamed").status == 204
        assert len(listed(service)) == 2
        assert service.call("GET", "/statesvc/v1/health").json()["Quarantined"] == 0
        assert "has a bug" not in service.log_text


def test_a_value_that_the_schema_forbids_is_marked_as_soon_as_it_is_met(root: Path) -> None:
    container = hurt_id(root)
    with lawless(root) as raw:
        raw.execute("UPDATE containers SET state = 'zzz' WHERE id = ?", (container,))
    with running(root) as service:
        assert service.call("GET", f"/containers/{HURT}/json").status == 500
        (mark,) = service.call("GET", "/statesvc/v1/health").json()["Marks"]
        assert (mark["Table"], mark["Column"]) == ("containers", "state")
        assert mark["Reason"] == "is not what ck_containers_state_known allows"


@pytest.mark.parametrize("revision", [2**63 - 1, 2**63 - 2, -(2**63)])
def test_a_container_of_an_absurd_revision_can_be_renamed_and_removed(root: Path, revision: int) -> None:
    container = hurt_id(root)
    with lawless(root) as raw:
        raw.execute("UPDATE containers SET revision = ? WHERE id = ?", (revision, container))
    with running(root) as service:
        assert service.call("POST", f"/containers/{HURT}/rename", query={"name": "renamed"}).status == 204
        assert service.call("POST", "/containers/renamed/update", {"RestartPolicy": {"Name": "always"}}).status == 200
        assert service.call("DELETE", "/containers/renamed").status == 204
        assert "has a bug" not in service.log_text
        assert len(listed(service)) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_list_shows_a_damaged_summary_as_its_documents_have_it(root: Path, kind: str) -> None:
    with running(root) as service:
        before = listed(service)
    hurt(root, "containers", "summary", KINDS[kind])
    with running(root) as service:
        after = listed(service)
        container = hurt_id(root)
        assert str(after[container].pop("Status")).startswith("Damaged: containers.summary is not ")
        assert before[container].pop("Status") == "Created"
        assert after == before
        assert service.call("GET", f"/containers/{HURT}/json").status == 200


def test_what_another_program_damages_while_the_service_runs_is_noticed(live: Service) -> None:
    assert len(listed(live)) == 3
    assert live.call("GET", f"/containers/{HURT}/json").status == 200
    hurt(live.data_root, "containers", "summary", b"[]")
    hurt(live.data_root, "container_specs", "config", b"{")
    assert live.call("GET", f"/containers/{HURT}/json").status == 500
    everything_else_is_served(live)


def test_what_another_program_damages_between_two_changes_of_our_own_is_noticed(live: Service) -> None:
    assert len(listed(live)) == 3
    assert live.call("POST", "/containers/sound/rename", query={"name": "other"}).status == 204
    hurt(live.data_root, "containers", "summary", b'{"a":')
    assert live.call("POST", "/containers/other/rename", query={"name": "sound"}).status == 204
    everything_else_is_served(live)


def test_a_container_with_nothing_but_its_row_is_listed_and_can_be_removed(root: Path) -> None:
    container = hurt_id(root)
    with lawless(root) as raw:
        raw.execute("DELETE FROM container_specs WHERE container_id = ?", (container,))
    with running(root) as service:
        answer = service.call("GET", f"/containers/{HURT}/json")
        assert answer.status == 500
        assert "documents are missing" in answer.message
        everything_else_is_served(service)


def test_a_container_without_a_name_is_listed_and_can_be_named(root: Path) -> None:
    container = hurt_id(root)
    with lawless(root) as raw:
        raw.execute("DELETE FROM container_names WHERE name = ?", (HURT,))
    with running(root) as service:
        assert listed(service)[container]["Names"] == []
        assert service.call("POST", f"/containers/{container}/rename", query={"name": HURT}).status == 204
        everything_else_is_served(service)


def test_an_image_that_cannot_be_read_is_listed_and_can_be_removed(root: Path) -> None:
    hurt(root, "images", "config", b"{")
    with running(root) as service:
        images = service.call("GET", "/images/json").json()
        refused = [image for image in images if service.call("GET", f"/images/{image['Id']}/json").status == 500]
        assert len(refused) == 1
        assert service.call("POST", "/containers/create", {"Image": refused[0]["Id"]}).status == 500
        assert service.call("DELETE", f"/images/{refused[0]['Id']}", query={"force": "1"}).status == 200
        assert len(service.call("GET", "/images/json").json()) == len(images) - 1


@pytest.mark.parametrize("column", ["config", "host_config"])
def test_the_docker_command_line_works_around_a_damaged_container(
    root: Path, docker_for: Callable[[Service], DockerCli], column: str
) -> None:
    hurt(root, "container_specs", column, b'"\xff')
    hurt(root, "containers", "summary", b"{}")
    with running(root) as service:
        docker = docker_for(service)
        shown = docker("ps", "-a", "--format", "{{.Names}} {{.Status}}").splitlines()
        assert sorted(line.split()[0] for line in shown) == [HURT, "linked", "sound"]
        assert f"{HURT} Damaged: containers.summary is not the summary of a container" in shown
        assert f"container_specs.{column} is not UTF-8" in docker.refused("inspect", HURT)
        assert docker("inspect", "--format", "{{.Name}}", "sound") == "/sound"
        docker("rename", HURT, "renamed")
        assert docker("rm", "renamed") == "renamed"
        assert docker("events", "--since", "1", "--until", now())
