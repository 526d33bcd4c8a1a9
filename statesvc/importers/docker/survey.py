"""The first pass over the containers of a Docker data root: which can be read, their names and their links."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from statesvc.domain.ids import is_full
from statesvc.domain.link import Link
from statesvc.importers.docker.container import Stored
from statesvc.importers.failure import failure
from statesvc.importers.folder import Folder, Missing
from statesvc.services.imports.report import Entry, Outcome


@dataclass(slots=True)
class Survey:
    """The containers that can be read: their names, links (alias → reference), and the data roots they record."""

    names: dict[str, str] = field(default_factory=dict)
    owners: dict[str, list[str]] = field(default_factory=dict)
    links: dict[str, dict[str, str]] = field(default_factory=dict)
    data_roots: set[str] = field(default_factory=set)
    problems: list[Entry] = field(default_factory=list)

    def find(self, reference: str) -> str | None:
        """Return the ID of the container that a link names, as Docker finds it: by full ID, name, or ID prefix."""
        if reference in self.names:
            return reference
        matching = self.owners.get(reference.removeprefix("/")) or [
            found for found in self.names if found.startswith(reference)
        ]
        return matching[0] if len(matching) == 1 else None

    def rivals(self, container_id: str) -> list[str]:
        """Return the IDs of the other containers with the same name."""
        return [other for other in self.owners[self.names[container_id]] if other != container_id]

    def resolve(self, links: Mapping[str, str]) -> tuple[tuple[Link, ...], tuple[str, ...]]:
        """Return the links whose containers are in this data root, and a warning for each other link."""
        found, lost = [], []
        for alias, reference in links.items():
            child = self.find(reference)
            if child is None:
                lost.append(
                    f"its link {alias} is left out: {reference} names no container of this data root, or more than one"
                )
            else:
                found.append(Link(child, alias))
        return tuple(found), tuple(lost)

    def children_first(self) -> list[str]:
        """Return the containers in an order where linked containers come before the containers that link to them."""
        order: list[str] = []
        seen: set[str] = set()
        for start in sorted(self.names):
            stack = [(start, False)]
            while stack:
                container_id, children_done = stack.pop()
                if children_done:
                    order.append(container_id)
                elif container_id not in seen:
                    seen.add(container_id)
                    stack.append((container_id, True))
                    children = (self.find(reference) for reference in self.links.get(container_id, {}).values())
                    stack += [(child, False) for child in children if child is not None]
        return order


def survey(root: Folder) -> Survey:
    """Read every container once. Raises Unreadable if the containers cannot be listed."""
    found = Survey()
    try:
        with root.folder("containers") as folder:
            for directory in folder.names():
                _look_at(found, folder, directory)
    except Missing:
        return found
    return found


def _look_at(found: Survey, containers: Folder, directory: str) -> None:
    if not is_full(directory):
        why = "its name in the data root is not the ID of a container"
        found.problems.append(Entry("container", directory, "", Outcome.FAILED, why))
        return
    try:
        with containers.folder(directory) as folder:
            stored = Stored(folder, directory)
            links, data_roots = stored.links, stored.data_roots
    except Exception as error:
        found.problems.append(failure("container", directory, "", error))
        return
    found.names[directory] = stored.name
    # Links may name a container by the name that it could not keep.
    for name in {stored.name, stored.container.Name.removeprefix("/")}:
        found.owners.setdefault(name, []).append(directory)
    if links:
        found.links[directory] = links
    found.data_roots |= data_roots
