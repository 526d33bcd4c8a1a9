"""The HTTP protocol under the application: bytes that are no HTTP are answered like every other mistake, in JSON."""

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from statesvc.api.answers import JSON

_NO_HTTP = orjson.dumps({"message": "the request is not valid HTTP/1.1"})


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol, with Docker's error body in the one answer that it gives by itself."""

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's signature
        """Answer that the bytes cannot be read as a request, and hang up."""
        head = f"HTTP/1.1 400 Bad Request\r\ncontent-type: {JSON}\r\ncontent-length: {len(_NO_HTTP)}\r\n"
        self.transport.write(head.encode() + b"connection: close\r\n\r\n" + _NO_HTTP)
        self.transport.close()
