"""Add the admin views, and triggers that hold what no constraint can.

What may be read by SQL gets names that stay: `v1_…` is a contract, and stays when `v2_…` comes; `v_…` is the newest. No
view shows a secret. What nobody may change, whoever asks: an event, what a container or an image is, who has a name.
"""

from alembic import op

revision = "0004"
down_revision = "0003"

VIEWS = (
    """
CREATE VIEW v1_containers AS
SELECT
    c.id AS id,
    n.name AS name,
    (SELECT group_concat(o.name, ', ') FROM (SELECT a.name FROM container_names a WHERE a.container_id = c.id ORDER BY a.kind DESC, a.name) o) AS names,
    c.image AS image,
    c.image_id AS image_id,
    c.state AS state,
    (SELECT h.status FROM container_health h WHERE h.container_id = c.id) AS health,
    c.exit_code AS exit_code,
    c.oom_killed AS oom_killed,
    c.error AS error,
    c.pid AS pid,
    c.restart_count AS restart_count,
    c.manually_stopped AS manually_stopped,
    (SELECT group_concat(o.port, ', ') FROM (SELECT CASE WHEN p.public_port IS NULL THEN '' ELSE CASE WHEN instr(p.host_ip, ':') THEN '[' || p.host_ip || ']' ELSE p.host_ip END || ':' || p.public_port || '->' END || p.private_port || '/' || p.protocol AS port FROM container_ports p WHERE p.container_id = c.id ORDER BY p.position) o) AS ports,
    (SELECT json_group_object(l.key, l.value) FROM container_labels l WHERE l.container_id = c.id) AS labels,
    strftime('%Y-%m-%dT%H:%M:%S', c.created_at / 1000000000 - (c.created_at % 1000000000 < 0), 'unixepoch') || rtrim(printf('.%09d', (c.created_at % 1000000000 + 1000000000) % 1000000000), '.0') || 'Z' AS created_at,
    c.created_at AS created_at_ns,
    strftime('%Y-%m-%dT%H:%M:%S', c.started_at / 1000000000 - (c.started_at % 1000000000 < 0), 'unixepoch') || rtrim(printf('.%09d', (c.started_at % 1000000000 + 1000000000) % 1000000000), '.0') || 'Z' AS started_at,
    c.started_at AS started_at_ns,
    strftime('%Y-%m-%dT%H:%M:%S', c.finished_at / 1000000000 - (c.finished_at % 1000000000 < 0), 'unixepoch') || rtrim(printf('.%09d', (c.finished_at % 1000000000 + 1000000000) % 1000000000), '.0') || 'Z' AS finished_at,
    c.finished_at AS finished_at_ns,
    c.runtime_name AS runtime,
    (SELECT r.version FROM runtimes r WHERE r.id = c.runtime_id) AS runtime_version,
    c.script_digest AS script_digest,
    c.engine AS engine,
    c.origin AS origin,
    c.path AS path,
    c.revision AS revision
FROM containers c
LEFT JOIN container_names n ON n.container_id = c.id AND n.kind = 'primary'
    """,
    """
CREATE VIEW v1_names AS
SELECT
    b.name AS name,
    b.container_id AS container_id,
    b.kind AS kind,
    b.parent_id AS parent_id,
    b.generated AS generated,
    c.state AS state
FROM container_names b
JOIN containers c ON c.id = b.container_id
    """,
    """
CREATE VIEW v1_labels AS
SELECT
    c.id AS container_id,
    n.name AS container_name,
    b.key AS key,
    b.value AS value
FROM container_labels b
JOIN containers c ON c.id = b.container_id
LEFT JOIN container_names n ON n.container_id = c.id AND n.kind = 'primary'
    """,
    """
CREATE VIEW v1_mounts AS
SELECT
    c.id AS container_id,
    n.name AS container_name,
    b.destination AS destination,
    b.type AS type,
    b.volume AS volume,
    b.source AS source,
    b.named AS named,
    CASE WHEN json_valid(b.document) THEN json_extract(b.document, '$.RW') END AS read_write
FROM container_mounts b
JOIN containers c ON c.id = b.container_id
LEFT JOIN container_names n ON n.container_id = c.id AND n.kind = 'primary'
    """,
    """
CREATE VIEW v1_networks AS
SELECT
    c.id AS container_id,
    n.name AS container_name,
    b.name AS network,
    b.network_id AS network_id
FROM container_networks b
JOIN containers c ON c.id = b.container_id
LEFT JOIN container_names n ON n.container_id = c.id AND n.kind = 'primary'
    """,
    """
CREATE VIEW v1_ports AS
SELECT
    c.id AS container_id,
    n.name AS container_name,
    b.private_port AS private_port,
    b.protocol AS protocol,
    b.public_port AS public_port,
    b.host_ip AS host_ip
FROM container_ports b
JOIN containers c ON c.id = b.container_id
LEFT JOIN container_names n ON n.container_id = c.id AND n.kind = 'primary'
    """,
    """
CREATE VIEW v1_environment AS
SELECT
    c.id AS container_id,
    n.name AS container_name,
    substr(v.value, 1, instr(v.value || '=', '=') - 1) AS variable,
    v.key AS position
FROM container_specs b
JOIN containers c ON c.id = b.container_id
LEFT JOIN container_names n ON n.container_id = c.id AND n.kind = 'primary'
JOIN json_each(CASE WHEN json_valid(b.config) THEN b.config ELSE '{}' END, '$.Env') v ON v.type = 'text'
    """,
    """
CREATE VIEW v1_specs AS
SELECT
    c.id AS container_id,
    n.name AS container_name,
    CASE WHEN json_valid(b.config) THEN json_extract(b.config, '$.User') END AS user,
    CASE WHEN json_valid(b.host_config) THEN json_extract(b.host_config, '$.RestartPolicy.Name') END AS restart_policy,
    CASE WHEN json_valid(b.host_config) THEN json_extract(b.host_config, '$.RestartPolicy.MaximumRetryCount') END AS restart_limit,
    CASE WHEN json_valid(b.host_config) THEN json_extract(b.host_config, '$.NetworkMode') END AS network_mode,
    CASE WHEN json_valid(b.host_config) THEN json_extract(b.host_config, '$.Privileged') END AS privileged,
    CASE WHEN json_valid(b.host_config) THEN json_extract(b.host_config, '$.CapAdd') END AS cap_add,
    CASE WHEN json_valid(b.host_config) THEN json_extract(b.host_config, '$.ReadonlyRootfs') END AS read_only,
    CASE WHEN json_valid(b.host_config) THEN json_extract(b.host_config, '$.AutoRemove') END AS auto_remove,
    CASE WHEN json_valid(b.host_config) THEN json_extract(b.host_config, '$.Memory') END AS memory,
    CASE WHEN json_valid(b.host_config) THEN json_extract(b.host_config, '$.NanoCpus') END AS nano_cpus,
    CASE WHEN json_valid(b.host_config) THEN json_extract(b.host_config, '$.PidsLimit') END AS pids_limit,
    CASE WHEN json_valid(b.host_config) THEN json_extract(b.host_config, '$.LogConfig.Type') END AS log_driver,
    (SELECT group_concat(o.key, ', ') FROM json_each(CASE WHEN json_valid(b.host_config) THEN b.host_config ELSE '{}' END, '$.LogConfig.Config') o WHERE o.type = 'text') AS log_options,
    b.apparmor_profile AS apparmor_profile,
    b.no_new_privileges AS no_new_privileges
FROM container_specs b
JOIN containers c ON c.id = b.container_id
LEFT JOIN container_names n ON n.container_id = c.id AND n.kind = 'primary'
    """,
    """
CREATE VIEW v1_execs AS
SELECT
    b.id AS id,
    c.id AS container_id,
    n.name AS container_name,
    b.state AS state,
    b.pid AS pid,
    b.exit_code AS exit_code,
    CASE WHEN json_valid(b.process) THEN json_extract(b.process, '$.entrypoint') END AS program,
    strftime('%Y-%m-%dT%H:%M:%S', b.began_at / 1000000000 - (b.began_at % 1000000000 < 0), 'unixepoch') || rtrim(printf('.%09d', (b.began_at % 1000000000 + 1000000000) % 1000000000), '.0') || 'Z' AS began_at,
    b.began_at AS began_at_ns,
    strftime('%Y-%m-%dT%H:%M:%S', b.ended_at / 1000000000 - (b.ended_at % 1000000000 < 0), 'unixepoch') || rtrim(printf('.%09d', (b.ended_at % 1000000000 + 1000000000) % 1000000000), '.0') || 'Z' AS ended_at,
    b.ended_at AS ended_at_ns
FROM execs b
JOIN containers c ON c.id = b.container_id
LEFT JOIN container_names n ON n.container_id = c.id AND n.kind = 'primary'
    """,
    """
CREATE VIEW v1_images AS
SELECT
    i.id AS id,
    (SELECT group_concat(t.reference, ', ') FROM image_tags t WHERE t.image_id = i.id) AS tags,
    (SELECT group_concat(d.reference, ', ') FROM image_digests d WHERE d.image_id = i.id) AS digests,
    (SELECT count(*) FROM containers c WHERE c.image_id = i.id) AS containers,
    i.size AS size,
    strftime('%Y-%m-%dT%H:%M:%S', i.created_at / 1000000000 - (i.created_at % 1000000000 < 0), 'unixepoch') || rtrim(printf('.%09d', (i.created_at % 1000000000 + 1000000000) % 1000000000), '.0') || 'Z' AS created_at,
    i.created_at AS created_at_ns,
    strftime('%Y-%m-%dT%H:%M:%S', i.tagged_at / 1000000000 - (i.tagged_at % 1000000000 < 0), 'unixepoch') || rtrim(printf('.%09d', (i.tagged_at % 1000000000 + 1000000000) % 1000000000), '.0') || 'Z' AS tagged_at,
    i.tagged_at AS tagged_at_ns
FROM images i
    """,
    """
CREATE VIEW v1_image_tags AS
SELECT
    t.reference AS reference,
    t.image_id AS image_id
FROM image_tags t
    """,
    """
CREATE VIEW v1_events AS
SELECT
    e.seq AS seq,
    strftime('%Y-%m-%dT%H:%M:%S', e.time / 1000000000 - (e.time % 1000000000 < 0), 'unixepoch') || rtrim(printf('.%09d', (e.time % 1000000000 + 1000000000) % 1000000000), '.0') || 'Z' AS time,
    e.time AS time_ns,
    e.type AS type,
    CASE WHEN e.action GLOB 'exec_*:*' THEN substr(e.action, 1, instr(e.action, ':') - 1) ELSE e.action END AS action,
    e.actor_id AS actor_id,
    CASE WHEN json_valid(e.attributes) THEN json_extract(e.attributes, '$.name') END AS actor_name,
    CASE WHEN json_valid(e.attributes) THEN json_extract(e.attributes, '$.image') END AS image,
    CASE WHEN json_valid(e.attributes) THEN json_extract(e.attributes, '$.exitCode') END AS exit_code,
    e.attributes AS attributes,
    e.revision AS revision,
    e.peer_uid AS peer_uid,
    e.peer_gid AS peer_gid,
    e.peer_pid AS peer_pid,
    e.agent AS agent,
    e.row_values AS row_values
FROM events e
    """,
    """
CREATE VIEW v1_versions AS
SELECT
    v.version AS version,
    v.version IS s.current_version AS current,
    v.digest AS digest,
    v.source AS source,
    (SELECT group_concat(o.key, ', ') FROM json_each(CASE WHEN json_valid(v.user_config) THEN v.user_config ELSE '{}' END, '$') o) AS settings,
    strftime('%Y-%m-%dT%H:%M:%S', v.loaded_at / 1000000000 - (v.loaded_at % 1000000000 < 0), 'unixepoch') || rtrim(printf('.%09d', (v.loaded_at % 1000000000 + 1000000000) % 1000000000), '.0') || 'Z' AS loaded_at,
    v.loaded_at AS loaded_at_ns,
    (SELECT count(*) FROM runtimes r JOIN containers c ON c.runtime_id = r.id WHERE r.version = v.version) AS containers
FROM runtime_configs v
LEFT JOIN service_state s ON s.id = 1
    """,
    """
CREATE VIEW v1_runtimes AS
SELECT
    r.id AS id,
    r.version AS version,
    r.version IS s.current_version AS current,
    r.name AS name,
    r.origin AS origin,
    r.path AS path,
    r.args AS args,
    r.type AS type,
    r.binary AS binary_path,
    r.script_digest AS script_digest,
    (SELECT count(*) FROM containers c WHERE c.runtime_id = r.id) AS containers
FROM runtimes r
LEFT JOIN service_state s ON s.id = 1
    """,
    """
CREATE VIEW v1_runtime_drift AS
SELECT
    c.id AS container_id,
    n.name AS container_name,
    c.state AS state,
    c.runtime_name AS runtime,
    locked.version AS locked_version,
    s.current_version AS current_version,
    CASE WHEN now.id IS NULL THEN 'gone' WHEN now.path IS locked.path AND now.args IS locked.args AND now.type IS locked.type AND now.options IS locked.options AND now.binary IS locked.binary AND now.wrapper_digest IS locked.wrapper_digest THEN 'older' ELSE 'changed' END AS drift,
    locked.binary AS locked_binary,
    now.binary AS current_binary
FROM containers c
LEFT JOIN container_names n ON n.container_id = c.id AND n.kind = 'primary'
JOIN service_state s ON s.id = 1
LEFT JOIN runtimes locked ON locked.id = c.runtime_id
LEFT JOIN runtimes now ON now.version = s.current_version AND now.name = c.runtime_name
WHERE CASE WHEN locked.id IS NULL THEN now.id IS NULL AND instr(c.runtime_name, '.') = 0 AND c.runtime_name <> ''
      ELSE locked.version <> s.current_version END
    """,
    """
CREATE VIEW v1_scripts AS
SELECT
    t.digest AS digest,
    length(t.content) AS bytes,
    strftime('%Y-%m-%dT%H:%M:%S', t.created_at / 1000000000 - (t.created_at % 1000000000 < 0), 'unixepoch') || rtrim(printf('.%09d', (t.created_at % 1000000000 + 1000000000) % 1000000000), '.0') || 'Z' AS created_at,
    t.created_at AS created_at_ns,
    strftime('%Y-%m-%dT%H:%M:%S', t.restored_at / 1000000000 - (t.restored_at % 1000000000 < 0), 'unixepoch') || rtrim(printf('.%09d', (t.restored_at % 1000000000 + 1000000000) % 1000000000), '.0') || 'Z' AS restored_at,
    t.restored_at AS restored_at_ns,
    t.restored_because AS restored_because,
    (SELECT count(*) FROM runtimes r WHERE r.script_digest = t.digest) AS runtimes,
    (SELECT count(*) FROM containers c WHERE c.script_digest = t.digest) AS containers
FROM scripts t
    """,
    """
CREATE VIEW v1_script_holders AS
SELECT
    o.digest AS digest,
    o.holder AS holder,
    o.container_id AS container_id,
    o.container_name AS container_name,
    o.version AS version,
    o.runtime AS runtime
FROM (
    SELECT c.script_digest AS digest, 'container' AS holder, c.id AS container_id, n.name AS container_name,
        r.version AS version, r.name AS runtime
    FROM containers c
    JOIN runtimes r ON r.id = c.runtime_id
    LEFT JOIN container_names n ON n.container_id = c.id AND n.kind = 'primary'
    WHERE c.script_digest IS NOT NULL
    UNION ALL
    SELECT r.script_digest, 'version', NULL, NULL, r.version, r.name
    FROM service_state s JOIN runtimes r ON r.version = s.current_version
    WHERE r.script_digest IS NOT NULL
) o
    """,
    """
CREATE VIEW v1_restart_loops AS
SELECT
    c.id AS container_id,
    n.name AS container_name,
    c.state AS state,
    c.restart_count AS restart_count,
    coalesce(d.deaths, 0) AS deaths_last_hour,
    c.exit_code AS exit_code,
    c.oom_killed AS oom_killed,
    c.error AS error,
    strftime('%Y-%m-%dT%H:%M:%S', c.finished_at / 1000000000 - (c.finished_at % 1000000000 < 0), 'unixepoch') || rtrim(printf('.%09d', (c.finished_at % 1000000000 + 1000000000) % 1000000000), '.0') || 'Z' AS finished_at,
    c.finished_at AS finished_at_ns
FROM containers c
LEFT JOIN container_names n ON n.container_id = c.id AND n.kind = 'primary'
LEFT JOIN (
    SELECT e.actor_id, count(*) AS deaths FROM events e
    WHERE e.time >= (CAST(strftime('%s', 'now') AS INTEGER) - 3600) * 1000000000 AND e.type = 'container' AND e.action = 'die' GROUP BY e.actor_id
) d ON d.actor_id = c.id
WHERE c.state = 'restarting' OR (c.restart_count >= 3 AND NOT c.manually_stopped) OR d.deaths >= 3
    """,
    """
CREATE VIEW v1_changed_last_hour AS
SELECT
    o.type AS type,
    o.actor_id AS actor_id,
    o.actor_name AS actor_name,
    o.events AS events,
    o.last_seq AS last_seq,
    o.last_action AS last_action,
    strftime('%Y-%m-%dT%H:%M:%S', o.last_at / 1000000000 - (o.last_at % 1000000000 < 0), 'unixepoch') || rtrim(printf('.%09d', (o.last_at % 1000000000 + 1000000000) % 1000000000), '.0') || 'Z' AS last_at,
    o.last_at AS last_at_ns
FROM (
    SELECT e.type AS type, e.actor_id AS actor_id, count(*) AS events, max(e.seq) AS last_seq, e.time AS last_at,
        CASE WHEN json_valid(e.attributes) THEN json_extract(e.attributes, '$.name') END AS actor_name,
        CASE WHEN e.action GLOB 'exec_*:*' THEN substr(e.action, 1, instr(e.action, ':') - 1) ELSE e.action END
            AS last_action
    FROM events e WHERE e.time >= (CAST(strftime('%s', 'now') AS INTEGER) - 3600) * 1000000000 GROUP BY e.type, e.actor_id
) o
    """,
    """
CREATE VIEW v1_largest_documents AS
SELECT
    o.bytes AS bytes,
    o.document AS document,
    o.owner AS owner,
    o.owner_id AS owner_id
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
    """
CREATE VIEW v1_service AS
SELECT
    s.instance_id AS instance_id,
    s.current_version AS current_version,
    (SELECT count(*) FROM containers) AS containers,
    (SELECT count(*) FROM images) AS images,
    (SELECT min(seq) FROM events) AS first_seq,
    (SELECT max(seq) FROM events) AS last_seq
FROM service_state s
    """,
)
# Each has a name without a version, too.
NOUNS = (
    "containers",
    "names",
    "labels",
    "mounts",
    "networks",
    "ports",
    "environment",
    "specs",
    "execs",
    "images",
    "image_tags",
    "events",
    "versions",
    "runtimes",
    "runtime_drift",
    "scripts",
    "script_holders",
    "restart_loops",
    "changed_last_hour",
    "largest_documents",
    "service",
)
TRIGGERS = (
    """
CREATE TRIGGER events_are_immutable BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'an event is never edited'); END
    """,
    """
