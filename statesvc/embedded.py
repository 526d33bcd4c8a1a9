"""The state plane inside an engine's own process: typed, asynchronous, on the same services as the HTTP API.

async with open_data_root("/var/lib/my-engine", agent="my-engine/1.0") as plane:
    created = await plane.containers.create("web", {"Image": "busybox:latest"})
    container = await plane.containers.get("web")
"""

import os
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import orjson

from statesvc.app import Services, opened, swept
from statesvc.domain import asker
from statesvc.domain.asker import Asker
from statesvc.domain.documents import Config, ContainerCreate, HostConfig
from statesvc.domain.documents.decode import decode, decode_value
from statesvc.domain.event import Event
from statesvc.domain.state import LIVE, State
from statesvc.errors import Conflict, NotFound, PreconditionFailed
from statesvc.services.containers.service import Containers, Created, Inspection
from statesvc.services.images.service import Images
from statesvc.services.journal.service import Journal
from statesvc.services.lifecycle.service import Lifecycle
from statesvc.services.listing.service import Listing, Snapshot
from statesvc.services.runtimes.service import Runtimes
from statesvc.settings import Settings

__all__ = ["Container", "EngineContainers", "EngineEvents", "StatePlane", "open_data_root"]


@dataclass(frozen=True)
class Container:
    """A container as it was when it was read; `row` has all stored columns."""

    row: Inspection

    @property
    def id(self) -> str:
        """The full ID."""
        return self.row.id

    @property
    def name(self) -> str:
        """The primary name, without a slash."""
        return self.row.name

    @property
    def state(self) -> State:
        """The state."""
        return State(self.row.state)

    @property
    def revision(self) -> int:
        """The number of changes so far; changes that pass it as `revision=` fail if there was another in between."""
        return self.row.revision

    @property
    def is_running(self) -> bool:
        """Whether it has a process, paused and restarting ones included, as Docker counts."""
        return self.state in LIVE

    @property
    def is_paused(self) -> bool:
        """Whether it is paused."""
        return self.state is State.PAUSED

    @cached_property
    def config(self) -> Config:
        """The portable configuration: image, command, environment, labels."""
        return decode_value(Config, orjson.loads(self.row.config))

    @cached_property
    def host_config(self) -> HostConfig:
        """The host configuration. `Links` is always empty: links are stored as names."""
        return decode_value(HostConfig, orjson.loads(self.row.host_config))


class EngineContainers:
    """The containers of a data root. A reference is a full ID, a name, or a unique prefix of an ID."""

    def __init__(self, containers: Containers, by: Asker) -> None:
        self._containers = containers
        self._by = by

    async def get(self, reference: str) -> Container:
        """Return a container. Raises NotFound, or InvalidParameter for an empty or ambiguous reference."""
        return Container(await self._containers.inspect(reference))

    async def exists(self, reference: str) -> bool:
        """Return whether the container exists. Raises InvalidParameter for an empty or ambiguous reference."""
        try:
            await self._containers.find(reference)
        except NotFound:
            return False
        return True

    async def is_running(self, reference: str) -> bool:
        """Return whether a container is running, paused or restarting. Raises as `get` does."""
        return (await self._containers.find(reference)).state in LIVE

    async def is_paused(self, reference: str) -> bool:
        """Return whether a container is paused. Raises as `get` does."""
        return (await self._containers.find(reference)).state is State.PAUSED

    async def check(
        self, reference: str, *, states: Collection[State] | None = None, revision: int | None = None
    ) -> Container:
        """Return a container after checking its state and revision, where these are given.

        Raises Conflict or PreconditionFailed if they differ, and as `get` does. The container may change right after:
        pass the revision to the change that depends on it.
        """
        container = await self.get(reference)
        if revision is not None and container.revision != revision:
            raise PreconditionFailed(f"container {container.id} is at revision {container.revision}, not at {revision}")
        if states is not None and container.state not in states:
            wanted = " or ".join(states)
            raise Conflict(f"container {container.id} is {container.state}, not {wanted or 'in any state'}")
        return container

    async def create(
        self,
        name: str,
        request: ContainerCreate | Mapping[str, object],
        *,
        platform: str = "",
        idempotency_key: str | None = None,
    ) -> Created:
        """Create a container from a create request of Docker's API; for the name "", one is generated.

        Raises InvalidParameter with every problem, NotFound for an image that is not recorded, NameConflict. A repeated
        request with the same idempotency key gets the first answer; Conflict if the key was used for another request.
        """
        body = request if isinstance(request, ContainerCreate) else decode(ContainerCreate, orjson.dumps(request))
        with asking(self._by):
            return await self._containers.create(name, body, platform=platform, idempotency_key=idempotency_key)

    async def rename(self, reference: str, new_name: str, *, revision: int | None = None) -> None:
        """Give a container another name. Raises NameConflict, PreconditionFailed, and as `get` does."""
        with asking(self._by):
            await self._containers.rename(reference, new_name, expected=_expected(revision))

    async def update(self, reference: str, asked: HostConfig, *, revision: int | None = None) -> tuple[str, ...]:
        """Change limits and restart policy; return the warnings.

        Raises InvalidParameter, Conflict, PreconditionFailed, and as `get` does.
        """
        with asking(self._by):
            return await self._containers.update(reference, asked, expected=_expected(revision))

    async def remove(self, reference: str, *, revision: int | None = None) -> None:
        """Remove a stopped container. Raises Conflict if it is running, PreconditionFailed, and as `get` does."""
        with asking(self._by):
            await self._containers.remove(reference, expected=_expected(revision))


