"""The health of containers. A probe changes neither documents nor revision, so it has a table of its own."""

from dataclasses import asdict

import orjson
from sqlalchemy import Connection, bindparam, delete, func, insert, select

from statesvc.db.schema.tables import container_health, container_specs
from statesvc.db.statements import Statement
from statesvc.domain.documents import HealthConfig
from statesvc.domain.documents.decode import decode_value
from statesvc.domain.health import Health

_H, _S = container_health.c, container_specs.c
_FIND = Statement(select(_H.status, _H.streak, _H.log).where(_H.container_id == bindparam("container_id")))
_FORGET = Statement(delete(container_health).where(_H.container_id == bindparam("container_id")))
_STORE = Statement(insert(container_health))
_CHECK = Statement(
    select(func.json_extract(_S.config, "$.Healthcheck")).where(_S.container_id == bindparam("container_id"))
)


def find(conn: Connection, container_id: str) -> Health | None:
    """Return the health of a container, None before its first check."""
    row = _FIND.run(conn, {"container_id": container_id}).fetchone()
    return Health(*row) if row else None


def store(conn: Connection, container_id: str, health: Health) -> None:
    """Replace the health of a container."""
    _FORGET.run(conn, {"container_id": container_id})
    _STORE.run(conn, asdict(health) | {"container_id": container_id})


def check(conn: Connection, container_id: str) -> HealthConfig | None:
    """Return the health check of a container, None if it has none."""
    text = _CHECK.value(conn, {"container_id": container_id})
    configured = decode_value(HealthConfig, orjson.loads(text)) if text else None
    return configured if configured and configured.Test and configured.Test != ["NONE"] else None
