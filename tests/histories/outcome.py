"""What comes of a run: figures, or a promise that was broken."""

from collections import Counter
from dataclasses import dataclass, field

from histories.operations import Op


class Violation(AssertionError):
    """A promise was broken."""


@dataclass
class Figures:
    """What a run did."""

    operations: int = 0
    acknowledged: int = 0
    refused: int = 0
    lost: int = 0
    kills: int = 0
    cuts: int = 0
    events: int = 0
    histories: int = 0
    seconds: float = 0.0
    judging: float = 0.0
    struck: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        """One line."""
        return (
            f"{self.operations} operations ({self.acknowledged} acknowledged, {self.refused} refused, {self.lost} "
            f"without an answer), {self.kills} kills at {len(self.struck)} points and at random, {self.cuts} power "
            f"cuts, {self.events} events, {self.histories} histories judged, in {self.seconds:.0f} s "
            f"({self.judging:.0f} s of them for judging)"
        )

    def tally(self, ops: list[Op], events: int) -> None:
        """Add what was judged."""
        self.operations += len(ops)
        self.acknowledged += sum(op.is_done for op in ops)
        self.lost += sum(op.is_lost for op in ops)
        self.refused += sum(not op.is_done and not op.is_lost for op in ops)
        self.events += events
