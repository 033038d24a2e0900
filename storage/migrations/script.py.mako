"""${message}.

% if down_revision is None:
Locks: nothing, all tables are new.
% else:
Locks:
% endif
"""

import sqlalchemy as sa
from alembic import op
% if imports:
${imports}
% endif

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
