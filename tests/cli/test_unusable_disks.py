"""Data roots on a disk that is full or read-only, or that belong to somebody else: what can be read is served."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from service import running

NOBODY = 65_534
WITHOUT_ROOTS_RIGHTS = ("setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner,-chown")
GOOD = "GOOD"
READS = (
    ["db", "current"],
    ["db", "history"],
    ["sql", "SELECT name FROM v_containers"],
    ["check"],
    ["runtimes", "list"],
    ["export", "run", "web"],
)
WRITES = (
    ["db", "backup"],
    ["db", "restore", GOOD],
    ["db", "upgrade", "--dry-run"],
    ["db", "downgrade", "0001", "--yes"],
    ["check", "--repair"],
)
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount disks and give files to others")


def statesvc(root: Path, *words: str, prefix: tuple[str, ...] = ()) -> tuple[int, str]:
    command = [*prefix, sys.executable, "-m", "statesvc", *words, "--data-root", str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout + done.stderr


def given(words: list[str], with_web: Path) -> list[str]:
    return [str(with_web.parent / "good.db") if word == GOOD else word for word in words]


@pytest.fixture(scope="session")
def with_web(loaded_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root that was served once and stopped, with the container web; GOOD is a backup of it."""
    root = tmp_path_factory.mktemp("web") / "data"
    shutil.copytree(loaded_root, root)
    with running(root) as service:
        service.create("web")
    assert statesvc(root, "db", "backup", str(root.parent / "good.db"))[0] == 0
    return root


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Mount something on a folder below the test's; unmounted at the end."""
    mounted: list[Path] = []

    def at(*words: str) -> Path:
        folder = tmp_path / f"disk{len(mounted)}"
        folder.mkdir()
        done = subprocess.run(["mount", *words, str(folder)], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
        mounted.append(folder)
        return folder

    yield at
    for folder in reversed(mounted):
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture(params=["tmpfs", "ext4-1k"])
def small(request: pytest.FixtureRequest, mount: Callable[..., Path], with_web: Path, tmp_path: Path) -> Path:
    """The data root on a small disk: of the usual blocks, and of ones smaller than SQLite's pages."""
    if request.param == "tmpfs":
        disk = mount("-t", "tmpfs", "-o", "size=24m", "tmpfs")
    else:
        image = tmp_path / "image"
        with image.open("wb") as file:
            file.truncate(24 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-m", "0", "-b", "1024", str(image)], check=True)
        disk = mount("-o", "loop", str(image))
    shutil.copytree(with_web, disk, dirs_exist_ok=True)
    return disk


def fill(disk: Path) -> None:
    for size in (65_536, 1):
        with suppress(OSError), (disk / f"fill{size}").open("ab", buffering=0) as file:
            while file.write(b"x" * size):
                pass


@pytest.fixture
def full(small: Path) -> Path:
    """The data root on a disk without a byte of room."""
    fill(small)
    return small


def test_reads_work_on_a_full_disk_and_what_cannot_be_written_is_one_sentence(full: Path, with_web: Path) -> None:
    for words in READS:
        code, output = statesvc(full, *words)
        assert code == 0, (words, output)
    for words in WRITES:
        code, output = statesvc(full, *given(words, with_web))
        assert code == 5, (words, output)
        assert output.splitlines()[-1].startswith("statesvc: ")
    assert not [left for left in full.rglob("*") if left.suffix == ".partial" or left.name.startswith("rehearsal-")]


def test_a_service_starts_on_a_full_disk_with_another_configuration_and_goes_on_when_there_is_room(
    full: Path, tmp_path: Path
) -> None:
    (tmp_path / "daemon.json").write_text(
        '{"labels": ["' + "x" * 200_000 + '=y"], "runtimes": {"r": {"path": "/bin/true", "runtimeArgs": ["-x"]}}}'
    )
    with running(full, "--config-file", str(tmp_path / "daemon.json")) as service:
        assert service.call("GET", "/containers/web/json").status == 200
        assert service.call("GET", "/containers/json?all=1").json()[0]["Names"] == ["/web"]
        refused = service.call(
            "POST", "/containers/create", {"Image": "busybox:latest", "Labels": {"a": "x" * 300_000}}
        )
        assert refused.status == 503, refused.body
        assert "full" in refused.message
        reasons = service.call("GET", "/statesvc/v1/health").json()["Reasons"]
        assert [reason["Code"] for reason in reasons] == ["not-recorded", "disk"]
        (full / "fill65536").unlink()
        assert service.call("POST", "/statesvc/v1/runtimes/reload").status == 200
        reasons = service.call("GET", "/statesvc/v1/health").json()["Reasons"]
        assert [reason["Code"] for reason in reasons] == ["disk"], "the disk of this test is small"
        assert service.create("later")


def test_a_disk_that_becomes_full_ends_no_service(small: Path) -> None:
    with running(small) as service:
        service.create("before")
        fill(small)
        for number in range(300):  # the index of the log grows with each
            answer = service.call(
                "POST", "/containers/create", {"Image": "busybox:latest"}, query={"name": f"c{number}"}
            )
            assert answer.status in {201, 503}, answer.body
        assert answer.status == 503
        assert service.call("GET", "/containers/before/json").status == 200
        assert service.call("GET", "/containers/json?all=1").status == 200
        (small / "fill65536").unlink()
        assert service.create("after")


@pytest.mark.parametrize("kib", [8, 12])
def test_a_start_with_a_little_room_is_no_crash(full: Path, kib: int) -> None:
    (full / "reserve").unlink()
    fill(full)
    with (full / "fill65536").open("r+b") as filler:
        filler.truncate(filler.seek(0, os.SEEK_END) - kib * 1024)
    code, output = statesvc(full, "db", "upgrade")
    assert code == 5, (code, output)
    assert "full: SQLite needs 64 KiB to open it; nothing was changed" in output
    for words in READS:
        code, output = statesvc(full, *words)
        # A command that opens all services needs the index, too.
        assert code == 0 or (code == 5 and words[0] in {"runtimes", "export"}), (words, output)


@pytest.mark.parametrize("modes", [(0o700, 0o600), (0o755, 0o644)], ids=["private", "open-to-others"])
def test_a_data_root_that_is_read_only_is_read_and_served(
    mount: Callable[..., Path], with_web: Path, tmp_path: Path, modes: tuple[int, int]
) -> None:
    copied = Path(shutil.copytree(with_web, tmp_path / "copied"))
    copied.chmod(modes[0])
    (copied / "statesvc.db").chmod(modes[1])
    root = mount("--bind", "-o", "ro", str(copied))
    subprocess.run(["mount", "-o", "remount,bind,ro", str(root)], check=True)
    for words in READS:
        code, output = statesvc(root, *words)
        assert code == 0, (words, output)
    for words in WRITES:
        code, output = statesvc(root, *given(words, with_web))
        assert (code, "ead-only" in output) == (5, True), (words, output)
    with running(root) as service:
        assert service.call("GET", "/containers/web/json").status == 200
        refused = service.call("POST", "/containers/create", {"Image": "busybox:latest"})
        assert (refused.status, "read-only" in refused.message) == (503, True)


def test_a_data_root_of_somebody_else_is_refused_in_one_sentence(with_web: Path, tmp_path: Path) -> None:
    root = tmp_path / "data"
    shutil.copytree(with_web, root)
    for path in (root, *root.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    serve = ["serve", "-H", f"unix://{tmp_path}/s"]
    for mode in (0o700, 0o755):  # not to be entered; to be entered, with files that cannot be read
        root.chmod(mode)
        for words in (*READS, *WRITES, serve, ["import", "docker", str(tmp_path)]):
            code, output = statesvc(root, *given(words, with_web), prefix=WITHOUT_ROOTS_RIGHTS)
            assert code == 5, (words, output)
            assert output.splitlines()[-1].startswith("statesvc: ")
