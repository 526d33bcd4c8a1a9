"""Counts the processes that were struck, and reads from the log where."""

import signal
from pathlib import Path

from histories.outcome import Figures, Violation


class Strikes:
    """What the processes of a run logged since it was last looked at."""

    def __init__(self, log: Path, figures: Figures) -> None:
        self._log = log
        self._figures = figures
        self._read = 0

    def count(self, code: int) -> None:
        """Count a kill. Raises Violation for a process that ended otherwise."""
        if code != -signal.SIGKILL:
            raise Violation(f"a process ended with {code}, and was not killed:\n{self.last_words()}")
        self._figures.kills += 1
        self.note()

    def note(self) -> None:
        """Note at which points processes were struck, and read on from here the next time."""
        text = self.last_words()
        for line in text.splitlines():
            if line.startswith("fault point "):
                self._figures.struck[line.removeprefix("fault point ")] += 1
        if "Traceback" in text:
            raise Violation(f"the log has a traceback:\n{text}")
        self._read += len(text)

    def last_words(self) -> str:
        """Return what was logged since it was last noted."""
        if not self._log.exists():
            return ""
        with self._log.open("rb") as log:
            log.seek(self._read)
            return log.read().decode("latin-1")
