"""Any path and arguments reach a runtime unchanged, whatever shell runs the script. What is expected is what was
configured, never what the renderer made of it.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from statesvc.domain.runtimes import derive
from statesvc.domain.wrapper_script import digest_in, digest_of, file_name
from statesvc.host import binaries
from statesvc.host.scripts import ScriptFolder
from statesvc.validation import daemon

RECORDER = f"#!{sys.executable} -IS\nimport os, sys\nos.write(1, b'\\0'.join(map(os.fsencode, sys.argv)) + b'\\0')\n"
# No NUL, which no argument can hold, and no halves of surrogate pairs, which are no text.
words = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=40)
nasty = st.sampled_from(
    ["", " ", "'", '"', "\\", "$HOME", "`id`", "$(id)", "a;b", "a\nb", "-n", "*", "~", "#", "é", "!"]
)
arguments = st.lists(words | nasty, max_size=5)


@pytest.fixture(scope="module", params=["dash", "busybox"])
def shell(request: pytest.FixtureRequest) -> list[str]:
    program = shutil.which(request.param)
    if program is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{request.param} is not installed")
    return [program, "sh"] if request.param == "busybox" else [program]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("recorders")


def recorder(folder: Path, name: str) -> Path:
    """A program that writes what it was called with, under any name that a file can have."""
    path = folder / (name.replace("/", "_").encode()[:200].decode(errors="ignore") + ".bin")
    if not path.exists():
        path.write_text(RECORDER)
        path.chmod(0o755)
    return path


@given(name=words | nasty, configured=arguments, called=arguments)
@example(name="o'c i", configured=["--log=/a b/$x", "'", "-", "--", "é\n"], called=["create", "--bundle", "/a b"])
@settings(max_examples=40)
def test_every_word_arrives_unchanged(
    shell: list[str], folder: Path, name: str, configured: list[str], called: list[str]
) -> None:
    program = recorder(folder, name)
    written = json.dumps({"runtimes": {name or "x": {"path": str(program), "runtimeArgs": ["first", *configured]}}})
    runtimes = daemon.read(written).runtimes
    derived = derive([runtimes[name or "x"]], binaries.resolve([str(program)]))[0]
    assert derived.script is not None
    file = file_name(name or "x", derived.script.digest)
    ScriptFolder(folder / "runtimes").write({file: derived.script.content})
    done = subprocess.run([*shell, str(folder / "runtimes" / file), *called], capture_output=True, check=False)
    assert done.stderr == b""
    arrived = [os.fsdecode(word) for word in done.stdout.split(b"\0")[:-1]]
    assert arrived == [str(program), "first", *configured, *called]


def test_a_script_is_executed_as_a_program_of_its_own(folder: Path) -> None:
    program = recorder(folder, "alone")
    runtimes = daemon.read(json.dumps({"runtimes": {"x": {"path": str(program), "runtimeArgs": ["$1"]}}})).runtimes
    script = derive([runtimes["x"]], binaries.resolve([str(program)]))[0].script
    assert script is not None
    ScriptFolder(folder / "alone").write({"x": script.content})
    done = subprocess.run([folder / "alone" / "x", "state", "a b"], capture_output=True, check=True)
    assert done.stdout.split(b"\0")[1:-1] == [b"$1", b"state", b"a b"]


def test_a_runtime_without_arguments_needs_no_script() -> None:
    runtimes = daemon.read('{"runtimes": {"x": {"path": "/bin/true"}, "y": {"runtimeType": "io.x.v1"}}}').runtimes
    assert [one.script for one in derive(runtimes.values(), {"/bin/true": "/bin/true"})] == [None] * 4


def test_a_binary_that_is_not_on_the_path_gets_no_script() -> None:
    runtimes = daemon.read('{"runtimes": {"x": {"path": "nowhere", "runtimeArgs": ["a"]}}}').runtimes
    derived = derive([runtimes["x"]], {})[0]
    assert (derived.binary, derived.script) == (None, None)


@given(words.filter(bool) | nasty.filter(bool) | st.sampled_from(["..", ".hidden", "a/b", "/", "x" * 4000]))
def test_a_name_gets_a_file_name_that_any_file_system_takes(name: str) -> None:
    digest = digest_of(name.encode())
    file = file_name(name, digest)
    assert file.isascii()
    assert "/" not in file
    assert not file.startswith(".")
    assert len(file) < 255
    assert digest_in(file) == digest


def test_a_plain_name_stays_readable() -> None:
    assert file_name("crun-debug_1.2", "sha256:" + "a" * 64) == "crun-debug_1.2." + "a" * 64
