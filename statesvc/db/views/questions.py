"""SQL of admins: one SELECT on a connection that cannot write, bounded in time, rows and memory."""

import re
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from statesvc.db.failures import unavailable
from statesvc.db.file_uri import file_uri
from statesvc.db.schema import catalogue
from statesvc.db.sqlite import WHOLE_FILE_CACHE, check_sqlite_version, driver, translated
from statesvc.db.views.views import VIEWS, newest
from statesvc.errors import Conflict, InvalidParameter

MEMORY_LIMIT = 256 * 1024 * 1024
# How long an interrupted question has to end by itself.
_INTERRUPTED_WITHIN = 0.5
_TOO_MUCH = f"the answer takes more than {MEMORY_LIMIT >> 20} MiB of memory"
# Allowed beside the views: the tables of the schema, and the functions that make rows of a JSON document.
_TABLES = {"sqlite_schema", "sqlite_master", "json_each", "json_tree", "pragma_table_info", "pragma_table_list"}
_PRAGMAS = {"table_info", "table_list"}
_FUNCTIONS_REFUSED = {"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer"}
_TOKEN = re.compile(r"""'(?:[^']|'')*'|--[^\n]*|/\*.*?(?:\*/|\Z)|"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|\w+|\S""", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows that were found, and why they are not all; "" if they are."""

    columns: tuple[str, ...]
    rows: list[tuple[object, ...]]
    cut: str = ""


def ask(path: Path, query: str, *, seconds: float, max_rows: int, all_tables: bool = False) -> Answer:
    """Answer a SELECT over the views, or over all tables, without delaying a program that writes.

    It returns in time whatever the query does: a function that SQLite cannot interrupt is left to a thread that nothing
    waits for. Raises InvalidParameter for any other statement, Conflict if the database has no views yet, Unavailable
    if SQLite cannot read the file.
    """
    check_sqlite_version(tuple(driver.sqlite_version_info))
    question = _Question(path, query, max_rows, f"it took longer than {seconds:g} s", all_tables=all_tables)
    threading.Thread(target=question.run, name="statesvc-question", daemon=True).start()
    try:
        question.ended.wait(seconds)
    finally:
        question.interrupt()
    question.ended.wait(_INTERRUPTED_WITHIN)
    return question.answer()


class _Question:
    """A question while a thread answers it."""

    def __init__(self, path: Path, query: str, max_rows: int, too_long: str, *, all_tables: bool) -> None:
        self.ended = threading.Event()
        self._path = path
        self._query = query
        self._max_rows = max_rows
        self._too_long = too_long
        self._all_tables = all_tables
        self._connection: driver.Connection | None = None
        self._columns: tuple[str, ...] = ()
        self._rows: list[tuple[object, ...]] = []
        self._cut = ""
        self._error: Exception | None = None

    def run(self) -> None:
        """Answer the question, in a thread of its own."""
        try:
            with _opened(self._path) as connection:
                self._connection = connection
                self._ask(connection)
        except Exception as error:  # raised where the answer is waited for
            self._error = error
        finally:
            self.ended.set()

    def interrupt(self) -> None:
        """End the question, if it still runs, as soon as SQLite looks whether it should."""
        if self._connection is not None:
            with suppress(driver.Error):  # it has ended, and was closed
                self._connection.interrupt()

    def answer(self) -> Answer:
        """Return what was found by now; raise what went wrong."""
        if not self.ended.is_set():
            return Answer(self._columns, list(self._rows), self._too_long)
        if self._error:
            raise self._error
        return Answer(self._columns, self._rows, self._cut)

    def _ask(self, connection: driver.Connection) -> None:
        if not self._all_tables:
            _refuse_without_views(connection)
            _refuse_borrowed_names(self._query)
        guard = _Guard(all_tables=self._all_tables)
        connection.set_authorizer(guard)
        try:
            cursor = connection.execute(self._query)
            if cursor.description is None:
                raise InvalidParameter("the statement returns no rows: write a SELECT")
            self._columns = tuple(column[0] for column in cursor.description)
            self._cut = _fetch(cursor, self._rows, self._max_rows)
        except (driver.Error, driver.Warning) as error:
            if getattr(error, "sqlite_errorname", "") != "SQLITE_INTERRUPT":
                raise _refusal(error, guard) or error from None
            self._cut = self._too_long
        except MemoryError:
            raise InvalidParameter(_TOO_MUCH) from None


@contextmanager
def _opened(path: Path) -> Iterator[driver.Connection]:
    # mode=ro: even the last connection to close does not write what is in the log into the file; the next service does.
    try:
        with (
            closing(driver.connect(file_uri(path, "ro", brief=True), uri=True, isolation_level=None)) as connection,
            translated(path),
        ):
            connection.text_factory = lambda raw: raw.decode(errors="replace")
            for pragma in ("query_only=ON", "trusted_schema=OFF", "cell_size_check=ON", WHOLE_FILE_CACHE):
                connection.execute(f"PRAGMA {pragma}")
            connection.execute(f"PRAGMA hard_heap_limit={MEMORY_LIMIT}")
            yield connection
    except driver.Error as error:
        raise unavailable(error) or error from error


def _refuse_without_views(connection: driver.Connection) -> None:
    there = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'view'")}
    if VIEWS[0].name not in there:
        raise Conflict(
            f"the database has no views: its schema is {catalogue.revision(connection) or 'none'}, "
            "and statesvc db upgrade adds them"
        )


def _fetch(cursor: driver.Cursor, rows: list[tuple[object, ...]], max_rows: int) -> str:
    """Add the rows to the list; return why these are not all, "" if they are."""
    room = MEMORY_LIMIT
    for row in cursor:
        room -= sum(map(sys.getsizeof, row))
        if len(rows) == max_rows:
            return f"there are more than {max_rows} rows"
        if room < 0:
            return f"it takes more than {MEMORY_LIMIT >> 20} MiB of memory"
        rows.append(row)
    return ""


def _refusal(error: Exception, guard: "_Guard") -> InvalidParameter | None:
    """Turn an error of the driver into what is wrong with the query; None if it is the file."""
    name = getattr(error, "sqlite_errorname", "") or ""
    if guard.refused:
        return InvalidParameter(guard.refused)
    if name in {"SQLITE_NOMEM", "SQLITE_TOOBIG"}:
        return InvalidParameter(_TOO_MUCH)
    if name in {"", "SQLITE_ERROR"}:  # "": the driver's own refusal, of a second statement for example
        return InvalidParameter(f"the query is wrong: {error}")
    return None


class _Guard:
    """The authorizer: SQLite calls it for everything that a statement does, before the statement runs."""

    def __init__(self, *, all_tables: bool) -> None:
        self.refused = ""
        self._all_tables = all_tables

    def __call__(
        self, action: int, first: str | None, second: str | None, _database: str | None, view: str | None
    ) -> int:
        self.refused = self.refused or self._objection(action, first or "", second or "", view or "")
        return int(driver.SQLITE_DENY if self.refused else driver.SQLITE_OK)

    def _objection(self, action: int, first: str, second: str, view: str) -> str:
        if action in {driver.SQLITE_SELECT, driver.SQLITE_RECURSIVE}:
            return ""
        if action == driver.SQLITE_FUNCTION:
            return f"function {second} is not offered here" if second.lower() in _FUNCTIONS_REFUSED else ""
        if action == driver.SQLITE_PRAGMA and first in _PRAGMAS:
            return ""
        if action == driver.SQLITE_READ:
            return self._objection_to_reading(first.lower(), second, view.lower())
        return "only SELECT is answered here: the database is changed by the service alone"

    def _objection_to_reading(self, table: str, column: str, view: str) -> str:
        if table == "sqlite_dbpage":
            return "table sqlite_dbpage is not offered here"
        # No column: a view's table that this question needs nothing of, or one whose rows are counted.
        if self._all_tables or not column or table in _TABLES or {table, view} & _view_names():
            return ""
        return (
            f"{table} is not a view, and changes from release to release: query a view of docs/admin-sql.md, such as "
            "v_containers, or add --all-tables"
        )


def _view_names() -> set[str]:
    return {*(view.name for view in VIEWS), *(f"v_{noun}" for noun in newest())}


def _refuse_borrowed_names(query: str) -> None:
    """Refuse a WITH that calls its own SELECT by the name of a view: the guard cannot distinguish the two."""
    tokens = [token for token in _TOKEN.findall(query) if not token.startswith(("--", "/*"))]
    words = [token.strip("\"`[]'").lower() for token in tokens]
    for name, *after in zip(words, words[1:], words[2:], strict=False):
        if name in _view_names() and (
            after[0] == "(" or (after[0] == "as" and after[1] in {"(", "not", "materialized"})
        ):
            raise InvalidParameter(f"{name} is the name of a view: call your own SELECT otherwise")
