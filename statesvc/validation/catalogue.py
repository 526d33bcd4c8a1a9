"""The catalogue of rules as a document: docs/validation.md is the output of `markdown`, and a test keeps it so."""

from collections.abc import Iterable

from statesvc.validation import daemon, image, platforms, update, verify  # noqa: F401 - importing them declares every rule
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

A request to create or update a container must keep all of these rules before anything is stored. The answer's
`message` begins with the first problem in Docker's order, the others follow; `errors` lists each with its code, the
JSON pointer of its field, a sentence, and the value where it is no secret. `N` stands for an index, `K` for a key.
Environment values are never repeated.

`statesvc validate FILE` and `POST /statesvc/v1/containers/validate` check a request and create nothing.
"""

_DAEMON = """\
The file of `--config-file` takes effect as a whole or not at all. Every problem is reported, with its JSON pointer.
Other settings of Docker Engine are accepted and have no effect.
"""


def markdown() -> str:
    """Return the document: the rules that refuse, then those that warn, by field."""
    rules = sorted(CATALOGUE.values(), key=lambda one: (one.field, one.code))
    refusing = _table(one for one in rules if not one.warns)
    warning = _table(one for one in rules if one.warns)
    return (
        f"{_HEAD}\n## What is refused\n\n{refusing}\n## What gives a warning\n\n{warning}"
        f"\n## What is refused in daemon.json\n\n{_DAEMON}\n{_table(DAEMON.values())}"
    )


def _table(rules: Iterable[Rule]) -> str:
    lines = ["| code | field | rule | source |", "|---|---|---|---|"]
    lines += [f"| `{one.code}` | `{one.field}` | {_cell(one.says)} | {_cell(one.source)} |" for one in rules]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
