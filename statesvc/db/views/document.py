"""The views as a document: docs/admin-sql.md is what `markdown` returns, and a test holds that."""

from statesvc.db.views.cook_book import RECIPES
from statesvc.db.views.views import VIEWS, View, newest

_HEAD = """# Admin SQL

Made by `make docs` from `statesvc/db/views/views.py` and `statesvc/db/views/cook_book.py`; tests hold it to them.

## How to ask

```sh
statesvc sql "SELECT name, state FROM v_containers WHERE name = 'web'"
statesvc sql --format json --timeout 30 --max-rows 100000 - < question.sql
```

`statesvc sql` answers one SELECT over the views below, with or without a running service. It cannot write, it blocks
nobody, and nobody blocks it. The [cook-book](#cook-book) has queries to copy.

An answer is cut after `--timeout` (10 s) or `--max-rows` (1,000); stderr says so and the exit code is 1. Bytes are
printed as hexadecimal digits, long ones shortened and with their length. Times are RFC 3339 text in UTC without
trailing zeros in the fraction, so compare and order by the integer beside them (`created_at_ns`), nanoseconds since
1970. 1 is yes, 0 is no.

**Do not open the database with a `sqlite3` older than 3.51.3** (3.50.7 and 3.44.6 are safe, too). While the service
writes, a checkpoint of such a program (SQLite 3.7.0 to 3.51.2; Debian 12 has 3.40.1) can lose committed pages, and no
check finds that: it is SQLite's WAL-reset race. `statesvc sql` brings a SQLite of its own, and warns on stderr if the
`sqlite3` on PATH is one of those.

Writing through SQL is not supported. Constraints and triggers refuse changes that break an invariant, from any program,
but they do not know what a running service holds in memory.

## What stays from release to release

The views are versioned. `v1_containers` stays, with the same columns in the same order and meaning, when there is a
`v2_containers`; at most a column is added at its end. `v_containers` is the newest version: use it for questions by
hand, and the name with a version in programs. Tables may change with every release.

## Secrets

No view shows values of environment variables, credentials, arguments of commands and execs, options of log drivers,
volumes and shims, or the text of `daemon.json`. Labels, attributes of events and arguments of runtimes are shown as
they are: keep secrets out of them.

`--all-tables` reads the tables, too, which hold all of that. The views do not protect secrets from a user who can read
the file.
"""


def markdown() -> str:
    """Return the document: how to ask, the cook-book, then every view with its columns."""
    recipes = "\n".join(f"### {recipe.question}\n\n```sql\n{recipe.sql.strip()};\n```\n" for recipe in RECIPES)
    views = "\n".join(_section(view) for view in VIEWS)
    return f"{_HEAD}\n## Cook-book\n\n{recipes}\n## Views\n\n{views}"


def _section(view: View) -> str:
    also = f", `v_{view.noun}`" if newest()[view.noun] is view else ""
    lines = [f"### `{view.name}`{also}", "", view.meaning, "", "| column | what it holds |", "|---|---|"]
    lines += [f"| `{column.name}` | {column.meaning.replace('|', chr(92) + '|')} |" for column in view.columns]
    return "\n".join(lines) + "\n"
