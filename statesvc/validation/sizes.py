"""Rules about how much one container may have: each element is work, and some are rows, which all writers wait for."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from statesvc.domain.documents import ContainerCreate, Document
from statesvc.domain.limits import LIMITS
from statesvc.errors import Problem, pointer
from statesvc.validation.rules import rule

_SOURCE = "statesvc: docs/limits.md; Docker has no limit"
ELEMENTS = rule("elements", "/K", f"A list or a map has at most {LIMITS.stored_elements:,} elements.", _SOURCE)
ROWS = rule(
    "rows",
    "/K",
    f"A container has at most {LIMITS.stored_rows:,} mounts of each kind, networks, links, and so on.",
    _SOURCE,
)
LABELS = rule("labels-size", "/Labels", f"The labels have at most {LIMITS.label_bytes:,} bytes together.", _SOURCE)

_Path = tuple[object, ...]
_SCALARS = frozenset({str, int, float, bool, type(None)})
_ROWS = frozenset({"Volumes", "Binds", "Mounts", "Tmpfs", "VolumesFrom", "Links", "EndpointsConfig"})


@dataclass(frozen=True, slots=True)
class Size:
    """How many elements all lists and maps of a request have, as a measure of its work, and which have too many."""

    elements: int
    problems: tuple[Problem, ...]


def measured(request: ContainerCreate) -> Size:
    """Return the size of a request."""
    elements = 0
    found = []
    for path, count in _counted(request):
        elements += count
        if count > LIMITS.stored_rows and (problem := _judged(path, count)):
            found.append(problem)
    labels = (request.config and request.config.Labels) or {}
    size = sum(len(key.encode()) + len(value.encode()) for key, value in labels.items())
    if size > LIMITS.label_bytes:
        found.append(
            LABELS.broken(f"the labels have {size:,} bytes: at most {LIMITS.label_bytes:,} are possible", size)
        )
    return Size(elements, tuple(found))


def _judged(path: _Path, count: int) -> Problem | None:
    is_row = path[-1] in _ROWS
    if count <= (most := LIMITS.stored_rows if is_row else LIMITS.stored_elements):
        return None
    field = pointer(*path)
    message = f"{field} has {count:,} elements: at most {most:,} are possible"
    return replace((ROWS if is_row else ELEMENTS).broken(message, count), field=field)


def _counted(request: ContainerCreate) -> Iterator[tuple[_Path, int]]:
    if request.config:
        yield from _of(request.config, ())
    if request.host_config:
        yield from _of(request.host_config, ("HostConfig",))
    if request.networking_config:
        yield from _of(request.networking_config, ("NetworkingConfig",))


def _of(document: Document, path: _Path) -> Iterator[tuple[_Path, int]]:
    """Yield path and length of each list and map in a document, and in those that it contains."""
    fields = document.__dict__
    for name in document.__pydantic_fields_set__:  # most requests set few
        value = fields[name]
        if value.__class__ not in _SCALARS:
            yield from _in(value, (*path, name))


def _in(value: object, path: _Path) -> Iterator[tuple[_Path, int]]:
    if isinstance(value, Document):
        yield from _of(value, path)
    elif isinstance(value, list | dict) and value:
        yield path, len(value)
        for key, element in value.items() if isinstance(value, dict) else enumerate(value):
            if element.__class__ is str:  # and so are all the others
                break
            if element.__class__ not in _SCALARS:
                yield from _in(element, (*path, key))
