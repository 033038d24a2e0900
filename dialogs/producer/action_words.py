"""What was done to a case, in words, as all sides read it."""

from dialogs.model import N_, Text

ACTION_WORDS = {
    "submit": N_("idea sent"),
    "submit_for": N_("handed in for the producer"),
    "confirm": N_("confirmed"),
    "confirm_sheet": N_("confirmed on a signed sheet"),
    "accept": N_("accepted"),
    "return": N_("returned"),
    "defer": N_("put off"),
    "resubmit": N_("sent again"),
    "send_plan": N_("plan sent"),
    "add_papers": N_("papers added"),
    "send_dossier": N_("dossier sent"),
    "send_for": N_("sent for the producer"),
    "send_back": N_("back to the officer"),
    "forward": N_("sent up"),
    "reopen": N_("taken up again"),
    "stand_again": N_("standing again begun"),
    "resume": N_("sent again for the new round"),
    "rework": N_("taken back to change it for the new round"),
    "amend": N_("result corrected"),
    "import": N_("taken over from the province's list"),
    "claim": N_("certificate found by its number"),
    "rate": N_("rated"),
    "certify": N_("certified"),
    "propose": N_("proposed for five stars"),
    "revoke": N_("certificate withdrawn"),
    "expire": N_("certificate run out"),
    "undo": N_("decision taken back"),
    "ask": N_("asked"),
    "answer": N_("answered"),
    "take": N_("taken in hand"),
    "release": N_("put back"),
    "pass": N_("passed on"),
    "move": N_("moved to the new commune"),
    "otherwise": N_("other points entered than the council's average"),
    "council_give": N_("given to the province's advisory group"),
    "view_phone": N_("telephone number looked up"),
}
_ACTION_FROM = {
    ("accept", "dossier_submitted"): N_("checked and passed on to the leadership"),
    ("accept", "forwarded"): N_("taken up for rating"),
}


def action_words(action: str, from_status: str) -> Text:
    """An action of a case's history in words; of what a later release wrote its name.

    Moves of one name are not the same: a dossier that is passed on is not accepted yet.
    """
    return Text(_ACTION_FROM.get((action, from_status)) or ACTION_WORDS.get(action, action))
