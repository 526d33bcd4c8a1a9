"""Sequences of create, rename, look-up and remove, asked of both: each step has the same status and means the same."""

import os
from dataclasses import dataclass, field
from random import Random
from urllib.parse import quote

import pytest
from differential.compare import Pair

pytestmark = pytest.mark.xdist_group("differential")

STEPS = int(os.environ.get("DIFFERENTIAL_REQUESTS", "250")) // 2
SEED = int(os.environ.get("DIFFERENTIAL_SEED", "201024"))
NAMES = ("one", "two", "three", "/two", "a.b-c_d", "o", "", "one/x", "-x", "on e", "ONE", "updated", "base")
VERSIONS = ("1.41", "1.30", "1.24")


@dataclass
class Sequence:
    """The containers that were made so far, each by its two IDs, and the choices."""

    pair: Pair
    random: Random
    made: list[tuple[str, str]] = field(default_factory=list)

    def step(self) -> None:
        """Take a step that is possible now."""
        kinds = [self.create, self.rename, self.look_up, self.look_up, self.remove]
        self.random.choice(kinds)()

    def _reference(self) -> tuple[str, str]:
        """Return how each of the two is asked for the same container: by name, ID or part of it."""
        if self.made and self.random.random() < 0.5:
            docker, statesvc = self.random.choice(self.made)
            length = self.random.choice((12, 40, 63, 64))
            before = self.random.choice(("", "", "", "/"))
            return before + docker[:length], before + statesvc[:length]
        name = self.random.choice(NAMES)
        return name, name

    def _both(self, method: str, path: str, references: tuple[str, str], **query: str) -> list:
        version = self.random.choice(VERSIONS)
        targets = (f"/v{version}{path.format(quote(reference, safe=''))}" for reference in references)
        answers = [peer.ask(method, to, **query) for peer, to in zip(self.pair.both(), targets, strict=True)]
        asked = (method, path, version, references, query, [answer.body[:200] for answer in answers])
        assert answers[0].status == answers[1].status, asked
        return answers

    def create(self) -> None:
        """Create a container of a name, or of one that is made up."""
        name = self.random.choice(NAMES)
        query = {"name": name} if name else {}
        body = {"Image": "busybox:latest"}
        answers = [peer.ask("POST", "/v1.41/containers/create", body, **query) for peer in self.pair.both()]
        assert answers[0].status == answers[1].status, (name, answers)
        if answers[0].status == 201:
            self.made.append(tuple(answer.json()["Id"] for answer in answers))

    def rename(self) -> None:
        """Rename a container."""
        self._both("POST", "/containers/{}/rename", self._reference(), name=self.random.choice(NAMES))

    def look_up(self) -> None:
        """Look a container up; both must find the same one, under the same name."""
        found = self._both("GET", "/containers/{}/json", self._reference())
        if found[0].status == 200:
            answers = [answer.json() for answer in found]
            assert tuple(answer["Id"] for answer in answers) in {*self.made, self.pair.base}
            if answers[0]["Name"].lstrip("/") in NAMES or answers[1]["Name"].lstrip("/") in NAMES:
                assert answers[0]["Name"] == answers[1]["Name"]

    def remove(self) -> None:
        """Remove a container, which may also fail."""
        references = self._reference()
        if references[0] == "base":
            return
        found = self._both("GET", "/containers/{}/json", references)[0]
        self._both("DELETE", "/containers/{}", references)
        if found.status == 200:
            self.made = [ids for ids in self.made if ids[0] != found.json()["Id"]]


def test_names_are_given_moved_found_and_freed_alike(pair: Pair) -> None:
    sequence = Sequence(pair, Random(SEED))
    try:
        for _ in range(STEPS):
            sequence.step()
    finally:
        for ids in sequence.made:
            for peer, identity in zip(pair.both(), ids, strict=True):
                peer.ask("DELETE", f"/containers/{identity}", force="1")
