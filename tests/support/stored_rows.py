"""Plausible rows for every table in any revision of the schema; `fill` writes those that fit a database.

A new table or column needs rows here: `fill` fails without them.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from statesvc.db.schema import catalogue
from statesvc.db.sqlite import bare, make_engine, snapshot

BORN = 1_700_000_000_000_000_000
WEB, CACHE, OLD = "a" * 60 + "0001", "b" * 60 + "0002", "c" * 60 + "0003"
BUSYBOX, REDIS = "sha256:" + "1" * 64, "sha256:" + "2" * 64
SCRIPT = "sha256:" + "5" * 64
HEALTH_LOG = json.dumps(
    [{"Start": "2023-11-14T22:13:20Z", "End": "2023-11-14T22:13:21Z", "ExitCode": 0, "Output": "ok\n"}]
)
HOST_CONFIG = json.dumps({"NetworkMode": "default", "Memory": 67_108_864, "Links": None, "Binds": ["/srv/data:/data"]})


def _container(id_: str, image_id: str, **more: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "image": "busybox:latest",
        "image_id": image_id,
        "path": "sh",
        "args": '["-c","exec sleep 100 # \\u00e9\\n"]',
        "driver": "overlay2",
        "os": "linux",
        "managed": 0,
        "origin": "created",
        "created_at": BORN,
        "state": "created",
        "pid": 0,
        "exit_code": 0,
        "error": "",
        "oom_killed": 0,
        "restart_count": 0,
        "started_before": 0,
        "manually_stopped": 0,
        "runtime_name": "runc",
        "attempt": 0,
        "summary": '{"Id":"x","Labels":{"tier":"front"}}',
        "revision": 1,
    } | more


def _spec(container_id: str, env: Sequence[str]) -> dict[str, Any]:
    config = {"Hostname": container_id[:12], "Env": list(env), "Cmd": ["sh"], "Image": "busybox:latest"}
    return {
        "container_id": container_id,
        "config": json.dumps(config, ensure_ascii=False),
        "host_config": HOST_CONFIG,
        "network_settings": '{"Networks":{"bridge":{}}}',
        "resolv_conf_path": f"/var/lib/docker/containers/{container_id}/resolv.conf",
        "hostname_path": "",
        "hosts_path": "",
        "shm_path": "",
        "log_path": f"/var/lib/docker/containers/{container_id}/{container_id}-json.log",
        "mount_label": "system_u:object_r:container_file_t:s0:c1,c2",
        "process_label": "",
        "apparmor_profile": "docker-default",
        "seccomp_profile": "unconfined",
        "no_new_privileges": 1,
    }


ROWS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "runtime_configs": [
        {"version": 1, "digest": "sha256:" + "d" * 64, "source": "defaults", "user_config": "{}", "loaded_at": BORN},
        {
            "version": 2,
            "digest": "sha256:" + "e" * 64,
            "source": "/etc/docker/daemon.json",
            "user_config": '{"runtimes": {"crun": {"path": "/usr/bin/crun"}}}',
            "loaded_at": BORN + 1,
        },
    ],
    "scripts": [
        {"digest": SCRIPT, "content": b'#!/bin/sh\nexec /usr/bin/crun --debug "$@"\n', "created_at": BORN + 1},
        {
            "digest": "sha256:" + "6" * 64,
            "content": b"\x00",
            "created_at": BORN,
            "restored_at": BORN + 9,
            "restored_because": "altered",
        },
    ],
    "runtimes": [
        {"id": 1, "version": 1, "name": "runc", "origin": "stock", "path": "runc", "args": "[]"},
        {"id": 2, "version": 2, "name": "runc", "origin": "stock", "path": "runc", "args": "[]", "binary": "/bin/runc"},
        {
            "id": 3,
            "version": 2,
            "name": "crun",
            "origin": "configured",
            "path": "/opt/o'c i/crun",
            "args": '["--debug","--log=$HOME/a b"]',
            "binary": "/opt/o'c i/crun",
            "wrapper_digest": SCRIPT,
            "script_digest": SCRIPT,
        },
        {
            "id": 4,
            "version": 2,
            "name": "kata",
            "origin": "configured",
            "args": "[]",
            "type": "io.containerd.kata.v2",
            "options": '{"ConfigPath":"/k"}',
        },
    ],
    "service_state": [{"id": 1, "instance_id": "0b5b2f4e-7a51-4f0c-9c2f-3a6c3a2f9d10", "current_version": 2}],
    "images": [
        {
            "id": BUSYBOX,
            "config": b'{"architecture":"amd64"}\n',
            "size": 4_261_550,
            "created_at": BORN,
            "tagged_at": BORN + 5,
        },
        {"id": REDIS, "config": b"\x00\xff no UTF-8", "size": 0},
    ],
    "image_tags": [{"reference": "docker.io/library/busybox:latest", "image_id": BUSYBOX}],
    "image_digests": [{"reference": "docker.io/library/redis@sha256:" + "9" * 64, "image_id": REDIS}],
    "containers": [
        _container(
            WEB,
            BUSYBOX,
            state="running",
            pid=4_321,
            started_at=BORN + 7,
            runtime_id=3,
            script_digest=SCRIPT,
            engine="engine-1",
            attempt=2,
            prepared_at=BORN + 8,
            started_before=1,
            revision=9,
        ),
        _container(
            CACHE, REDIS, state="exited", exit_code=137, oom_killed=1, finished_at=BORN + 9, error="no \u00bbdisk\u00ab"
        ),
        _container(OLD, "sha256:" + "7" * 64, origin="docker", managed=1, restart_count=3, manually_stopped=1),
    ],
    "container_names": [
        {"name": "web", "container_id": WEB, "kind": "primary", "generated": 0},
        {"name": "cache", "container_id": CACHE, "kind": "primary", "generated": 0},
        {"name": "web/redis", "container_id": CACHE, "kind": "alias", "parent_id": WEB, "generated": 0},
        {"name": "eager_hopper", "container_id": OLD, "kind": "primary", "generated": 1},
    ],
    "container_specs": [_spec(WEB, ["A=1", "SECRET=h\u00fcsh\n2"]), _spec(CACHE, []), _spec(OLD, ["PATH=/bin"])],
    "container_labels": [
        {"container_id": WEB, "key": "tier", "value": "front"},
        {"container_id": WEB, "key": "", "value": ""},
        {"container_id": CACHE, "key": "tier", "value": "'back';--"},
    ],
    "container_mounts": [
        {
            "container_id": WEB,
            "destination": "/data",
            "type": "volume",
            "volume": "data",
            "source": "",
            "named": 1,
            "document": '{"Type":"volume","Target":"/data"}',
        },
        {"container_id": WEB, "destination": "/srv", "type": "bind", "source": "/srv", "named": 0, "document": "{}"},
    ],
    "container_networks": [
        {"container_id": WEB, "name": "bridge", "network_id": "f" * 64},
        {"container_id": CACHE, "name": "none", "network_id": ""},
    ],
    "container_ports": [
        {
            "container_id": WEB,
            "position": 0,
            "private_port": 80,
            "protocol": "tcp",
            "public_port": 8080,
            "host_ip": "::",
        },
        {"container_id": WEB, "position": 1, "private_port": 53, "protocol": "udp", "host_ip": ""},
    ],
    "container_health": [{"container_id": WEB, "status": "healthy", "streak": 0, "log": HEALTH_LOG}],
    "execs": [
        {
            "id": "e" * 64,
            "container_id": WEB,
            "state": "ended",
            "pid": 0,
            "exit_code": 1,
            "process": '{"entrypoint":"sh"}',
            "began_at": BORN,
            "ended_at": BORN + 1,
        },
        {
            "id": "d" * 64,
            "container_id": WEB,
            "state": "running",
            "pid": 77,
            "process": "{}",
            "began_at": BORN,
        },
    ],
    "quarantine": [
        {
            "table_name": "container_specs",
            "key": CACHE,
            "column_name": "config",
            "container_id": CACHE,
            "reason": "is not JSON",
            "raw": b'{"Env":[\xff',
            "since": BORN + 3,
        },
        {"table_name": "events", "key": "41", "column_name": "attributes", "reason": "is not JSON", "since": BORN},
    ],
    "events": [
        {
            "seq": 41,
            "time": BORN + 1,
            "type": "container",
            "action": "create",
            "actor_id": WEB,
            "attributes": '{"name":"web","image":"busybox:latest"}',
            "revision": 1,
            "peer_pid": 4_711,
            "peer_uid": 1_000,
            "peer_gid": 0,
            "agent": "docker/26.1.5 (linux) \u00bb'\"",
            "row_values": '{"state":"created","name":"web","error":""}',
        },
        {"seq": 57, "time": BORN, "type": "image", "action": "tag", "actor_id": BUSYBOX, "attributes": "{}"},
    ],
    "idempotency_keys": [
        {
            "key": "b7e9 \u00e9",
            "request_digest": "8" * 64,
            "answer": json.dumps({"id": WEB, "warnings": ["a 'warning'"]}),
            "expires_at": BORN + 86_400_000_000_000,
        }
    ],
}


def fill(path: Path) -> None:
    """Write the rows that fit the schema of this database. Fails for a table or column that has no value here."""
    with make_engine(path, busy_timeout_ms=1_000, query_only=False, foreign_keys=False).connect() as connection:
        raw = bare(connection)
        raw.execute("BEGIN IMMEDIATE")
        with disarmed(raw):  # the journal does not begin at event 1, as after retention
            for table in catalogue.tables(raw):
                _fill_table(raw, table)
        assert catalogue.damage(raw) == catalogue.Damage()
        raw.execute("COMMIT")


def _fill_table(raw: Any, table: str) -> None:
    rows = ROWS.get(table)
    assert rows, (
        f"tests/support/stored_rows.py has no rows for table {table}: add some, so that migrations are tried with them"
    )
    columns = [name for (name,) in raw.execute("SELECT name FROM pragma_table_info(?)", (table,))]
    for column in columns:
        assert any(row.get(column) is not None for row in rows), (
            f"tests/support/stored_rows.py has no value for column {table}.{column}: give it one in some row"
        )
    marks = ", ".join("?" for _ in columns)
    named = ", ".join(f'"{column}"' for column in columns)
    for row in rows:
        raw.execute(f'INSERT INTO "{table}" ({named}) VALUES ({marks})', [row.get(column) for column in columns])


def rows_of(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of each table, in an order that does not depend on their storage."""
    with snapshot(path) as connection:
        found = {}
        for table in catalogue.tables(connection):
            cursor = connection.execute(f'SELECT * FROM "{table}"')
            names = [column[0] for column in cursor.description]
            found[table] = sorted((dict(zip(names, row, strict=True)) for row in cursor), key=repr)
    return found


def in_common(rows: dict[str, list[dict[str, Any]]], other: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Return the rows, with only the tables and columns that the other rows have."""
    kept: dict[str, Any] = {}
    for table in rows.keys() & other.keys():
        columns = set(rows[table][0]) & set(other[table][0]) if rows[table] and other[table] else set()
        kept[table] = sorted(({name: row[name] for name in sorted(columns)} for row in rows[table]), key=repr)
    return kept


@contextmanager
def disarmed(raw: Any) -> Iterator[None]:
    """Drop the triggers inside the `with` block, so that a test can make changes that they refuse."""
    triggers = raw.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    for name, _ in triggers:
        raw.execute(f"DROP TRIGGER {name}")
    yield
    for _, sql in triggers:
        raw.execute(sql)
