"""The surroundings of the service, given to every service: host, configuration, data root, clock, and so on."""

from dataclasses import dataclass
from pathlib import Path

from statesvc.domain.host_facts import HostFacts
from statesvc.domain.ids import Entropy
from statesvc.domain.times import Clock
from statesvc.services.configuration import Configuration
from statesvc.services.steady_clock import SteadyClock
from statesvc.services.workers import Purposes


@dataclass(frozen=True, slots=True)
class Site:
    """The host, the configuration, the data root, the clocks (nanoseconds), the source of randomness, the threads.

    `clock` stamps what happens; what is old is judged by `steady_clock`, which follows no jump of it.
    """

    facts: HostFacts
    configuration: Configuration
    data_root: Path
    instance_id: str
    clock: Clock
    steady_clock: SteadyClock
    entropy: Entropy
    threads: Purposes

    @property
    def volumes_root(self) -> str:
        """Where an engine keeps the volumes."""
        return f"{self.data_root}/volumes"

    def container_directory(self, container_id: str) -> str:
        """Where an engine keeps the files of a container."""
        return f"{self.data_root}/containers/{container_id}"
