"""Clients that do what users and engines do, many at once, and record what they asked and what they were told."""

import hashlib
import json
import random
import re
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote

from histories.connection import Answer, Connection, Lost
from histories.operations import Op
from image_archives import LAYER, a_config, a_manifest, an_archive

BASE, OTHER, LOOSE = "keep/base:1", "keep/other:1", "loose/image:1"
MOST_KNOWN = 40
# More than containers, so that some are free.
NAMES = [f"n-{number}" for number in range(60)]
TAGS = [f"t/tag:{number}" for number in range(6)]
ENGINES = ["engine-a", "engine-b"]
_OWNER = re.compile(r'container "?([0-9a-f]{64})"?')


def archive(reference: str) -> bytes:
    """Return the archive of an image that no other reference has."""
    config = a_config(LAYER, comment=reference)
    return an_archive(**{"c.json": config, "manifest.json": a_manifest(tags=[reference])})


def image_id(reference: str) -> str:
    """Return the ID of the image in that archive."""
    return "sha256:" + hashlib.sha256(a_config(LAYER, comment=reference)).hexdigest()


ARCHIVES = {reference: archive(reference) for reference in (BASE, OTHER, LOOSE)}


@dataclass
class World:
    """What all clients of a run know of each other's work. Only a guide: what is asked may be out of date."""

    config_file: Path
    docker_root: Path
    number: int = 0
    file: int = 0
    known: deque[str] = field(default_factory=deque)
    lives: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    execs: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=20))
    keys: deque[tuple[str, str, int]] = field(default_factory=lambda: deque(maxlen=8))
    done: int = 0
    strike_at: int | None = None
    strike: Callable[[], None] = lambda: None

    def count(self) -> None:
        """Count an operation, and strike if its number was chosen for that."""
        self.done += 1
        if self.done == self.strike_at:
            self.strike()

    def knows(self, container: str) -> None:
        """Note a container that was created."""
        self.known.append(container)
        self.lives[container] = ("created", 0, 1)

    def oldest(self) -> str:
        """Return a container that is to go, since there are more than enough; "" if there are not."""
        while self.known and (len(self.lives) > MOST_KNOWN or len(self.known) > 2 * MOST_KNOWN):
            oldest = self.known.popleft()
            if oldest in self.lives:
                return oldest
        return ""

    def op(self, kind: str, **about: Any) -> Op:
        """Return a new operation."""
        self.number += 1
        return Op(self.number, kind, **about)

    def write_config(self) -> int:
        """Write another configuration file; return its number."""
        self.file += 1
        runtimes = {"wrapped": {"path": "/bin/true", "runtimeArgs": [f"--file={self.file}"]}}
        written = self.config_file.with_suffix(".new")
        written.write_text(json.dumps({"runtimes": runtimes}))
        written.rename(self.config_file)
        return self.file


