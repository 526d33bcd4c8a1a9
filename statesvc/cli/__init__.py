"""The `statesvc` command: one module per command group, imported when it is used."""

import os
import signal
import sys

from statesvc import faults
from statesvc.errors import Conflict, Damaged, InvalidParameter, NotFound, NotOffered, StateError, Unavailable

# The counterpart of api/errors.py: exit codes that a script can rely on.
EXIT_CODES: dict[type[StateError], int] = {
    InvalidParameter: 2,
    NotFound: 3,
    Conflict: 4,
    Unavailable: 5,
    NotOffered: 6,
    Damaged: 7,
}


def exit_code(error: StateError) -> int:
    """Return the exit code for a kind of error: its own, or that of the nearest kind above it; 1 for all others."""
    return next((EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES), 1)


def main() -> None:
    """Run the command line; end with the exit code of the error, if there is one."""
    if sys.argv[1:2] == ["serve"]:
        # From now until the service can reload, SIGHUP would end it. It stays pending instead, and is done then.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    from statesvc.cli.commands import app

    if point := os.environ.get(faults.VARIABLE):
        faults.arm(point)
    try:
        app()
    except StateError as error:
        print(f"statesvc: {error.message}", file=sys.stderr)
        sys.exit(exit_code(error))
