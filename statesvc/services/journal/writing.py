"""What the journal is told of a container: with each event its labels, its image and its name."""

from collections.abc import Mapping
from typing import Protocol

from statesvc.db import events
from statesvc.db.containers import names
from statesvc.db.containers import rows as containers
from statesvc.db.database import Connection
from statesvc.domain.event import Event


class Subject(Protocol):
    """A container that an event is about."""

    @property
    def id(self) -> str:
        """The full ID."""

    @property
    def image(self) -> str:
        """The image as it was named."""


def attributes(labels: Mapping[str, str], image: str, name: str) -> dict[str, str]:
    """Return what Docker tells of a container in an event: its labels, image and name."""
    told = dict(labels)
    if image:
        told["image"] = image
    told["name"] = name
    return told


def tell(conn: Connection, action: str, about: Subject, now: int, revision: int, **more: str) -> None:
    """Write an event about a container, in the transaction that changes it."""
    told = attributes(containers.labels(conn, about.id), about.image, names.primary(conn, about.id)) | more
    events.append(conn, Event("container", action, about.id, now, told, revision))
