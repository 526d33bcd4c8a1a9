"""The catalogue of rules as a document: docs/validation.md is the output of `markdown`, and a test keeps it so."""

from collections.abc import Iterable

from statesvc.validation import daemon, image, platforms, sizes, update, verify  # noqa: F401 - importing them declares every rule
from statesvc.validation.rules import CATALOGUE, DAEMON, Rule, rule

# These two are broken in domain, where names and JSON are read.
NAME = rule(
    "name",
    "/name",
    "A name is a letter or digit, followed by letters, digits, dots, dashes or underscores.",
    "moby daemon/names/names.go",
)
TYPE = rule("type", "/K", "A value has the type of its field.", "Go encoding/json")

_HEAD = """# Validation

Made by `make docs` from the rules in `statesvc/validation/`; a test compares the two.

To check a request without creating anything: `statesvc validate FILE`, or `POST /statesvc/v1/containers/validate`.

A request to create or update a container must satisfy all of these rules before anything is stored. An answer reports
all problems at once: its `message` begins with the one that Docker would report, and its `errors` lists each with its
code, the JSON pointer of its field, a sentence, and the value if that is no secret. Environment values are never
repeated. Codes stay the same from release to release. In the tables `N` stands for an index, `K` for a key.
"""

_DAEMON = """\
The file of `--config-file` takes effect as a whole or not at all. Every problem is reported, with its JSON pointer.
The other settings of Docker Engine must have their type, and have no effect here.
"""


def markdown() -> str:
    """Return the document: the rules that refuse, then those that warn, by field."""
    rules = sorted(CATALOGUE.values(), key=lambda one: (one.field, one.code))
    refusing = _table(one for one in rules if not one.warns)
    warning = _table(one for one in rules if one.warns)
    daemon_refusing = _table(one for one in DAEMON.values() if not one.warns)
    daemon_warning = _table(one for one in DAEMON.values() if one.warns)
    return (
        f"{_HEAD}\n## What is refused\n\n{refusing}\n## What gives a warning\n\n{warning}"
        f"\n## What is refused in daemon.json\n\n{_DAEMON}\n{daemon_refusing}"
        f"\n## What gives a warning in daemon.json\n\nThe service logs these at its start and at each reload.\n\n"
        f"{daemon_warning}"
    )


def _table(rules: Iterable[Rule]) -> str:
    lines = ["| code | field | rule | source |", "|---|---|---|---|"]
    lines += [f"| `{one.code}` | `{one.field}` | {_cell(one.meaning)} | {_cell(one.source)} |" for one in rules]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
