"""HTTP over a Unix socket."""

import http.client
import socket
from pathlib import Path

TIMEOUT = 60.0


class UnixConnection(http.client.HTTPConnection):
    """An HTTP connection to the server on a Unix socket.

    `timeout` is how many seconds the server may be silent; None: as long as it takes.
    """

    def __init__(self, path: Path | str, timeout: float | None = TIMEOUT) -> None:
        super().__init__("statesvc", timeout=timeout)
        self._path = str(path)

    def connect(self) -> None:
        """Open the socket. Raises OSError if nothing listens there."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