CREATE TRIGGER events_go_behind_all_others BEFORE INSERT ON events
WHEN NEW.seq >= 0 AND NEW.seq <= (SELECT max(seq) FROM events)
BEGIN SELECT RAISE(ABORT, 'an event goes behind all others'); END
    """,
    """
CREATE TRIGGER containers_keep_what_they_are BEFORE UPDATE OF id, created_at, origin ON containers
BEGIN SELECT RAISE(ABORT, 'ID, origin and time of creation of a container never change'); END
    """,
    """
CREATE TRIGGER containers_are_not_replaced BEFORE INSERT ON containers
WHEN EXISTS (SELECT 1 FROM containers WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'a container is never replaced'); END
    """,
    """
CREATE TRIGGER revisions_grow BEFORE UPDATE OF revision ON containers
WHEN NEW.revision < OLD.revision
BEGIN SELECT RAISE(ABORT, 'the revision of a container only grows'); END
    """,
    """
CREATE TRIGGER names_stay_with_their_container BEFORE UPDATE OF container_id, kind ON container_names
BEGIN SELECT RAISE(ABORT, 'a name stays with its container'); END
    """,
    """
CREATE TRIGGER containers_keep_a_name BEFORE DELETE ON container_names
WHEN OLD.kind = 'primary' AND EXISTS (SELECT 1 FROM containers WHERE id = OLD.container_id)
BEGIN SELECT RAISE(ABORT, 'a container keeps its name as long as it is there'); END
    """,
    """
