"""What a producer holds that ends: certificates with their code and last day, and papers; what to do about each."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from dialogs.answers import TYPE_IT, e164, one_of, pages_of, photos
from dialogs.model import (
    N_,
    Answer,
    Answers,
    Ask,
    CaseFacts,
    ClaimCertificates,
    ContactShared,
    Dialog,
    DropOwnPaper,
    Effects,
    Event,
    Facts,
    Go,
    InvalidAnswer,
    KeepOwnPaper,
    LookForCertificates,
    Option,
    OptionChosen,
    OwnPaper,
    Sayable,
    SendMessage,
    Text,
    TextReceived,
    Value,
)
from dialogs.paper_days import day, day_of
from dialogs.producer.again import go_label
from dialogs.producer.check_status import DRAFT, resume
from dialogs.producer.consent import consent_first
from dialogs.producer.place import place_first
from dialogs.producer.register_idea import can_send_photos, counted_back, is_that_all
from dialogs.producer.standing import OF_THE_PRODUCER, follower, ways
from dialogs.producer.upload import USE_OWN, in_wallet, paper_named, papers_of, takes_papers
from dialogs.rules.certificate import window
from dialogs.rules.lifecycle import STATUSES, Side
from dialogs.rules.ruleset import WITH_THE_PLAN, Label, Paper, ruleset, ruleset_on

IN_FULL = 3
"""Certificates that are told of line by line; of more only the name, the stars and the last day."""
MOST_LISTED = 10
MAX_PHOTOS = 10
MOST_YEARS = 20
"""No paper is good for longer: a later day is a slip of the finger."""
KINDS = (
    Option("food_safety", Text(N_("Food safety")), ("an toàn thực phẩm", "attp", "food safety")),
    Option("test_report", Text(N_("Test report")), ("kiểm nghiệm", "phiếu kiểm nghiệm", "test report")),
    Option("trademark", Text(N_("Trademark")), ("nhãn hiệu", "trademark")),
    Option("other", Text(N_("Another paper")), ("giấy khác", "khác", "another")),
)


# ---------------------------------------------------------------- certificates


def certified(facts: Facts) -> tuple[CaseFacts, ...]:
    """Cases with a certificate that was given, whatever has become of it."""
    return tuple(c for c in facts.cases if c.result is not None and c.result.certificate_until is not None)


def holds_certificate(facts: Facts) -> bool:
    return bool(certified(facts))


def _certificate(case: CaseFacts, facts: Facts) -> Iterator[Text]:
    result = case.result
    if result is None or result.certificate_until is None or result.decided_on is None:
        return
    values: dict[str, Value] = {"product": case.product, "stars": result.stars, "code": case.code}
    yield Text(N_("⭐ “%(product)s”: %(stars)s stars (%(code)s)"), values)
    paper: dict[str, Value] = {"number": result.decision, "day": result.decided_on}
    yield Text(N_("• Decision %(number)s of %(day)s"), paper)
    if result.product_code:
        yield Text(N_("• Product code: %(code)s"), {"code": result.product_code})
    if case.status == "certified":
        good: dict[str, Value] = {"day": result.certificate_until, "months": ruleset(case.ruleset).certificate_months}
        yield Text(N_("• Good for %(months)s months, until %(day)s"), good)
        yield from _renewal(case, result.certificate_until, facts)
    elif case.status == "revoked":
        yield Text(N_("• Withdrawn: no longer valid"))
    else:
        yield Text(N_("• Ran out on %(day)s: no longer valid"), {"day": result.certificate_until})


def _renewal(case: CaseFacts, until: date, facts: Facts) -> Iterator[Text]:
    if (begun := follower(case, facts.cases)) is not None:
        replaced = N_("• The new certificate takes its place: %(code)s")
        yield Text(replaced if begun.status == "certified" else N_("• Next file: %(code)s"), {"code": begun.code})
    elif (line := renewal_line(until, facts.today)) is not None:
        yield Text(N_("• %(line)s"), {"line": line})


def renewal_line(until: date, today: date) -> Text | None:
    """When to file for renewal, by today's rules, as that lies ahead, is now, or has gone by; None where none say."""
    found = window(until, ruleset_on(today))
    if found is None:
        return None
    values: dict[str, Value] = {"opens": found.opens_on, "closes": found.closes_on}
    if today < found.opens_on:
        return Text(N_("To renew it, file from %(opens)s to %(closes)s."), values)
    if today <= found.closes_on:
        return Text(N_("You can file to renew it now, until %(closes)s."), values)
    return Text(N_("The time to file for renewal ended on %(closes)s. Ask the officer what is still possible."), values)


