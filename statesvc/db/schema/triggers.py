"""Triggers: the rules that neither a CHECK nor a foreign key can hold, whoever writes to the database.

The migrations carry their own copies; a test compares both. Importing this module lets `create_all` make them.
"""

from typing import NamedTuple

from sqlalchemy import DDL, event

from statesvc.db.schema.tables import metadata


class Refusal(NamedTuple):
    """A trigger that refuses a change with a sentence: a change of a kind, to a table, under a condition if it has one.

    `when` is the kind of change in SQL: BEFORE UPDATE OF a column, for example.
    """

    name: str
    table: str
    when: str
    sentence: str
    condition: str = ""

    @property
    def sql(self) -> str:
        """The statement that makes it."""
        condition = f"WHEN {self.condition}\n" if self.condition else ""
        return (
            f"CREATE TRIGGER {self.name} {self.when} ON {self.table}\n{condition}"
            f"BEGIN SELECT RAISE(ABORT, '{self.sentence}'); END"
        )


def _exists(table: str, where: str) -> str:
    return f"EXISTS (SELECT 1 FROM {table} WHERE {where})"  # noqa: S608 - names of our own tables


def _key_or_rowid_taken(table: str, key: str) -> str:
    return f"{_exists(table, f'{key} = NEW.{key}')} OR {_exists(table, 'rowid = NEW.rowid AND rowid <> -1')}"


_SCRIPT = "its digest names its content"
_SCRIPT_IN_FORCE = """EXISTS (
    SELECT 1 FROM service_state JOIN runtimes ON runtimes.version = service_state.current_version
    WHERE runtimes.script_digest = OLD.digest
)"""
_IN_FORCE = _exists("service_state", "current_version = OLD.version")
_CONTAINER_IS_THERE = _exists("containers", "id = OLD.container_id")
_NAME_TAKEN = _exists("container_names", "name = NEW.name")
_PRIMARY_TAKEN = _exists("container_names", "container_id = NEW.container_id AND kind = 'primary'")
# Docker's grammar, as `domain/names.py` has it; an alias may be anything under the name of its parent.
_INVALID_NAME = """CASE NEW.kind
    WHEN 'alias' THEN NEW.name NOT GLOB '[a-zA-Z0-9]*/?*' OR instr(NEW.name, '/') < 3
        OR substr(NEW.name, 1, instr(NEW.name, '/') - 1) GLOB '*[^a-zA-Z0-9_.-]*'
    ELSE NEW.name NOT GLOB '[a-zA-Z0-9]?*' OR NEW.name GLOB '*[^a-zA-Z0-9_.-]*' OR instr(NEW.name, char(0))
END"""

