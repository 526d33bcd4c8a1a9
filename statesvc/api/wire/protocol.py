"""The HTTP protocol under the application: the peer of a connection, and the answer to bytes that are not HTTP."""

import asyncio
import socket
import struct
from typing import cast

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from statesvc.api.wire.answers import JSON

_NO_HTTP = orjson.dumps({"message": "the request is not valid HTTP/1.1"})


# In the scope of a request: process, user and group at the other end of the socket.
PEER = "statesvc.peer"
_CREDENTIALS = struct.Struct("3i")


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol, with the peer in the scope, and Docker's error body where uvicorn itself answers an error."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Note the peer: the kernel records its process, user and group when a Unix socket is connected."""
        super().connection_made(transport)
        self._peer = _peer(transport)

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        cast("dict[str, object]", self.scope)[PEER] = self._peer

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's signature
        """Answer that the bytes cannot be read as a request, and hang up."""
        head = f"HTTP/1.1 400 Bad Request\r\ncontent-type: {JSON}\r\ncontent-length: {len(_NO_HTTP)}\r\n"
        self.transport.write(head.encode() + b"connection: close\r\n\r\n" + _NO_HTTP)
        self.transport.close()


def _peer(transport: asyncio.Transport) -> tuple[int, int, int]:
    connection: socket.socket = transport.get_extra_info("socket")
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return cast("tuple[int, int, int]", _CREDENTIALS.unpack(raw))