def _in_short(case: CaseFacts) -> Text:
    result = case.result
    until = result.certificate_until if result is not None else None
    values: dict[str, Value] = {"product": case.product, "stars": result.stars if result is not None else 0}
    if case.status == "certified" and until is not None:
        return Text(N_("⭐ “%(product)s”: %(stars)s stars, until %(day)s"), {**values, "day": until})
    return Text(N_("“%(product)s”: no longer valid"), values)


# ---------------------------------------------------------------- papers


@dataclass(frozen=True, slots=True)
class Dated:
    """A paper with a last day: of a case (`code`), or kept by oneself."""

    name: Text | Label
    until: date
    code: str = ""


_WITH_NAMES = {option.value: option for option in KINDS}


def paper_name(paper: str) -> Text:
    """A paper of one's own, or one that no case knows any more."""
    label = _WITH_NAMES.get(paper, _WITH_NAMES["other"]).label
    return label if isinstance(label, Text) else Text(N_("Another paper"))


def _works(case: CaseFacts) -> bool:
    return case.status == "certified" or STATUSES[case.status].owner is not Side.NOBODY


def dated(facts: Facts) -> tuple[Dated, ...]:
    """All with a last day, each paper once as it is good longest; the one that ends first at the top.

    What the plan brought is the dossier's paper, what one keeps here is that of a case that ends on the same day, and
    a paper of the place is one for all products.
    """
    found = [*_in_cases(facts)]
    there = {(kind, one.until) for (kind, _), one in found}
    for own in facts.own_papers:
        if (own.paper, own.valid_until) not in there:
            named = Dated(paper_name(own.paper), own.valid_until)
            found.append(((own.paper, "" if own.paper in OF_THE_PRODUCER else f"{own.id}"), named))
    newest: dict[tuple[str, str], Dated] = {}
    for key, one in found:
        newest[key] = max(newest.get(key, one), one, key=lambda one: one.until)
    return tuple(sorted(newest.values(), key=lambda one: one.until))


def _in_cases(facts: Facts) -> Iterator[tuple[tuple[str, str], Dated]]:
    """With the paper's kind, and the product that it is of."""
    for case in facts.cases:
        for paper in case.papers if _works(case) else ():
            kind, named = paper.id.removeprefix(WITH_THE_PLAN), paper_named(case, paper.id)
            if paper.valid_until is not None and named is not None:
                of = "" if kind in OF_THE_PRODUCER else case.product
                yield (kind, of), Dated(named.label, paper.valid_until, case.code)


def wanted_in(facts: Facts) -> tuple[tuple[CaseFacts, Paper], ...]:
    """Files that lack a paper which is kept here, each with the first such paper."""
    open_ones = [case for case in facts.cases if takes_papers(case)]
    found = ((case, next((p for p in papers_of(case) if p.id in in_wallet(case, facts)), None)) for case in open_ones)
    return tuple((case, paper) for case, paper in found if paper is not None)[:MOST_LISTED]


def _wanted_line(case: CaseFacts, paper: Paper) -> Text:
    values: dict[str, Value] = {"product": case.product, "paper": paper.label}
    return Text(N_("“%(product)s” still needs %(paper)s, and I have it here."), values)


def _paper_line(one: Dated, today: date) -> Text:
    values: dict[str, Value] = {"paper": one.name, "day": one.until, "code": one.code}
    if one.until < today:
        return Text(N_("• %(paper)s: ran out on %(day)s"), values)
    return Text(N_("• %(paper)s: until %(day)s"), values)


# ---------------------------------------------------------------- all of it


