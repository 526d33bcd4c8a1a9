"""The views: what admins may read by SQL, and the contract with them. Each column says what it holds.

`v1_containers` stays as it is when a `v2_containers` comes; `v_containers` is the newest of them. A column may be added
at the end of a version, none is taken away. No view shows environment values, credentials, arguments of commands,
options of log drivers or other text that may hold a secret: those columns are not in it. A view that is asked for one
ID or name must let SQLite use the index: no GROUP BY, no LIMIT in its outermost SELECT. What few questions ask for is a
SELECT of its own in a column, since SQLite makes a join whether it is asked for or not.

The migrations carry their own copies; a test compares both. Importing this module lets `create_all` make them.
"""

from dataclasses import dataclass

from sqlalchemy import DDL, event

from statesvc.db.schema.tables import metadata

_HOUR_AGO = "(CAST(strftime('%s', 'now') AS INTEGER) - 3600) * 1000000000"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, the SQL of its value, and what it holds."""

    name: str
    expression: str
    meaning: str


@dataclass(frozen=True, slots=True)
class View:
    """A view of one version: `source` is all of its SELECT behind the columns."""

    noun: str
    meaning: str
    columns: tuple[Column, ...]
    source: str
    version: int = 1

    @property
    def name(self) -> str:
        """The name that stays."""
        return f"v{self.version}_{self.noun}"

    @property
    def sql(self) -> str:
        """The statement that makes it."""
        selected = ",\n    ".join(f"{column.expression} AS {column.name}" for column in self.columns)
        return f"CREATE VIEW {self.name} AS\nSELECT\n    {selected}\n{self.source.strip()}"


def _time(name: str, column: str, meaning: str) -> tuple[Column, Column]:
    """Return two columns: RFC 3339 text in UTC with the zeros at its end cut, and the integer that is stored."""
    seconds = f"{column} / 1000000000 - ({column} % 1000000000 < 0)"
    fraction = f"rtrim(printf('.%09d', ({column} % 1000000000 + 1000000000) % 1000000000), '.0')"
    text = f"strftime('%Y-%m-%dT%H:%M:%S', {seconds}, 'unixepoch') || {fraction} || 'Z'"
    return Column(name, text, meaning), Column(f"{name}_ns", column, "The same in nanoseconds since 1970.")


def _json(document: str, path: str) -> str:
    """Return the SQL of a value in a document: NULL where the document is damaged."""
    return f"CASE WHEN json_valid({document}) THEN json_extract({document}, '{path}') END"


def _each(document: str, path: str) -> str:
    return f"json_each(CASE WHEN json_valid({document}) THEN {document} ELSE '{{}}' END, '{path}')"


_NAMED = "LEFT JOIN container_names n ON n.container_id = c.id AND n.kind = 'primary'"
_CONTAINER = (
    Column("container_id", "c.id", "ID of the container."),
    Column("container_name", "n.name", "Its name, without Docker's slash."),
)
_BELONGING = "JOIN containers c ON c.id = b.container_id\n" + _NAMED
_PORT = (
    "CASE WHEN p.public_port IS NULL THEN '' ELSE CASE WHEN instr(p.host_ip, ':') THEN '[' || p.host_ip || ']' "
    "ELSE p.host_ip END || ':' || p.public_port || '->' END || p.private_port || '/' || p.protocol"
)
_SAME_RUNTIME = " AND ".join(
    f"now.{column} IS locked.{column}" for column in ("path", "args", "type", "options", "binary", "wrapper_digest")
)

VIEWS = (
    View(
        "containers",
        "Every container, one row each.",
        (
            Column("id", "c.id", "ID, 64 hexadecimal digits."),
            Column("name", "n.name", "Its name, without Docker's slash."),
            Column(
                "names",
                "(SELECT group_concat(o.name, ', ') FROM (SELECT a.name FROM container_names a "
                "WHERE a.container_id = c.id ORDER BY a.kind DESC, a.name) o)",
                "The name and all aliases (`other/alias`, from links), separated by `, `.",
            ),
            Column("image", "c.image", "The image as the create request names it."),
            Column("image_id", "c.image_id", "ID of the image; it may be gone."),
            Column("state", "c.state", "created, running, paused, restarting, removing, exited or dead."),
            Column(
                "health",
                "(SELECT h.status FROM container_health h WHERE h.container_id = c.id)",
                "starting, healthy, unhealthy or none; NULL without a health check.",
            ),
            Column("exit_code", "c.exit_code", "Exit code of the last run."),
            Column("oom_killed", "c.oom_killed", "1: the last run was ended because memory ran out."),
            Column("error", "c.error", "Why the last start failed, or empty."),
            Column("pid", "c.pid", "Process on the host, 0 if none runs."),
            Column("restart_count", "c.restart_count", "Restarts by the restart policy since the last start by hand."),
            Column(
                "manually_stopped",
                "c.manually_stopped",
                "1: it was stopped by a user, so the restart policy leaves it alone.",
            ),
            Column(
                "ports",
                f"(SELECT group_concat(o.port, ', ') FROM (SELECT {_PORT} AS port FROM container_ports p "
                "WHERE p.container_id = c.id ORDER BY p.position) o)",
                "Its live ports as `docker ps` writes them, separated by `, `; NULL if it has none.",
            ),
            Column(
                "labels",
                "(SELECT json_group_object(l.key, l.value) FROM container_labels l WHERE l.container_id = c.id)",
                "Its labels, a JSON object.",
            ),
            *_time("created_at", "c.created_at", "When it was created."),
            *_time("started_at", "c.started_at", "When it was last started; NULL: never."),
            *_time("finished_at", "c.finished_at", "When its last run ended; NULL: never."),
            Column("runtime", "c.runtime_name", "Name of the runtime that it asks for."),
            Column(
                "runtime_version",
                "(SELECT r.version FROM runtimes r WHERE r.id = c.runtime_id)",
                "Version of the configuration that it runs on; NULL: not locked.",
            ),
            Column("script_digest", "c.script_digest", "The wrapper script that it holds, if any."),
            Column("engine", "c.engine", "The engine that has it, if any."),
            Column("origin", "c.origin", "created here, or imported from docker or podman."),
            Column("path", "c.path", "The program that it runs. Its arguments are not shown: they may hold secrets."),
            Column("revision", "c.revision", "Grows with every change."),
        ),
        f"FROM containers c\n{_NAMED}",
    ),
    View(
        "names",
        "Every name that is taken: names of containers, and aliases that links made.",
        (
            Column("name", "b.name", "The name, without Docker's slash."),
            Column("container_id", "b.container_id", "ID of the container that it leads to."),
            Column("kind", "b.kind", "primary or alias."),
            Column("parent_id", "b.parent_id", "Of an alias: the container whose link it is."),
            Column("generated", "b.generated", "1: it was generated."),
            Column("state", "c.state", "State of the container."),
        ),
        "FROM container_names b\nJOIN containers c ON c.id = b.container_id",
    ),
    View(
        "labels",
        "Every label of every container. Labels are shown as they are: keep secrets out of them.",
        (*_CONTAINER, Column("key", "b.key", "The label."), Column("value", "b.value", "Its value.")),
        f"FROM container_labels b\n{_BELONGING}",
    ),
    View(
        "mounts",
        "What is mounted into containers. Options of volume drivers are not shown: they may hold passwords.",
        (
            *_CONTAINER,
            Column("destination", "b.destination", "Where, in the container."),
            Column("type", "b.type", "bind, volume, tmpfs, …"),
            Column("volume", "b.volume", "Name of the volume; NULL for other types."),
            Column("source", "b.source", "Path on the host, or empty."),
            Column("named", "b.named", "0: the service named the volume (an anonymous one)."),
            Column("read_write", _json("b.document", "$.RW"), "0: read-only."),
        ),
        f"FROM container_mounts b\n{_BELONGING}",
    ),
    View(
        "networks",
        "Which container is in which network.",
        (
            *_CONTAINER,
            Column("network", "b.name", "Name of the network."),
            Column("network_id", "b.network_id", "Its ID; empty until the first start."),
        ),
        f"FROM container_networks b\n{_BELONGING}",
    ),
    View(
        "ports",
        "Every live port.",
        (
            *_CONTAINER,
            Column("private_port", "b.private_port", "Port in the container."),
            Column("protocol", "b.protocol", "tcp, udp or sctp."),
            Column("public_port", "b.public_port", "Port of the host; NULL: not published."),
            Column("host_ip", "b.host_ip", "Address of the host; empty: not published."),
        ),
        f"FROM container_ports b\n{_BELONGING}",
    ),
    View(
        "environment",
        "Which environment variables containers set. The values are not shown.",
        (
            *_CONTAINER,
            Column("variable", "substr(v.value, 1, instr(v.value || '=', '=') - 1)", "Name of the variable."),
            Column("position", "v.key", "Its place in the list."),
        ),
        f"FROM container_specs b\n{_BELONGING}\nJOIN {_each('b.config', '$.Env')} v ON v.type = 'text'",
    ),
    View(
        "specs",
        "Limits, privileges and policies of containers.",
        (
            *_CONTAINER,
            Column("user", _json("b.config", "$.User"), "User and group, or empty: the image's, else root."),
            Column("restart_policy", _json("b.host_config", "$.RestartPolicy.Name"), "no, always, on-failure, …"),
            Column("restart_limit", _json("b.host_config", "$.RestartPolicy.MaximumRetryCount"), "Of on-failure."),
            Column("network_mode", _json("b.host_config", "$.NetworkMode"), "bridge, host, none, container:…, …"),
            Column("privileged", _json("b.host_config", "$.Privileged"), "1: it may do anything on the host."),
            Column("cap_add", _json("b.host_config", "$.CapAdd"), "Capabilities that it gets, a JSON list, or NULL."),
            Column("read_only", _json("b.host_config", "$.ReadonlyRootfs"), "1: its root cannot be written."),
            Column("auto_remove", _json("b.host_config", "$.AutoRemove"), "1: it is removed when it ends."),
            Column("memory", _json("b.host_config", "$.Memory"), "Limit in bytes, 0: none."),
            Column("nano_cpus", _json("b.host_config", "$.NanoCpus"), "Limit in billionths of a CPU, 0: none."),
            Column("pids_limit", _json("b.host_config", "$.PidsLimit"), "Limit, NULL, 0 or -1: none."),
            Column("log_driver", _json("b.host_config", "$.LogConfig.Type"), "Its log driver."),
            Column(
                "log_options",
                f"(SELECT group_concat(o.key, ', ') FROM {_each('b.host_config', '$.LogConfig.Config')} o "
                "WHERE o.type = 'text')",
                "Names of the driver's options. The values are not shown: they may be tokens.",
            ),
            Column("apparmor_profile", "b.apparmor_profile", "Its AppArmor profile."),
            Column("no_new_privileges", "b.no_new_privileges", "1: it cannot gain privileges."),
        ),
        f"FROM container_specs b\n{_BELONGING}",
    ),
    View(
        "execs",
        "Exec processes of containers, running and ended. Arguments and environment are not shown.",
        (
            Column("id", "b.id", "ID of the exec."),
            *_CONTAINER,
            Column("state", "b.state", "running or ended."),
            Column("pid", "b.pid", "Process on the host, 0 if it ended."),
            Column("exit_code", "b.exit_code", "Its exit code, once it ended."),
            Column("program", _json("b.process", "$.entrypoint"), "The program."),
            *_time("began_at", "b.began_at", "When it began."),
            *_time("ended_at", "b.ended_at", "When it ended."),
        ),
        f"FROM execs b\n{_BELONGING}",
    ),
    View(
        "images",
        "Every image record.",
        (
            Column("id", "i.id", "ID, sha256:…"),
            Column(
                "tags",
                "(SELECT group_concat(t.reference, ', ') FROM image_tags t WHERE t.image_id = i.id)",
                "Its tags, written out in full, separated by `, `; NULL: it has none.",
            ),
            Column(
                "digests",
                "(SELECT group_concat(d.reference, ', ') FROM image_digests d WHERE d.image_id = i.id)",
                "Its digests in repositories, separated by `, `; NULL: it has none.",
            ),
            Column(
                "containers",
                "(SELECT count(*) FROM containers c WHERE c.image_id = i.id)",
                "How many containers were made of it.",
            ),
            Column("size", "i.size", "Bytes of its layers."),
            *_time("created_at", "i.created_at", "When it was built."),
            *_time("tagged_at", "i.tagged_at", "When it was last tagged here."),
        ),
        "FROM images i",
    ),
    View(
        "image_tags",
        "Every tag.",
        (
            Column("reference", "t.reference", "The tag, written out in full: docker.io/library/busybox:latest."),
            Column("image_id", "t.image_id", "The image that it leads to."),
        ),
        "FROM image_tags t",
    ),
    View(
        "events",
        "The journal, in the order in which changes were committed. Old events may be gone.",
        (
            Column("seq", "e.seq", "Place in the journal: order by it. Time may go backwards."),
            *_time("time", "e.time", "When it happened."),
            Column("type", "e.type", "container, image, network, volume, daemon, …"),
            Column(
                "action",
                "CASE WHEN e.action GLOB 'exec_*:*' THEN substr(e.action, 1, instr(e.action, ':') - 1) "
                "ELSE e.action END",
                "What happened. The command line of an exec is cut off.",
            ),
            Column("actor_id", "e.actor_id", "ID of what it happened to."),
            Column("actor_name", _json("e.attributes", "$.name"), "Its name at that time."),
            Column("image", _json("e.attributes", "$.image"), "Of a container: its image."),
            Column("exit_code", _json("e.attributes", "$.exitCode"), "Of die and exec_die: the exit code, as text."),
            Column("attributes", "e.attributes", "All attributes with the labels, a JSON object."),
            Column("revision", "e.revision", "Revision of the container after it."),
            Column(
                "peer_uid",
                "e.peer_uid",
                "User of the client, as the kernel reports it for the socket; NULL: the service itself.",
            ),
            Column("peer_gid", "e.peer_gid", "Group of that user."),
            Column("peer_pid", "e.peer_pid", "Process of the client; its number may be another's by now."),
            Column("agent", "e.agent", "How the client calls itself."),
            Column("row_values", "e.row_values", "State, exit code and the like of the container after it, as JSON."),
        ),
        "FROM events e",
    ),
    View(
        "versions",
        "Every version of the configuration that is kept. Only the names of the settings are shown, not their values.",
        (
            Column("version", "v.version", "Number of the version."),
            Column("current", "v.version IS s.current_version", "1: it is in force."),
            Column("digest", "v.digest", "Digest over what was written and what followed from it."),
            Column("source", "v.source", "The file, or defaults."),
            Column(
                "settings",
                f"(SELECT group_concat(o.key, ', ') FROM {_each('v.user_config', '$')} o)",
                "Names of the settings in the file.",
            ),
            *_time("loaded_at", "v.loaded_at", "When it was put in force."),
            Column(
                "containers",
                "(SELECT count(*) FROM runtimes r JOIN containers c ON c.runtime_id = r.id "
                "WHERE r.version = v.version)",
                "How many containers are locked to its runtimes.",
            ),
        ),
        "FROM runtime_configs v\nLEFT JOIN service_state s ON s.id = 1",
    ),
    View(
        "runtimes",
        "The runtimes of every stored version.",
        (
            Column("id", "r.id", "Number of the row: a container is locked to it."),
            Column("version", "r.version", "Version of the configuration."),
            Column("current", "r.version IS s.current_version", "1: it is in force."),
            Column("name", "r.name", "Its name."),
            Column("origin", "r.origin", "stock, configured, or a shim that a container names."),
            Column("path", "r.path", "Path as it was written; NULL: it has a type instead."),
            Column("args", "r.args", "Arguments as they were written, a JSON list."),
            Column("type", "r.type", "Type of the shim, if it has one. Its options are not shown."),
            Column("binary_path", "r.binary", "What the path led to; NULL: it was not found."),
            Column("script_digest", "r.script_digest", "Its wrapper script; NULL: it needs none, or it was swept."),
            Column(
                "containers",
                "(SELECT count(*) FROM containers c WHERE c.runtime_id = r.id)",
                "How many containers are locked to it.",
            ),
        ),
        "FROM runtimes r\nLEFT JOIN service_state s ON s.id = 1",
    ),
    View(
        "runtime_drift",
        "Containers whose runtime is not that of the version in force.",
        (
            *_CONTAINER,
            Column("state", "c.state", "State of the container."),
            Column("runtime", "c.runtime_name", "Name of the runtime that it asks for."),
            Column("locked_version", "locked.version", "Version that it runs on; NULL: not locked."),
            Column("current_version", "s.current_version", "Version in force."),
            Column(
                "drift",
                f"CASE WHEN now.id IS NULL THEN 'gone' WHEN {_SAME_RUNTIME} THEN 'older' ELSE 'changed' END",
                "gone: the version in force has no such runtime. changed: it has another one of this name. "
                "older: it has the same.",
            ),
            Column("locked_binary", "locked.binary", "What the container runs with."),
            Column("current_binary", "now.binary", "What it would run with after its next start."),
        ),
        f"""
