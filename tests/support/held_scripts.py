"""Checks the promises about wrapper scripts by reading only the database and the folder."""

import hashlib
import json
from pathlib import Path

from statesvc.db import runtimes
from statesvc.db.sqlite import Connection, bare, snapshot
from statesvc.validation import daemon


def lock_container(conn: Connection, container_id: str, runtime: str) -> None:
    """Lock a container to a runtime of the version in force, as a start does."""
    lock = runtimes.in_force(conn, runtime)
    bare(conn).execute(
        "UPDATE containers SET runtime_id = ?, script_digest = ? WHERE id = ?",
        (lock.runtime_id, lock.script_digest, container_id),
    )


def broken_promises(root: Path) -> list[str]:
    """Return a sentence for each held script without an intact file, each other file, and each incomplete version."""
    with snapshot(root / "statesvc.db") as database:
        held = set(
            database.execute(
                "SELECT r.name, s.digest FROM scripts s JOIN runtimes r ON r.script_digest = s.digest"
                " WHERE r.version = (SELECT current_version FROM service_state)"
                " OR r.id IN (SELECT runtime_id FROM containers)"
            )
        )
        unheld = database.execute(
            "SELECT digest FROM scripts WHERE digest NOT IN (SELECT script_digest FROM containers WHERE script_digest"
            " IS NOT NULL) AND digest NOT IN (SELECT script_digest FROM runtimes JOIN service_state"
            " ON version = current_version WHERE script_digest IS NOT NULL)"
        ).fetchall()
        lost = database.execute(
            "SELECT id FROM containers WHERE runtime_id IN (SELECT id FROM runtimes WHERE wrapper_digest IS NOT NULL)"
            " AND script_digest IS NULL"
        ).fetchall()
    names = sorted(path.name for path in (root / "runtimes").iterdir()) if (root / "runtimes").is_dir() else []
    digests = {digest for _, digest in held}
    present = {name[-64:]: root / "runtimes" / name for name in names if not (root / "runtimes" / name).is_dir()}
    broken = [f"the unheld script {digest} is still there" for (digest,) in unheld]
    broken += [f"container {container_id} lost its script" for (container_id,) in lost]
    for digest in sorted(digests):
        path = present.get(digest.removeprefix("sha256:"))
        if path is None:
            broken.append(f"the held script {digest} has no file")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != digest.removeprefix("sha256:"):
            broken.append(f"the held script {digest} is altered")
        elif path.stat().st_mode & 0o7777 != 0o700:
            broken.append(f"the held script {digest} has another mode")
    for tail, path in present.items():
        if f"sha256:{tail}" not in digests and path.name != "README":
            broken.append(f"the file {path.name} is nobody's")
    return broken + half_versions(root)


def locked_arguments(root: Path) -> dict[str, tuple[str, ...]]:
    """Return the arguments of the runtime that each locked container is locked to."""
    with snapshot(root / "statesvc.db") as database:
        rows = database.execute("SELECT c.id, r.args FROM containers c JOIN runtimes r ON r.id = c.runtime_id")
        return {container: tuple(json.loads(args)) for container, args in rows}


def half_versions(root: Path) -> list[str]:
    """Return a sentence for each version whose runtimes are not those that its own text configures."""
    broken = []
    with snapshot(root / "statesvc.db") as database:
        current = database.execute("SELECT current_version FROM service_state").fetchone()
        for version, text in database.execute("SELECT version, user_config FROM runtime_configs").fetchall():
            rows = database.execute(
                "SELECT name, path, args, type FROM runtimes WHERE version = ? AND origin <> 'shim'", (version,)
            ).fetchall()
            stored = {(name, path, tuple(json.loads(args)), kind) for name, path, args, kind in rows}
            wanted = {(one.name, one.path, one.args, one.type) for one in daemon.read(text).runtimes.values()}
            if stored != wanted:
                broken.append(f"version {version} is not what its text configures")
        if current and current[0] is None:
            broken.append("no version is in force")
    return broken
