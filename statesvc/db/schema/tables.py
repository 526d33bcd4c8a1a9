"""The schema, as the migrations build it. Times are integer nanoseconds since 1970 in UTC, NULL for Go's zero time.

images ◄──────── image_tags, image_digests
  ▲ (no constraint: an image may be gone before its containers)
  │
containers ◄──┬─ container_names      name → container; an alias also names its parent, whose link it is
  │           ├─ container_specs      the wide documents; never read by a list
  │           ├─ container_labels  ┐
  │           ├─ container_mounts  │  what filters search, one row per label, mount, network, live port
  │           ├─ container_networks│
  │           ├─ container_ports   ┘
  │           ├─ container_health     a probe changes neither documents nor revision
  │           └─ execs                exec processes, running and ended
  ▼           (locked from the start of a container to its next start or removal)
runtimes ──► runtime_configs ◄── service_state.current_version
  ▼
scripts                             wrapper scripts under the digest of their content; containers hold them, too
events                              the journal, in commit order, with the client and the row after the change
idempotency_keys                    the first answer to each create that carried a key, until it expires
quarantine                          marks on rows that cannot be read; the rows stay where they are
"""

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, Text, text
from sqlalchemy.schema import CheckConstraint, PrimaryKeyConstraint, SchemaItem, UniqueConstraint

from statesvc.db.schema.types import Flag, Json, is_digest, is_flag, is_id, is_json, one_of
from statesvc.domain import health
from statesvc.domain.state import State

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _table(name: str, *items: SchemaItem, rowid: bool = True) -> Table:
    return Table(name, metadata, *items, sqlite_strict=True, sqlite_with_rowid=rowid)


def _of_container(ondelete: str = "CASCADE") -> ForeignKey:
    return ForeignKey("containers.id", ondelete=ondelete)


