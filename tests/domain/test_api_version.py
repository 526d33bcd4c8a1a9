import pytest

from statesvc.domain.api_version import NEWEST, OLDEST, Version, parse, render


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("1.45", (1, 45)),
        ("1.045", (1, 45)),
        ("1", (1,)),
        ("1.45.0", (1, 45)),
        ("1.40", (1, 40)),
        ("1.x", (1,)),
        ("", (0,)),
    ],
)
def test_a_version_is_read_as_docker_reads_it(text: str, version: Version) -> None:
    assert parse(text) == version


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_a_version_is_written_as_it_is_read(version: Version) -> None:
    assert parse(render(version)) == version
