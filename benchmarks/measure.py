"""Measures the servers in turns, so that load on the machine affects all of them alike."""

import math
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from client import ask_all
from operations import Operation, create_message
from peers import Peer

ROUNDS = 10
WARM_UP = 5


@dataclass
class Samples:
    """The times of one operation against one server, in seconds."""

    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The time within which half of the requests are answered."""
        return statistics.median(self.seconds)

    @property
    def p99(self) -> float:
        """The time within which 99 of 100 requests are answered."""
        return sorted(self.seconds)[math.ceil(len(self.seconds) * 0.99) - 1]


def in_turns(peers: Sequence[Peer], operation: Operation) -> dict[str, Samples]:
    """Send the requests of an operation to each server in turn, a share of the samples at a time."""
    share = max(1, operation.samples // ROUNDS)
    connections = {peer.name: peer.connect() for peer in peers}
    messages = {peer.name: operation.messages(peer) for peer in peers}
    taken = {peer.name: Samples() for peer in peers}
    for round_ in range(ROUNDS + 1):
        for peer in peers:
            ask, source = connections[peer.name].ask, messages[peer.name]
            times = []
            for _ in range(share if round_ else min(WARM_UP, share)):
                message = next(source)
                begun = time.perf_counter()
                ask(message)
                times.append(time.perf_counter() - begun)
            if round_:  # the first round only warms up
                taken[peer.name].seconds += times
    for connection in connections.values():
        connection.close()
    return taken


def creation_rates(peers: Sequence[Peer], *, clients: int, count: int) -> tuple[dict[str, float], dict[str, Samples]]:
    """Create containers from several clients at once; return containers per second, and the time each create took."""
    elapsed = {peer.name: 0.0 for peer in peers}
    taken = {peer.name: Samples() for peer in peers}
    share = max(clients, count // ROUNDS)
    for _ in range(ROUNDS):
        for peer in peers:
            messages = [create_message() for _ in range(share)]
            seconds, whole = ask_all(peer.socket, messages, clients)
            taken[peer.name].seconds += seconds
            elapsed[peer.name] += whole
    return {name: share * ROUNDS / seconds for name, seconds in elapsed.items()}, taken
