"""Writes container events. As in Docker, each carries the container's labels, image and name."""

from collections.abc import Mapping
from typing import Protocol

from statesvc.db import events, images
from statesvc.db.containers import names
from statesvc.db.containers import rows as containers
from statesvc.db.damage.judges import fault
from statesvc.db.database import Connection
from statesvc.domain.event import Event
from statesvc.domain.image_config import parse_image_config


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


def log_image(conn: Connection, action: str, image_id: str, name: str, now: int) -> None:
    """Write an event about an image. Its labels and the name it was addressed by are the attributes."""
    image = images.by_id(conn, image_id)
    unreadable = image is None or fault("images", "config", image.config)
    labels = {} if image is None or unreadable else parse_image_config(image.config).labels
    attributes = labels | {"name": name}
    events.append(conn, Event("image", action, image_id, now, attributes))
