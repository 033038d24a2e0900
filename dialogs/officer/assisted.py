"""An officer or a village head fills in for a producer without a phone; the producer confirms it afterwards.

Source: practice of the communes (the village head writes, the producer signs), and law 91/2025/QH15: consent is
voluntary and recorded, so nothing is decided on before the producer has confirmed what was handed in.
"""

import re
from dataclasses import dataclass, replace

from dialogs.answers import TYPE_IT, one_of, pages_of, photos, usable
from dialogs.model import (
    N_,
    Answer,
    Answers,
    Ask,
    CaseFacts,
    ConfirmAssisted,
    Dialog,
    Effects,
    Event,
    Facts,
    Go,
    InvalidAnswer,
    Option,
    RenewCode,
    Role,
    Sayable,
    SubmitAssisted,
    Text,
    TextReceived,
)
from dialogs.officer.rights import case_of, visible
from dialogs.producer.consent import consent_first
from dialogs.producer.place import place_name
from dialogs.producer.register_idea import (
    IDEA_ASKS,
    answer_lines,
    counted_back,
    editable,
    given,
    is_that_all,
    review_asks,
)
from dialogs.words import YES

# ---------------------------------------------------------------- the form


def own_communes(facts: Facts) -> tuple[str, ...]:
    """The communes whose people this person may fill in for: those of which they are an officer."""
    local = (m for m in facts.person.memberships if m.role in (Role.COMMUNE_OFFICER, Role.COMMUNE_APPROVER))
    return tuple(dict.fromkeys(m.territory.rpartition("/")[2] for m in local))


def may_assist(answers: Answers, facts: Facts) -> bool:
    return bool(own_communes(facts))


