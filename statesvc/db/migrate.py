"""Which schema a database has, and how it gets another one. Alembic is imported only when there is something to do."""

import re
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError

from statesvc.db.engine import check_sqlite_version, driver, make_engine, unavailable
from statesvc.errors import Conflict, Unavailable

_REVISION_FILE = re.compile(r"(\d{4})_\w+\.py")


def scripts() -> Path:
    """Return the folder of the migrations: inside an installed package, beside the package in a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "migrations"
    return installed if installed.is_dir() else package.parent / "migrations"


def known_revisions() -> list[str]:
    """Return the revisions this program knows, oldest first."""
    found = (_REVISION_FILE.fullmatch(entry.name) for entry in (scripts() / "versions").iterdir())
    return sorted(match[1] for match in found if match)


def current(path: Path) -> str | None:
    """Return the revision of the database, None if it is empty or not there.

    Raises Unavailable if it cannot be read.
    """
    if not path.exists():
        return None
    engine = make_engine(path, busy_timeout_ms=5_000, query_only=True)
    try:
        with engine.connect() as connection:
            named = connection.exec_driver_sql("SELECT 1 FROM sqlite_schema WHERE name = 'alembic_version'").first()
            if named is None:
                return None
            revision: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
            return revision
    except DBAPIError as error:
        raise unavailable(error) or error from error


def bring_up_to_date(path: Path) -> tuple[str | None, str]:
    """Give the database the newest schema, or leave it as it was; answer the revision before and after.

    Raises Conflict if the database is newer than this program. The caller holds the data-root lock.
    """
    check_sqlite_version(tuple(driver.sqlite_version_info))
    before, known = current(path), known_revisions()
    if before is not None and before not in known:
        raise Conflict(
            f"the database {path} has schema {before}, which is newer than this statesvc (it knows up to {known[-1]}): "
            "install the version of statesvc that wrote it, or a newer one; nothing was changed"
        )
    if before != known[-1]:
        upgrade(path, known[-1])
    return before, known[-1]


def upgrade(path: Path, revision: str = "head") -> None:
    """Apply the migrations up to a revision, in one transaction."""
    _run(path, "upgrade", revision)


def downgrade(path: Path, revision: str) -> None:
    """Take back the migrations down to a revision ("base" for all), in one transaction."""
    _run(path, "downgrade", revision)


def _run(path: Path, command: str, revision: str) -> None:
    from alembic import command as commands  # noqa: PLC0415 - costs 100 ms, and a start rarely needs it
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(scripts()).replace("%", "%%"))
    path.touch(mode=0o600)
    with _connect(path) as connection:
        config.attributes["connection"] = connection
        try:
            getattr(commands, command)(config, revision)
        except DBAPIError as error:
            raise unavailable(error) or Unavailable(f"the migration failed and was undone: {error.orig}") from error


def _connect(path: Path) -> Connection:
    # Foreign keys must be off before BEGIN: a rebuilt parent table would empty its children.
    engine = make_engine(path, busy_timeout_ms=5_000, query_only=False, foreign_keys=False)

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine.connect().execution_options(isolation_level="SERIALIZABLE")
