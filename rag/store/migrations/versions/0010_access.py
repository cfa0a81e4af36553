"""Keys, tenants, the audit log. Rows that were there belong to the tenant 'default'.

Revision ID: 0010_access
Revises: 0009_model_rollouts
Create Date: 2026-11-21
"""

import sqlalchemy as sa
from alembic import op

revision = "0010_access"
down_revision = "0009_model_rollouts"
branch_labels = None
depends_on = None

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("tenant", sa.String(32), nullable=False),
        sa.Column("permissions", sa.JSON(), nullable=False),
        sa.Column("collections", sa.JSON()),
        sa.Column("requests_per_minute", sa.Integer),
        sa.Column("most_documents", sa.BigInteger),
        sa.Column("most_bytes", sa.BigInteger),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("created_by", sa.String(32), nullable=False),
        sa.Column("expires_at", sa.BigInteger),
        sa.Column("revoked_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
    )
    op.create_index("ix_api_keys_tenant_created_at", "api_keys", ["tenant", "created_at"])
    op.create_table(
        "key_minutes",
        sa.Column("key_id", sa.String(32), nullable=False),
        sa.Column("minute", sa.BigInteger, nullable=False),
        sa.Column("used", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["api_keys.id"], name="fk_key_minutes_key_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key_id", name="pk_key_minutes"),
    )
    op.create_table(
        "audit",
        sa.Column("id", _Id, autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("tenant", sa.String(32), nullable=False),
        sa.Column("key_id", sa.String(32), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("object", sa.Text, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("request_id", sa.String(128), nullable=False),
        sa.Column("detail", sa.JSON()),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_tenant_id", "audit", ["tenant", "id"])
    op.create_index("ix_audit_at", "audit", ["at"])
    # Who stored a document, for its quota; nobody did that for those that are here.
    op.add_column("documents", sa.Column("key_id", sa.String(32)))
    op.create_index("ix_documents_key_id_size", "documents", ["key_id", "size"])
    op.add_column("feedback", sa.Column("tenant", sa.String(32), nullable=False, server_default="default"))
    op.add_column("ingestions", sa.Column("tenant", sa.String(32), nullable=False, server_default="default"))
    # A tenant's label sets are named tenant/set.
    for table, column in (("label_sets", "name"), ("label_models", "label_set")):
        with op.batch_alter_table(table) as changed:
            changed.alter_column(column, existing_type=sa.String(64), type_=sa.String(128), existing_nullable=False)
    _append_only()


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER audit_append_only")
    else:
        op.execute("DROP TRIGGER audit_append_only ON audit")
        op.execute("DROP FUNCTION redwell_audit_append_only()")
    for table, column in (("label_sets", "name"), ("label_models", "label_set")):
        with op.batch_alter_table(table) as changed:
            changed.alter_column(column, existing_type=sa.String(128), type_=sa.String(64), existing_nullable=False)
    op.drop_column("ingestions", "tenant")
    op.drop_column("feedback", "tenant")
    op.drop_index("ix_documents_key_id_size", "documents")
    op.drop_column("documents", "key_id")
    op.drop_table("audit")
    op.drop_table("key_minutes")
    op.drop_table("api_keys")


def _append_only() -> None:
    """A line is never changed; the end of its retention is what removes it."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER audit_append_only BEFORE UPDATE ON audit "
            "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION redwell_audit_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_append_only BEFORE UPDATE ON audit "
        "FOR EACH ROW EXECUTE FUNCTION redwell_audit_append_only()"
    )
