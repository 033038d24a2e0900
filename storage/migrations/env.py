"""Alembic's entry: migrate the database behind the connection that storage/migrate.py opened."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import TextClause
from sqlalchemy.dialects.postgresql import JSONB

from storage.migrate import COMPARE
from storage.models import Moment, metadata
from storage.sealing import SealedIn, SealedText


def _render(kind: str, item: Any, autogenerate: AutogenContext) -> str | Literal[False]:
    """How a migration spells a type or default; False leaves it to Alembic.

    Migrations stay as they were when the models change, so they do not import them; and they serve both databases,
    so a default is not written the way SQLite alone wants it.
    """
    match kind:
        case "type" if isinstance(item, Moment):
            return "sa.DateTime(timezone=True)"
        case "type" if isinstance(item, SealedText):
            return "sa.Text()"
        case "type" if isinstance(item, SealedIn):
            autogenerate.imports.add("from sqlalchemy.dialects import postgresql")
            return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
        case "type" if isinstance(item, JSONB):
            autogenerate.imports.add("from sqlalchemy.dialects import postgresql")
            return "postgresql.JSONB()"
        case "server_default" if isinstance(item.arg, TextClause):
            return f"sa.text({item.arg.text!r})"
        case _:
            return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_item=_render,
    render_as_batch=context.script.get_current_head() is not None,  # SQLite alters by copying; new tables need none
    **COMPARE,
)
with context.begin_transaction():
    context.run_migrations()
