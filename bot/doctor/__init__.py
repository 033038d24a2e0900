"""`dialogs check` and `dialogs graph`: what is wrong with the dialogs, found before anybody meets it.

The trees are walked as people of several kinds (`situations`) would: from every way in, each option of each question
is taken, typed samples, files and commands are tried, and what stands on the way is looked at.
"""

from pathlib import Path

from bot.doctor.charts import graph as graph
from bot.doctor.charts import graphs as graphs
from bot.doctor.faults import clashes as clashes
from bot.doctor.faults import dead_ends as dead_ends
from bot.doctor.faults import over_limits as over_limits
from bot.doctor.faults import translations as translations
from bot.doctor.faults import unknown_targets as unknown_targets
from bot.doctor.faults import unreachable as unreachable
from bot.doctor.faults import word_clashes as word_clashes
from bot.doctor.samples import COMMUNE as COMMUNE
from bot.doctor.samples import NOW as NOW
from bot.doctor.samples import PEOPLE as PEOPLE
from bot.doctor.samples import SAMPLE_ANSWERS as SAMPLE_ANSWERS
from bot.doctor.samples import SAMPLE_LEAVE as SAMPLE_LEAVE
from bot.doctor.samples import Situation as Situation
from bot.doctor.samples import listed as listed
from bot.doctor.samples import sample_assessment as sample_assessment
from bot.doctor.samples import sample_case as sample_case
from bot.doctor.samples import sample_cases as sample_cases
from bot.doctor.samples import sample_roles as sample_roles
from bot.doctor.samples import sample_staff as sample_staff
from bot.doctor.samples import situations as situations
from bot.doctor.walk import CHANNELS as CHANNELS
from bot.doctor.walk import ROOT as ROOT
from bot.doctor.walk import Finding as Finding
from bot.doctor.walk import Visit as Visit
from bot.doctor.walk import Walked as Walked
from bot.doctor.walk import everywhere as everywhere
from bot.doctor.walk import walk as walk
from bot.world import World
from dialogs.model import Dialogs
from dialogs.tree import DIALOGS


def check(dialogs: Dialogs = DIALOGS, root: Path = ROOT, walked: Walked | None = None) -> list[Finding]:
    """Everything that is wrong, sorted and each once; empty when the dialogs are in order.

    `walked`: by `everywhere`, if that was done already; it takes long.
    """
    world = World.load(CHANNELS, root / "locales")
    walked = walked or everywhere(dialogs, root)
    found = [
        *unknown_targets(dialogs),
        *walked.findings,
        *unreachable(dialogs, walked),
        *dead_ends(walked),
        *over_limits(walked, world.listener.catalogs),
        *clashes(dialogs, walked, world.listener),
        *word_clashes(dialogs),
        *translations(root),
    ]
    return sorted(dict.fromkeys(found))
