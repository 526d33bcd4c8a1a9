"""The daemon configuration in force, replaced as a whole. A request keeps the version that it began with."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from statesvc.domain.daemon_config import DaemonConfig
from statesvc.domain.host_facts import HostFacts
from statesvc.domain.runtimes import Derived
from statesvc.errors import InvalidParameter, Unavailable
from statesvc.host import regular_file
from statesvc.validation import daemon

MOST_BYTES = 4 * 1024 * 1024
PATIENCE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class InForce:
    """One version of the daemon configuration, the host facts with its settings applied, and the runtimes by name.

    `version` is 0 before a version is in force, as in commands that only validate by a file.
    """

    version: int
    daemon: DaemonConfig
    facts: HostFacts
    runtimes: Mapping[str, Derived] = field(default_factory=dict)


class Configuration:
    """Holds the version in force. Only `services.runtimes` swaps it."""

    def __init__(self, facts: HostFacts, config: DaemonConfig) -> None:
        self._facts = facts
        self._in_force = self.version(0, config, ())

    @property
    def in_force(self) -> InForce:
        """The version in force now; it never changes while a request holds it."""
        return self._in_force

    def version(self, number: int, config: DaemonConfig, derived: Iterable[Derived]) -> InForce:
        """Return a version of the configuration, applied to this host."""
        driver = config.cgroup_driver
        facts = replace(self._facts, cgroup_driver=driver) if driver else self._facts
        return InForce(number, config, facts, {runtime.runtime.name: runtime for runtime in derived})

    def swap(self, version: InForce) -> None:
        """Put another version in force."""
        self._in_force = version


async def read(path: Path | None) -> DaemonConfig:
    """Read Docker's daemon.json, a regular file of at most 4 MiB; without one, return Docker's defaults.

    Raises InvalidParameter with every problem of the file, each with its JSON pointer; Unavailable if it is on a disk
    that does not answer.
    """
    if path is None:
        return DaemonConfig()
    try:
        return daemon.read(daemon.decoded(await regular_file.read(path, most=MOST_BYTES, seconds=PATIENCE_SECONDS)))
    except TimeoutError:
        raise Unavailable(
            f"the configuration {path} cannot be read: its disk has not answered for {PATIENCE_SECONDS:g} s"
        ) from None
    except OSError as error:
        raise InvalidParameter(f"the configuration {path} cannot be read: {error.strerror}") from None
    except InvalidParameter as error:
        raise InvalidParameter(f"{path}: {error.message}", error.problems) from None
