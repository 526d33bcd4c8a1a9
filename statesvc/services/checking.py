"""The check of the store: file, schema, every row by itself, what rows say of each other, and the scripts they hold."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from statesvc.db import checkup, findings, scripts
from statesvc.db.checkup import Checkup
from statesvc.db.containers import Inspection
from statesvc.db.engine import Connection, reading
from statesvc.db.findings import Whole
from statesvc.domain.decode import decode_value
from statesvc.domain.documents import Config, HostConfig
from statesvc.domain.finding import Finding
from statesvc.domain.stored import MOUNTS, fault
from statesvc.domain.wrapper_script import digest_of, file_name
from statesvc.host.scripts import ScriptFolder
from statesvc.services import records


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found: the revision of the database, the newest one, and everything that is wrong."""

    revision: str | None
    newest: str
    findings: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    def told(self) -> dict[str, object]:
        """Return the report as it is handed out."""
        return asdict(self) | {"healthy": self.healthy, "counts": Counter(one.code for one in self.findings)}


def check(database: Path, folder: ScriptFolder) -> Report:
    """Look at everything, and change nothing; a service may hold the data root meanwhile.

    Raises Conflict if the database is newer than this program, Unavailable if it cannot be read.
    """
    looked = checkup.check(database)
    found = list(_of_file(looked))
    if looked.revision == looked.newest:
        with reading(database) as conn:
            found += rows(conn, folder)
    return Report(looked.revision, looked.newest, tuple(found))


def rows(conn: Connection, folder: ScriptFolder) -> list[Finding]:
    """Return what is wrong with the rows, and with the files of the scripts."""
    return [*of_rows(conn), *_of_scripts(conn, folder)]


def of_rows(conn: Connection) -> list[Finding]:
    """Return what is wrong with the rows."""
    unreadable = [*findings.damaged(conn), *findings.incomplete(conn)]
    unreadable += findings.unruly(conn, unreadable)
    broken = {one.container_id for one in unreadable if one.container_id}
    found = [*unreadable, *findings.orphans(conn)]
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
    if looked.revision != looked.newest:
        message = (
            f"the schema is {looked.revision or 'none'}, and {looked.newest} is the newest: rows were not looked at"
        )
        yield Finding("old-schema", "", "", "", message, "")


def disagreements(whole: Whole) -> Iterator[Finding]:
    """Yield the rows of a container that do not say what its documents say."""
    row, config = whole.row, decode_value(Config, orjson.loads(whole.row.config))
    if whole.labels != (config.Labels or {}):
        yield _differs("labels-differ", "container_labels", whole, "labels", "write them again from config")
    if whole.networks != frozenset(orjson.loads(row.network_settings)["Networks"] or {}):
        yield _differs(
            "networks-differ", "container_networks", whole, "networks", "write them again from network_settings"
        )
    told, wanted = orjson.loads(whole.summary), orjson.loads(summary(whole))
    if _comparable(told) != _comparable(wanted):
        yield _differs("summary-differs", "containers", whole, "summary", "write it again from the documents")


def _differs(code: str, table: str, whole: Whole, what: str, repair: str) -> Finding:
    message = f"the {what} of container {whole.row.id} are not those of its documents"
    return Finding(code, table, whole.row.id, "summary" if what == "summary" else "", message, repair, whole.row.id)


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
    row = whole.row
    networks = orjson.loads(row.network_settings)["Networks"] or {}
    return records.summary(
        row.id,
        decode_value(Config, orjson.loads(row.config)),
        command=records.command_line(row.path, orjson.loads(row.args) or []),
        created_at=row.created_at,
        network_mode=decode_value(HostConfig, orjson.loads(row.host_config)).NetworkMode,
        networks={name: (endpoint or {}) | records.NOT_LISTED for name, endpoint in networks.items()},
        mounts=whole.mounts,
        ports=whole.ports,
    )


def _comparable(summary: dict[str, Any]) -> object:
    """Return what of a summary must agree: endpoints are an engine's to fill, and the order of mounts says nothing."""
    mounts = sorted(summary["Mounts"], key=lambda mount: mount["Destination"])
    networks = sorted(summary["NetworkSettings"]["Networks"] or {})
    return {**summary, "Mounts": mounts, "NetworkSettings": networks}


def _of_scripts(conn: Connection, folder: ScriptFolder) -> Iterator[Finding]:
    held = scripts.held(conn)
    wanted = {file_name(one.runtime_name, one.digest): one for one in held}
    for name, one in wanted.items():
        because = folder.missing_or_altered(name, one.digest)
        if because:
            whole = digest_of(one.content) == one.digest
            repair = "write the file again" if whole else ""
            yield Finding(
                f"script-{because}", "scripts", one.digest, "", f"the held script {name} is {because}", repair
            )
    for name in folder.names():
        if name not in wanted:
            yield Finding("script-orphan", "", name, "", f"nothing holds the script file {name}", "remove the file")
    for digest in scripts.unheld(conn):
        yield Finding("script-unheld", "scripts", digest, "", f"nothing holds the script {digest}", "remove the row")