class Client:
    """One client: asks for one thing after the other until it is stopped or the service is gone."""

    def __init__(self, world: World, connection: Connection, rng: random.Random, ops: list[Op]) -> None:
        self._world = world
        self._connection = connection
        self._rng = rng
        self._ops = ops

    async def run(self, count: int) -> None:
        """Do so many operations, or fewer if the service goes away."""
        for action in self._rng.choices(ACTIONS, WEIGHTS, k=count):
            await action(self)
            self._world.count()

    async def read_back(self, containers: int) -> None:
        """Look at every name and tag, and at some containers."""
        world = self._world
        for name in NAMES:
            await self.inspect_by_name(name)
        for target in self._rng.sample(list(world.known), min(containers, len(world.known))):
            await self.inspect(target)
        for reference in (*TAGS, LOOSE):
            await self.inspect_image(reference)
        await self.runtimes()

    async def _ask(self, op: Op, method: str, path: str, body: object = b"", *, more: str = "") -> Answer:
        """Ask, and record it. A client may go away before the answer: what becomes of it then is open."""
        self._ops.append(op)
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        if op.expected is not None:
            more += f'If-Match: "{op.expected}"\r\n'
        op.invoked = time.monotonic_ns()
        # Not a reload: it would read the file that the next one has written.
        if method != "GET" and op.kind not in {"reload", "import"} and self._rng.random() < 0.005:
            try:
                await self._connection.send(method, path, data, agent=op.agent, more=more)
            except OSError as error:
                raise Lost from error
            self._connection.close()
            return Answer(0, None, b"")
        answer = await self._connection.call(method, path, data, agent=op.agent, more=more)
        op.returned = time.monotonic_ns()
        op.status = answer.status
        if answer.status >= 400:
            op.message = json.loads(answer.body)["message"]
            if answer.status == 404:
                self._world.lives.pop(op.target, None)
            if answer.status == 409 and (owner := _OWNER.search(op.message)):
                op.found["owner"] = owner[1]
        return answer

    # Users.

    async def create(self) -> None:
        """Create a container; of more than enough, one is removed in its place."""
        if len(self._world.lives) > MOST_KNOWN:
            await self.remove()
            return
        name = self._rng.choice(NAMES) if self._rng.random() < 0.8 else ""
        await self._create(self._world.op("create", name=name, value=self._rng.randrange(2, 262_144)))

    async def create_keyed(self) -> None:
        """Create with a key; sometimes it is one that another request has, or had before the service was killed."""
        if self._world.keys and self._rng.random() < 0.3:
            key, name, shares = self._rng.choice(self._world.keys)
        else:
            key, name, shares = f"key-{self._world.number}", self._rng.choice(NAMES), self._rng.randrange(2, 262_144)
            self._world.keys.append((key, name, shares))
        await self._create(self._world.op("create", name=name, value=shares, key=key))

    async def _create(self, op: Op) -> None:
        # The runtime follows from the number of shares, so that a request that is sent again is the same.
        runtime = "wrapped" if op.value % 2 else "runc"
        body = {"Image": BASE, "Cmd": ["x"], "HostConfig": {"CpuShares": op.value, "Runtime": runtime}}
        more = f"Idempotency-Key: {op.key}\r\n" if op.key else ""
        query = f"?name={op.name}" if op.name else ""
        answer = await self._ask(op, "POST", f"/containers/create{query}", body, more=more)
        if answer.status == 201:
            op.target = json.loads(answer.body)["Id"]
            self._world.knows(op.target)

    async def rename(self) -> None:
        op = self._about("rename", name=self._rng.choice(NAMES), guarded=0.2)
        await self._ask(op, "POST", f"/containers/{op.target}/rename?name={op.name}")

    async def update(self) -> None:
        op = self._about("update", value=self._rng.randrange(2, 262_144), guarded=0.2)
        await self._ask(op, "POST", f"/containers/{op.target}/update", {"CpuShares": op.value})

    async def remove(self) -> None:
        oldest = self._world.oldest()
        op = self._world.op("remove", target=oldest) if oldest else self._about("remove", guarded=0.1)
        answer = await self._ask(op, "DELETE", f"/containers/{op.target}?force=1")
        if answer.status == 204:
            self._world.lives.pop(op.target, None)
        elif oldest:
            self._world.known.append(oldest)  # it runs

    async def remove_by_name(self) -> None:
        op = self._world.op("remove", name=self._rng.choice(NAMES))
        await self._ask(op, "DELETE", f"/containers/{op.name}")

    # Readers.

    async def inspect(self, target: str = "") -> None:
        op = self._world.op("inspect", target=target) if target else self._about("inspect")
        length = self._rng.choice([64, 64, 32, 16])
        self._seen(op, await self._ask(op, "GET", f"/containers/{op.target[:length]}/json"))

    async def inspect_by_name(self, name: str = "") -> None:
        op = self._world.op("inspect", name=name or self._rng.choice(NAMES))
        self._seen(op, await self._ask(op, "GET", f"/containers/{op.name}/json"))

    def _seen(self, op: Op, answer: Answer) -> None:
        if answer.status != 200:
            return
        document = json.loads(answer.body)
        state = document["State"]
        life = (answer.etag, document["Name"][1:], document["HostConfig"]["CpuShares"], state["Status"])
        op.found |= {"id": document["Id"], "life": (*life, state["Pid"], state["ExitCode"], state["Error"])}
        known = self._world.lives.get(document["Id"])
        if known and answer.etag:
            self._world.lives[document["Id"]] = (state["Status"], known[1], answer.etag)

    async def list_all(self) -> None:
        op = self._world.op("list")
        asked = self._rng.sample(self._world.known, min(8, len(self._world.known)))
        answer = await self._ask(op, "GET", "/containers/json?all=1")
        shown = {one["Id"]: (one["Names"][0][1:], one["State"]) for one in json.loads(answer.body)}
        op.found |= {container: shown.get(container) for container in asked}

    async def events(self) -> None:
        op = self._world.op("events")
        answer = await self._ask(op, "GET", "/statesvc/v1/events?follow=0&after=0")
        if answer.status == 410:
            op.status, after = 200, json.loads(answer.body)["oldest"] - 1
            answer = await self._ask(self._world.op("events"), "GET", f"/statesvc/v1/events?follow=0&after={after}")
        numbers = [json.loads(line)["Seq"] for line in answer.body.splitlines() if answer.status == 200]
        op.found["gaps"] = [two for one, two in pairwise(numbers) if two != one + 1]

    async def snapshot(self) -> None:
        op = self._world.op("snapshot")
        answer = await self._ask(op, "GET", "/statesvc/v1/snapshot")
        op.found = snapshot_of(answer)

    # Engines.

    async def prepare(self) -> None:
        op = self._about("prepare-start", value=self._rng.choice(ENGINES), states={"created", "exited"}, guarded=0.1)
        answer = await self._report(op, {"Engine": op.value})
        if answer.status == 200:
            handle = json.loads(answer.body)
            self._world.lives[op.target] = ("pending", handle["Attempt"], handle["Revision"])
            path, digest = handle["Runtime"]["ScriptPath"], handle["Runtime"]["ScriptDigest"]
            if path and f"sha256:{hashlib.sha256(Path(path).read_bytes()).hexdigest()}" != digest:
                op.found["broken"] = f"the script {path} is not {digest}"

    async def started(self) -> None:
        op = self._about("started", states={"pending", "restarting"})
        op.value = self._attempt(op), self._rng.randrange(2, 30_000)
        await self._report(op, {"Attempt": op.value[0], "Pid": op.value[1]})

    async def start_failed(self) -> None:
        op = self._about("start-failed", states={"pending", "restarting"})
        op.value = self._attempt(op), 127, f"no {self._rng.randrange(9)}"
        await self._report(op, {"Attempt": op.value[0], "ExitCode": op.value[1], "Error": op.value[2]})

    async def exited(self) -> None:
        await self._exit("exited")

    async def _exit(self, kind: str) -> None:
        op = self._about(kind, value=self._rng.randrange(256), states={"running", "paused", "restarting"}, guarded=0.1)
        await self._report(op, {"ExitCode": op.value})

    async def paused(self) -> None:
        await self._report(self._about("paused", states={"running"}))

    async def unpaused(self) -> None:
        await self._report(self._about("unpaused", states={"paused"}))

    async def restarting(self) -> None:
        await self._exit("restarting")

    async def removing(self) -> None:
        await self._report(self._about("removing"))

    async def dead(self) -> None:
        await self._report(self._about("dead", states={"removing", "exited"}))

    async def removed(self) -> None:
        op = self._about("remove", states={"removing", "dead"}, guarded=0.1)
        if (await self._ask(op, "POST", f"/statesvc/v1/containers/{op.target}/removed")).status == 204:
            self._world.lives.pop(op.target, None)

    async def exec_started(self) -> None:
        op = self._about("execs", states={"running"})
        answer = await self._report(op, {"Engine": ENGINES[0], "Process": {"Entrypoint": "x"}})
        if answer.status == 201:
            self._world.execs.append((op.target, json.loads(answer.body)["ExecId"]))

    async def exec_ended(self) -> None:
        if self._world.execs:
            target, started = self._rng.choice(self._world.execs)
            op = self._world.op("exec-ended", target=target)
            body = {"ExitCode": self._rng.randrange(3)}
            self._reported(op, await self._ask(op, "POST", f"/statesvc/v1/execs/{started}/ended", body))

    async def _report(self, op: Op, body: object = b"") -> Answer:
        answer = await self._ask(op, "POST", f"/statesvc/v1/containers/{op.target}/{op.kind}", body)
        self._reported(op, answer)
        return answer

    def _reported(self, op: Op, answer: Answer) -> None:
        if answer.status in {200, 201}:
            said = json.loads(answer.body)
            op.found |= said
            if "State" in said:
                self._world.lives[op.target] = (said["State"], said["Attempt"], said["Revision"])

    def _attempt(self, op: Op) -> int:
        _, attempt, _ = self._world.lives.get(op.target, ("", 1, 0))
        return max(1, attempt if self._rng.random() < 0.9 else attempt - 1)

    def _about(self, kind: str, *, states: set[str] | None = None, guarded: float = 0, **about: Any) -> Op:
        """Return an operation on a known container, mostly one in such a state, now and then only at a revision."""
        known, lives = self._world.known, self._world.lives
        fitting = [one for one in known if one in lives and (states is None or lives[one][0] in states)]
        target = self._rng.choice((fitting if self._rng.random() < 0.9 else None) or known or ["0" * 64])
        op = self._world.op(kind, target=target, **about)
        if self._rng.random() < guarded:
            op.expected = self._world.lives.get(target, ("", 0, 1))[2]
        return op

    # Images.

    async def tag(self) -> None:
        source, reference = self._rng.choice([BASE, OTHER]), self._rng.choice(TAGS)
        op = self._world.op("tag", name=reference, value=image_id(source))
        repo, _, name = reference.rpartition(":")
        await self._ask(op, "POST", f"/images/{source}/tag?repo={quote(repo)}&tag={name}")

    async def untag(self) -> None:
        op = self._world.op("untag", name=self._rng.choice(TAGS))
        await self._ask(op, "DELETE", f"/images/{op.name}")

    async def inspect_image(self, reference: str = "") -> None:
        op = self._world.op("inspect-image", name=reference or self._rng.choice([*TAGS, LOOSE]))
        answer = await self._ask(op, "GET", f"/images/{op.name}/json")
        if answer.status == 200:
            op.found["id"] = json.loads(answer.body)["Id"]

    async def load(self, reference: str = LOOSE) -> None:
        op = self._world.op("load", name=reference, value=image_id(reference))
        await self._ask(op, "POST", "/images/load", ARCHIVES[reference])

    async def remove_image(self) -> None:
        op = self._world.op("untag", name=LOOSE)
        await self._ask(op, "DELETE", f"/images/{LOOSE}")

    # The operator.

    async def reload(self) -> None:
        """Only one client does this: it writes the file, too."""
        op = self._world.op("reload", value=self._world.write_config())
        await self._ask(op, "POST", "/statesvc/v1/runtimes/reload")

    async def runtimes(self) -> None:
        op = self._world.op("runtimes")
        answer = await self._ask(op, "GET", "/statesvc/v1/runtimes")
        wrapped = next(one for one in json.loads(answer.body)["Runtimes"] if one["Name"] == "wrapped")
        op.found["file"] = int(wrapped["Args"][0].partition("=")[2])

    async def import_docker(self) -> None:
        """Import another engine's containers, and remove them, so that the next import has something to do."""
        body = {"Engine": "docker", "Path": str(self._world.docker_root)}
        op = self._world.op("import")
        answer = await self._ask(op, "POST", "/statesvc/v1/import", body)
        if answer.status != 200:
            return
        report = json.loads(answer.body)
        op.found["complete"] = report["Complete"]
        for one in report["Objects"]:
            if one["Kind"] == "container":
                removal = self._world.op("remove-imported", target=one["Id"])
                await self._ask(removal, "DELETE", f"/containers/{one['Id']}")