runtime_configs = _table(
    "runtime_configs",
    Column("version", Integer, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("user_config", Text, is_json("user_config"), nullable=False),
    Column("loaded_at", Integer, nullable=False),
)

scripts = _table(
    "scripts",
    Column("digest", Text, is_digest("digest"), primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("created_at", Integer, nullable=False),
    Column("restored_at", Integer),
    Column("restored_because", Text, one_of("restored_because", "missing", "altered")),
    rowid=False,
)

# What the user wrote: path, args, type, options. What follows from it: binary (the absolute path) and the script.
runtimes = _table(
    "runtimes",
    Column("id", Integer, primary_key=True),
    Column("version", ForeignKey("runtime_configs.version", ondelete="RESTRICT"), nullable=False),
    Column("name", Text, nullable=False),
    Column("origin", Text, one_of("origin", "stock", "configured", "shim"), nullable=False),
    Column("path", Text),
    Column("args", Json, is_json("args"), nullable=False),
    Column("type", Text),
    Column("options", Json, is_json("options")),
    Column("binary", Text),
    Column("wrapper_digest", Text),
    Column("script_digest", ForeignKey("scripts.digest", ondelete="SET NULL")),
    UniqueConstraint("version", "name"),
    CheckConstraint("script_digest IS NULL OR script_digest = wrapper_digest", name="script_of_wrapper"),
    Index("ix_runtimes_script_digest", "script_digest", sqlite_where=text("script_digest IS NOT NULL")),
)

service_state = _table(
    "service_state",
    Column("id", Integer, CheckConstraint("id = 1", name="one_row"), primary_key=True),
    Column("instance_id", Text, nullable=False),
    Column("current_version", ForeignKey("runtime_configs.version", ondelete="RESTRICT")),
)

images = _table(
    "images",
    Column("id", Text, is_digest("id"), primary_key=True),
    Column("config", LargeBinary, nullable=False),
    Column("size", Integer, nullable=False),
    Column("created_at", Integer),
    Column("tagged_at", Integer),
    rowid=False,
)

image_tags = _table(
    "image_tags",
    Column("reference", Text, primary_key=True),
    Column("image_id", ForeignKey("images.id", ondelete="CASCADE"), nullable=False),
    Index("ix_image_tags_image_id", "image_id"),
    rowid=False,
)

image_digests = _table(
    "image_digests",
    Column("reference", Text, primary_key=True),
    Column("image_id", ForeignKey("images.id", ondelete="CASCADE"), nullable=False),
    Index("ix_image_digests_image_id", "image_id"),
    rowid=False,
)

containers = _table(
    "containers",
    Column("id", Text, is_id("id"), primary_key=True),
    Column("image", Text, nullable=False),
    Column("image_id", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("args", Text, is_json("args"), nullable=False),
    Column("driver", Text, nullable=False),
    Column("os", Text, nullable=False),
    Column("managed", Flag, is_flag("managed"), nullable=False),
    Column("origin", Text, one_of("origin", "created", "docker", "podman"), nullable=False),
    Column("created_at", Integer, nullable=False),
    Column("state", Text, one_of("state", *State), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("exit_code", Integer, nullable=False),
    Column("error", Text, nullable=False),
    Column("oom_killed", Flag, is_flag("oom_killed"), nullable=False),
    Column("started_at", Integer),
    Column("finished_at", Integer),
    Column("restart_count", Integer, nullable=False),
    Column("started_before", Flag, is_flag("started_before"), nullable=False),
    Column("manually_stopped", Flag, is_flag("manually_stopped"), nullable=False),
    Column("runtime_name", Text, nullable=False),
    Column("runtime_id", ForeignKey("runtimes.id", ondelete="RESTRICT")),
    Column("script_digest", ForeignKey("scripts.digest", ondelete="RESTRICT")),
    Column("engine", Text),
    Column("attempt", Integer, nullable=False),
    Column("prepared_at", Integer),
    Column("summary", Text, is_json("summary"), nullable=False),
    Column("revision", Integer, nullable=False),
    CheckConstraint("script_digest IS NULL OR runtime_id IS NOT NULL", name="script_of_runtime"),
    CheckConstraint("prepared_at IS NULL OR engine IS NOT NULL", name="prepared_by_engine"),
    Index("ix_containers_created_at_id", "created_at", "id"),
    Index("ix_containers_state_created_at_id", "state", "created_at", "id"),
    Index("ix_containers_image_id", "image_id"),
    Index("ix_containers_runtime_id", "runtime_id", sqlite_where=text("runtime_id IS NOT NULL")),
    Index("ix_containers_script_digest", "script_digest", sqlite_where=text("script_digest IS NOT NULL")),
)

container_names = _table(
    "container_names",
    Column("name", Text, CheckConstraint("name <> ''", name="name_given"), primary_key=True),
    Column("container_id", _of_container(), nullable=False),
    Column("kind", Text, one_of("kind", "primary", "alias"), nullable=False),
    Column("parent_id", _of_container()),
    Column("generated", Flag, is_flag("generated"), nullable=False),
    CheckConstraint("(kind = 'alias') = (parent_id IS NOT NULL)", name="parent_of_alias"),
    Index("ix_container_names_container_id", "container_id"),
    Index("ix_container_names_parent_id", "parent_id", sqlite_where=text("parent_id IS NOT NULL")),
    Index("uq_container_names_primary", "container_id", unique=True, sqlite_where=text("kind = 'primary'")),
    rowid=False,
)

container_specs = _table(
    "container_specs",
    Column("container_id", _of_container(), primary_key=True),
    Column("config", Text, is_json("config"), nullable=False),
    Column("host_config", Text, is_json("host_config"), nullable=False),
    Column("network_settings", Text, is_json("network_settings"), nullable=False),
    Column("resolv_conf_path", Text, nullable=False),
    Column("hostname_path", Text, nullable=False),
    Column("hosts_path", Text, nullable=False),
    Column("shm_path", Text, nullable=False),
    Column("log_path", Text, nullable=False),
    Column("mount_label", Text, nullable=False),
    Column("process_label", Text, nullable=False),
    Column("apparmor_profile", Text, nullable=False),
    Column("seccomp_profile", Text, nullable=False),
    Column("no_new_privileges", Flag, is_flag("no_new_privileges"), nullable=False),
)

container_labels = _table(
    "container_labels",
    Column("container_id", _of_container(), nullable=False),
    Column("key", Text, nullable=False),
    Column("value", Text, nullable=False),
    PrimaryKeyConstraint("container_id", "key"),
    Index("ix_container_labels_key_value", "key", "value"),
    rowid=False,
)

container_mounts = _table(
    "container_mounts",
    Column("container_id", _of_container(), nullable=False),
    Column("destination", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("volume", Text),
    Column("source", Text, nullable=False),
    Column("named", Flag, is_flag("named"), nullable=False),
    Column("document", Text, is_json("document"), nullable=False),
    PrimaryKeyConstraint("container_id", "destination"),
    Index("ix_container_mounts_volume", "volume", sqlite_where=text("volume IS NOT NULL")),
    rowid=False,
)

container_networks = _table(
    "container_networks",
    Column("container_id", _of_container(), nullable=False),
    Column("name", Text, nullable=False),
    Column("network_id", Text, nullable=False),
    PrimaryKeyConstraint("container_id", "name"),
    Index("ix_container_networks_name", "name"),
    Index("ix_container_networks_network_id", "network_id", sqlite_where=text("network_id <> ''")),
    rowid=False,
)

container_ports = _table(
    "container_ports",
    Column("container_id", _of_container(), nullable=False),
    Column("position", Integer, nullable=False),
    Column("private_port", Integer, nullable=False),
    Column("protocol", Text, nullable=False),
    Column("public_port", Integer),
    Column("host_ip", Text, nullable=False),
    PrimaryKeyConstraint("container_id", "position"),
    Index("ix_container_ports_public_port", "public_port", sqlite_where=text("public_port IS NOT NULL")),
    Index("ix_container_ports_private_port", "private_port"),
    rowid=False,
)

container_health = _table(
    "container_health",
    Column("container_id", _of_container(), primary_key=True),
    Column("status", Text, one_of("status", *health.STATUSES), nullable=False),
    Column("streak", Integer, nullable=False),
    Column("log", Text, is_json("log"), nullable=False),
)

execs = _table(
    "execs",
    Column("id", Text, is_id("id"), primary_key=True),
    Column("container_id", _of_container(), nullable=False),
    Column("state", Text, one_of("state", "running", "ended"), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("exit_code", Integer),
    Column("process", Text, is_json("process"), nullable=False),
    Column("began_at", Integer, nullable=False),
    Column("ended_at", Integer),
    Index("ix_execs_container_id_state", "container_id", "state"),
)

events = _table(
    "events",
    Column("seq", Integer, primary_key=True),
    Column("time", Integer, nullable=False),
    Column("type", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("actor_id", Text, nullable=False),
    Column("attributes", Text, is_json("attributes"), nullable=False),
    Column("revision", Integer),
    Column("peer_pid", Integer),
    Column("peer_uid", Integer),
    Column("peer_gid", Integer),
    Column("agent", Text),
    Column("row_values", Text, is_json("row_values")),
    Index("ix_events_time", "time"),
)

# The digest is keyed with a secret outside the database: what it is of cannot be guessed at with the database alone.
idempotency_keys = _table(
    "idempotency_keys",
    Column("key", Text, primary_key=True),
    Column("request_digest", Text, nullable=False),
    Column("answer", Text, is_json("answer"), nullable=False),
    Column("expires_at", Integer, nullable=False),
    Index("ix_idempotency_keys_expires_at", "expires_at"),
    rowid=False,
)

# `key` is the primary key of the row, a JSON array if it has several columns; `raw` what was found, secrets included.
quarantine = _table(
    "quarantine",
    Column("table_name", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("column_name", Text, nullable=False),
    Column("container_id", _of_container()),
    Column("reason", Text, nullable=False),
    Column("raw", LargeBinary),
    Column("since", Integer, nullable=False),
    PrimaryKeyConstraint("table_name", "key", "column_name"),
    Index("ix_quarantine_container_id", "container_id", sqlite_where=text("container_id IS NOT NULL")),
    rowid=False,
)

__all__ = [
    "container_health",
    "container_labels",
    "container_mounts",
    "container_names",
    "container_networks",
    "container_ports",
    "container_specs",
    "containers",
    "events",
    "execs",
    "idempotency_keys",
    "image_digests",
    "image_tags",
    "images",
    "metadata",
    "quarantine",
    "runtime_configs",
    "runtimes",
    "scripts",
    "service_state",
]
