"""The bodies of requests about volumes and networks. Fields that only an engine needs are not read."""

from statesvc.domain.documents.document import Document
from statesvc.domain.documents.go_types import StringMap


class VolumeCreate(Document):
    """The body of POST /volumes/create (Go: volume.CreateOptions)."""

    Name: str = ""
    Driver: str = ""
    DriverOpts: StringMap | None = None
    Labels: StringMap | None = None


class NetworkCreate(Document):
    """The body of POST /networks/create (Go: types.NetworkCreateRequest)."""

    Name: str = ""


class NetworkConnect(Document):
    """The body of POST /networks/{name}/connect and of its opposite (Go: types.NetworkConnect)."""

    Container: str = ""
