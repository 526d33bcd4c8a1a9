"""The version of statesvc that migrated a database, in the file's header: a program that is too old names it.

`application_id` says that it is ours, `user_version` is the version: 1 002 003 for 1.2.3. Both change with the
transaction, cost no table, and are copied with every backup.
"""

import re

from statesvc.db.sqlite import driver

APPLICATION_ID = int.from_bytes(b"stsv")
_RELEASE = re.compile(r"(\d+)\.(\d+)\.(\d+)")


def write_version(connection: driver.Connection, version: str) -> None:
    """Write the version of statesvc that migrates the database, in the transaction that does."""
    release = _RELEASE.match(version)
    if release is None:
        raise ValueError(f"version {version} is not of the form 1.2.3")
    major, minor, patch = map(int, release.groups())
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {(major * 1_000 + minor) * 1_000 + patch}")


def read_version(connection: driver.Connection) -> str | None:
    """Return the version of the statesvc that last migrated the database, None if the header does not hold it."""
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (number,) = connection.execute("PRAGMA user_version").fetchone()
    if owner != APPLICATION_ID or number <= 0:
        return None
    return f"{number // 1_000_000}.{number // 1_000 % 1_000}.{number % 1_000}"
