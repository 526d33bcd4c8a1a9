"""Checks the store: the file, the schema, every row by itself and against others, and the script files."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from statesvc.db import scripts
from statesvc.db.containers.rows import Inspection
from statesvc.db.damage import findings
from statesvc.db.damage.finding import Finding
from statesvc.db.damage.findings import Whole
from statesvc.db.damage.judges import MOUNTS, fault, value_in
from statesvc.db.schema import check as schema_check
from statesvc.db.schema import migrate
from statesvc.db.schema.check import Checkup
from statesvc.db.sqlite import Connection, reading
from statesvc.domain import list_entry
from statesvc.domain.documents import Config, HostConfig
from statesvc.domain.wrapper_script import digest_in
from statesvc.host.scripts import ScriptFolder
from statesvc.services.runtimes.script_files import compared


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of a check: the revision of the database, the newest revision, and everything that is wrong."""

    revision: str | None
    newest: str
    findings: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


def check_schema(database: Path) -> CheckResult:
    """Check only the file, constraints, references and schema; change nothing. An older schema is not a finding.

    Raises as `check` does.
    """
    checked = schema_check.check(database)
    return CheckResult(checked.revision, checked.newest, tuple(_of_file(checked)))


def check(database: Path, folder: ScriptFolder) -> CheckResult:
    """Check everything, and change nothing. A service may use the data root meanwhile.

    Raises Conflict if the database is newer than this program or lacks tables or columns of its revision, Unavailable
    if it cannot be read.
    """
    current = migrate.refuse_newer(database) == migrate.known_revisions()[-1]
    if current:
        migrate.refuse_altered(database)
    # SQLite checks the file in a thread, while Python checks the rows here.
    with ThreadPoolExecutor(1) as executor:
        pending = executor.submit(schema_check.check, database)
        found = _of_rows_in(database, folder) if current else []
        checked = pending.result()
    return CheckResult(checked.revision, checked.newest, (*_of_file(checked), *_of_revision(checked), *found))


def _of_rows_in(database: Path, folder: ScriptFolder) -> list[Finding]:
    with reading(database) as conn:
        return rows(conn, folder)


def rows(conn: Connection, folder: ScriptFolder) -> list[Finding]:
    """Return what is wrong with the rows, and with the script files."""
    return [*of_rows(conn), *_of_scripts(conn, folder)]


def of_rows(conn: Connection) -> list[Finding]:
    """Return what is wrong with the rows."""
    unreadable = [*findings.damaged(conn), *findings.incomplete(conn)]
    unreadable += findings.unruly(conn, unreadable)
    broken = {one.container_id for one in unreadable if one.container_id}
    found = [*unreadable, *findings.invalid_names(conn), *findings.orphans(conn)]
    for whole in findings.wholes(conn, broken):
        found += disagreements(whole)
    causes = {(one.table, one.key, one.column) for one in unreadable}
    found += findings.stale_marks(conn, causes)
    return found


def _of_file(checked: Checkup) -> Iterator[Finding]:
    for sentence in checked.damage:
        yield Finding("integrity", "", "", "", sentence, "")
    for sentence in checked.drift:
        yield Finding("schema", "", "", "", sentence, "")


def _of_revision(checked: Checkup) -> Iterator[Finding]:
    if checked.revision != checked.newest:
        message = (
            f"the schema is {checked.revision or 'none'}, and {checked.newest} is the newest: the rows were not checked"
        )
        yield Finding("old-schema", "", "", "", message, "")


def disagreements(whole: Whole) -> Iterator[Finding]:
    """Yield a finding for each derived row of a container that differs from its documents."""
    wanted = _entry(whole)
    if whole.labels != wanted["Labels"]:
        yield _differs("labels-differ", "container_labels", whole, "labels", "write them again from config")
    if whole.networks != wanted["NetworkSettings"]["Networks"].keys():
        yield _differs(
            "networks-differ", "container_networks", whole, "networks", "write them again from network_settings"
        )
    stored = orjson.loads(whole.summary)
    if "Annotations" not in stored["HostConfig"]:  # a list did not show them when it was stored
        wanted["HostConfig"].pop("Annotations", None)
    if _comparable(stored) != _comparable(wanted):
        yield _differs("summary-differs", "containers", whole, "summary", "write it again from the documents")


def _differs(code: str, table: str, whole: Whole, what: str, repair: str) -> Finding:
    message = f"the {what} of container {whole.id} are not those of its documents"
    return Finding(code, table, whole.id, "summary" if what == "summary" else "", message, repair, whole.id)


def unreadable_documents(row: Inspection) -> bool:
    """Return whether a document that the summary is made from is damaged."""
    documents = (
        ("containers", "args", row.args),
        ("container_specs", "config", row.config),
        ("container_specs", "host_config", row.host_config),
        ("container_specs", "network_settings", row.network_settings),
    )
    return any(fault(*document) for document in documents) or bool(MOUNTS(f"[{row.mounts or ''}]"))


def summary(whole: Whole) -> str:
    """Return the summary of a container, made again from its documents."""
    return orjson.dumps(_entry(whole)).decode()


def _entry(whole: Whole) -> dict[str, Any]:
    networks = orjson.loads(whole.network_settings)["Networks"] or {}
    return list_entry.summary(
        whole.id,
        value_in(Config, whole.config, "Labels"),
        command=list_entry.command_line(whole.path, orjson.loads(whole.args) or []),
        created_at=whole.created_at,
        network_mode=value_in(HostConfig, whole.host_config, "NetworkMode"),
        annotations=value_in(HostConfig, whole.host_config, "Annotations"),
        networks={name: (endpoint or {}) | list_entry.NOT_LISTED for name, endpoint in networks.items()},
        mounts=whole.mounts,
        ports=whole.ports,
    )


def _comparable(summary: dict[str, Any]) -> object:
    """Return the parts of a summary that must agree: engines fill the endpoints, and the order of mounts is free."""
    mounts = sorted(summary["Mounts"], key=lambda mount: mount["Destination"])
    networks = sorted(summary["NetworkSettings"]["Networks"] or {})
    return {**summary, "Mounts": mounts, "NetworkSettings": networks}


def _of_scripts(conn: Connection, folder: ScriptFolder) -> Iterator[Finding]:
    files, orphans = compared(folder, scripts.held(conn))
    for file in files:
        if file.because:
            message = f"the held script {file.name} is {file.because}"
            repair = "write the file again" if file.whole else ""
            yield Finding(f"script-{file.because}", "scripts", file.script.digest, "", message, repair)
    # The scripts of a version that a reload replaced are no damage: the sweep at the next start removes them.
    replaced = scripts.of_history(conn)
    for name in orphans:
        if digest_in(name) in replaced:
            continue
        yield Finding("script-orphan", "", name, "", f"nothing holds the script file {name}", "remove the file")
    for digest in scripts.unheld(conn):
        if digest not in replaced:
            message = f"nothing holds the script {digest}"
            yield Finding("script-unheld", "scripts", digest, "", message, "remove the row")
