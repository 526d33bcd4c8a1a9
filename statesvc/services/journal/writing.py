"""Writes the events of containers and images. As in Docker, a container's carry its labels, image and name."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from statesvc.db import events, images
from statesvc.db.containers import rows as containers
from statesvc.db.damage.judges import fault
from statesvc.db.sqlite import Connection
from statesvc.domain.event import Event
from statesvc.domain.image_config import parse_image_config

# The action of an event, and its attributes apart from the container's labels, image and name.
Entry = tuple[str, dict[str, str]]


class Subject(Protocol):
    """A container that an event is about."""

    @property
    def id(self) -> str:
        """The full ID."""

    @property
    def image(self) -> str:
        """The image as it was named."""

    @property
    def name(self) -> str:
        """The primary name after the change, "" for a container that has lost it."""


def attributes(labels: Mapping[str, str], image: str, name: str) -> dict[str, str]:
    """Return what every event of a container carries: its labels, image and name."""
    carried = dict(labels)
    if image:
        carried["image"] = image
    carried["name"] = name
    return carried


def log_container(conn: Connection, action: str, about: Subject, now: int, revision: int, **more: str) -> None:
    """Write an event about a container, in the transaction that changes it."""
    log_all(conn, [(action, more)], about, now, revision)


def log_all(conn: Connection, entries: Iterable[Entry], about: Subject, now: int, revision: int) -> None:
    """Write several events about one change of a container, in their order."""
    carried = attributes(containers.labels(conn, about.id), about.image, about.name)
    for action, more in entries:
        events.append(conn, Event("container", action, about.id, now, carried | more, revision))


def log_image(conn: Connection, action: str, image_id: str, name: str, now: int) -> None:
    """Write an event about an image. Its labels and the name it was addressed by are the attributes."""
    image = images.by_id(conn, image_id)
    unreadable = image is None or fault("images", "config", image.config)
    labels = {} if image is None or unreadable else parse_image_config(image.config).labels
    attributes = labels | {"name": name}
    events.append(conn, Event("image", action, image_id, now, attributes))
