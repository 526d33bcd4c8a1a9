"""Imports the data root of a Docker Engine: first the images, then the containers, linked containers before the others.

Every object is read by itself: an error becomes its entry in the report, and the import goes on with the next object.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from statesvc.domain.references import familiar
from statesvc.errors import InvalidParameter, Unavailable, partly
from statesvc.importers.docker.container import Stored
from statesvc.importers.docker.images import ImageStore, stores
from statesvc.importers.docker.survey import Survey, survey
from statesvc.importers.failure import failure
from statesvc.importers.folder import Folder, Unreadable, opened
from statesvc.services.imports.report import Entry, Outcome, Report
from statesvc.services.imports.service import Imports, Judged

_NO_SIZES = "the sizes of some images are not known, as their layers are not in the data root: they are recorded as 0"


class DockerImporter:
    """Imports data roots of Docker Engine (tested with 26.1 and 28.5)."""

    def __init__(self, imports: Imports) -> None:
        self._imports = imports

    async def run(self, folder: Path, *, dry_run: bool) -> Report:
        """Import the data root; with `dry_run`, only report what an import would do.

        Raises NotFound or InvalidParameter for a folder that is not a data root, Unavailable if the database fails.
        """
        report = Report("docker", str(folder), dry_run)
        with opened(folder) as root:
            if not (root.is_folder("containers") or root.is_folder("image")):
                raise InvalidParameter(
                    f"{folder} is not the data root of a Docker Engine: it has neither containers nor image folder"
                )
            run = _Run(self._imports, root, str(folder), report)
            await run.images()
            await run.containers()
        report.entries.sort(key=lambda entry: (_ORDER.index(entry.kind), entry.name, entry.id))
        return report


_ORDER = ("image", "tag", "container")


@dataclass(slots=True)
class _Run:
    """A running import. `planned` has the IDs of the containers that a dry run would have imported so far."""

    imports: Imports
    root: Folder
    path: str
    report: Report
    planned: set[str] = field(default_factory=set)

    async def images(self) -> None:
        """Import the images of every storage driver."""
        try:
            drivers = await asyncio.to_thread(stores, self.root)
        except Unreadable as error:
            self._add(Entry("image", "", "image", Outcome.FAILED, str(error)))
            return
        for driver in drivers:
            try:
                store = await asyncio.to_thread(ImageStore, self.root, driver)
                found = await asyncio.to_thread(store.ids)
            except Unreadable as error:
                self._add(Entry("image", "", f"image/{driver}", Outcome.FAILED, str(error)))
                continue
            for hexadecimal in found:
                await self._guarded("image", f"sha256:{hexadecimal}", "", self._image_of(store, hexadecimal))
            self.report.entries += [*store.problems, *store.lost_references()]

    def _image_of(self, store: ImageStore, hexadecimal: str) -> Callable[[], Awaitable[None]]:
        async def import_image() -> None:
            foreign, size_known, warnings = await asyncio.to_thread(store.image, hexadecimal)
            if not size_known and _NO_SIZES not in self.report.notes:
                self.report.notes.append(_NO_SIZES)
            judged = await self.imports.image(foreign, dry_run=self.report.dry_run)
            self._add(_entry("image", foreign.id, ", ".join(map(familiar, foreign.references)), judged.image, warnings))
            for reference, of_reference in judged.references.items():
                self._add(_entry("tag", foreign.id, familiar(reference), of_reference))

        return import_image

    async def containers(self) -> None:
        """Import the containers. Links are resolved among the containers of this data root only."""
        try:
            found = await asyncio.to_thread(survey, self.root)
        except Unreadable as error:
            self._add(Entry("container", "", "containers", Outcome.FAILED, str(error)))
            return
        self.report.entries += found.problems
        data_root = self._data_root(found)
        for container_id in found.children_first():
            name = found.names[container_id]
            await self._guarded("container", container_id, name, self._container_of(found, container_id, data_root))

    def _container_of(self, found: Survey, container_id: str, data_root: str) -> Callable[[], Awaitable[None]]:
        async def import_container() -> None:
            stored = await asyncio.to_thread(_read, self.root, container_id)
            rivals = found.rivals(container_id)
            if rivals and not await self.imports.holds(container_id):
                self._add(Entry("container", container_id, stored.name, Outcome.SKIPPED, _rivalry(stored.name, rivals)))
                return
            links, lost = found.resolve(stored.links)
            own_roots = stored.data_roots
            foreign = stored.foreign(own_roots.pop() if len(own_roots) == 1 else data_root, links)
            judged = await self.imports.container(foreign, self.planned if self.report.dry_run else None)
            warnings: tuple[str, ...] = ()
            if judged.outcome is Outcome.IMPORTED:
                self.planned.add(container_id)
                warnings = (*stored.warnings(), *lost)
            self._add(_entry("container", container_id, stored.name, judged, warnings))

        return import_container

    def _data_root(self, found: Survey) -> str:
        if len(found.data_roots) == 1:
            return next(iter(found.data_roots))
        what = "no container records where" if not found.data_roots else "the containers disagree where"
        if found.names:
            self.report.notes.append(
                f"{what} the engine had its data root: volumes without a recorded path are assumed to be in {self.path}"
            )
        return self.path

    async def _guarded(self, kind: str, object_id: str, name: str, step: Callable[[], Awaitable[None]]) -> None:
        try:
            await step()
        except Unavailable as error:  # the database failed, not this object
            done = sum(entry.outcome is Outcome.IMPORTED for entry in self.report.entries)
            if self.report.dry_run or not done:
                raise
            raise partly(error, f"{done} objects were imported") from error
        except Exception as error:
            self._add(failure(kind, object_id, name, error))

    def _add(self, entry: Entry) -> None:
        self.report.entries.append(entry)


def _read(root: Folder, container_id: str) -> Stored:
    with root.folder("containers", container_id) as folder:
        return Stored(folder, container_id)


def _entry(kind: str, object_id: str, name: str, judged: Judged, warnings: Iterable[str] = ()) -> Entry:
    return Entry(kind, object_id, name, judged.outcome, judged.message, (*warnings, *judged.warnings))


def _rivalry(name: str, rivals: list[str]) -> str:
    return (
        f"its name {name} is also that of container {', '.join(rivals)} in this data root: rename or remove all but one"
    )
