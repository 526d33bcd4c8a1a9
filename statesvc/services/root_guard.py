"""Refuses changes while the files of the open data root are not in their place; reads go on."""

from collections.abc import Iterator

import structlog

from statesvc.errors import Unavailable
from statesvc.host.data_root import LOG_LOST, Held
from statesvc.host.root_watch import Loss, RootWatch
from statesvc.services.health import Reason

log = structlog.get_logger(__name__)

_REMEDY = (
    "put it back as it was, or stop the service (not by kill -9: it writes the log into the database if it can) and "
    "restore a backup"
)
_RESTART = "stop the service (not by kill -9) and start it again, which makes a new one: nothing is lost"


class RootGuard:
    """Looks at the files of a data root before each commit."""

    def __init__(self, held: Held, watch: RootWatch) -> None:
        self._held = held
        self._watch = watch
        self._known_loss: Loss | None = None

    def before_write(self) -> None:
        """Raise Unavailable if a file of the data root is gone or replaced: nobody would find again what is written."""
        loss = self._loss()
        if loss:
            raise Unavailable(f"{loss.message}; nothing was changed: {_remedy(loss)}")

    def reasons(self) -> Iterator[Reason]:
        """Yield why the data root is not healthy."""
        loss = self._loss()
        if loss:
            yield Reason("data-root", f"{loss.message}: changes are refused; {_remedy(loss)}")
        if self._held.log_lost:
            yield Reason("log-lost", LOG_LOST)

    def _loss(self) -> Loss | None:
        loss = self._watch.loss()
        if loss != self._known_loss:
            self._known_loss = loss
            if loss:
                log.error("a file of the data root is not in its place: changes are refused", reason=loss.message)
            else:
                log.info("the files of the data root are in their place again")
        return loss


def _remedy(loss: Loss) -> str:
    return _RESTART if loss.made_again else _REMEDY