def snapshot_of(answer: Answer) -> dict[str, Any]:
    """Return the number of the last event in a snapshot, and name and state of each container."""
    document = json.loads(answer.body)
    lives = {one["Id"]: (one["Names"][0][1:], one["State"]) for one in document["Containers"]}
    return {"seq": document["Seq"], "lives": lives}


MIX: dict[Callable[[Client], Awaitable[None]], int] = {
    Client.create: 18, Client.create_keyed: 5, Client.rename: 8, Client.update: 9, Client.remove: 7,
    Client.remove_by_name: 1, Client.inspect: 10, Client.inspect_by_name: 10, Client.list_all: 2, Client.events: 0.2,
    Client.snapshot: 1, Client.prepare: 7, Client.started: 6, Client.start_failed: 1, Client.exited: 6,
    Client.paused: 2, Client.unpaused: 2, Client.restarting: 1, Client.removing: 0.5, Client.dead: 0.5,
    Client.removed: 0.5, Client.exec_started: 2, Client.exec_ended: 1.5, Client.tag: 3, Client.untag: 3,
    Client.inspect_image: 3, Client.load: 0.5, Client.remove_image: 0.5, Client.runtimes: 1,
}  # fmt: skip
ACTIONS, WEIGHTS = list(MIX), list(MIX.values())


def seeds(*parts: object) -> random.Random:
    """Return the randomness of one part of a run."""
    return random.Random("/".join(map(str, parts)))
