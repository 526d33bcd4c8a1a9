"""Add to each event who asked and how the container's row was after it, and the answers of creates that carry a key.

Events from before keep NULL in the new columns: nobody noted it then.
"""

from alembic import op

revision = "0003"
down_revision = "0002"

COLUMNS = (
    "peer_pid INTEGER",
    "peer_uid INTEGER",
    "peer_gid INTEGER",
    "agent TEXT",
    "row_values TEXT CONSTRAINT ck_events_row_values_json CHECK (json_valid(row_values))",
)
IDEMPOTENCY_KEYS = """
CREATE TABLE idempotency_keys (
    "key" TEXT NOT NULL,
    request_digest TEXT NOT NULL,
    answer TEXT NOT NULL CONSTRAINT ck_idempotency_keys_answer_json CHECK (json_valid(answer)),
    expires_at INTEGER NOT NULL,
    CONSTRAINT pk_idempotency_keys PRIMARY KEY ("key")
) WITHOUT ROWID, STRICT
"""


def upgrade() -> None:
    for column in COLUMNS:
        op.execute(f"ALTER TABLE events ADD COLUMN {column}")
    op.execute(IDEMPOTENCY_KEYS)
    op.execute("CREATE INDEX ix_idempotency_keys_expires_at ON idempotency_keys (expires_at)")


def downgrade() -> None:
    op.execute("DROP TABLE idempotency_keys")
    for column in reversed(COLUMNS):
        op.execute(f"ALTER TABLE events DROP COLUMN {column.partition(' ')[0]}")
