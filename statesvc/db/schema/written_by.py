"""Which statesvc gave a database its schema, noted in the file's header, so that a program too old for it can name it.

`application_id` says that it is ours, `user_version` is the version: 1 002 003 for 1.2.3. Both change with the
transaction, cost no table, and are copied with every backup.
"""

import re

from statesvc.db.database import driver

APPLICATION_ID = int.from_bytes(b"stsv")
_RELEASE = re.compile(r"(\d+)\.(\d+)\.(\d+)")


def write(connection: driver.Connection, version: str) -> None:
    """Note that this version of statesvc migrated the database, in the transaction that did."""
    release = _RELEASE.match(version)
    if release is None:
        raise ValueError(f"version {version} is not of the form 1.2.3")
    major, minor, patch = map(int, release.groups())
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {(major * 1_000 + minor) * 1_000 + patch}")


def read(connection: driver.Connection) -> str | None:
    """Return the version of the statesvc that last migrated the database, None if it is not noted."""
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (number,) = connection.execute("PRAGMA user_version").fetchone()
    if owner != APPLICATION_ID or number <= 0:
        return None
    return f"{number // 1_000_000}.{number // 1_000 % 1_000}.{number % 1_000}"
