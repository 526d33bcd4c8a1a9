"""Migrations that the tests add to the real ones."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from statesvc.db.schema import migrate

Extend = Callable[[str], str]


@pytest.fixture
def extend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Extend:
    """A function that adds a revision of this body, in a copy of the migrations, and answers its name."""
    folder = tmp_path / "migrations"
    shutil.copytree(migrate.scripts(), folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(migrate, "scripts", lambda: folder)

    def add(body: str) -> str:
        newest = migrate.known_revisions()[-1]
        revision = f"{int(newest) + 1:04}"
        head = f'"""Try it."""\nfrom alembic import op\nrevision = "{revision}"\ndown_revision = "{newest}"\n'
        (folder / "versions" / f"{revision}_try_it.py").write_text(head + body)
        return revision

    return add
