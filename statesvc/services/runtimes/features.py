"""What the runtimes in force can do: each binary is asked once, and again when it is replaced."""

import asyncio
from collections.abc import Mapping

from statesvc.domain.runtimes import Derived
from statesvc.host import binaries

_Asked = tuple[str, tuple[str, ...], tuple[int, int] | None]


class Features:
    """Remembers what the runtimes said."""

    def __init__(self) -> None:
        self._said: dict[_Asked, str | None] = {}

    async def of(self, runtimes: Mapping[str, Derived]) -> Mapping[str, str]:
        """Return for each runtime that tells its features what it said, as JSON."""
        asked = {name: _asked(derived) for name, derived in runtimes.items() if derived.binary}
        for one in asked.values():
            if one not in self._said:
                self._said[one] = await asyncio.to_thread(binaries.features, [one[0], *one[1]])
        return {name: said for name, one in asked.items() if (said := self._said[one]) is not None}


def _asked(derived: Derived) -> _Asked:
    binary = derived.binary or ""
    return binary, derived.runtime.args, binaries.fingerprint(binary)