FROM containers c
{_NAMED}
JOIN service_state s ON s.id = 1
LEFT JOIN runtimes locked ON locked.id = c.runtime_id
LEFT JOIN runtimes now ON now.version = s.current_version AND now.name = c.runtime_name
WHERE CASE WHEN locked.id IS NULL THEN now.id IS NULL AND instr(c.runtime_name, '.') = 0 AND c.runtime_name <> ''
      ELSE locked.version <> s.current_version END
        """,
    ),
    View(
        "scripts",
        "The wrapper scripts of runtimes with arguments.",
        (
            Column("digest", "t.digest", "Digest of its content, sha256:…"),
            Column("bytes", "length(t.content)", "Size of the content."),
            *_time("created_at", "t.created_at", "When it was first needed."),
            *_time("restored_at", "t.restored_at", "When its file was last written again; NULL: never."),
            Column("restored_because", "t.restored_because", "missing or altered."),
            Column(
                "runtimes",
                "(SELECT count(*) FROM runtimes r WHERE r.script_digest = t.digest)",
                "How many runtimes, of all versions, have it.",
            ),
            Column(
                "containers",
                "(SELECT count(*) FROM containers c WHERE c.script_digest = t.digest)",
                "How many containers hold it: it cannot go before they let go.",
            ),
        ),
        "FROM scripts t",
    ),
    View(
        "script_holders",
        "What holds each wrapper script: a container until its next start or removal, or the version in force.",
        (
            Column("digest", "o.digest", "The script."),
            Column("holder", "o.holder", "container or version."),
            Column("container_id", "o.container_id", "ID of the container that holds it."),
            Column("container_name", "o.container_name", "Its name."),
            Column("version", "o.version", "Version of the configuration that the script is of."),
            Column("runtime", "o.runtime", "Name of the runtime."),
        ),
        f"""
