"""The features of the runtimes in force: each binary is asked once, and again when it is replaced."""

from collections.abc import Mapping

from statesvc.db.workers import Workers
from statesvc.domain.runtimes import Derived
from statesvc.host import binaries

_Program = tuple[str, tuple[str, ...], tuple[int, int] | None]


class Features:
    """Asks runtimes for their features, and remembers the answers."""

    def __init__(self, threads: Workers) -> None:
        self._threads = threads
        self._answers: dict[_Program, str | None] = {}

    async def of(self, runtimes: Mapping[str, Derived]) -> Mapping[str, str]:
        """Return the features of each runtime that can name them, as JSON."""
        programs = {name: _program(derived) for name, derived in runtimes.items() if derived.binary}
        for program in programs.values():
            if program not in self._answers:
                self._answers[program] = await self._threads.run(binaries.features, [program[0], *program[1]])
        return {name: answer for name, program in programs.items() if (answer := self._answers[program]) is not None}


def _program(derived: Derived) -> _Program:
    binary = derived.binary or ""
    return binary, derived.runtime.args, binaries.fingerprint(binary)