def _communes(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    return tuple(Option(code, place_name(code)) for code in own_communes(facts))


def in_several(answers: Answers, facts: Facts) -> bool:
    return len(own_communes(facts)) > 1


def submit(answers: Answers, facts: Facts) -> Effects:
    if answers["review"] != "send":
        return ()
    commune = answers["commune"] if "commune" in answers else own_communes(facts)[0]
    return (SubmitAssisted({**given(answers), "commune": commune}),)


def review(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    return (Text(N_("Please read this to the producer before it is sent.")), *answer_lines(answers, facts))


_WHO = {
    "producer_kind": N_("Please ask the producer each question and type the answer. Who makes the product?"),
    "producer_name": "",
    "contact_name": N_("What is the name of the person the commune should speak with?"),
    "phone": N_("Which number reaches the producer? A neighbour's is fine too; without one, skip this."),
}
"""Asked first: who the producer is. Where an officer reads them, these say the same in other words."""


def _asked_aloud(ask: Ask) -> Ask:
    """The same question, without what the record or the telephone of the officer would answer."""
    words = _WHO.get(ask.name) or ask.prompt
    optional = ask.optional or ask.name == "phone"
    return replace(ask, prompt=words, optional=optional, prefill=None, ask_contact=False, ask_location=False)


_ASKED = tuple(_asked_aloud(ask) for ask in IDEA_ASKS)

ASSIST = Dialog(
    "assist",
    form=True,
    allowed=may_assist,
    named=lambda answers: answers.get("product") or answers.get("producer_name", ""),
    steps=(
        Ask("commune", N_("In which commune does the producer work?"), one_of(_communes), when=in_several),
        *(ask for ask in _ASKED if ask.name in _WHO),
        *(ask for ask in _ASKED if ask.name not in _WHO),
        *review_asks("assist", review, submit, editable),
    ),
)


# ---------------------------------------------------------------- the two codes, and the signed sheet

CODE_DAYS = 14
CODE_TRIES = 5


def code_words(code: str, digits: str) -> tuple[Text, ...]:
    """What the officer writes down for the producer; said once and never again."""
    shown = f"{digits[:3]} {digits[3:]}"
    return (
        Text(N_("Case code: %(code)s"), {"code": code}),
        Text(N_("Confirmation code: %(digits)s"), {"digits": shown}),
        Text(N_("Write both down for the producer; I show the second one only now. It is good for 14 days.")),
        Text(
            N_("The producer, or somebody of the family, sends me: “mã %(digits)s %(code)s”"),
            {"digits": digits, "code": code},
        ),
    )


def assisted_lines(case: CaseFacts) -> tuple[Text, ...]:
    """For an officer's card: who filled in, and whether the producer has confirmed it; nothing for other cases."""
    if not case.assisted:
        return ()
    state = {
        "waiting": N_("The producer has not confirmed it yet, so it can't be accepted."),
        "code": N_("The producer has confirmed it with the code."),
        "sheet": N_("The producer has confirmed it with a signed sheet."),
    }[case.assisted]
    by = (Text(N_("Filled in for the producer by %(by)s."), {"by": case.filed_by}),) if case.filed_by else ()
    return (*(alone_lines(case) or by), Text(state))


def alone_lines(case: CaseFacts) -> tuple[Text, ...]:
    """To who decides on what nobody else has looked at: the same officer handed it in and took the signed sheet."""
    if not case.confirmed_alone:
        return ()
    return (Text(N_("You handed this file in for the producer and confirmed it, both yourself.")),)


def may_confirm(answers: Answers, facts: Facts) -> bool:
    """A case that was filled in for somebody, and that no chat of theirs follows yet."""
    return visible(answers, facts) and case_of(answers, facts).assisted in ("waiting", "sheet")


def waiting(answers: Answers, facts: Facts) -> bool:
    return visible(answers, facts) and case_of(answers, facts).assisted == "waiting"


def standing(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case = case_of(answers, facts)
    head = Text(N_("%(code)s “%(product)s”"), {"code": case.code, "product": case.product})
    return (head, *assisted_lines(case), Text(N_("What would you like to do?")))


def ways(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    sheet = Option("sheet", Text(N_("Photo of signed sheet")), ("chụp phiếu", "phiếu có chữ ký", "sheet"))
    code = Option("code", Text(N_("Make a new code")), ("mã mới", "new code"))
    back = Option("back", Text(N_("Back to the file")), ("quay lại", "back"))
    can_send = facts.receives_photos and waiting(answers, facts)
    return (*((sheet,) if can_send else ()), *((code,) if may_confirm(answers, facts) else ()), back)


def renewed(answers: Answers, facts: Facts) -> Effects:
    return (RenewCode(answers["subject"]),) if answers["next"] == "code" else ()


def chosen_way(value: str, answers: Answers, facts: Facts) -> Go:
    return Go(f"assisted_sheet.{answers['subject']}" if value == "sheet" else f"review.{answers['subject']}")


ASSISTED = Dialog(
    "assisted",
    allowed=visible,
    linked=True,
    up="review.{subject}",
    steps=(Ask("next", standing, one_of(ways), then=renewed, goto=chosen_way),),
)


def sheet_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    if answers["~"]:
        return (*counted_back(answers["~"], facts), *is_that_all(answers, facts))
    case = case_of(answers, facts)
    return (
        Text(
            N_("The sheet says: “I agree that the commune and the province keep my file %(code)s.”"),
            {"code": case.code},
        ),
        Text(N_("Below it the day, the name and the signature of %(by)s."), {"by": case.by}),
        Text(N_("📷 Please send a photo of the signed sheet.")),
    )


def is_it_signed(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case = case_of(answers, facts)
    return (Text(N_("Has %(by)s signed this sheet for %(code)s?"), {"by": case.by, "code": case.code}),)


def confirmed_by_sheet(answers: Answers, facts: Facts) -> Effects:
    if answers["confirm"] != "yes":
        return ()
    return (ConfirmAssisted(answers["subject"], pages=usable(pages_of(answers["pages"]), facts)),)


SHEET_PAGES = 4

ASSISTED_SHEET = Dialog(
    "assisted_sheet",
    allowed=lambda answers, facts: waiting(answers, facts) and facts.receives_photos,
    up="assisted.{subject}",
    steps=(
        Ask("pages", sheet_prompt, photos(SHEET_PAGES), takes_files=True),
        Ask(
            "confirm",
            is_it_signed,
            one_of(
                (
                    Option("yes", Text(N_("It is signed")), ("đã ký", "ký rồi", "ký", "signed", *YES)),
                    Option("no", Text(N_("Not signed yet")), ("chưa", "chưa ký", "not yet")),
                )
            ),
            confirms=True,
            then=confirmed_by_sheet,
            goto=lambda value, answers, facts: Go(f"review.{answers['subject']}"),
        ),
    ),
)


# ---------------------------------------------------------------- the producer's side

BOTH = N_("Please type both codes of your sheet, for example: mã 482913 TL12-26-0001.")
_DIGITS = re.compile(r"(?<![\w-])(?<!\d )(\d{3}) ?(\d{3})(?![\w-])(?! \d)")
_CASE_CODE = re.compile(r"(?<!\w)([A-Za-z]{1,5}\d{0,3})[- ]?(\d{2})[- ](\d{4,6})(?!\w)")


def both_codes(typed: str) -> str:
    """ "mã 482 913 tl12-26-0001" as "482913 TL12-26-0001"; "" when one of the two is not there."""
    case = _CASE_CODE.search(typed)
    if case is None:
        return ""
    digits = _DIGITS.search(f"{typed[: case.start()]} {typed[case.end() :]}")
    return f"{digits[1]}{digits[2]} {case[1].upper()}-{case[2]}-{case[3]}" if digits is not None else ""


@dataclass(frozen=True, slots=True)
class codes:
    """The digits and the case code that stand on a producer's sheet; stored as "482913 TL12-26-0001"."""

    takes: str = "number"

    def options(self, answers: Answers, facts: Facts, partial: str) -> tuple[Option, ...]:
        return ()

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if not isinstance(event, TextReceived):
            raise InvalidAnswer(TYPE_IT)
        if not (both := both_codes(event.text)):
            raise InvalidAnswer(N_("I need both codes, the 6 digits and the case code."))
        return Answer(both)

    def show(self, value: str, answers: Answers, facts: Facts) -> Sayable:
        return value

    def holds(self, value: str, answers: Answers, facts: Facts) -> bool:
        return bool(both_codes(value))


def confirm_command(argument: str, facts: Facts) -> Go:
    """ "mã 482913 TL12-26-0001" asks whether to confirm; without both codes they are asked for."""
    both = both_codes(argument)
    return Go("confirm", {"codes": both} if both else {})


def _named(answers: Answers) -> tuple[str, str]:
    digits, _, code = answers["codes"].partition(" ")
    return digits, code


def is_it_yours(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    """Before anything is confirmed: what it means, and that the file follows this chat from then on."""
    _, code = _named(answers)
    return (
        Text(N_("An officer filled in file %(code)s for you or for somebody of your family."), {"code": code}),
        Text(N_("If you confirm it, it is handed in as it is, and I show you what stands in it.")),
        Text(N_("From then on the file follows this chat: all news of it comes here.")),
        Text(N_("Do you confirm it?")),
    )


def confirmed(answers: Answers, facts: Facts) -> Effects:
    digits, code = _named(answers)
    return (ConfirmAssisted(code, digits=digits),) if answers["agree"] == "yes" else ()


def after_confirming(answers: Answers, facts: Facts) -> str:
    _, code = _named(answers)
    case = facts.case(code)
    return f"case.{code}" if case is not None and case.own else "menu"


CONFIRM = Dialog(
    "confirm",
    before=consent_first,
    end=after_confirming,
    steps=(
        Ask("codes", BOTH, codes()),
        Ask(
            "agree",
            is_it_yours,
            one_of(
                (
                    Option("yes", Text(N_("I confirm it")), ("xác nhận", "confirm", *YES)),
                    Option("no", Text(N_("Don't confirm yet")), ("chưa", "không", "not yet")),
                )
            ),
            needs=("codes",),
            confirms=True,
            then=confirmed,
        ),
    ),
)


def confirmed_words(case: CaseFacts, facts: Facts) -> tuple[Text, ...]:
    """To who confirmed: what was handed in for them, and what to do when something in it is wrong."""
    return (
        Text(N_("✅ Confirmed. This is what was handed in:")),
        *answer_lines({**case.answers, "_ruleset": case.ruleset}, facts),
        Text(N_("If something is wrong, choose “Write to the officer” and say what.")),
    )


WRONG = Text(
    N_("These two codes do not belong together. Please look at the sheet again; after 5 wrong tries a code is locked.")
)
USED = Text(N_("This code has been used already: the file is confirmed."))
LOCKED = Text(N_("This code is locked after 5 wrong tries. Please ask the officer for a new one."))
EXPIRED = Text(N_("This code is older than 14 days. Please ask the officer for a new one."))
OFFICERS_DO_NOT = Text(
    N_("Officers can't confirm this file: the producer or the family does, from their chat, or on a signed sheet.")
)
NOT_YOURSELF = Text(
    N_("You filled this in yourself, so the producer has to confirm it: from another chat, or on a signed sheet.")
)