# INSERT OR REPLACE deletes without firing DELETE triggers, so tables have a BEFORE INSERT trigger that refuses existing
# keys. It fires before ON CONFLICT is considered, too. A rowid that the INSERT does not give is -1 in it.
# fmt: off
REFUSALS = (
    Refusal("scripts_are_immutable", "scripts", "BEFORE UPDATE OF digest, content, created_at",
            f"a script is never changed: {_SCRIPT}"),
    Refusal("scripts_are_not_replaced", "scripts", "BEFORE INSERT", f"a script is never replaced: {_SCRIPT}",
            _exists("scripts", "digest = NEW.digest")),
    Refusal("held_scripts_stay", "scripts", "BEFORE DELETE",
            "a container or the configuration in force holds this script",
            f"{_exists('containers', 'script_digest = OLD.digest')} OR {_SCRIPT_IN_FORCE}"),

    Refusal("runtime_configs_are_immutable", "runtime_configs", "BEFORE UPDATE",
            "a version of the configuration is never changed"),
    Refusal("runtime_configs_are_not_replaced", "runtime_configs", "BEFORE INSERT",
            "a version of the configuration is never replaced", _exists("runtime_configs", "version = NEW.version")),
    Refusal("held_versions_stay", "runtime_configs", "BEFORE DELETE",
            "runtimes belong to this version, or it is in force",
            f"{_exists('runtimes', 'version = OLD.version')} OR {_IN_FORCE}"),

    Refusal("runtimes_are_immutable", "runtimes",
            "BEFORE UPDATE OF id, version, name, origin, path, args, type, options, binary, wrapper_digest, "
            "rowid, oid, _rowid_", "a runtime is never changed: containers are locked to it"),
    Refusal("runtimes_are_not_replaced", "runtimes", "BEFORE INSERT",
            "a runtime is never replaced: containers are locked to it",
            f"{_exists('runtimes', 'id = NEW.id AND id <> -1')} OR "
            f"{_exists('runtimes', 'version = NEW.version AND name = NEW.name')}"),
    Refusal("runtimes_in_force_keep_their_script", "runtimes", "BEFORE UPDATE OF script_digest",
            "the configuration in force keeps its scripts",
            f"NEW.script_digest IS NULL AND OLD.script_digest IS NOT NULL AND {_IN_FORCE}"),
    Refusal("runtimes_keep_their_script", "runtimes", "BEFORE UPDATE OF script_digest",
            "a runtime never gets another script", "NEW.script_digest IS NOT NULL"),
    Refusal("held_runtimes_stay", "runtimes", "BEFORE DELETE",
            "a container or the configuration in force holds this runtime",
            f"{_exists('containers', 'runtime_id = OLD.id')} OR {_IN_FORCE}"),

    # A reader that resumes at a number must find what others were sent: events are deleted by retention, never edited.
    Refusal("events_are_immutable", "events", "BEFORE UPDATE", "an event is never edited"),
    Refusal("events_go_behind_all_others", "events", "BEFORE INSERT", "an event goes right behind all others",
            "NEW.seq <> -1 AND NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM events)"),
    Refusal("events_are_counted_from_one", "events", "AFTER INSERT", "events are counted from one", "NEW.seq < 1"),
    # With the newest event its number would go, and the next event would get it again.
    Refusal("events_go_from_the_old_end", "events", "BEFORE DELETE", "events go from the old end, and the newest stays",
            "OLD.seq > (SELECT min(seq) FROM events) OR OLD.seq = (SELECT max(seq) FROM events)"),

    Refusal("containers_keep_what_they_are", "containers",
            "BEFORE UPDATE OF id, created_at, origin, rowid, oid, _rowid_",
            "ID, origin and time of creation of a container never change"),
    Refusal("containers_are_not_replaced", "containers", "BEFORE INSERT", "a container is never replaced",
            _key_or_rowid_taken("containers", "id")),
    Refusal("revisions_grow", "containers", "BEFORE UPDATE OF revision", "the revision of a container only grows",
            "NEW.revision < OLD.revision"),

    Refusal("names_stay_with_their_container", "container_names", "BEFORE UPDATE OF container_id, kind",
            "a name stays with its container"),
    Refusal("names_are_not_replaced", "container_names", "BEFORE INSERT",
            "a name that is taken is never given to another", _NAME_TAKEN),
    Refusal("names_are_not_taken_over", "container_names", "BEFORE UPDATE OF name",
            "a name that is taken is never given to another", f"NEW.name <> OLD.name AND {_NAME_TAKEN}"),
    Refusal("containers_have_one_name", "container_names", "BEFORE INSERT", "a container has one name of its own",
            f"NEW.kind = 'primary' AND {_PRIMARY_TAKEN}"),
    Refusal("names_are_valid", "container_names", "BEFORE INSERT", "this is no name that Docker takes", _INVALID_NAME),
    Refusal("names_stay_valid", "container_names", "BEFORE UPDATE OF name", "this is no name that Docker takes",
            _INVALID_NAME),
    # When a container is removed, its row is deleted before the rows that belong to it.
    Refusal("containers_keep_a_name", "container_names", "BEFORE DELETE",
            "a container keeps its name as long as it is there", f"OLD.kind = 'primary' AND {_CONTAINER_IS_THERE}"),

    Refusal("containers_keep_their_documents", "container_specs", "BEFORE DELETE",
            "a container keeps its documents as long as it is there", _CONTAINER_IS_THERE),
    Refusal("documents_stay_with_their_container", "container_specs",
            "BEFORE UPDATE OF container_id, rowid, oid, _rowid_", "documents stay with their container"),
    Refusal("documents_are_not_replaced", "container_specs", "BEFORE INSERT", "documents are never replaced",
            _key_or_rowid_taken("container_specs", "container_id")),

    Refusal("execs_stay_with_their_container", "execs", "BEFORE UPDATE OF id, container_id, rowid, oid, _rowid_",
            "an exec stays with its container"),
    Refusal("execs_are_not_replaced", "execs", "BEFORE INSERT", "an exec is never replaced",
            _key_or_rowid_taken("execs", "id")),

    # A key that has expired is deleted before it is used again: only the service knows the time.
    Refusal("answers_are_immutable", "idempotency_keys", "BEFORE UPDATE", "the first answer to a key stays the answer"),
    Refusal("answers_are_not_replaced", "idempotency_keys", "BEFORE INSERT",
            "the first answer to a key stays the answer", _exists("idempotency_keys", "key = NEW.key")),

    Refusal("images_are_immutable", "images", "BEFORE UPDATE OF id, config",
            "an image is never changed: its ID names its configuration"),
    Refusal("images_are_not_replaced", "images", "BEFORE INSERT",
            "an image is never replaced: its ID names its configuration",
            _exists("images", "id = NEW.id AND config <> NEW.config")),

    Refusal("an_installation_keeps_its_id", "service_state", "BEFORE UPDATE OF id, instance_id",
            "an installation keeps its ID"),
    Refusal("an_installation_is_not_replaced", "service_state", "BEFORE INSERT", "an installation keeps its ID",
            "EXISTS (SELECT 1 FROM service_state)"),
    Refusal("a_version_is_in_force", "service_state", "BEFORE UPDATE OF current_version",
            "no version but one that is there can be in force",
            f"NOT {_exists('runtime_configs', 'version = NEW.current_version')}"),
    Refusal("an_installation_stays", "service_state", "BEFORE DELETE",
            "an installation keeps its ID and the version in force"),
)
# fmt: on

# They do what foreign keys do, for a shell in which those are off. Where they are on, nothing is left by now.
DELETIONS = (
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
)

for statement in (*(refusal.sql for refusal in REFUSALS), *DELETIONS):
    event.listen(metadata, "after_create", DDL(statement.strip()))  # type: ignore[no-untyped-call]
