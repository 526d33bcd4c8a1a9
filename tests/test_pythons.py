"""Which Python `make` takes: of those that run and can be set up, the fastest by what they measure themselves."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
TOOLS = "sh awk cat cksum cut dirname find grep mktemp mkdir readlink rm sed sort tail touch".split()

# A Python by a script: it names itself and its speed, and does the rest as the words of {can} allow.
FAKE = """#!/bin/sh
echo "$*" >> {log}
case "$*" in
    *sys.version_info*) [ {version} = old ] || printf '%s\\t%s\\t%s\\n' {path} {version} {build} ;;
    *os.path.realpath*) echo {path} ;;
    *process_time*) echo {speed} ;;
    *tomllib*) echo orjson ;;
    "-m venv --clear "*)
        case "{can} $4" in *venv*--without-pip | *ensurepip*) ;; *) exit 1 ;; esac
        for folder; do :; done
        rm -rf "$folder" && mkdir -p "$folder/bin" && cp {path} "$folder/bin/python" ;;
    "-c import pip") ;;
    "-m pip --python "*) case "{can}" in *fill*) ;; *) exit 1 ;; esac ;;
    "-m pip install --dry-run "*) case "{can}" in *wheels*) ;; *) exit 1 ;; esac ;;
    "-m pip install "*) ;;
    *) exit 1 ;;
esac
"""
ALL = "venv ensurepip wheels"
Fake = Callable[..., Path]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with what the scripts read, and with no Python but the fakes."""
    folder = tmp_path / "checkout"
    shutil.copytree(CHECKOUT / ".ci", folder / ".ci")
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copy(CHECKOUT / name, folder)
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in (*TOOLS, "cp"):
        found = shutil.which(tool)
        assert found, tool
        (tools / tool).symlink_to(found)
    return folder


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    """Make a Python in a folder of its own; its version is of the name in PATH, too."""

    def make(version: str, speed: int, can: str = ALL, *, folder: str = "", build: str = "GCC") -> Path:
        path = tmp_path / "pythons" / (folder or version) / "python3"
        path.parent.mkdir(parents=True, exist_ok=True)
        values = {"log": path.with_name("log"), "path": path, "version": version, "speed": speed, "can": can}
        path.write_text(FAKE.format(build=build, **values))
        path.chmod(0o755)
        return path

    return make


def run(checkout: Path, program: str, *args: object, path: list[Path]) -> subprocess.CompletedProcess[str]:
    folders = [str(python.parent) for python in path]
    environment = {"PATH": ":".join([*folders, str(checkout.parent / "tools")]), "FOLDERS": ""}
    command = [str(checkout / ".ci" / program), *map(str, args)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


def best(checkout: Path, *path: Path) -> tuple[str, str]:
    """Return the path that is chosen, and why."""
    done = run(checkout, "pythons", "best", path=list(path))
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), done.stderr.strip()


def times_measured(python: Path) -> int:
    return python.with_name("log").read_text().count("def rounds")


def test_the_fastest_is_chosen_wherever_it_stands_in_path(checkout: Path, fake: Fake) -> None:
    slow, fast, middle = fake("3.11.7", 600), fake("3.11.2", 1000), fake("3.13.0", 790)
    chosen, why = best(checkout, slow, fast, middle)
    assert chosen == str(fast)
    assert why == (f"Python 3.11.2 ({fast}) is the fastest here; of its speed, 3.13.0 reaches 79 %, 3.11.7 60 %")


def test_what_does_not_run_or_is_too_old_is_no_candidate(checkout: Path, fake: Fake, tmp_path: Path) -> None:
    old, good, broken = fake("old", 9000), fake("3.11.2", 10), tmp_path / "shims" / "python3"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\necho 'command not found' >&2\nexit 127\n")
    broken.chmod(0o755)
    assert best(checkout, broken, old, good) == (str(good), f"Python 3.11.2 ({good}) is the fastest here")
    assert times_measured(old) == 0


def test_none_that_runs_is_said(checkout: Path, fake: Fake) -> None:
    done = run(checkout, "pythons", "best", path=[fake("old", 9000)])
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "no Python from 3.11 up runs here\n")


@pytest.mark.parametrize("can", ["", "venv", "venv ensurepip"], ids=["no environment", "no pip", "no wheels"])
def test_what_cannot_be_set_up_is_passed_over_and_named(checkout: Path, fake: Fake, can: str) -> None:
    fast, good = fake("3.15.0", 2000, can), fake("3.11.2", 1000)
    chosen, why = best(checkout, fast, good)
    assert chosen == str(good)
    assert why.endswith(f"; 3.15.0 ({fast}) cannot be set up")


def test_the_pip_of_another_python_fills_an_environment_without(checkout: Path, fake: Fake) -> None:
    fast, other = fake("3.11.2", 2000, "venv wheels"), fake("3.12.1", 1000, f"{ALL} fill")
    assert best(checkout, fast, other)[0] == str(fast)
    assert "-m pip --python" in other.with_name("log").read_text()


def test_where_nothing_can_be_looked_up_the_fastest_is_taken(checkout: Path, fake: Fake) -> None:
    fast, other = fake("3.11.2", 2000, "venv ensurepip"), fake("3.12.1", 1000, "venv ensurepip")
    chosen, why = best(checkout, other, fast)
    assert chosen == str(fast)
    assert why.endswith("of none it could be seen whether all dependencies have wheels")


