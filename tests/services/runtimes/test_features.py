"""What runtimes say that they can do: asked of real programs, once each."""

from pathlib import Path

import pytest

from statesvc.db.workers import Workers
from statesvc.domain.runtimes import Derived, Runtime
from statesvc.services.runtimes.features import Features

pytestmark = pytest.mark.anyio


def program(path: Path, says: str) -> Derived:
    """A runtime that notes each call beside itself."""
    path.write_text(f"#!/bin/sh\necho \"$@\" >> '{path}.calls'\n{says}\n")
    path.chmod(0o755)
    return Derived(Runtime(path.name, str(path), ("--a b",)), "configured", str(path))


def calls(runtime: Derived) -> list[str]:
    return Path(f"{runtime.binary}.calls").read_text().splitlines()


async def test_a_runtime_is_asked_once_with_its_arguments_and_told_compactly(tmp_path: Path) -> None:
    able, features = (
        program(tmp_path / "able", """echo '{ "ociVersionMin": "1.0.0" }'"""),
        Features(Workers("files", 1, 10)),
    )
    for _ in range(3):
        assert await features.of({"able": able}) == {"able": '{"ociVersionMin":"1.0.0"}'}
    assert calls(able) == ["--a b features"]


@pytest.mark.parametrize("says", ["exit 1", "echo unknown command", "echo []", "echo '{'"])
async def test_a_runtime_that_does_not_tell_is_shown_without(tmp_path: Path, says: str) -> None:
    mute, features = program(tmp_path / "mute", says), Features(Workers("files", 1, 10))
    assert await features.of({"mute": mute}) == {}
    assert await features.of({"mute": mute}) == {}
    assert len(calls(mute)) == 1


async def test_a_binary_that_is_replaced_is_asked_again(tmp_path: Path) -> None:
    runtime, features = program(tmp_path / "r", "echo '{}'"), Features(Workers("files", 1, 10))
    assert await features.of({"r": runtime}) == {"r": "{}"}
    program(tmp_path / "r", """echo '{"hooks":[]}'""")
    assert await features.of({"r": runtime}) == {"r": '{"hooks":[]}'}


async def test_a_binary_that_is_not_there_and_a_shim_are_not_asked() -> None:
    gone = Derived(Runtime("gone", "/no/such"), "configured", "/no/such")
    shim = Derived(Runtime("kata", type="io.x.v1"), "configured")
    assert await Features(Workers("files", 1, 10)).of({"gone": gone, "kata": shim}) == {}