FROM (
    SELECT c.script_digest AS digest, 'container' AS holder, c.id AS container_id, n.name AS container_name,
        r.version AS version, r.name AS runtime
    FROM containers c
    JOIN runtimes r ON r.id = c.runtime_id
    {_NAMED}
    WHERE c.script_digest IS NOT NULL
    UNION ALL
    SELECT r.script_digest, 'version', NULL, NULL, r.version, r.name
    FROM service_state s JOIN runtimes r ON r.version = s.current_version
    WHERE r.script_digest IS NOT NULL
) o
        """,
    ),
    View(
        "restart_loops",
        "Containers that restart now, were restarted three times or more, or died three times within an hour.",
        (
            *_CONTAINER,
            Column("state", "c.state", "State of the container."),
            Column("restart_count", "c.restart_count", "Restarts by the policy since the last start by hand."),
            Column("deaths_last_hour", "coalesce(d.deaths, 0)", "How often it died within the last hour."),
            Column("exit_code", "c.exit_code", "Exit code of the last run."),
            Column("oom_killed", "c.oom_killed", "1: the last run was ended because memory ran out."),
            Column("error", "c.error", "Why the last start failed, or empty."),
            *_time("finished_at", "c.finished_at", "When its last run ended."),
        ),
        f"""
FROM containers c
{_NAMED}
LEFT JOIN (
    SELECT e.actor_id, count(*) AS deaths FROM events e
    WHERE e.time >= {_HOUR_AGO} AND e.type = 'container' AND e.action = 'die' GROUP BY e.actor_id
) d ON d.actor_id = c.id
WHERE c.state = 'restarting' OR (c.restart_count >= 3 AND NOT c.manually_stopped) OR d.deaths >= 3
        """,
    ),
    View(
        "changed_last_hour",
        "Objects with an event within the last hour, one row for each container, image, ….",
        (
            Column("type", "o.type", "container, image, network, volume, daemon, …"),
            Column("actor_id", "o.actor_id", "ID of what it happened to."),
            Column("actor_name", "o.actor_name", "Its name at the last event."),
            Column("events", "o.events", "How many events."),
            Column("last_seq", "o.last_seq", "Place of the last one in the journal."),
            Column("last_action", "o.last_action", "What happened last. The command line of an exec is cut off."),
            *_time("last_at", "o.last_at", "When."),
        ),
        f"""
