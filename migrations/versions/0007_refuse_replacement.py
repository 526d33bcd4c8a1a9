"""Refuse replacement: REPLACE asks no trigger for DELETE, and a number or a name that is taken displaced the row.

Before, a shell could so give a container another name, take a name or documents away, change a runtime that containers
are locked to, the ID of the installation, the answer to a key; delete the newest event, so that its number came twice,
or use up all numbers; store a name that Docker never takes; and, with foreign keys off, leave rows without their
container behind.
"""

from alembic import op

revision = "0007"
down_revision = "0006"

# What these refuse now, and refused before.
CHANGED = (
    """
CREATE TRIGGER runtimes_are_immutable
BEFORE UPDATE OF id, version, name, origin, path, args, type, options, binary, wrapper_digest, rowid, oid, _rowid_
ON runtimes
BEGIN SELECT RAISE(ABORT, 'a runtime is never changed: containers are locked to it'); END
    """,
    """
CREATE TRIGGER events_go_behind_all_others BEFORE INSERT ON events
WHEN NEW.seq <> -1 AND NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM events)
BEGIN SELECT RAISE(ABORT, 'an event goes right behind all others'); END
    """,
    """
CREATE TRIGGER containers_keep_what_they_are BEFORE UPDATE OF id, created_at, origin, rowid, oid, _rowid_ ON containers
BEGIN SELECT RAISE(ABORT, 'ID, origin and time of creation of a container never change'); END
    """,
    """
CREATE TRIGGER containers_are_not_replaced BEFORE INSERT ON containers
WHEN EXISTS (SELECT 1 FROM containers WHERE id = NEW.id)
    OR EXISTS (SELECT 1 FROM containers WHERE rowid = NEW.rowid AND rowid <> -1)
BEGIN SELECT RAISE(ABORT, 'a container is never replaced'); END
    """,
    """
CREATE TRIGGER documents_stay_with_their_container BEFORE UPDATE OF container_id, rowid, oid, _rowid_ ON container_specs
BEGIN SELECT RAISE(ABORT, 'documents stay with their container'); END
    """,
    """
CREATE TRIGGER execs_stay_with_their_container BEFORE UPDATE OF id, container_id, rowid, oid, _rowid_ ON execs
BEGIN SELECT RAISE(ABORT, 'an exec stays with its container'); END
    """,
)
BEFORE = (
    """
CREATE TRIGGER runtimes_are_immutable
BEFORE UPDATE OF id, version, name, origin, path, args, type, options, binary, wrapper_digest ON runtimes
BEGIN SELECT RAISE(ABORT, 'a runtime is never changed: containers are locked to it'); END
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
CREATE TRIGGER documents_stay_with_their_container BEFORE UPDATE OF container_id ON container_specs
BEGIN SELECT RAISE(ABORT, 'documents stay with their container'); END
    """,
    """
CREATE TRIGGER execs_stay_with_their_container BEFORE UPDATE OF id, container_id ON execs
BEGIN SELECT RAISE(ABORT, 'an exec stays with its container'); END
    """,
)
CHANGED_NAMES = (
    "runtimes_are_immutable",
    "events_go_behind_all_others",
    "containers_keep_what_they_are",
    "containers_are_not_replaced",
    "documents_stay_with_their_container",
    "execs_stay_with_their_container",
)
# Of a name: that Docker never takes it.
IMPOSSIBLE = """CASE NEW.kind
    WHEN 'alias' THEN NEW.name NOT GLOB '[a-zA-Z0-9]*/?*' OR instr(NEW.name, '/') < 3
        OR substr(NEW.name, 1, instr(NEW.name, '/') - 1) GLOB '*[^a-zA-Z0-9_.-]*'
    ELSE NEW.name NOT GLOB '[a-zA-Z0-9]?*' OR NEW.name GLOB '*[^a-zA-Z0-9_.-]*' OR instr(NEW.name, char(0))
END"""
TRIGGERS = (
    """
CREATE TRIGGER runtime_configs_are_not_replaced BEFORE INSERT ON runtime_configs
WHEN EXISTS (SELECT 1 FROM runtime_configs WHERE version = NEW.version)
BEGIN SELECT RAISE(ABORT, 'a version of the configuration is never replaced'); END
    """,
    """
CREATE TRIGGER runtimes_are_not_replaced BEFORE INSERT ON runtimes
WHEN EXISTS (SELECT 1 FROM runtimes WHERE id = NEW.id AND id <> -1)
    OR EXISTS (SELECT 1 FROM runtimes WHERE version = NEW.version AND name = NEW.name)
BEGIN SELECT RAISE(ABORT, 'a runtime is never replaced: containers are locked to it'); END
    """,
    """
CREATE TRIGGER runtimes_in_force_keep_their_script BEFORE UPDATE OF script_digest ON runtimes
WHEN NEW.script_digest IS NULL AND OLD.script_digest IS NOT NULL
    AND EXISTS (SELECT 1 FROM service_state WHERE current_version = OLD.version)
BEGIN SELECT RAISE(ABORT, 'the configuration in force keeps its scripts'); END
    """,
    """
CREATE TRIGGER events_are_counted_from_one AFTER INSERT ON events
WHEN NEW.seq < 1
BEGIN SELECT RAISE(ABORT, 'events are counted from one'); END
    """,
    """
CREATE TRIGGER events_go_from_the_old_end BEFORE DELETE ON events
WHEN OLD.seq > (SELECT min(seq) FROM events) OR OLD.seq = (SELECT max(seq) FROM events)
BEGIN SELECT RAISE(ABORT, 'events go from the old end, and the newest stays'); END
    """,
    """
CREATE TRIGGER names_are_not_replaced BEFORE INSERT ON container_names
WHEN EXISTS (SELECT 1 FROM container_names WHERE name = NEW.name)
BEGIN SELECT RAISE(ABORT, 'a name that is taken is never given to another'); END
    """,
    """
CREATE TRIGGER names_are_not_taken_over BEFORE UPDATE OF name ON container_names
WHEN NEW.name <> OLD.name AND EXISTS (SELECT 1 FROM container_names WHERE name = NEW.name)
BEGIN SELECT RAISE(ABORT, 'a name that is taken is never given to another'); END
    """,
    """
CREATE TRIGGER containers_have_one_name BEFORE INSERT ON container_names
WHEN NEW.kind = 'primary'
    AND EXISTS (SELECT 1 FROM container_names WHERE container_id = NEW.container_id AND kind = 'primary')
BEGIN SELECT RAISE(ABORT, 'a container has one name of its own'); END
    """,
    f"""
CREATE TRIGGER names_are_valid BEFORE INSERT ON container_names
WHEN {IMPOSSIBLE}
BEGIN SELECT RAISE(ABORT, 'this is no name that Docker takes'); END
    """,
    f"""
CREATE TRIGGER names_stay_valid BEFORE UPDATE OF name ON container_names
WHEN {IMPOSSIBLE}
BEGIN SELECT RAISE(ABORT, 'this is no name that Docker takes'); END
    """,
    """
CREATE TRIGGER documents_are_not_replaced BEFORE INSERT ON container_specs
WHEN EXISTS (SELECT 1 FROM container_specs WHERE container_id = NEW.container_id)
    OR EXISTS (SELECT 1 FROM container_specs WHERE rowid = NEW.rowid AND rowid <> -1)
BEGIN SELECT RAISE(ABORT, 'documents are never replaced'); END
    """,
    """
CREATE TRIGGER belongings_go_with_their_container AFTER DELETE ON containers
WHEN EXISTS (SELECT 1 FROM container_names WHERE container_id = OLD.id)
    OR EXISTS (SELECT 1 FROM container_specs WHERE container_id = OLD.id)
BEGIN
    DELETE FROM container_names WHERE container_id = OLD.id;
    DELETE FROM container_names WHERE parent_id = OLD.id;
    DELETE FROM container_specs WHERE container_id = OLD.id;
    DELETE FROM container_labels WHERE container_id = OLD.id;
    DELETE FROM container_mounts WHERE container_id = OLD.id;
    DELETE FROM container_networks WHERE container_id = OLD.id;
    DELETE FROM container_ports WHERE container_id = OLD.id;
    DELETE FROM container_health WHERE container_id = OLD.id;
    DELETE FROM execs WHERE container_id = OLD.id;
    DELETE FROM quarantine WHERE container_id = OLD.id;
END
    """,
    """
CREATE TRIGGER references_go_with_their_image AFTER DELETE ON images
BEGIN
    DELETE FROM image_tags WHERE image_id = OLD.id;
    DELETE FROM image_digests WHERE image_id = OLD.id;
END
    """,
    """
CREATE TRIGGER runtimes_lose_a_script_that_goes AFTER DELETE ON scripts
BEGIN UPDATE runtimes SET script_digest = NULL WHERE script_digest = OLD.digest; END
    """,
    """
CREATE TRIGGER execs_are_not_replaced BEFORE INSERT ON execs
WHEN EXISTS (SELECT 1 FROM execs WHERE id = NEW.id)
    OR EXISTS (SELECT 1 FROM execs WHERE rowid = NEW.rowid AND rowid <> -1)
BEGIN SELECT RAISE(ABORT, 'an exec is never replaced'); END
    """,
    """
CREATE TRIGGER answers_are_immutable BEFORE UPDATE ON idempotency_keys
BEGIN SELECT RAISE(ABORT, 'the first answer to a key stays the answer'); END
    """,
    """
CREATE TRIGGER answers_are_not_replaced BEFORE INSERT ON idempotency_keys
WHEN EXISTS (SELECT 1 FROM idempotency_keys WHERE key = NEW.key)
BEGIN SELECT RAISE(ABORT, 'the first answer to a key stays the answer'); END
    """,
    """
CREATE TRIGGER an_installation_is_not_replaced BEFORE INSERT ON service_state
WHEN EXISTS (SELECT 1 FROM service_state)
BEGIN SELECT RAISE(ABORT, 'an installation keeps its ID'); END
    """,
    """
CREATE TRIGGER a_version_is_in_force BEFORE UPDATE OF current_version ON service_state
WHEN NOT EXISTS (SELECT 1 FROM runtime_configs WHERE version = NEW.current_version)
BEGIN SELECT RAISE(ABORT, 'no version but one that is there can be in force'); END
    """,
)
TRIGGER_NAMES = (
    "runtime_configs_are_not_replaced",
    "runtimes_are_not_replaced",
    "runtimes_in_force_keep_their_script",
    "events_are_counted_from_one",
    "events_go_from_the_old_end",
    "names_are_not_replaced",
    "names_are_not_taken_over",
    "containers_have_one_name",
    "names_are_valid",
    "names_stay_valid",
    "documents_are_not_replaced",
    "belongings_go_with_their_container",
    "references_go_with_their_image",
    "runtimes_lose_a_script_that_goes",
    "execs_are_not_replaced",
    "answers_are_immutable",
    "answers_are_not_replaced",
    "an_installation_is_not_replaced",
    "a_version_is_in_force",
)


def upgrade() -> None:
    for trigger in CHANGED_NAMES:
        op.execute(f"DROP TRIGGER {trigger}")
    for trigger in (*CHANGED, *TRIGGERS):
        op.execute(trigger)


def downgrade() -> None:
    for trigger in (*CHANGED_NAMES, *TRIGGER_NAMES):
        op.execute(f"DROP TRIGGER {trigger}")
    for trigger in BEFORE:
        op.execute(trigger)