def everything(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    held, papers = certified(facts), dated(facts)
    if not held and not papers:
        nothing = Text(N_("You have no certificate yet, and no paper with a last day here."))
        return (nothing, Text(N_("Send me a paper that ends, and I remind you 6, 3 and 1 months before.")))
    lines = [line for case in held for line in _certificate(case, facts)]
    if len(held) > IN_FULL:
        lines = [_in_short(case) for case in held[:MOST_LISTED]]
    if (more := len(held) - MOST_LISTED) > 0:
        lines.append(Text(N_("• and %(count)s more"), {"count": more}))
    other = tuple(_paper_line(one, facts.today) for one in papers[:MOST_LISTED])
    ends = (Text(N_("Papers with a last day:")), *other) if other else ()
    wanted = tuple(_wanted_line(case, paper) for case, paper in wanted_in(facts))
    return (*lines, *ends, *wanted, Text(N_("What would you like to do?")))


def _choices(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    begun = tuple(
        Option(f"{case.code}~{way}", go_label(case, way))
        for case in certified(facts)
        for way in ways(case, facts.cases, facts.today)
    )
    use = tuple(
        Option(f"use~{case.code}", Text(N_("Use for %(product)s"), {"product": case.product[:40]}), ("dùng cho hồ sơ",))
        for case, _ in wanted_in(facts)
    )
    drop = (Option("drop", Text(N_("Take a paper out")), ("bỏ giấy", "bỏ bớt giấy", "take out")),)
    find = Option("find", Text(N_("Find by number")), ("tìm giấy", "tìm giấy theo số", "find by number"))
    return (
        *resume(tuple(draft for draft in facts.drafts if draft.key.startswith("own_paper."))),
        *use,
        *begun,
        replace(find, hidden=not facts.asks_contact),
        Option("add", Text(N_("Add a paper")), ("thêm giấy", "thêm giấy có hạn", "add a paper")),
        *(drop if facts.own_papers else ()),
        Option("menu", Text(N_("Main menu")), ("menu",)),
    )


def _chosen(value: str, answers: Answers, facts: Facts) -> Go:
    if value.startswith(DRAFT):
        return Go(value.removeprefix(DRAFT))
    if value.startswith("use~"):
        code = value.removeprefix("use~")
        paper = next((paper.id for case, paper in wanted_in(facts) if case.code == code), "")
        return Go(f"upload.{code}/{USE_OWN}", {"_paper": paper})
    targets = {"add": "own_paper.new", "drop": "drop_paper", "menu": "menu", "find": "find_certificate"}
    return Go(targets.get(value) or f"again.{value}")


WALLET = Dialog(
    "wallet",
    before=consent_first,
    linked=True,
    steps=(Ask("next", everything, one_of(_choices), goto=_chosen),),
)


# ---------------------------------------------------------------- certificates that the province has handed in


@dataclass(frozen=True, slots=True)
class own_card:
    """One's own number, vouched for by the messenger: with a typed one anybody could ask for anybody's papers."""

    takes: str = ""

    def options(self, answers: Answers, facts: Facts, partial: str) -> tuple[Option, ...]:
        return (_BACK,)

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if isinstance(event, ContactShared) and event.own:
            return Answer(e164(event.phone if event.phone.startswith(("+", "0")) else f"+{event.phone}"))
        if isinstance(event, OptionChosen) and event.value == _BACK.value:
            return Answer(event.value)
        raise InvalidAnswer(NOT_SURE)

    def show(self, value: str, answers: Answers, facts: Facts) -> Sayable:
        return ""

    def holds(self, value: str, answers: Answers, facts: Facts) -> bool:
        return True


NOT_SURE = N_("I can't be sure that this number is yours. Please send it with the button, or ask your officer.")


_BACK = Option("wallet", Text(N_("Back")), ("quay lại", "thôi tìm", "back"))
_MINE = Text(N_("They are mine"))
_ASK = Option("ask", Text(N_("Ask the officer")), ("hỏi cán bộ", "ask the officer"))


_VOUCHING = {"zalo": Text("Zalo OA"), "telegram": Text("Telegram")}


def _not_here(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    """Why a channel that vouches for nobody's number can't be asked, and which can."""
    why = Text(N_("I look by number only where the messenger vouches that the number is yours. Here it does not."))
    names = [words for channel, words in _VOUCHING.items() if channel in facts.vouching]
    if not names:
        return (why, Text(N_("The officer of your commune can look for you.")))
    one, both = (
        N_("Please ask me on %(first)s, or ask the officer."),
        N_("Please ask me on %(first)s or %(last)s, or ask the officer."),
    )
    return (why, Text(both if len(names) > 1 else one, {"first": names[0], "last": names[-1]}))


def _not_here_chosen(value: str, answers: Answers, facts: Facts) -> Go:
    return _away("ask_officer" if value == _ASK.value else "wallet")


def _looks(answers: Answers, facts: Facts) -> Effects:
    return (LookForCertificates(),) if answers["phone"] != _BACK.value else ()


def _stopped(value: str, answers: Answers, facts: Facts) -> Go | None:
    return _away("wallet") if value == _BACK.value else None


def _away(target: str, *effects: ClaimCertificates) -> Go:
    """The number is forgotten, so that the next look begins with sending it."""
    return Go(target, drop="find_certificate", effects=effects)


def _found(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    makers = facts.listed_makers
    if not makers:
        nothing = N_("I find no certificate with this number in your commune.")
        return (Text(nothing), Text(N_("Your officer can look which number the province has.")))
    if len(makers) > 1:
        shared = N_("The province has this number for several makers of your commune, so I can't tell which you are.")
        return (Text(shared), Text(N_("Please ask the officer of your commune.")))
    (maker,) = makers
    head = Text(N_("The province has this number for %(maker)s, with a certificate for:"), {"maker": maker.name})
    lines = tuple(Text(N_("• %(product)s"), {"product": name}) for name in maker.products[:MOST_LISTED])
    left = len(maker.products) - MOST_LISTED
    rest = (Text(N_("• and %(count)s more"), {"count": left}),) if left > 0 else ()
    officers = Text(N_("If you take them as yours, the commune hears of it."))
    return (head, *lines, *rest, officers, Text(N_("Are these yours?")))


def _found_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    """The maker is in the button, so that an old one takes nobody else's."""
    if len(facts.listed_makers) != 1:
        return (_ASK, _BACK)
    return (Option(str(facts.listed_makers[0].id), _MINE, ("của tôi", "đúng của tôi", "mine")), _ASK, _BACK)


def _taken(value: str, answers: Answers, facts: Facts) -> Go:
    if value == _ASK.value:
        return _away("ask_officer")
    if value == _BACK.value:
        return _away("wallet")
    return _away("wallet", ClaimCertificates(answers["phone"], int(value)))


FIND_CERTIFICATE = Dialog(
    "find_certificate",
    before=place_first,
    up="wallet",
    steps=(
        Ask(
            "not_here",
            _not_here,
            one_of((_ASK, _BACK)),
            when=lambda answers, facts: not facts.asks_contact,
            goto=_not_here_chosen,
        ),
        Ask(
            "phone",
            N_("Please send me your number with the button. I look whether the province has a certificate with it."),
            own_card(),
            then=_looks,
            goto=_stopped,
            ask_contact=True,
        ),
        Ask("sure", _found, one_of(_found_options), goto=_taken, confirms=True),
    ),
)


# ---------------------------------------------------------------- a paper of one's own


@dataclass(frozen=True, slots=True)
class last_day(day):
    """The last day on which a paper is good: from today on."""

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if not isinstance(event, TextReceived):
            raise InvalidAnswer(TYPE_IT)
        meant = day_of(event.text, facts.today)
        if meant < facts.today:
            gone = N_("%(day)s has gone by already. What is its last day? For example: 31/12/2027.")
            raise InvalidAnswer(gone, day=meant)
        if meant.year > facts.today.year + MOST_YEARS:
            raise InvalidAnswer(N_("%(day)s is very far off. Please look at the paper once more."), day=meant)
        return Answer(meant.isoformat())


def _photos_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    if not answers["~"]:
        return (Text(N_("📷 Please send photos of it, page by page. You may skip this.")),)
    return (*counted_back(answers["~"], facts), *is_that_all(answers, facts))


def _kept(answers: Answers, facts: Facts) -> Effects:
    pages = pages_of(answers.get("pages", ""))
    return (KeepOwnPaper(answers["paper"], pages, date.fromisoformat(answers["day"])),)


OWN_PAPER = Dialog(
    "own_paper",
    form=True,
    before=consent_first,
    up="wallet",
    end=lambda answers, facts: "wallet",
    named=lambda answers: paper_name(answers["paper"]) if "paper" in answers else "",
    sent=False,
    steps=(
        Ask("paper", N_("Which paper is it?"), one_of(KINDS), title=N_("Paper")),
        Ask(
            "pages",
            _photos_prompt,
            photos(MAX_PHOTOS, pages=True),
            when=can_send_photos,
            takes_files=True,
            optional=True,
            title=N_("Photos"),
        ),
        Ask("day", N_("What is its last day? For example: 31/12/2027."), last_day(), then=_kept, title=N_("Last day")),
    ),
)


# ---------------------------------------------------------------- taking one out


def _own_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    return (
        *(Option(str(own.id), _with_day(own)) for own in facts.own_papers),
        Option("back", Text(N_("Back")), ("quay lại", "lui", "back")),
    )


def _with_day(own: OwnPaper) -> Text:
    return Text(N_("%(paper)s, %(day)s"), {"paper": paper_name(own.paper), "day": f"{own.valid_until:%d/%m/%Y}"})


def _dropped(value: str, answers: Answers, facts: Facts) -> Go:
    if value == "back":
        return Go("wallet")
    done = SendMessage((Text(N_("Taken out. I do not remind you of it any more.")),))
    return Go("wallet", effects=(DropOwnPaper(int(value)), done))


DROP_PAPER = Dialog(
    "drop_paper",
    before=consent_first,
    up="wallet",
    steps=(Ask("which", N_("Which paper shall I take out?"), one_of(_own_options), goto=_dropped, confirms=True),),
)

DIALOGS = (WALLET, FIND_CERTIFICATE, OWN_PAPER, DROP_PAPER)
