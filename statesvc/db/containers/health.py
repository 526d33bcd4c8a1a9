"""The health of containers. A probe changes neither documents nor revision, so it has a table of its own."""

from dataclasses import asdict

import orjson
from sqlalchemy import Connection, bindparam, delete, insert, select

from statesvc.db.damage.judges import fault
from statesvc.db.schema.tables import container_health, container_specs
from statesvc.db.statements import Statement
from statesvc.domain.documents import Config, HealthConfig
from statesvc.domain.documents.decode import decode_value
from statesvc.domain.health import Health

_H, _S = container_health.c, container_specs.c
_FIND = Statement(select(_H.status, _H.streak, _H.log).where(_H.container_id == bindparam("container_id")))
_FORGET = Statement(delete(container_health).where(_H.container_id == bindparam("container_id")))
_STORE = Statement(insert(container_health))
_CONFIG = Statement(select(_S.config).where(_S.container_id == bindparam("container_id")))


def find(conn: Connection, container_id: str) -> Health | None:
    """Return the health of a container, None before its first check."""
    row = _FIND.run(conn, {"container_id": container_id}).fetchone()
    return Health(*row) if row else None


def store(conn: Connection, container_id: str, health: Health) -> None:
    """Replace the health of a container."""
    _FORGET.run(conn, {"container_id": container_id})
    _STORE.run(conn, asdict(health) | {"container_id": container_id})


def check(conn: Connection, container_id: str) -> HealthConfig | None:
    """Return the health check of a container, None if it has none that can be read."""
    text = _CONFIG.value(conn, {"container_id": container_id})
    # A report of an engine asks for this: it has to be recorded whatever has become of the configuration.
    readable = text is not None and not fault("container_specs", "config", text)
    configured = decode_value(Config, orjson.loads(text)).Healthcheck if readable else None
    return configured if configured and configured.Test and configured.Test != ["NONE"] else None
