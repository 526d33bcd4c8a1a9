"""What is said of an object that could not be imported."""

import traceback

import structlog

from statesvc.errors import StateError
from statesvc.importers.folder import Unreadable
from statesvc.services.imports.report import Entry, Outcome

log = structlog.get_logger(__name__)


def failure(kind: str, object_id: str, name: str, error: Exception) -> Entry:
    """Return the entry of an object that an error kept out: its sentence, or for a bug of ours that it is one."""
    if isinstance(error, Unreadable | StateError):
        return Entry(kind, object_id, name, Outcome.FAILED, str(error))
    # The text of such an error may quote what was read, secrets with it: only its kind and place are logged.
    place = "".join(traceback.format_tb(error.__traceback__))
    log.error("an import met a bug", kind=kind, id=object_id, error=type(error).__name__, place=place)
    return Entry(kind, object_id, name, Outcome.FAILED, "statesvc has a bug that it met; the log has the place")
