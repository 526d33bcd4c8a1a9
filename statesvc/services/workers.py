"""The threads of a service, by what they are for."""

from dataclasses import dataclass

from statesvc.db.workers import Workers
from statesvc.domain.limits import LIMITS, Limits


@dataclass(frozen=True, slots=True)
class Purposes:
    """The threads of a service, by what they are for."""

    uploads: Workers
    """Archives that are read as they come in: a client that sends nothing holds one."""
    decoding: Workers
    """Large documents, which take long to decode and to verify."""
    files: Workers
    """Looks at the host's files for requests of clients: a disk that does not answer holds some."""
    engine: Workers
    """The same for engines and for a reload, which must not wait for clients."""

    def close(self) -> None:
        """End all threads."""
        for workers in (self.uploads, self.decoding, self.files, self.engine):
            workers.close()


def purposes(limits: Limits = LIMITS) -> Purposes:
    """Return the threads of a service; none of them is started before there is work for it."""
    return Purposes(
        uploads=Workers("uploads", limits.uploads, limits.uploads),
        decoding=Workers("large documents", 2, limits.decodes),
        files=Workers("looks at files", 8, limits.files),
        engine=Workers("looks at files for engines", 4, limits.engine_files),
    )
