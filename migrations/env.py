"""How migrations run: in one transaction, with foreign keys off, checked before they are committed.

A connection comes from statesvc (`config.attributes["connection"]`), which has taken the data-root lock, or is made here
for `alembic -x database=PATH` from a checkout.
"""

from alembic import context
from sqlalchemy import Connection, create_engine, event

try:
    from pysqlite3 import dbapi2 as driver
except ImportError:
    import sqlite3 as driver


def connect(path: str) -> Connection:
    engine = create_engine(f"sqlite:///{path}", module=driver)

    @event.listens_for(engine, "connect")
    def prepare(connection, _record):
        connection.isolation_level = None  # the driver must not begin by itself, or DDL escapes the transaction
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=OFF")

    @event.listens_for(engine, "begin")
    def begin(connection):
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine.connect()


def check(connection: Connection) -> None:
    """Refuse to commit a database whose rows do not fit together."""
    orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if orphans:
        raise RuntimeError(f"the migration would leave {len(orphans)} rows without what they refer to: {orphans[:5]}")
    verdict = connection.exec_driver_sql("PRAGMA integrity_check").scalar_one()
    if verdict != "ok":
        raise RuntimeError(f"the migration would leave a damaged database: {verdict}")


def run() -> None:
    connection = context.config.attributes.get("connection")
    if connection is None:
        path = context.get_x_argument(as_dictionary=True).get("database")
        if not path:
            raise SystemExit("name the database: alembic -x database=PATH …")
        connection = connect(path)
    context.configure(connection=connection, transactional_ddl=True, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
        check(connection)


run()
