"""The bodies of requests about a swarm, of which only what every mistake can be seen in is read."""

from statesvc.domain.documents.document import Document
from statesvc.domain.documents.go_types import StringMap, Strings


class SwarmSpec(Document):
    """What the bodies of services, secrets, configs, nodes and the swarm have in common (Go: swarm.Annotations)."""

    Name: str = ""
    Labels: StringMap | None = None


class NodeSpec(SwarmSpec):
    """The body of POST /nodes/{name}/update (Go: swarm.NodeSpec)."""

    Role: str = ""
    Availability: str = ""


class SwarmInit(Document):
    """The body of POST /swarm/init (Go: swarm.InitRequest)."""

    ListenAddr: str = ""
    AdvertiseAddr: str = ""
    DataPathAddr: str = ""
    ForceNewCluster: bool = False
    Spec: SwarmSpec = SwarmSpec()
    AutoLockManagers: bool = False
    Availability: str = ""
    DefaultAddrPool: Strings | None = None


class SwarmJoin(Document):
    """The body of POST /swarm/join (Go: swarm.JoinRequest)."""

    ListenAddr: str = ""
    AdvertiseAddr: str = ""
    DataPathAddr: str = ""
    RemoteAddrs: Strings | None = None
    JoinToken: str = ""
    Availability: str = ""


class SwarmUnlock(Document):
    """The body of POST /swarm/unlock (Go: swarm.UnlockRequest)."""

    UnlockKey: str = ""
