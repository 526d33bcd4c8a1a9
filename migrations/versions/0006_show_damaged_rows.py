"""Show damaged rows to admins: the view over the marks, without what was found in the rows, as that may be a secret."""

from alembic import op

revision = "0006"
down_revision = "0005"

QUARANTINE = """
CREATE VIEW v1_quarantine AS
SELECT
    q.table_name AS table_name,
    q.key AS key,
    q.column_name AS column_name,
    q.container_id AS container_id,
    n.name AS container_name,
    q.reason AS reason,
    length(q.raw) AS bytes,
    strftime('%Y-%m-%dT%H:%M:%S', q.since / 1000000000 - (q.since % 1000000000 < 0), 'unixepoch') || rtrim(printf('.%09d', (q.since % 1000000000 + 1000000000) % 1000000000), '.0') || 'Z' AS since,
    q.since AS since_ns
FROM quarantine q
LEFT JOIN container_names n ON n.container_id = q.container_id AND n.kind = 'primary'
"""


def upgrade() -> None:
    op.execute(QUARANTINE)
    op.execute("CREATE VIEW v_quarantine AS SELECT * FROM v1_quarantine")


def downgrade() -> None:
    op.execute("DROP VIEW v_quarantine")
    op.execute("DROP VIEW v1_quarantine")
