import pytest

from statesvc.domain.go import time_filters
from statesvc.domain.times import SECOND
from statesvc.errors import InvalidParameter

NOW = 1_700_000_000_500_000_000


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("10m", 1_699_999_400 * SECOND),
        ("0s", 1_700_000_000 * SECOND),
        ("1h30m", (1_700_000_000 - 5_400) * SECOND),
        ("-1h", (1_700_000_000 + 3_600) * SECOND),
        ("0", 0),
        ("1", SECOND),
        ("1136073600.000000001", 1_136_073_600 * SECOND + 1),
        ("1136073600.5", 1_136_073_600 * SECOND + SECOND // 2),
        ("99999999999", 2**63 - 1),
        ("+5", 5 * SECOND),
        ("2006-01-02", 1_136_160_000 * SECOND),
        ("2006-01-02Z", 1_136_160_000 * SECOND),
        ("2006-01-02T15", (1_136_160_000 + 15 * 3600) * SECOND),
        ("2006-01-02T15:04", (1_136_160_000 + 15 * 3600 + 240) * SECOND),
        ("2006-01-02T15:04:05", 1_136_214_245 * SECOND),
        ("2006-01-02T15:04:05Z", 1_136_214_245 * SECOND),
        ("2006-01-02T15:04:05+01:00", (1_136_214_245 - 3_600) * SECOND),
        ("2006-01-02T15:04:05.25-01:00", (1_136_214_245 + 3_600) * SECOND + SECOND // 4),
    ],
)
def test_a_moment_is_read_in_every_form_of_docker(text: str, meant: int) -> None:
    assert time_filters.parse(text, NOW) == meant


@pytest.mark.parametrize(
    "text", ["", "bogus", "2006-13-02", "2006-01-32", "2006-01-02T24", "0001-01-01", "10x", "1.2.3", "9" * 40, "\u0661"]
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter, match="failed to parse value as time or duration"):
        time_filters.parse(text, NOW)
