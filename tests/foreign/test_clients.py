"""The foreign clients that are quick to install and to run: each must go on to pass what it passed."""

import os

import pytest
from foreign import floors
from foreign.installed import Missing
from foreign.run import outcomes_of

QUICK = ("aiodocker", "dockerode", "python_on_whales", "systeminformation")


# Node's clients are installed into one folder, so one worker runs them.
@pytest.mark.parametrize(
    "client",
    [
        pytest.param(
            name, marks=pytest.mark.xdist_group("node" if name in {"dockerode", "systeminformation"} else name)
        )
        for name in QUICK
    ],
)
def test_a_client_passes_what_it_passed(client: str) -> None:
    try:
        _, found = outcomes_of(client)
    except Missing as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    assert floors.read()[client].broken(found) == []
