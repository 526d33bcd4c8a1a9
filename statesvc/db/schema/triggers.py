"""What the database refuses whoever asks: triggers for the rules that neither a CHECK nor a foreign key can hold.

The migrations carry their own copies; a test compares both. Importing this module lets `create_all` make them.
"""

from sqlalchemy import DDL, event

from statesvc.db.schema.tables import metadata

# Docker's grammar, as `domain/names.py` has it; an alias may be anything under the name of its parent.
_IMPOSSIBLE = """CASE NEW.kind
    WHEN 'alias' THEN NEW.name NOT GLOB '[a-zA-Z0-9]*/?*' OR instr(NEW.name, '/') < 3
        OR substr(NEW.name, 1, instr(NEW.name, '/') - 1) GLOB '*[^a-zA-Z0-9_.-]*'
    ELSE NEW.name NOT GLOB '[a-zA-Z0-9]?*' OR NEW.name GLOB '*[^a-zA-Z0-9_.-]*' OR instr(NEW.name, char(0))
END"""

TRIGGERS = (
    # Content is what the digest says. REPLACE would delete without asking a trigger, hence the rule for INSERT: it
    # refuses what would take the place of a row, here and below, and fires before ON CONFLICT is thought of. To it, a
    # number that is not given is -1.
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
BEFORE UPDATE OF id, version, name, origin, path, args, type, options, binary, wrapper_digest, rowid, oid, _rowid_
ON runtimes
BEGIN SELECT RAISE(ABORT, 'a runtime is never changed: containers are locked to it'); END
    """,
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
CREATE TRIGGER runtimes_keep_their_script BEFORE UPDATE OF script_digest ON runtimes
WHEN NEW.script_digest IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a runtime never gets another script'); END
    """,
    # An event is told once: who resumes at its number must find what others were told. Retention deletes, nobody edits.
    """
CREATE TRIGGER events_are_immutable BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'an event is never edited'); END
    """,
    """
CREATE TRIGGER events_go_behind_all_others BEFORE INSERT ON events
WHEN NEW.seq <> -1 AND NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM events)
BEGIN SELECT RAISE(ABORT, 'an event goes right behind all others'); END
    """,
    """
CREATE TRIGGER events_are_counted_from_one AFTER INSERT ON events
WHEN NEW.seq < 1
BEGIN SELECT RAISE(ABORT, 'events are counted from one'); END
    """,
    # With the newest event its number would go, and the next event would get it again.
    """
CREATE TRIGGER events_go_from_the_old_end BEFORE DELETE ON events
WHEN OLD.seq > (SELECT min(seq) FROM events) OR OLD.seq = (SELECT max(seq) FROM events)
BEGIN SELECT RAISE(ABORT, 'events go from the old end, and the newest stays'); END
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
CREATE TRIGGER revisions_grow BEFORE UPDATE OF revision ON containers
WHEN NEW.revision < OLD.revision
BEGIN SELECT RAISE(ABORT, 'the revision of a container only grows'); END
    """,
    """
CREATE TRIGGER names_stay_with_their_container BEFORE UPDATE OF container_id, kind ON container_names
BEGIN SELECT RAISE(ABORT, 'a name stays with its container'); END
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
WHEN {_IMPOSSIBLE}
BEGIN SELECT RAISE(ABORT, 'this is no name that Docker takes'); END
    """,
    f"""
CREATE TRIGGER names_stay_valid BEFORE UPDATE OF name ON container_names
WHEN {_IMPOSSIBLE}
BEGIN SELECT RAISE(ABORT, 'this is no name that Docker takes'); END
    """,
    # When a container goes, its row is gone before the rows that belong to it.
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
CREATE TRIGGER documents_stay_with_their_container BEFORE UPDATE OF container_id, rowid, oid, _rowid_ ON container_specs
BEGIN SELECT RAISE(ABORT, 'documents stay with their container'); END
    """,
    """
CREATE TRIGGER documents_are_not_replaced BEFORE INSERT ON container_specs
WHEN EXISTS (SELECT 1 FROM container_specs WHERE container_id = NEW.container_id)
    OR EXISTS (SELECT 1 FROM container_specs WHERE rowid = NEW.rowid AND rowid <> -1)
BEGIN SELECT RAISE(ABORT, 'documents are never replaced'); END
    """,
    # What foreign keys do is done where they are off, as in a shell. Where they are on, nothing is left by now.
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
CREATE TRIGGER execs_stay_with_their_container BEFORE UPDATE OF id, container_id, rowid, oid, _rowid_ ON execs
BEGIN SELECT RAISE(ABORT, 'an exec stays with its container'); END
    """,
    """
CREATE TRIGGER execs_are_not_replaced BEFORE INSERT ON execs
WHEN EXISTS (SELECT 1 FROM execs WHERE id = NEW.id)
    OR EXISTS (SELECT 1 FROM execs WHERE rowid = NEW.rowid AND rowid <> -1)
BEGIN SELECT RAISE(ABORT, 'an exec is never replaced'); END
    """,
    # A key that has expired goes before it is used again: only the service knows the time.
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
CREATE TRIGGER an_installation_is_not_replaced BEFORE INSERT ON service_state
WHEN EXISTS (SELECT 1 FROM service_state)
BEGIN SELECT RAISE(ABORT, 'an installation keeps its ID'); END
    """,
    """
CREATE TRIGGER a_version_is_in_force BEFORE UPDATE OF current_version ON service_state
WHEN NOT EXISTS (SELECT 1 FROM runtime_configs WHERE version = NEW.current_version)
BEGIN SELECT RAISE(ABORT, 'no version but one that is there can be in force'); END
    """,
    """
CREATE TRIGGER an_installation_stays BEFORE DELETE ON service_state
BEGIN SELECT RAISE(ABORT, 'an installation keeps its ID and the version in force'); END
    """,
)

for trigger in TRIGGERS:
    event.listen(metadata, "after_create", DDL(trigger.strip()))  # type: ignore[no-untyped-call]
