"""What the database refuses whoever asks: triggers for the rules that neither a CHECK nor a foreign key can hold.

The migrations carry their own copies; a test compares both. Importing this module lets `create_all` make them.
"""

from sqlalchemy import DDL, event

from statesvc.db.tables import metadata

TRIGGERS = (
    # Content is what the digest says. REPLACE would delete without asking a trigger, hence the rule for INSERT.
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
    # An event is told once: who resumes at its number must find what others were told. Retention deletes, nobody edits.
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

for trigger in TRIGGERS:
    event.listen(metadata, "after_create", DDL(trigger.strip()))  # type: ignore[no-untyped-call]
