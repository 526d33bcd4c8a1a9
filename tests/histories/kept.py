"""Reads what a data root has kept after a start, and compares its parts with each other."""

import json
from pathlib import Path
from typing import Any

from held_scripts import broken_promises
from histories.connection import Connection
from histories.journal import Journal
from histories.outcome import Violation

from statesvc.db.sqlite import snapshot
from statesvc.host.scripts import ScriptFolder
from statesvc.services.damage import check


async def events(connection: Connection, after: int) -> list[dict[str, Any]]:
    """Return the events after a number, as the service has them."""
    answer = await connection.call("GET", f"/statesvc/v1/events?follow=0&after={after}", agent="judge")
    if answer.status != 200:
        raise Violation(f"the journal cannot be resumed: {answer.body.decode()}")
    return [json.loads(line) for line in answer.body.splitlines()]


def disagreements(root: Path, journal: Journal, shown: dict[str, Any]) -> list[str]:
    """Return a sentence for each part that differs from the journal, and for each script that is not as it must be."""
    wrong = []
    if shown != {"seq": journal.last, "lives": journal.shown()}:
        wrong.append(f"the snapshot at {shown['seq']} is not the state after event {journal.last}")
    with snapshot(root / "statesvc.db") as database:
        rows = database.execute("SELECT id, name, state, revision FROM v_containers").fetchall()
        names = dict(database.execute("SELECT name, container_id FROM v_names WHERE kind = 'primary'").fetchall())
    if {row[0]: (row[3], row[1], row[2]) for row in rows} != journal.lives:
        wrong.append("v_containers is not the state after the last event")
    if names != journal.holders:
        wrong.append("v_names is not the state after the last event")
    return wrong + broken_promises(root)


def findings(root: Path) -> list[str]:
    """Return what `statesvc check` finds."""
    found = check.check(root / "statesvc.db", ScriptFolder(root / "runtimes"))
    return [f"statesvc check: {finding.message}" for finding in found.findings]
