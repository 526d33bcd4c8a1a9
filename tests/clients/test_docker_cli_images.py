"""docker load, import, images, inspect, tag and rmi."""

import io
import json
import re
import tarfile
from pathlib import Path

import pytest
from docker_cli import DockerCli
from service import CONFORMANCE

BUSYBOX = "sha256:bf5b01b3a2f04c5cb39c47a00dcfaae0cde9fe1dd13448ca2d8d170e03898e8b"


def a_root_file_system(word: str) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        entry = tarfile.TarInfo("word")
        entry.size = len(word)
        tar.addfile(entry, io.BytesIO(word.encode()))
    return archive.getvalue()


def imported(docker: DockerCli, reference: str, *changes: str) -> str:
    flags = [part for change in changes for part in ("-c", change)]
    return docker("import", *flags, "-m", "made here", "-", reference, stdin=a_root_file_system(reference))


def test_load_tells_what_was_loaded(own_docker: DockerCli) -> None:
    archive = CONFORMANCE / "images" / "cf_rich_1.tar.gz"
    assert own_docker("load", "-i", str(archive)) == "Loaded image: cf/rich:1"


def test_load_reads_standard_input(own_docker: DockerCli) -> None:
    archive = CONFORMANCE / "images" / "cf_cmd_1.tar.gz"
    assert own_docker("load", "-q", stdin=archive.read_bytes()) == "Loaded image: cf/cmd:1"


def test_load_of_something_else_says_what_is_wrong(docker: DockerCli, tmp_path: Path) -> None:
    (tmp_path / "no.tar").write_bytes(b"this is no archive" * 100)
    complaint = docker.refused("load", "-i", str(tmp_path / "no.tar"))
    assert "this is not a tar archive" in complaint


def test_import_prints_the_id_of_the_image(docker: DockerCli) -> None:
    image = imported(docker, "cli/plain:1")
    assert docker("inspect", "--format", "{{.Id}}", "cli/plain:1") == image


def test_import_applies_changes(docker: DockerCli) -> None:
    imported(
        docker, "cli/changed:1", 'CMD ["run", "it"]', "ENV A=b C=d", "LABEL k=v", "WORKDIR /w", "EXPOSE 80", "USER me"
    )
    config = json.loads(docker("inspect", "cli/changed:1"))[0]["Config"]
    assert config["Cmd"] == ["run", "it"]
    assert config["Env"] == ["A=b", "C=d"]
    assert config["Labels"] == {"k": "v"}
    assert (config["WorkingDir"], config["User"], config["ExposedPorts"]) == ("/w", "me", {"80/tcp": {}})


def test_import_refuses_a_change_that_is_none(docker: DockerCli) -> None:
    done = docker.try_("import", "-c", "DANCE now", "-", "cli/dance:1", stdin=a_root_file_system("dance"))
    assert done.returncode != 0
    assert "DANCE" in done.stderr


def test_a_container_takes_the_command_of_an_imported_image(docker: DockerCli) -> None:
    imported(docker, "cli/runs:1", 'ENTRYPOINT ["/tool"]', 'CMD ["--flag"]')
    container = docker("create", "cli/runs:1")
    assert docker("inspect", "--format", "{{.Path}} {{.Args}}", container) == "/tool [--flag]"


def test_images_shows_a_table(docker: DockerCli) -> None:
    row = next(line for line in docker("images").splitlines() if line.startswith("busybox"))
    assert re.split(r"\s{2,}", row)[:3] == ["busybox", "latest", BUSYBOX[7:19]]


@pytest.mark.parametrize(
    ("flags", "shown"),
    [
        pytest.param(["--format", "{{.Repository}}:{{.Tag}}", "busybox"], ["busybox:latest"], id="by-repository"),
        pytest.param(["--format", "{{.ID}}", "--no-trunc", "busybox:latest"], [BUSYBOX], id="by-tag"),
        pytest.param(["-q", "busybox"], [BUSYBOX[7:19]], id="quiet"),
        pytest.param(["-q", "cf/nothing"], [], id="none"),
        pytest.param(
            ["--format", "{{.Repository}}", "--filter", "reference=cf/label*"], ["cf/labelled"], id="reference"
        ),
        pytest.param(["-q", "--filter", "dangling=true"], [], id="dangling"),
    ],
)
def test_images_selects(own_docker: DockerCli, flags: list[str], shown: list[str]) -> None:
    assert own_docker("images", *flags).splitlines() == shown


