"""Lock containers to runtimes: wrapper scripts under their digest, what is derived of a runtime, who starts a container.

Before, a version held only what the user wrote, and no container was ever started. The rows of runtimes that exist keep
no binary: the next start of the service derives it, as a new version.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

SCRIPTS = """
CREATE TABLE scripts (
    digest TEXT NOT NULL CONSTRAINT ck_scripts_digest_form CHECK (digest GLOB 'sha256:*' AND length(digest) = 71),
    content BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    restored_at INTEGER,
    restored_because TEXT CONSTRAINT ck_scripts_restored_because_known CHECK (restored_because IN ('missing', 'altered')),
    CONSTRAINT pk_scripts PRIMARY KEY (digest)
) WITHOUT ROWID, STRICT
"""
EXECS = """
CREATE TABLE execs (
    id TEXT NOT NULL CONSTRAINT ck_execs_id_form CHECK (length(id) = 64 AND id NOT GLOB '*[^0-9a-f]*'),
    container_id TEXT NOT NULL,
    state TEXT NOT NULL CONSTRAINT ck_execs_state_known CHECK (state IN ('running', 'ended')),
    pid INTEGER NOT NULL,
    exit_code INTEGER,
    process TEXT NOT NULL CONSTRAINT ck_execs_process_json CHECK (json_valid(process)),
    began_at INTEGER NOT NULL,
    ended_at INTEGER,
    CONSTRAINT pk_execs PRIMARY KEY (id),
    CONSTRAINT fk_execs_container_id FOREIGN KEY(container_id) REFERENCES containers (id) ON DELETE CASCADE
) STRICT
"""
# In {}: what this revision adds.
RUNTIMES = """
CREATE TABLE fresh_runtimes (
    id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    name TEXT NOT NULL,
    {origin}
    path TEXT,
    args TEXT NOT NULL CONSTRAINT ck_runtimes_args_json CHECK (json_valid(args)),
    type TEXT,
    options TEXT CONSTRAINT ck_runtimes_options_json CHECK (json_valid(options)),
    {derived}
    CONSTRAINT pk_runtimes PRIMARY KEY (id),
    CONSTRAINT uq_runtimes_version_name UNIQUE (version, name),
    CONSTRAINT fk_runtimes_version FOREIGN KEY(version) REFERENCES runtime_configs (version) ON DELETE RESTRICT{constraints}
) STRICT
"""
CONTAINERS = """
CREATE TABLE fresh_containers (
    id TEXT NOT NULL CONSTRAINT ck_containers_id_form CHECK (length(id) = 64 AND id NOT GLOB '*[^0-9a-f]*'),
    image TEXT NOT NULL,
    image_id TEXT NOT NULL,
    path TEXT NOT NULL,
    args TEXT NOT NULL CONSTRAINT ck_containers_args_json CHECK (json_valid(args)),
    driver TEXT NOT NULL,
    os TEXT NOT NULL,
    managed INTEGER NOT NULL CONSTRAINT ck_containers_managed_flag CHECK (managed IN (0, 1)),
    origin TEXT NOT NULL CONSTRAINT ck_containers_origin_known CHECK (origin IN ('created', 'docker', 'podman')),
    created_at INTEGER NOT NULL,
    state TEXT NOT NULL CONSTRAINT ck_containers_state_known CHECK (state IN ('created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead')),
    pid INTEGER NOT NULL,
    exit_code INTEGER NOT NULL,
    error TEXT NOT NULL,
    oom_killed INTEGER NOT NULL CONSTRAINT ck_containers_oom_killed_flag CHECK (oom_killed IN (0, 1)),
    started_at INTEGER,
    finished_at INTEGER,
    restart_count INTEGER NOT NULL,
    started_before INTEGER NOT NULL CONSTRAINT ck_containers_started_before_flag CHECK (started_before IN (0, 1)),
    manually_stopped INTEGER NOT NULL CONSTRAINT ck_containers_manually_stopped_flag CHECK (manually_stopped IN (0, 1)),
    runtime_name TEXT NOT NULL,
    runtime_id INTEGER,
    {lock}
    summary TEXT NOT NULL CONSTRAINT ck_containers_summary_json CHECK (json_valid(summary)),
    revision INTEGER NOT NULL,
    CONSTRAINT pk_containers PRIMARY KEY (id),
    CONSTRAINT fk_containers_runtime_id FOREIGN KEY(runtime_id) REFERENCES runtimes (id) ON DELETE RESTRICT{constraints}
) STRICT
"""
CONTAINER_INDEXES = (
    "CREATE INDEX ix_containers_created_at_id ON containers (created_at, id)",
    "CREATE INDEX ix_containers_image_id ON containers (image_id)",
    "CREATE INDEX ix_containers_runtime_id ON containers (runtime_id) WHERE runtime_id IS NOT NULL",
    "CREATE INDEX ix_containers_state_created_at_id ON containers (state, created_at, id)",
)
OLD_RUNTIMES = "id, version, name, path, args, type, options"
OLD_CONTAINERS = (
    "id, image, image_id, path, args, driver, os, managed, origin, created_at, state, pid, exit_code, error, oom_killed, "
    "started_at, finished_at, restart_count, started_before, manually_stopped, runtime_name, runtime_id, summary, revision"
)
TRIGGERS = (
    """
CREATE TRIGGER scripts_are_immutable BEFORE UPDATE OF digest, content, created_at ON scripts
BEGIN SELECT RAISE(ABORT, 'a script is never changed: its digest names its content'); END
    """,
    """
