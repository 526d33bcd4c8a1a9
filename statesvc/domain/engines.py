"""What engines choose themselves: their names, and the IDs of execs. Each rule returns in a sentence what breaks it."""

from statesvc.domain import ids

LONGEST_NAME = 128


def name_fault(name: str) -> str | None:
    """Return what is wrong with the name of an engine, None if nothing is."""
    if name and len(name) <= LONGEST_NAME and name.isprintable():
        return None
    return f"an engine names itself with 1 to {LONGEST_NAME} printable characters, the same as long as it runs"


def exec_id_fault(exec_id: str) -> str | None:
    """Return what is wrong with the ID of an exec, None if nothing is."""
    if ids.is_full(exec_id):
        return None
    return f"{exec_id[:80]!r} cannot be the ID of an exec: it is 64 hexadecimal digits in lower case"