FROM (
    SELECT e.type AS type, e.actor_id AS actor_id, count(*) AS events, max(e.seq) AS last_seq, e.time AS last_at,
        {_json("e.attributes", "$.name")} AS actor_name,
        CASE WHEN e.action GLOB 'exec_*:*' THEN substr(e.action, 1, instr(e.action, ':') - 1) ELSE e.action END
            AS last_action
    FROM events e WHERE e.time >= {_HOUR_AGO} GROUP BY e.type, e.actor_id
) o
        """,
    ),
    View(
        "largest_documents",
        "The stored documents, the largest first. It reads all of them: use LIMIT.",
        (
            Column("bytes", "o.bytes", "Size of the document."),
            Column("document", "o.document", "config, host_config, network_settings, summary, health_log, …"),
            Column("owner", "o.owner", "container, image, exec, event or idempotency key."),
            Column("owner_id", "o.owner_id", "ID of the owner; of an event its seq, of a key its first 12 characters."),
        ),
        """
FROM (
    SELECT length(CAST(b.config AS BLOB)) AS bytes, 'config' AS document, 'container' AS owner,
        b.container_id AS owner_id FROM container_specs b
    UNION ALL SELECT length(CAST(b.host_config AS BLOB)), 'host_config', 'container', b.container_id
        FROM container_specs b
    UNION ALL SELECT length(CAST(b.network_settings AS BLOB)), 'network_settings', 'container', b.container_id
        FROM container_specs b
    UNION ALL SELECT length(CAST(c.summary AS BLOB)), 'summary', 'container', c.id FROM containers c
    UNION ALL SELECT length(CAST(c.args AS BLOB)), 'args', 'container', c.id FROM containers c
    UNION ALL SELECT length(CAST(h.log AS BLOB)), 'health_log', 'container', h.container_id FROM container_health h
    UNION ALL SELECT length(i.config), 'config', 'image', i.id FROM images i
    UNION ALL SELECT length(CAST(x.process AS BLOB)), 'process', 'exec', x.id FROM execs x
    UNION ALL SELECT length(CAST(k.answer AS BLOB)), 'answer', 'idempotency key', substr(k.key, 1, 12)
        FROM idempotency_keys k
    UNION ALL SELECT length(CAST(e.attributes AS BLOB)), 'attributes', 'event', CAST(e.seq AS TEXT) FROM events e
) o
ORDER BY o.bytes DESC
        """,
    ),
    View(
        "quarantine",
        "Marks on rows that cannot be read; the rows stay where they are. What was found in them is not shown.",
        (
            Column("table_name", "q.table_name", "Table of the row."),
            Column("key", "q.key", "Key of the row; a JSON list if it has several columns."),
            Column("column_name", "q.column_name", "The column that cannot be read; empty: the whole row."),
            Column("container_id", "q.container_id", "ID of the container that the row belongs to, if any."),
            Column("container_name", "n.name", "Its name, without Docker's slash."),
            Column("reason", "q.reason", "What is wrong, half a sentence: is not JSON, …"),
            Column("bytes", "length(q.raw)", "Size of what was found in the column."),
            *_time("since", "q.since", "When it was first found."),
        ),
        """
