"""The report of a check as JSON: what `statesvc check --json` prints."""

from collections import Counter

from statesvc.services.damage.check import Report


def report_document(report: Report) -> dict[str, object]:
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
        for one in report.findings
    ]
    return {
        "Revision": report.revision,
        "Newest": report.newest,
        "Healthy": report.healthy,
        "Counts": Counter(one.code for one in report.findings),
        "Findings": findings,
    }
