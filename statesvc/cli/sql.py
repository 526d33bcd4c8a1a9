"""`statesvc sql`: runs a read-only query, also while the service is running."""

import csv
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from math import isinf
from pathlib import Path
from typing import Annotated

import typer

from statesvc.cli.options import DataRootOption, read_settings
from statesvc.domain.printable import printable
from statesvc.errors import InvalidParameter
from statesvc.host.data_root import DataRoot

EPILOG = (
    "The views are described in docs/admin-sql.md. Writing through SQL is not supported. Do not open the file with a "
    "sqlite3 before 3.51.3 (3.50.7 and 3.44.6 are sound, too), Debian 12's for example: while the service writes, such "
    "a program's checkpoint can lose pages that are committed, and no check finds them (SQLite's WAL-reset race). "
    "This command brings a SQLite of its own, and says on stderr when the sqlite3 on PATH is one of those."
)
_SHOWN_BYTES = 32
_MOST_SECONDS = 86_400
_MOST_ROWS = 10**9


class Format(StrEnum):
    """How an answer is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def sql(
    *,
    query: Annotated[str, typer.Argument(metavar="QUERY", help="One SELECT; - reads it from stdin.")],
    form: Annotated[Format, typer.Option("--format", help="How to print the answer.")] = Format.TABLE,
    seconds: Annotated[float, typer.Option("--timeout", help="Seconds that it may take.")] = 10,
    max_rows: Annotated[int, typer.Option("--max-rows", min=1, help="Rows that are printed at most.")] = 1_000,
    all_tables: Annotated[
        bool, typer.Option("--all-tables", help="Read tables, too: they hold secrets, and change with each release.")
    ] = False,
    data_root: DataRootOption = None,
) -> None:
    """Answer a SELECT over the views, with nothing that can write; the service may run.

    Exit code 1: the answer was cut by --timeout or --max-rows; stderr says so. 2: the query is wrong. 3: there is no
    database.
    """
    from statesvc.db.views.questions import ask

    _refuse_bounds(seconds, max_rows)
    path = DataRoot(read_settings(data_root=data_root, hosts=()).data_root).existing_database()
    _warn_of_the_shell(path)
    asked = sys.stdin.read() if query == "-" else query
    answer = ask(path, asked, seconds=seconds, max_rows=max_rows, all_tables=all_tables)
    _PRINTERS[form](answer.columns, answer.rows)
    if answer.cut:
        print(f"statesvc: the answer is cut after {len(answer.rows)} rows: {answer.cut}", file=sys.stderr)
        raise typer.Exit(1)


def _refuse_bounds(seconds: float, max_rows: int) -> None:
    # Not left to typer: nan is in each of its ranges.
    if not 0.001 <= seconds <= _MOST_SECONDS:
        raise InvalidParameter(f"--timeout is {seconds:g}: write seconds, from 0.001 to {_MOST_SECONDS}")
    if max_rows > _MOST_ROWS:
        raise InvalidParameter(f"--max-rows is {max_rows}: write a number of rows, at most {_MOST_ROWS}")


def _warn_of_the_shell(path: Path) -> None:
    from statesvc.db.sqlite import check_sqlite_version
    from statesvc.errors import Unavailable
    from statesvc.host import sqlite_shell

    found = sqlite_shell.find()
    if found is None:
        return
    program, version = found
    try:
        check_sqlite_version(version)
    except Unavailable:
        shown = ".".join(map(str, version))
        print(
            f"statesvc: do not open {path} with {program}: SQLite {shown} can lose committed data while the service "
            "writes (the WAL-reset race)",
            file=sys.stderr,
        )


def _print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    from rich.cells import cell_len

    cells = [[printable(column) for column in columns], *([_cell(value) for value in row] for row in rows)]
    if not columns:
        return
    widths = [max(cell_len(row[at]) for row in cells) for at in range(len(columns))]
    cells.insert(1, ["-" * width for width in widths])
    for row in cells:
        padded = (cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True))
        print("  ".join(padded).rstrip())


def _print_json(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    names = _distinct(columns)
    objects = [dict(zip(names, map(_in_json, row), strict=True)) for row in rows]
    print(json.dumps(objects, indent=2, ensure_ascii=False, allow_nan=False))


def _print_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_plain(value) for value in row] for row in rows)


_PRINTERS: dict[Format, Callable[[Sequence[str], Iterable[Sequence[object]]], None]] = {
    Format.TABLE: _print_table,
    Format.JSON: _print_json,
    Format.CSV: _print_csv,
}


def _distinct(columns: Sequence[str]) -> list[str]:
    """Return the names with a number at those that come again: id, id_2."""
    named: list[str] = []
    for column in columns:
        name, number = column, 1
        while name in named:
            number += 1
            name = f"{column}_{number}"
        named.append(name)
    return named


def _plain(value: object) -> object:
    """Return bytes as text: all of them in hexadecimal digits, or the first ones and how many there are."""
    if not isinstance(value, bytes):
        return value
    more = f"… ({len(value)} bytes)" if len(value) > _SHOWN_BYTES else ""
    return f"x'{value[:_SHOWN_BYTES].hex()}'{more}"


def _in_json(value: object) -> object:
    """Return a value of JSON, which has no infinity: that is text."""
    return str(value) if isinstance(value, float) and isinf(value) else _plain(value)


def _cell(value: object) -> str:
    return "" if value is None else printable(str(_plain(value)))
