"""What is read of this machine."""

import pytest

from statesvc.host.facts import amd64_variant

V2 = "cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3"
V3 = f"{V2} avx avx2 bmi1 bmi2 f16c fma abm movbe xsave"
V4 = f"{V3} avx512f avx512bw avx512cd avx512dq avx512vl"


@pytest.mark.parametrize(
    ("flags", "variant"),
    [
        ("", ""), ("sse2", ""), (V2, "v2"), (V3, "v3"), (V4, "v4"), (f"{V4} more", "v4"),
        (V4.replace("movbe ", ""), "v2"), (V4.replace("popcnt ", ""), ""),
    ],
)  # fmt: skip
def test_the_version_of_amd64_is_the_newest_of_which_nothing_is_missing(flags: str, variant: str) -> None:
    assert amd64_variant(frozenset(flags.split())) == variant
