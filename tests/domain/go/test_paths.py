"""Paths that are clean already are not taken apart: what comes back is the same as if they were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statesvc.domain.go.paths import clean, is_root

PATHS = st.text(alphabet="/.a\\", max_size=12)


def cleaned(path: str) -> str:
    """Return what Go's path.Clean returns, step by step."""
    rooted, kept = path.startswith("/"), list[str]()
    for step in path.split("/"):
        if step == ".." and kept and kept[-1] != "..":
            kept.pop()
        elif step not in {"", "."} and not (step == ".." and rooted):
            kept.append(step)
    return "/" * rooted + "/".join(kept) or "."


@given(PATHS)
def test_a_path_is_cleaned_as_go_cleans_it(path: str) -> None:
    assert clean(path) == cleaned(path)


@given(PATHS)
def test_the_root_is_known_however_it_is_written(path: str) -> None:
    assert is_root(path) == (cleaned(path.replace("\\", "/")) == "/")


@pytest.mark.parametrize("path", ["/", "//", "/.", "/..", "/a/..", "\\", "\\..", "/a\\.."])
def test_these_are_the_root(path: str) -> None:
    assert is_root(path)


@pytest.mark.parametrize("path", ["", ".", "..", "/a", "/...", "/.a", "a/..", "..\\a"])
def test_these_are_not_the_root(path: str) -> None:
    assert not is_root(path)
