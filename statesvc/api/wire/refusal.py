"""Why a request is not carried out: its bytes are not as HTTP has them, or do not come."""


class Refusal(Exception):
    """A request whose framing cannot be trusted: answered with this status, then the connection is closed."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class CutOff(Refusal):
    """The client ended its side, or went away, before its request was complete."""

    def __init__(self) -> None:
        super().__init__(400, "the request ended before it was complete")


def malformed(what: str) -> Refusal:
    """Return the refusal of bytes that are no HTTP."""
    return Refusal(400, f"the request is not valid HTTP/1.1: {what}")
