"""The views as a document: docs/admin-sql.md is what `markdown` returns, and a test holds that."""

from statesvc.db.views.cook_book import RECIPES
from statesvc.db.views.views import VIEWS, View, newest

_HEAD = """# Admin SQL

Made by `make docs` from `statesvc/db/views/views.py` and `statesvc/db/views/cook_book.py`; tests hold it to them.

The database may be read by SQL, through these views. Tables and columns change from release to release; a view stays:
`v1_containers` is there, with the same columns in the same order and meaning, when a `v2_containers` comes. At most a
column is added at its end. `v_containers` is the newest version of it: good for a question asked by hand; a program
names the version. Reading blocks nobody, and nobody blocks it.

No view shows values of environment variables, credentials, arguments of commands and execs, options of log drivers,
volumes and shims, or the text of `daemon.json`. Labels, the attributes of events and arguments of runtimes are shown as
they are: keep secrets out of them. Times are RFC 3339 text in UTC, without the zeros at the end of the fraction, so
compare and order by the integer beside it (`created_at_ns`), nanoseconds since 1970. A yes is 1, a no is 0.

## How to ask

```sh
statesvc sql "SELECT name, state FROM v_containers WHERE name = 'web'"
statesvc sql --format json --timeout 30 --max-rows 100000 - < question.sql
```

`statesvc sql` answers one SELECT beside the running service, or without one. It opens the file read-only, and SQLite is
told to refuse everything but reading. An answer is cut after `--timeout` (10 s) or `--max-rows` (1,000); stderr says so
and the exit code is 1. Bytes are printed in hexadecimal digits, of more than 32 the first ones and how many there are.
`--all-tables` reads tables, too. They are no contract, and they hold the secrets: environment values, log options, all
that a request said. Who can read the file can read them; views keep them out of sight, not out of reach.

**Do not open the database with a `sqlite3` older than 3.51.3** (3.50.7 and 3.44.6 are sound, too). While the service
writes, a checkpoint of such a program (SQLite 3.7.0 to 3.51.2: Debian 12 has 3.40.1) can lose pages that are committed,
and no check finds them: SQLite's WAL-reset race. `statesvc sql` brings a SQLite of its own, and says on stderr when the
`sqlite3` on PATH is one of those.

Writing through SQL is not supported. The database defends itself against the worst of it: constraints and triggers
refuse a change that breaks an invariant, whoever makes it. They cannot see what a running service holds in memory.
"""


def markdown() -> str:
    """Return the document: how to ask, the cook-book, then every view with its columns."""
    recipes = "\n".join(f"### {recipe.question}\n\n```sql\n{recipe.sql.strip()};\n```\n" for recipe in RECIPES)
    views = "\n".join(_section(view) for view in VIEWS)
    return f"{_HEAD}\n## Cook-book\n\n{recipes}\n## Views\n\n{views}"


def _section(view: View) -> str:
    also = f", `v_{view.noun}`" if newest()[view.noun] is view else ""
    lines = [f"### `{view.name}`{also}", "", view.says, "", "| column | what it holds |", "|---|---|"]
    lines += [f"| `{column.name}` | {column.says.replace('|', chr(92) + '|')} |" for column in view.columns]
    return "\n".join(lines) + "\n"
