"""The result of a check as JSON: what `statesvc check --json` prints."""

from collections import Counter

from statesvc.services.damage.check import CheckResult


def result_document(result: CheckResult) -> dict[str, object]:
    """Return what a check found."""
    findings = [
        {
            "Code": one.code,
            "Table": one.table,
            "Key": one.key,
            "Column": one.column,
            "ContainerId": one.container_id,
            "Message": one.message,
            "Reason": one.reason,
            "Repair": one.repair,
        }
        for one in result.findings
    ]
    return {
        "Revision": result.revision,
        "Newest": result.newest,
        "Healthy": result.healthy,
        "Counts": Counter(one.code for one in result.findings),
        "Findings": findings,
    }
