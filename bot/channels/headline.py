"""What may be read over somebody's shoulder: a locked screen, the list of a mailbox.

Only that there is news, and about which file. The code names a commune, a year and a number, and opens nothing by
itself. Who it is about, what was decided and why is for the chat: a phone lies on a table, and is passed around in a
family; on a commune officer's it would be other people's affairs.
"""

from bot.catalogs import Catalog
from dialogs.codes import CODE
from dialogs.model import N_, Text

NAME = Text(N_("OCOP assistant"))


def headline(catalog: Catalog, text: str) -> str:
    """One sentence for a message; of one about several files not even their codes."""
    match sorted(set(CODE.findall(text))):
        case [code]:
            return catalog.say(Text(N_("There is news about file %(code)s."), {"code": code}))
        case _:
            return catalog.say(Text(N_("There is news for you.")))