def test_speed_is_measured_again_only_when_the_build_changes(checkout: Path, fake: Fake) -> None:
    one, two = fake("3.11.2", 1000), fake("3.12.1", 900)
    for _ in range(2):
        assert best(checkout, one, two)[0] == str(one)
    assert (times_measured(one), times_measured(two)) == (1, 1)
    fake("3.12.1", 1100, build="GCC-with-optimisations")
    assert best(checkout, one, two)[0] == str(two)
    assert (times_measured(one), times_measured(two)) == (1, 2)


def test_versions_that_a_shim_does_not_select_are_found_beside_the_one_it_runs(
    checkout: Path, fake: Fake, tmp_path: Path
) -> None:
    selected = fake("3.11.7", 600, folder="versions/3.11.7/bin")
    beside = fake("3.13.0", 800, folder="versions/3.13.0/bin")
    shim = tmp_path / "shims" / "python3"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec {selected} "$@"\n')
    shim.chmod(0o755)
    assert best(checkout, shim)[0] == str(beside)


def test_all_names_one_of_each_version_and_says_what_is_left_out(checkout: Path, fake: Fake) -> None:
    fast, twin = fake("3.11.2", 1000), fake("3.11.2", 500, folder="twin")
    newer, without_wheels = fake("3.13.0", 700), fake("3.15.0", 800, "venv ensurepip")
    bare = fake("3.13.0", 900, "", folder="bare")
    done = run(checkout, "pythons", "all", path=[twin, fast, newer, without_wheels, bare])
    assert (done.returncode, done.stdout) == (0, f"{fast} 3.11.2\n{newer} 3.13.0\n")
    assert f"Python 3.15.0 ({without_wheels}) is left out" in done.stderr


@pytest.mark.parametrize("version", ["3.11.9", "3.12.1", "3.13.0"])
def test_all_fails_if_a_python_is_left_out_that_should_do(checkout: Path, fake: Fake, version: str) -> None:
    fine, left_out = fake("3.11.2", 1000), fake(version, 900, "venv ensurepip")
    done = run(checkout, "pythons", "all", path=[fine, left_out])
    assert (done.returncode, done.stdout) == (1, f"{fine} 3.11.2\n")
    assert f"Python {version} ({left_out}) is left out" in done.stderr


def installed_with(checkout: Path) -> str:
    """Return the Python that .venv was made with."""
    done = subprocess.run(
        [checkout / ".venv/bin/python", "os.path.realpath"], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_an_environment_stays_until_its_python_is_gone_or_another_is_named(checkout: Path, fake: Fake) -> None:
    first, faster = fake("3.11.2", 1000), fake("3.13.0", 2000)
    assert "is the fastest here" in run(checkout, "install", ".venv", path=[first]).stderr
    assert installed_with(checkout) == str(first)

    again = run(checkout, "install", ".venv", path=[first, faster])
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert installed_with(checkout) == str(first)

    named = run(checkout, "install", ".venv", faster, path=[first, faster])
    assert named.stdout == f".venv is made with {faster}, as PYTHON= says\n"
    assert run(checkout, "install", ".venv", faster, path=[first, faster]).stdout == ""
    assert installed_with(checkout) == str(faster)

    python = checkout / ".venv/bin/python"
    python.unlink()
    python.symlink_to(checkout / "gone")
    gone = run(checkout, "install", ".venv", path=[first])
    assert gone.stdout == ".venv cannot be used, as its Python or its pip is missing: it is made again\n"
    assert installed_with(checkout) == str(first)


@pytest.mark.parametrize("named", [False, True])
def test_an_environment_without_pip_is_made_again(checkout: Path, fake: Fake, named: bool) -> None:
    python, broken = fake("3.11.2", 1000), checkout / ".venv/bin/python"
    broken.parent.mkdir(parents=True)
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    (checkout / ".venv/.installed").touch()
    assert run(checkout, "install", ".venv", *([python] if named else []), path=[python]).returncode == 0
    assert installed_with(checkout) == str(python)


def test_a_named_python_that_does_not_run_is_said(checkout: Path, fake: Fake) -> None:
    done = run(checkout, "install", ".venv", "nope", path=[fake("3.11.2", 1000)])
    assert (done.returncode, done.stderr) == (2, "PYTHON=nope does not run\n")


def test_the_dependencies_are_installed_again_when_they_change(checkout: Path, fake: Fake) -> None:
    python = fake("3.11.2", 1000)
    log = python.with_name("log")

    def installations() -> int:
        run(checkout, "install", ".venv", path=[python])
        return log.read_text().count("-m pip install --quiet")

    assert [installations(), installations()] == [1, 1]
    os.utime(checkout / ".venv/.installed", (0, 0))
    assert installations() == 2


def test_a_real_python_makes_an_environment_with_pip(checkout: Path, tmp_path: Path) -> None:
    script = [CHECKOUT / ".ci" / "pythons", "venv", sys.executable, tmp_path / "made"]
    assert subprocess.run(script, check=False, capture_output=True, timeout=120).returncode == 0
    subprocess.run([tmp_path / "made/bin/python", "-m", "pip", "--version"], check=True, capture_output=True)
