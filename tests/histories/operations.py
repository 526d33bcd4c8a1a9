"""What clients recorded: one operation of the service, as it was sent and as it was answered."""

from dataclasses import dataclass, field
from typing import Any

NEVER = 2**63


@dataclass(slots=True)
class Op:
    """An operation of a client. Its number is in the User-Agent, so that events name the operation that wrote them.

    `target` is a container's ID, `name` the name or reference that it is about, `value` what it sets; `status` is 0
    until an answer came, and `found` is what the answer says.
    """

    number: int
    kind: str
    target: str = ""
    name: str = ""
    value: Any = None
    expected: int | None = None
    key: str = ""
    invoked: int = 0
    returned: int = NEVER
    status: int = 0
    message: str = ""
    found: dict[str, Any] = field(default_factory=dict)
    wrote: list[dict[str, Any]] = field(default_factory=list)

    @property
    def agent(self) -> str:
        """Its User-Agent."""
        return f"op-{self.number}"

    @property
    def is_lost(self) -> bool:
        """Whether nobody told the client what became of it: no answer came, or one that says so."""
        return self.status == 0 or (self.status in {500, 503} and "nothing was" not in self.message)

    @property
    def is_done(self) -> bool:
        """Whether it was acknowledged."""
        return 200 <= self.status < 300
