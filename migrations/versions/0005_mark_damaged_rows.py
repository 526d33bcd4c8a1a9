"""Mark damaged rows: a row that cannot be read keeps its place and its name, and a mark says why.

Before, nothing told a damaged row from a sound one but the attempt to read it. The mark of a container's row goes with
the container.
"""

from alembic import op

revision = "0005"
down_revision = "0004"

QUARANTINE = """
CREATE TABLE quarantine (
    table_name TEXT NOT NULL,
    key TEXT NOT NULL,
    column_name TEXT NOT NULL,
    container_id TEXT,
    reason TEXT NOT NULL,
    raw BLOB,
    since INTEGER NOT NULL,
    CONSTRAINT pk_quarantine PRIMARY KEY (table_name, key, column_name),
    CONSTRAINT fk_quarantine_container_id FOREIGN KEY(container_id) REFERENCES containers (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT
"""


def upgrade() -> None:
    op.execute(QUARANTINE)
    op.execute("CREATE INDEX ix_quarantine_container_id ON quarantine (container_id) WHERE container_id IS NOT NULL")


def downgrade() -> None:
    op.execute("DROP TABLE quarantine")
