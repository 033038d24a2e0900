"""The year of the programme as a calendar."""

from datetime import date

from dialogs.rules.ruleset import Ruleset

IDEAS_STEP = 2
"""The step of the cycle in which ideas are taken: with it a new cycle opens to producers."""


def last_opening(rules: Ruleset, day: date) -> date:
    """The first day of the month in which ideas were taken last, on this day at the latest."""
    month = rules.cycle[IDEAS_STEP - 1].months[0]
    opens = date(day.year, month, 1)
    return opens if opens <= day else date(day.year - 1, month, 1)
