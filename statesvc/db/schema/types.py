"""The three storage types that STRICT tables accept, and the meanings the schema gives to them."""

from typing import Any

import orjson
from sqlalchemy import CheckConstraint, Dialect, Integer, Text, TypeDecorator

# The largest that a column holds. What counts up stays there: one more would be no integer to SQLite.
LAST_INTEGER = 2**63 - 1


class Flag(TypeDecorator[bool]):
    """A boolean, stored as the integer 0 or 1."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: bool | None, dialect: Dialect) -> int | None:  # noqa: ARG002, FBT001
        return None if value is None else int(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> bool | None:  # noqa: ARG002
        return None if value is None else bool(value)


class Json(TypeDecorator[Any]):
    """A JSON value, stored as compact text. NULL is the absence of a value, not JSON's null."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else orjson.dumps(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002
        return None if value is None else orjson.loads(value)


def one_of(column: str, *words: str) -> CheckConstraint:
    """Let a text column hold these words only."""
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def is_flag(column: str) -> CheckConstraint:
    """Let an integer column hold 0 and 1 only."""
    return CheckConstraint(f"{column} IN (0, 1)", name=f"{column}_flag")


def is_json(column: str) -> CheckConstraint:
    """Let a text column hold JSON only."""
    return CheckConstraint(f"json_valid({column})", name=f"{column}_json")


def is_id(column: str) -> CheckConstraint:
    """Let a text column hold full IDs only: 64 hexadecimal digits."""
    return CheckConstraint(f"length({column}) = 64 AND {column} NOT GLOB '*[^0-9a-f]*'", name=f"{column}_form")


def is_digest(column: str) -> CheckConstraint:
    """Let a text column hold digests only: sha256: and 64 digits."""
    return CheckConstraint(f"{column} GLOB 'sha256:*' AND length({column}) = 71", name=f"{column}_form")
