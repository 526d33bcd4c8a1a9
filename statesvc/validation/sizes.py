"""Rules about how much one container may have: each element is work, and some are rows, which all writers wait for."""

from collections.abc import Iterator
from dataclasses import replace

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

_ROWS = frozenset({"Volumes", "Binds", "Mounts", "Tmpfs", "VolumesFrom", "Links", "EndpointsConfig"})


def problems(request: ContainerCreate) -> Iterator[Problem]:
    """Yield every list and map that is too long, and labels that are too large."""
    for path, name, count in _counted(request):
        if count > (most := LIMITS.stored_rows if name in _ROWS else LIMITS.stored_elements):
            field = pointer(*path)
            broken = (ROWS if name in _ROWS else ELEMENTS).broken(
                f"{field} has {count:,} elements: at most {most:,} are possible", count
            )
            yield replace(broken, field=field)
    labels = (request.config and request.config.Labels) or {}
    size = sum(len(key.encode()) + len(value.encode()) for key, value in labels.items())
    if size > LIMITS.label_bytes:
        message = f"the labels have {size:,} bytes: at most {LIMITS.label_bytes:,} are possible"
        yield LABELS.broken(message, size)


def elements(request: ContainerCreate) -> int:
    """Return how many elements all lists and maps of a request have, as a measure of the work that it is."""
    return sum(count for _, _, count in _counted(request))


def _counted(request: ContainerCreate) -> Iterator[tuple[tuple[object, ...], str, int]]:
    if request.config:
        yield from _of(request.config, ())
    for name in ("host_config", "networking_config"):
        part: Document | None = getattr(request, name)
        if part:
            yield from _of(part, ("HostConfig" if name == "host_config" else "NetworkingConfig",))


def _of(value: object, path: tuple[object, ...]) -> Iterator[tuple[tuple[object, ...], str, int]]:
    """Yield path, name and length of each list and map in a document, and in those that it contains."""
    if isinstance(value, Document):
        for name, field in value.__dict__.items():
            if field.__class__ not in _SCALARS:
                yield from _of(field, (*path, name))
    elif value:
        assert isinstance(value, list | dict)
        yield path, str(path[-1]), len(value)
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, element in items:
            if element.__class__ is str:  # and so are all the others
                break
            if element.__class__ not in _SCALARS:
                yield from _of(element, (*path, key))


_SCALARS = frozenset({str, int, float, bool, type(None)})
