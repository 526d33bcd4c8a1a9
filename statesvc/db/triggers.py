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
)

for trigger in TRIGGERS:
    event.listen(metadata, "after_create", DDL(trigger.strip()))  # type: ignore[no-untyped-call]