class EngineEvents:
    """The journal of a data root."""

    def __init__(self, journal: Journal, listing: Listing) -> None:
        self._journal = journal
        self._listing = listing

    async def snapshot(self) -> Snapshot:
        """Return all containers, and the number of the last event: `follow(after=…)` it to miss no change."""
        return await self._listing.snapshot()

    async def follow(
        self, *, after: int | None = None, until: int | None = None, follow: bool = True
    ) -> AsyncIterator[Event]:
        """Yield each event after a number once, in order; without `follow`, only the events recorded by now.

        Raises Gone if some of these events were removed already: take a new snapshot.
        """
        place = await self._journal.place(after, until=until, follow=follow)
        async with aclosing(self._journal.resume(place)) as pages:
            async for page in pages:
                for event in page:
                    yield event


@dataclass(frozen=True, slots=True)
class StatePlane:
    """An open data root. `containers` records this engine in the journal; make other changes inside `asking()`.

    `lifecycle` takes the reports of the engine protocol (docs/engine-protocol.md). `services` has all services.
    """

    containers: EngineContainers
    lifecycle: Lifecycle
    events: EngineEvents
    images: Images
    runtimes: Runtimes
    services: Services
    asker: Asker

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Record this engine in the journal as the author of changes inside the `with` block."""
        with asking(self.asker):
            yield


@contextmanager
def asking(by: Asker) -> Iterator[None]:
    """Record this process in the journal as the author of changes inside the `with` block."""
    token = asker.current.set(by)
    try:
        yield
    finally:
        asker.current.reset(token)


@asynccontextmanager
async def open_data_root(
    path: Path | str, *, agent: str = "", config_file: Path | str | None = None, settings: Settings | None = None
) -> AsyncIterator[StatePlane]:
    """Lock a data root, migrate its database if it is older, and yield the state plane.

    `agent` names this engine in the journal. Settings that are not given come from STATESVC_* variables, as for the
    service. Raises Conflict if another process holds it or its database is newer than this statesvc.
    """
    chosen = (settings or Settings()).model_copy(update={"data_root": Path(path), "hosts": ()})
    if config_file is not None:
        chosen = chosen.model_copy(update={"config_file": Path(config_file)})
    by = Asker(os.getpid(), os.getuid(), os.getgid(), agent[: asker.AGENT_LIMIT] or None)
    async with opened(chosen) as services:
        await swept(services, chosen)
        async with services.retention.kept_up():
            try:
                yield StatePlane(
                    EngineContainers(services.containers, by),
                    services.lifecycle,
                    EngineEvents(services.journal, services.listing),
                    services.images,
                    services.runtimes,
                    services,
                    by,
                )
            finally:
                services.end_streams()


def _expected(revision: int | None) -> frozenset[int] | None:
    return None if revision is None else frozenset({revision})