def test_history_shows_the_steps(docker: DockerCli) -> None:
    imported(docker, "cli/history:1")
    shown = docker("history", "--format", "{{.Comment}} {{.Size}}", "cli/history:1")
    assert re.fullmatch(r"made here \d+B", shown)
    assert "No such image" in docker.refused("history", "no/such")


@pytest.mark.parametrize("command", [["save", "-o"], ["push"]], ids=str)
def test_what_needs_an_engine_says_so_or_that_there_is_no_such_image(
    docker: DockerCli, tmp_path: Path, command: list[str]
) -> None:
    if command[-1] == "-o":
        command = [*command, str(tmp_path / "saved.tar")]
    assert "not offered" in docker.refused(*command, "busybox")
    missing = docker.refused(*command, "no/such")
    assert "No such image" in missing or "does not exist locally" in missing


def test_images_filters_by_label(docker: DockerCli) -> None:
    imported(docker, "cli/labelled:1", "LABEL cli.kind=special")
    assert docker("images", "--filter", "label=cli.kind=special", "--format", "{{.Repository}}") == "cli/labelled"


def test_inspect_shows_an_image(docker: DockerCli) -> None:
    document = json.loads(docker("inspect", "busybox:latest"))[0]
    assert (document["Id"], document["Os"], document["Architecture"]) == (BUSYBOX, "linux", "amd64")
    assert "busybox:latest" in document["RepoTags"]
    assert document["RootFS"]["Layers"]


def test_tag_gives_another_reference(docker: DockerCli) -> None:
    docker("tag", "cf/empty:1", "cli/tagged:2")
    same = docker("inspect", "--format", "{{.Id}}", "cf/empty:1")
    assert docker("inspect", "--format", "{{.Id}}", "cli/tagged:2") == same


def test_tag_of_a_missing_image_is_refused(docker: DockerCli) -> None:
    assert "No such image: cli/missing:1" in docker.refused("tag", "cli/missing:1", "cli/any:1")


def test_rmi_of_one_of_two_tags_only_untags(docker: DockerCli) -> None:
    imported(docker, "cli/two:1")
    docker("tag", "cli/two:1", "cli/two:2")
    assert docker("rmi", "cli/two:2") == "Untagged: cli/two:2"
    docker("inspect", "cli/two:1")


def test_rmi_by_name_deletes_what_nothing_else_names(docker: DockerCli) -> None:
    image = imported(docker, "cli/gone:1")
    assert docker("rmi", "cli/gone:1").splitlines()[:2] == ["Untagged: cli/gone:1", f"Deleted: {image}"]
    assert "No such image" in docker.refused("image", "inspect", "cli/gone:1")


def test_rmi_by_id_deletes(docker: DockerCli) -> None:
    image = imported(docker, "cli/by-id:1")
    assert f"Deleted: {image}" in docker("rmi", image[7:19]).splitlines()


def test_rmi_of_an_image_that_a_container_uses_is_refused(docker: DockerCli) -> None:
    imported(docker, "cli/used:1", 'CMD ["x"]')
    container = docker("create", "cli/used:1")
    complaint = docker.refused("rmi", "cli/used:1")
    assert "conflict: unable to remove repository reference" in complaint
    assert container[:12] in complaint


def test_rmi_of_a_missing_image_says_so(docker: DockerCli) -> None:
    assert "No such image: cli/never:1" in docker.refused("rmi", "cli/never:1")


def test_pull_says_that_it_is_not_offered(docker: DockerCli) -> None:
    complaint = docker.refused("pull", "alpine")
    assert "is not offered" in complaint
    assert "docker load" in complaint
