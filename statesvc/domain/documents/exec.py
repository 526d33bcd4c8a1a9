"""The bodies of POST /containers/{name}/exec and of POST /exec/{name}/start."""

from statesvc.domain.documents.document import Document
from statesvc.domain.documents.go_types import Pair, Strings


class ExecCreate(Document):
    """A process to run in a container (Go: types.ExecConfig)."""

    User: str = ""
    Privileged: bool = False
    Tty: bool = False
    ConsoleSize: Pair | None = None
    AttachStdin: bool = False
    AttachStderr: bool = False
    AttachStdout: bool = False
    Detach: bool = False
    DetachKeys: str = ""
    Env: Strings | None = None
    WorkingDir: str = ""
    Cmd: Strings | None = None


class ExecStart(Document):
    """How an exec process is started (Go: types.ExecStartCheck)."""

    Detach: bool = False
    Tty: bool = False
    ConsoleSize: Pair | None = None
