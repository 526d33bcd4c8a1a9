"""The check of the store: file, schema, every row by itself, what rows say of each other, and the scripts they hold."""

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
from statesvc.db.database import Connection, reading
from statesvc.db.schema import check as checkup
from statesvc.db.schema import migrate
from statesvc.db.schema.check import Checkup
from statesvc.domain import list_entry
from statesvc.domain.documents import Config, HostConfig
from statesvc.host.scripts import ScriptFolder
from statesvc.services.runtimes.script_files import compared


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check found: the revision of the database, the newest one, and everything that is wrong."""

    revision: str | None
    newest: str
    findings: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


def check_schema(database: Path) -> CheckResult:
    """Look at file, constraints, references and schema only, and change nothing. An older schema is no finding.

    Raises as `check` does.
    """
    looked = checkup.check(database)
    return CheckResult(looked.revision, looked.newest, tuple(_of_file(looked)))


def check(database: Path, folder: ScriptFolder) -> CheckResult:
    """Look at everything, and change nothing; a service may hold the data root meanwhile.

    Raises Conflict if the database is newer than this program, Unavailable if it cannot be read.
    """
    current = migrate.refuse_newer(database) == migrate.known_revisions()[-1]
    # SQLite looks at the file in a thread, while Python looks at the rows here.
    with ThreadPoolExecutor(1) as beside:
        looking = beside.submit(checkup.check, database)
        found = _of_rows_in(database, folder) if current else []
        looked = looking.result()
    return CheckResult(looked.revision, looked.newest, (*_of_file(looked), *_of_revision(looked), *found))


def _of_rows_in(database: Path, folder: ScriptFolder) -> list[Finding]:
    with reading(database) as conn:
        return rows(conn, folder)


def rows(conn: Connection, folder: ScriptFolder) -> list[Finding]:
    """Return what is wrong with the rows, and with the files of the scripts."""
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


def _of_file(looked: Checkup) -> Iterator[Finding]:
    for sentence in looked.damage:
        yield Finding("integrity", "", "", "", sentence, "")
    for sentence in looked.drift:
        yield Finding("schema", "", "", "", sentence, "")


def _of_revision(looked: Checkup) -> Iterator[Finding]:
    if looked.revision != looked.newest:
        message = (
            f"the schema is {looked.revision or 'none'}, and {looked.newest} is the newest: rows were not looked at"
        )
        yield Finding("old-schema", "", "", "", message, "")


def disagreements(whole: Whole) -> Iterator[Finding]:
    """Yield the rows of a container that do not say what its documents say."""
    wanted = _entry(whole)
    if whole.labels != wanted["Labels"]:
        yield _differs("labels-differ", "container_labels", whole, "labels", "write them again from config")
    if whole.networks != wanted["NetworkSettings"]["Networks"].keys():
        yield _differs(
            "networks-differ", "container_networks", whole, "networks", "write them again from network_settings"
        )
    if _comparable(orjson.loads(whole.summary)) != _comparable(wanted):
        yield _differs("summary-differs", "containers", whole, "summary", "write it again from the documents")


def _differs(code: str, table: str, whole: Whole, what: str, repair: str) -> Finding:
    message = f"the {what} of container {whole.id} are not those of its documents"
    return Finding(code, table, whole.id, "summary" if what == "summary" else "", message, repair, whole.id)


def unreadable_documents(row: Inspection) -> bool:
    """Say whether a document is damaged of which a summary is made."""
    documents = (
        ("containers", "args", row.args),
        ("container_specs", "config", row.config),
        ("container_specs", "host_config", row.host_config),
        ("container_specs", "network_settings", row.network_settings),
    )
    return any(fault(*document) for document in documents) or bool(MOUNTS(f"[{row.mounts or ''}]"))


def summary(whole: Whole) -> str:
    """Return the summary of a container as its documents have it."""
    return orjson.dumps(_entry(whole)).decode()


def _entry(whole: Whole) -> dict[str, Any]:
    networks = orjson.loads(whole.network_settings)["Networks"] or {}
    return list_entry.summary(
        whole.id,
        value_in(Config, whole.config, "Labels"),
        command=list_entry.command_line(whole.path, orjson.loads(whole.args) or []),
        created_at=whole.created_at,
        network_mode=value_in(HostConfig, whole.host_config, "NetworkMode"),
        networks={name: (endpoint or {}) | list_entry.NOT_LISTED for name, endpoint in networks.items()},
        mounts=whole.mounts,
        ports=whole.ports,
    )


def _comparable(summary: dict[str, Any]) -> object:
    """Return what of a summary must agree: endpoints are an engine's to fill, and the order of mounts says nothing."""
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
    for name in orphans:
        yield Finding("script-orphan", "", name, "", f"nothing holds the script file {name}", "remove the file")
    for digest in scripts.unheld(conn):
        yield Finding("script-unheld", "scripts", digest, "", f"nothing holds the script {digest}", "remove the row")
