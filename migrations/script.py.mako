"""${message}

Rules: one change; the file name is the number and a sentence that begins with a verb; this docstring says why; nothing
is imported from statesvc (declare the columns that are needed); every constraint is named; the downgrade works; what
ALTER TABLE cannot do, `op.rebuild_table` does (migrations/rebuild.py); a table whose number of rows changes is named in
ROWS_CHANGE; tests/support/stored_rows.py gets rows for what is new.
"""

from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    ${upgrades if upgrades else "raise NotImplementedError"}


def downgrade() -> None:
    ${downgrades if downgrades else "raise NotImplementedError"}
