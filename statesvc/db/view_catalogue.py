"""The views as a document: docs/admin-sql.md is what `markdown` returns, and a test holds that."""

from statesvc.db.cook_book import RECIPES
from statesvc.db.views import VIEWS, View, newest

_HEAD = """# Admin SQL

Made by `make docs` from `statesvc/db/views.py` and `statesvc/db/cook_book.py`; tests hold it to them.

The database may be read by SQL, through these views. Tables and columns change from release to release; a view stays:
`v1_containers` is there, with the same columns in the same order and meaning, when a `v2_containers` comes. At most a
column is added at its end. `v_containers` is the newest version of it: good for a question asked by hand; a program
names the version. Reading blocks nobody, and nobody blocks it.

No view shows values of environment variables, credentials, arguments of commands and execs, options of log drivers,
volumes and shims, or the text of `daemon.json`. Labels, the attributes of events and arguments of runtimes are shown as
they are: keep secrets out of them. Times are RFC 3339 text in UTC, without the zeros at the end of the fraction, so
compare and order by the integer beside it (`created_at_ns`), nanoseconds since 1970. A yes is 1, a no is 0.
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