CREATE TRIGGER scripts_are_not_replaced BEFORE INSERT ON scripts
WHEN EXISTS (SELECT 1 FROM scripts WHERE digest = NEW.digest)
BEGIN SELECT RAISE(ABORT, 'a script is never replaced: its digest names its content'); END
    """,
    """
CREATE TRIGGER held_scripts_stay BEFORE DELETE ON scripts
WHEN EXISTS (SELECT 1 FROM containers WHERE script_digest = OLD.digest) OR EXISTS (
    SELECT 1 FROM service_state JOIN runtimes ON runtimes.version = service_state.current_version
    WHERE runtimes.script_digest = OLD.digest
)
BEGIN SELECT RAISE(ABORT, 'a container or the configuration in force holds this script'); END
    """,
    """
CREATE TRIGGER held_runtimes_stay BEFORE DELETE ON runtimes
WHEN EXISTS (SELECT 1 FROM containers WHERE runtime_id = OLD.id)
    OR EXISTS (SELECT 1 FROM service_state WHERE current_version = OLD.version)
BEGIN SELECT RAISE(ABORT, 'a container or the configuration in force holds this runtime'); END
    """,
    """
CREATE TRIGGER held_versions_stay BEFORE DELETE ON runtime_configs
WHEN EXISTS (SELECT 1 FROM runtimes WHERE version = OLD.version)
    OR EXISTS (SELECT 1 FROM service_state WHERE current_version = OLD.version)
BEGIN SELECT RAISE(ABORT, 'runtimes belong to this version, or it is in force'); END
    """,
    """
CREATE TRIGGER runtime_configs_are_immutable BEFORE UPDATE ON runtime_configs
BEGIN SELECT RAISE(ABORT, 'a version of the configuration is never changed'); END
    """,
    """
CREATE TRIGGER runtimes_are_immutable
BEFORE UPDATE OF id, version, name, origin, path, args, type, options, binary, wrapper_digest ON runtimes
BEGIN SELECT RAISE(ABORT, 'a runtime is never changed: containers are locked to it'); END
    """,
    """
CREATE TRIGGER runtimes_keep_their_script BEFORE UPDATE OF script_digest ON runtimes
WHEN NEW.script_digest IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a runtime never gets another script'); END
    """,
)
TRIGGER_NAMES = (
    "scripts_are_immutable",
    "scripts_are_not_replaced",
    "held_scripts_stay",
    "held_runtimes_stay",
    "held_versions_stay",
    "runtime_configs_are_immutable",
    "runtimes_are_immutable",
    "runtimes_keep_their_script",
)


def _replace(table: str, definition: str, columns: str, values: str) -> None:
    op.execute(definition)
    op.execute(f"INSERT INTO fresh_{table} ({columns}) SELECT {values} FROM {table}")
    op.execute(f"DROP TABLE {table}")
    op.execute(f"ALTER TABLE fresh_{table} RENAME TO {table}")


def upgrade() -> None:
    op.execute(SCRIPTS)
    _replace(
        "runtimes",
        RUNTIMES.format(
            origin="origin TEXT NOT NULL CONSTRAINT ck_runtimes_origin_known CHECK (origin IN ('stock', 'configured', 'shim')),",
            derived="binary TEXT,\n    wrapper_digest TEXT,\n    script_digest TEXT,",
            constraints=",\n    CONSTRAINT ck_runtimes_script_of_wrapper CHECK (script_digest IS NULL OR script_digest = wrapper_digest),\n"
            "    CONSTRAINT fk_runtimes_script_digest FOREIGN KEY(script_digest) REFERENCES scripts (digest) ON DELETE SET NULL",
        ),
        f"{OLD_RUNTIMES}, origin",
        f"{OLD_RUNTIMES}, CASE WHEN name IN ('runc', 'io.containerd.runc.v2') THEN 'stock' ELSE 'configured' END",
    )
    op.execute("CREATE INDEX ix_runtimes_script_digest ON runtimes (script_digest) WHERE script_digest IS NOT NULL")
    _replace(
        "containers",
        CONTAINERS.format(
            lock="script_digest TEXT,\n    engine TEXT,\n    attempt INTEGER NOT NULL,\n    prepared_at INTEGER,",
            constraints=",\n    CONSTRAINT ck_containers_script_of_runtime CHECK (script_digest IS NULL OR runtime_id IS NOT NULL),\n"
            "    CONSTRAINT ck_containers_prepared_by_engine CHECK (prepared_at IS NULL OR engine IS NOT NULL),\n"
            "    CONSTRAINT fk_containers_script_digest FOREIGN KEY(script_digest) REFERENCES scripts (digest) ON DELETE RESTRICT",
        ),
        f"{OLD_CONTAINERS}, attempt",
        f"{OLD_CONTAINERS}, 0",
    )
    for index in CONTAINER_INDEXES:
        op.execute(index)
    op.execute("CREATE INDEX ix_containers_script_digest ON containers (script_digest) WHERE script_digest IS NOT NULL")
    op.execute(EXECS)
    op.execute("CREATE INDEX ix_execs_container_id_state ON execs (container_id, state)")
    for trigger in TRIGGERS:
        op.execute(trigger)


def downgrade() -> None:
    for trigger in TRIGGER_NAMES:
        op.execute(f"DROP TRIGGER {trigger}")
    op.execute("DROP TABLE execs")
    _replace("containers", CONTAINERS.format(lock="", constraints=""), OLD_CONTAINERS, OLD_CONTAINERS)
    for index in CONTAINER_INDEXES:
        op.execute(index)
    _replace("runtimes", RUNTIMES.format(origin="", derived="", constraints=""), OLD_RUNTIMES, OLD_RUNTIMES)
    op.execute("DROP TABLE scripts")
