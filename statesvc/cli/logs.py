"""How log lines look. Bodies of requests, environment values and credentials are never given to a logger."""

import logging
import os
import sys
from typing import TextIO, cast

import structlog
from structlog.typing import Processor

from statesvc.host.log_output import LogOutput


def _occupy_standard_descriptors() -> None:
    """Open what the caller closed: another file would get its number, and be taken for standard error or input."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)


def configure(level: str, form: str) -> LogOutput:
    """Send structured log lines of this level and above to standard error, as text or JSON; return what writes them.

    Log lines of libraries go the same way, from warnings on.
    """
    _occupy_standard_descriptors()
    output = LogOutput(sys.stderr.fileno() if sys.stderr else None)
    stream = cast("TextIO", output)
    least = logging.getLevelNamesMapping()[level.upper()]
    renderer: Processor = structlog.processors.JSONRenderer()
    if form == "text":
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr is not None and sys.stderr.isatty())
    first: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*first, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    libraries = logging.StreamHandler(stream)
    libraries.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer], foreign_pre_chain=first
        )
    )
    logging.basicConfig(handlers=[libraries], level=max(least, logging.WARNING), force=True)
    return output
