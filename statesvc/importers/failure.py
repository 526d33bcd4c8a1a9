"""The report entry of an object that could not be imported."""

import traceback

import structlog

from statesvc.errors import StateError
from statesvc.importers.folder import Unreadable
from statesvc.services.imports.report import Entry, Outcome

log = structlog.get_logger(__name__)


def failure(kind: str, object_id: str, name: str, error: Exception) -> Entry:
    """Return the entry for an object whose import failed: with the error's message, unless the error is a bug."""
    if isinstance(error, Unreadable | StateError):
        return Entry(kind, object_id, name, Outcome.FAILED, str(error))
    # The text of an unexpected error may quote the data, secrets included: only its type and traceback are logged.
    place = "".join(traceback.format_tb(error.__traceback__))
    log.error("object not imported because of a bug", kind=kind, id=object_id, error=type(error).__name__, place=place)
    return Entry(kind, object_id, name, Outcome.FAILED, "a bug in statesvc prevented its import; the log shows where")