CREATE TRIGGER containers_keep_their_documents BEFORE DELETE ON container_specs
WHEN EXISTS (SELECT 1 FROM containers WHERE id = OLD.container_id)
BEGIN SELECT RAISE(ABORT, 'a container keeps its documents as long as it is there'); END
    """,
    """
CREATE TRIGGER documents_stay_with_their_container BEFORE UPDATE OF container_id ON container_specs
BEGIN SELECT RAISE(ABORT, 'documents stay with their container'); END
    """,
    """
CREATE TRIGGER execs_stay_with_their_container BEFORE UPDATE OF id, container_id ON execs
BEGIN SELECT RAISE(ABORT, 'an exec stays with its container'); END
    """,
    """
CREATE TRIGGER images_are_immutable BEFORE UPDATE OF id, config ON images
BEGIN SELECT RAISE(ABORT, 'an image is never changed: its ID names its configuration'); END
    """,
    """
CREATE TRIGGER images_are_not_replaced BEFORE INSERT ON images
WHEN EXISTS (SELECT 1 FROM images WHERE id = NEW.id AND config <> NEW.config)
BEGIN SELECT RAISE(ABORT, 'an image is never replaced: its ID names its configuration'); END
    """,
    """
CREATE TRIGGER an_installation_keeps_its_id BEFORE UPDATE OF id, instance_id ON service_state
BEGIN SELECT RAISE(ABORT, 'an installation keeps its ID'); END
    """,
    """
CREATE TRIGGER an_installation_stays BEFORE DELETE ON service_state
BEGIN SELECT RAISE(ABORT, 'an installation keeps its ID and the version in force'); END
    """,
)
TRIGGER_NAMES = (
    "events_are_immutable",
    "events_go_behind_all_others",
    "containers_keep_what_they_are",
    "containers_are_not_replaced",
    "revisions_grow",
    "names_stay_with_their_container",
    "containers_keep_a_name",
    "containers_keep_their_documents",
    "documents_stay_with_their_container",
    "execs_stay_with_their_container",
    "images_are_immutable",
    "images_are_not_replaced",
    "an_installation_keeps_its_id",
    "an_installation_stays",
)


def upgrade() -> None:
    for view in VIEWS:
        op.execute(view)
    for noun in NOUNS:
        op.execute(f"CREATE VIEW v_{noun} AS SELECT * FROM v1_{noun}")
    for trigger in TRIGGERS:
        op.execute(trigger)


def downgrade() -> None:
    for trigger in TRIGGER_NAMES:
        op.execute(f"DROP TRIGGER {trigger}")
    for noun in NOUNS:
        op.execute(f"DROP VIEW v_{noun}")
        op.execute(f"DROP VIEW v1_{noun}")
