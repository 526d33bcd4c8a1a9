"""The bodies of an engine's reports under /statesvc/v1/. A required field is None where it is missing."""

from statesvc.domain.documents.document import Document
from statesvc.domain.documents.go_types import Int, Strings


class EngineReport(Document):
    """Everything that may be said in a report of a container's life; each report reads its own fields."""

    Engine: str | None = None
    Attempt: Int | None = None
    Pid: Int | None = None
    ExitCode: Int | None = None
    Error: str = ""
    OomKilled: bool = False
    Manual: bool = False


class ProbeReport(Document):
    """One check of a container. The times are RFC 3339."""

    Start: str = ""
    End: str = ""
    ExitCode: Int | None = None
    Output: str = ""


class HealthReport(Document):
    """A probe, a status, or both."""

    Status: str | None = None
    Probe: ProbeReport | None = None


class ExecProcess(Document):
    """What runs and how. An environment is neither read nor kept."""

    Entrypoint: str = ""
    Arguments: Strings | None = None
    Tty: bool = False
    Privileged: bool = False
    User: str = ""


class ExecBegun(Document):
    """A process beside a container's own."""

    Id: str | None = None
    Engine: str | None = None
    Pid: Int = 0
    Process: ExecProcess | None = None
    OpenStdin: bool = False
    OpenStdout: bool = False
    OpenStderr: bool = False
