"""What the rules judge a request against."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from statesvc.domain.daemon_config import DaemonConfig
from statesvc.domain.host_facts import HostFacts


@dataclass(frozen=True, slots=True)
class Context:
    """The host, one configuration, and what the request refers to as it was found.

    `containers` maps each reference of the request to the ID it means, or to the sentence that says why it means none.
    """

    facts: HostFacts
    daemon: DaemonConfig
    volumes_root: str
    containers: Mapping[str, "Reference"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reference:
    """A container that a request refers to: its ID, or why there is none."""

    id: str = ""
    missing: str = ""
    host_network: bool = False