FROM quarantine q
LEFT JOIN container_names n ON n.container_id = q.container_id AND n.kind = 'primary'
        """,
    ),
    View(
        "service",
        "This installation, one row.",
        (
            Column("instance_id", "s.instance_id", "ID of the installation."),
            Column("current_version", "s.current_version", "Version of the configuration that is in force."),
            Column("containers", "(SELECT count(*) FROM containers)", "How many containers there are."),
            Column("images", "(SELECT count(*) FROM images)", "How many image records there are."),
            Column("first_seq", "(SELECT min(seq) FROM events)", "The oldest stored event."),
            Column("last_seq", "(SELECT max(seq) FROM events)", "The newest event."),
        ),
        "FROM service_state s",
    ),
)


def newest() -> dict[str, View]:
    """Return the newest version of each view by its noun."""
    return {view.noun: view for view in sorted(VIEWS, key=lambda view: view.version)}


def statements() -> list[str]:
    """Return what makes all views, and a name without a version for the newest of each."""
    unversioned = [f"CREATE VIEW v_{noun} AS SELECT * FROM {view.name}" for noun, view in newest().items()]
    return [*(view.sql for view in VIEWS), *unversioned]


for statement in statements():
    # DDL() takes % for a mark of its own.
    event.listen(metadata, "after_create", DDL(statement.replace("%", "%%")))  # type: ignore[no-untyped-call]
