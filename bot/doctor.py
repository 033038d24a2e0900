"""`dialogs check` and `dialogs graph`: what is wrong with the dialogs, found before anybody meets it.

The trees are walked as people of several kinds (`situations`) would: from every way in, each option of each question
is taken, typed samples, files and commands are tried, and what stands on the way is looked at.
"""

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from bot.catalogs import VIETNAM, Catalog
from bot.channels import web
from bot.channels.base import Capabilities, option_data, pressed
from bot.render import Composed, Listener, compose
from bot.sample_council import sample_ballots, sample_councils
from bot.world import LOCALES, PLAIN, World
from dialogs.council.facts import SCORING
from dialogs.engine import PAGE, arrive, dialog_name, question, step
from dialogs.matching import fold, forms
from dialogs.model import (
    Absence,
    Addressed,
    Agreed,
    Assessed,
    CaseFacts,
    CaseNamed,
    Colleague,
    CommandReceived,
    ContactShared,
    DeskFacts,
    DeskLine,
    Dialog,
    Dialogs,
    Draft,
    Effect,
    EndedSeat,
    Event,
    Facts,
    FileReceived,
    FileRef,
    Joining,
    LinkFollowed,
    LocationShared,
    Mark,
    Membership,
    NoteLine,
    OfficeFacts,
    Option,
    OptionChosen,
    OwnPaper,
    PaperFacts,
    Person,
    Reach,
    Ready,
    RecordConsent,
    ResultFacts,
    ReturnedItem,
    Role,
    SendMessage,
    SetPlace,
    Sitting,
    StarStep,
    State,
    Story,
    Template,
    Text,
    TextReceived,
    TimerFired,
    Unclear,
    UndoFacts,
    Way,
)
from dialogs.model import Finding as Noticed
from dialogs.officer.assess import items
from dialogs.officer.result import PARTS
from dialogs.producer.upload import papers_of
from dialogs.rules.lifecycle import AUTHORITIES, STATUSES, WAITS_FOR_ROUND, actions
from dialogs.rules.rounds import Round
from dialogs.rules.ruleset import ProductSet, ruleset_on
from dialogs.rules.sheet import TOPICS
from dialogs.tree import DIALOGS
from dialogs.words import COMMANDS, INTENTS

ROOT = LOCALES.parent
TELEGRAM = Capabilities(4096, 100, 40, 64, True, True, True, True, spacing=timedelta(seconds=1))
"""bot.channels.telegram says the same, but brings an HTTP client along; a test compares them."""
CHANNELS: Mapping[str, Capabilities] = {"web": web.CAPABILITIES, "telegram": TELEGRAM, "plain": PLAIN}

Finding = str
"""One plain line that begins with "<dialog>/<question>: " or with the file it is about."""


def check(dialogs: Dialogs = DIALOGS, root: Path = ROOT, walked: "Walked | None" = None) -> list[Finding]:
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


# ---------------------------------------------------------------- sample people

NOW = datetime(2026, 11, 23, 9, tzinfo=VIETNAM)
COMMUNE = "04336"
PEOPLE = Person("vi", "Lý Thị Mẩy", "+84912345678", "household", "Lý Thị Mẩy", COMMUNE, "yes", True)
_SERIAL = 99_990
"""Of the drafts already begun: keys as long as they will ever be."""


@dataclass(frozen=True, slots=True)
class Situation:
    """Somebody with what the record says of them. `cases` are the codes they may name."""

    name: str
    facts: Facts
    begun: State = field(default_factory=lambda: State(serial=_SERIAL))

    @property
    def codes(self) -> tuple[str, ...]:
        cases = (*self.facts.cases, *self.facts.named)
        return (*(case.code for case in cases), *(ballot.code for ballot in self.facts.ballots))


def situations(base: Facts) -> tuple[Situation, ...]:
    """People at every stage; `base` has the articles and the quiz."""
    base = replace(base, now=NOW)
    known = replace(base, person=PEOPLE, officers=1, hours="7:30–11:30")
    own = sample_cases(own=True)
    desk = sample_cases(own=False)
    officer = Person("vi", commune=COMMUNE, memberships=(Membership(Role.COMMUNE_OFFICER, f"79/{COMMUNE}"),))
    province = replace(officer, memberships=(Membership(Role.PROVINCE_OFFICER, "79"),))
    administrator = replace(officer, memberships=(Membership(Role.ADMINISTRATOR, ""),))
    leader = replace(officer, memberships=(Membership(Role.COMMUNE_APPROVER, f"79/{COMMUNE}"),))
    rated = tuple(
        replace(case, sitting=Sitting("4/2026", 3, 7)) if case.status == SCORING else case
        for case in desk
        if case.status in (SCORING, "at_district")
    )
    came_to = Agreed({}, (Decimal("29.6"), Decimal(10), Decimal("18.4")), 3)
    scored = tuple(replace(case, agreed=came_to) for case in desk if case.status == SCORING)[:1]
    both = replace(officer, memberships=(*officer.memberships, *administrator.memberships))
    return (
        Situation("a producer without a case", known),
        Situation("a newcomer", base),
        Situation("a member of a council", replace(base, person=Person(seated=True), ballots=sample_ballots())),
        Situation(
            "a former member of a council",
            replace(base, person=Person(sat=True), seat_ended=EndedSeat("1/2026", "15", "Trần Thị Lan")),
        ),
        *(
            Situation(
                f"a member of a council whose product came off the session: {sheet}",
                replace(base, person=Person(seated=True)),
                State(at=f"{sheet}.HCM102-26-223492/", serial=_SERIAL),
            )
            for sheet in ("ballot", "advice")
        ),
        Situation("somebody who does not agree", replace(base, person=Person(consent="no"))),
        Situation("somebody without a commune", replace(base, person=Person(consent="yes"))),
        Situation("a producer with drafts", known, _with_drafts()),
        Situation("a producer with papers that end", replace(known, own_papers=_OWN_PAPERS)),
        Situation("a producer whose number nobody vouches for", replace(known, asks_contact=False)),
        *(
            Situation(f"a producer whose case is {case.status}", replace(known, cases=(case,), own_papers=_OWN_PAPERS))
            for case in own
        ),
        Situation("a producer with several cases", replace(known, cases=_unread(own), officers=0)),
        Situation("an officer with two roles", replace(base, person=_TWO_COMMUNES, colleagues=sample_roles("79"))),
        Situation("an officer", replace(base, person=officer, named=desk, desk=listed(desk), colleagues=_STAFF)),
        Situation(
            "an officer with nothing to do",
            replace(base, person=officer, addressed=_ASKED, absence=SAMPLE_LEAVE, offices=_OFFICES[:1]),
        ),
        Situation(
            "a provincial officer",
            replace(
                base, person=province, named=desk[:1], desk=listed(desk[:1]), colleagues=_STAFF, rounds=_OWN_ROUNDS
            ),
        ),
        Situation("a leader before a dossier that they checked", replace(base, person=leader, named=_checked(desk))),
        Situation("an officer who has more to assess", replace(base, person=officer, named=_more_to_assess(desk))),
        Situation("an officer who has assessed all", replace(base, person=officer, named=_all_assessed(desk))),
        Situation("a leader with several dossiers to sign", replace(base, person=leader, ready=_READY)),
        Situation(
            "a provincial officer in the middle of results",
            replace(base, person=province, named=rated, councils=sample_councils()),
            _points(rated),
        ),
        Situation(
            "a provincial officer who enters other points than the council's",
            replace(base, person=province, named=scored),
            _points(scored),
        ),
        Situation("an administrator", replace(base, person=administrator, addressed=_SILENT, colleagues=_STAFF)),
        Situation("an administrator with ready reasons", replace(base, person=administrator, templates=_TEMPLATES)),
        Situation("an officer who is a producer", replace(base, person=officer, cases=own[:1])),
        Situation("an officer of two areas", replace(base, person=both)),
        Situation(
            "an officer of two communes",
            replace(base, person=_TWO_COMMUNES, named=_filed_for_somebody(desk), offices=_OFFICES),
        ),
        *(
            Situation(f"an officer who acts for a producer: {c.status}", replace(base, person=officer, named=(c,)))
            for c in _acted_for(desk)
        ),
        *_reached(known, replace(base, person=officer)),
    )


def _reached(known: Facts, officer: Facts) -> Iterator[Situation]:
    """People with several chats, on their way to have several, and with an e-mail address that waits for its code."""
    known = replace(known, channel="zalo", channels=frozenset(WAYS))
    several = replace(known, person=replace(PEOPLE, chats=3), reach=Reach(SAMPLE_WAYS))
    yield Situation("a producer with several chats", several)
    yield Situation("a producer with several chats and cases", replace(several, cases=sample_cases(own=True)))
    yield Situation("a producer who can be told by e-mail", known)
    yield Situation("a producer whose address waits", replace(known, reach=Reach(unproved="lan@example.vn")))
    hours = Reach(SAMPLE_WAYS, (420, 1020))
    yield Situation("an officer with several chats", replace(officer, channels=frozenset(WAYS), reach=hours))
    for stage in ("made", "typed", "agreed", "asked"):
        joining = Joining(stage, "" if stage == "made" else "telegram", 99_999_999, NOW + timedelta(minutes=10))
        yield Situation(f"a producer who joins chats: {stage}", replace(known, joining=joining))


def _checked(desk: Sequence[CaseFacts]) -> tuple[CaseFacts, ...]:
    """A dossier that waits for approval, brought there by who looks at it."""
    return tuple(replace(case, moved_by_me=True) for case in desk if case.status == "dossier_checked")


def _unread(cases: Sequence[CaseFacts]) -> tuple[CaseFacts, ...]:
    """In a commune without an officer."""
    return tuple(replace(case, officers=0) for case in cases)


def _points(cases: Sequence[CaseFacts]) -> State:
    """Results begun, with the points of all parts: four stars."""
    drafts = {f"result.{case.code}": Draft(dict.fromkeys(PARTS, "25"), turn=1) for case in cases}
    return State(drafts=drafts, serial=_SERIAL, turn=1)


_TEMPLATES = tuple(Template(n, item, "stamp") for n, item in enumerate(("paper", "answer", "all", "paper:story")))


def sample_staff(province: str) -> tuple[Colleague, ...]:
    """Oneself, somebody on leave, and somebody without a name."""
    office = f"{province}/{COMMUNE}"
    return (
        Colleague(0, "Hùng", Role.COMMUNE_OFFICER, office, 3),
        Colleague(99_999_999, "Thảo", Role.COMMUNE_OFFICER, office, 2, NOW.date() + timedelta(days=2)),
        Colleague(7, "", Role.COMMUNE_APPROVER, office),
    )


def sample_roles(province: str) -> tuple[Colleague, ...]:
    """Oneself, in two communes."""
    codes = (COMMUNE, "04342")
    return tuple(Colleague(0, "Hùng", Role.COMMUNE_OFFICER, f"{province}/{code}", 3) for code in codes)


_STAFF = sample_staff("79")
SAMPLE_LEAVE = Absence(NOW.date(), NOW.date() + timedelta(days=3), "Thảo")
_OFFICES = (
    OfficeFacts(
        f"79/{COMMUNE}",
        "7:30–11:30",
        ((450, 690),),
        days_off=((NOW.date() + timedelta(days=2), "lũ"), (NOW.date() + timedelta(days=9), "")),
        closed=((NOW.date() + timedelta(days=4), ""),),
    ),
    OfficeFacts("79/04342", "", ((450, 690), (810, 1020))),
)


def listed(cases: Sequence[CaseFacts]) -> DeskFacts:
    """An officer's list of these cases."""
    lines = tuple(DeskLine(c.code, c.product, c.by, c.status, c.minutes_left) for c in cases[:PAGE])
    return DeskFacts({"act": len(cases)}, lines, len(cases))


def _with_drafts() -> State:
    """Two forms begun, one as far as its second question and one before its first."""
    first, second = f"register_idea.{_SERIAL - 1}", f"register_idea.{_SERIAL}"
    drafts = {first: Draft({"product": "Chuối sấy"}, turn=1), second: Draft({"product": "Mật ong"}, turn=1)}
    return State(drafts=drafts, serial=_SERIAL, turn=1)


def sample_cases(*, own: bool) -> tuple[CaseFacts, ...]:
    """One case in every status, with the longest kind of code, each of another product set and kind of producer."""
    groups = ruleset_on(NOW.date()).groups
    kinds = ("household", "cooperative_group", "cooperative", "enterprise", "farm")
    return tuple(
        _with_set(
            sample_case(f"HCM102-26-1234{n:02}", status, groups[n % len(groups)].id, kinds[n % len(kinds)], own=own),
            groups[n % len(groups)].sets[-1 - n // len(groups) % len(groups[n % len(groups)].sets)],
        )
        for n, status in enumerate(STATUSES)
    )


def _with_set(case: CaseFacts, product_set: ProductSet) -> CaseFacts:
    """Between them the samples have every item that is scored."""
    chosen = replace(case, answers={**case.answers, "product_set": str(product_set.number)})
    return chosen if case.own else replace(chosen, assessment=sample_assessment(chosen))


def sample_case(code: str, status: str, group: str, kind: str, *, own: bool) -> CaseFacts:
    today = NOW.date()
    answers = {**SAMPLE_ANSWERS, "product": f"Sản phẩm {code[-2:]}", "product_group": group, "producer_kind": kind}
    rules = ruleset_on(today).id
    bare = CaseFacts(code, COMMUNE, rules, status, today, answers["product"], answers, own, by="Lý Thị Mẩy")
    papers = tuple(PaperFacts(p.id, 1, 2, 2, n % 2 == 0, today) for n, p in enumerate(papers_of(bare)))
    return replace(
        bare,
        desk="UBND xã Tân Lĩnh",
        due_on=today + timedelta(days=5),
        used_days=2,
        limit_days=5,
        papers=() if status == "idea_accepted" else papers,
        returned=_returned(bare, today) if "returned" in status else (),
        round=_ROUND if status in ("dossier_checked", "forwarded") else None,
        result=_result(today) if status in ("rated", "certified", "expired", "revoked", "proposed_for_five") else None,
        may=() if own else actions(status, *AUTHORITIES),
        marks=() if own else (Mark("answer:product", "accept"), Mark("answer:materials", "return", "more")),
        undo=UndoFacts("accept", NOW + timedelta(minutes=5), 99_999) if status == "idea_accepted" and not own else None,
        findings=() if own else _findings(papers, today),
        assisted="waiting" if status == _ASSISTED and not own else "",
        filed_by="Hoàng Văn Hùng" if status == _ASSISTED and not own else "",
        for_producer=status == _ASSISTED and not own,
        round_open=status in WAITS_FOR_ROUND,
        notes=_notes(),
        conditions=dict.fromkeys(_CONDITIONS, True) if status == _TOLD else {},
        story=_STORY if status == _TOLD else None,
        aims_at=4 if own else 0,
        self_marks={"3.2": 1} if own else {},
        steps=(StarStep(1, "3.4", 1, today), StarStep(2, "3.5", 1, today - timedelta(days=1), done_on=today))
        if own
        else (),
        reachable=own or status != _ASSISTED,
        officers=1,
    )


_TOLD = "dossier_submitted"
"""In this status the sample case's producer has told all there is to ask about its papers, and its story."""
_CONDITIONS = tuple(condition.id for condition in ruleset_on(NOW.date()).conditions)
_STORY = Story({"origin": "Bà ngoại làm từ năm 1970."}, {"making": ("f1",)})
_OWN_PAPERS = (OwnPaper(1, "food_safety", NOW.date(), 1), OwnPaper(2, "other", NOW.date() + timedelta(days=99)))
_ROUND = Round(date(2027, 4, 30), date(2027, 6, 30), 1)
_OWN_ROUNDS = (Round(NOW.date() + timedelta(days=40), NOW.date() + timedelta(days=80), 3, own=True),)
_READY = tuple(
    Ready(f"HCM102-26-12345{n}", f"Sản phẩm {n}", "Lý Thị Mẩy", hurdle, "Thảo" if hurdle == "held" else "", _ROUND)
    for n, hurdle in enumerate(("", "", "mine", "held"))
)
"""Of each kind that a leader finds in the list of what may go up."""


def sample_assessment(case: CaseFacts) -> tuple[Assessed, ...]:
    """A dossier that waits to be signed has all topics; before, one is open."""
    topics = TOPICS if case.status == "dossier_checked" else TOPICS[1:] if case.status == "dossier_submitted" else ()
    found = {item.topic: item.criterion for item in items(case)}
    number = int(case.answers["product_set"])
    return tuple(Assessed(t, number, 1 if found[t] else None, "Đúng như bà con ghi.", "Hùng") for t in topics)


def _more_to_assess(desk: Sequence[CaseFacts]) -> tuple[CaseFacts, ...]:
    """A dossier with all its papers, of which the commune has not said all yet."""
    return tuple(
        replace(case, papers=tuple(replace(paper, sent=True) for paper in case.papers))
        for case in desk
        if case.status == "dossier_submitted"
    )


def _all_assessed(desk: Sequence[CaseFacts]) -> tuple[CaseFacts, ...]:
    """A dossier still with its officer, of which nothing is open."""
    signed = (sample_assessment(replace(case, status="dossier_checked")) for case in desk)
    return tuple(
        replace(case, assessment=whole)
        for case, whole in zip(desk, signed, strict=True)
        if case.status == "dossier_submitted"
    )


_ASSISTED = "idea_not_this_year"
"""In this status the sample case was filed by an officer for its producer."""
_TWO_COMMUNES = Person(
    "vi", memberships=tuple(Membership(Role.COMMUNE_OFFICER, f"79/{code}") for code in (COMMUNE, "04321"))
)


def _filed_for_somebody(desk: Sequence[CaseFacts]) -> tuple[CaseFacts, ...]:
    return tuple(case for case in desk if case.assisted)


def _acted_for(desk: Sequence[CaseFacts]) -> tuple[CaseFacts, ...]:
    """Where it is the turn of a producer without a chat: a correction, and the papers of the plan."""
    turns = (case for case in desk if case.status in ("idea_returned", "idea_accepted"))
    return tuple(
        replace(case, reachable=False, assisted="sheet", filed_by="Hùng", for_producer=True, confirmed_alone=True)
        for case in turns
    )


WAYS = ("telegram", "zalo", "zalo_bot", "web", "push", "email")
SAMPLE_WAYS = (
    Way("zalo", NOW.date(), here=True),
    Way("telegram", NOW.date() - timedelta(days=3), drafts=("Mật ong",)),
    Way("push"),
    Way("email", address="ly.thi.may.hop.tac.xa.chuoi.say@example.vn"),
    Way("web", NOW.date() - timedelta(days=90), blocked=True),
)
_ASKED = Addressed("n12", "Lý Thị Mẩy", "Nuôi ong có làm OCOP được không?")
_SILENT = Addressed("p12", "Lý Thị Mẩy", reachable=False)


def _notes() -> tuple[NoteLine, ...]:
    """From both sides, with words and without."""
    return (
        NoteLine("", NOW, "Hoàng Văn Hùng", to_officers=False, voices=1),
        NoteLine("Nhãn đã in lại", NOW, "Lý Thị Mẩy", to_officers=True, photos=2),
    )


def _findings(papers: Sequence[PaperFacts], today: date) -> tuple[Noticed, ...]:
    """One of every kind, about the papers there are."""
    of = f"paper:{papers[0].id}" if papers else "paper:product"
    pages = (Noticed(kind, of, "2, 3") for kind in ("blurred", "dark", "tiny"))
    days = (Noticed(kind, of, f"{today}") for kind in ("past_date", "ends_soon"))
    others = (Noticed("same_name", "answer:product", "HCM102-26-000001"), Noticed("same_file", of))
    return (Noticed("missing", of), *pages, *days, *others)


def _returned(case: CaseFacts, today: date) -> tuple[ReturnedItem, ...]:
    items = ("all", "answer:sales_channels", *(f"paper:{paper.id}" for paper in papers_of(case)))
    return tuple(ReturnedItem(item, "stamp", today, n == 2, number=n) for n, item in enumerate(items, 1))


def _result(today: date) -> ResultFacts:
    """Of the next days the certificate may be renewed."""
    until = today + timedelta(days=170)
    return ResultFacts(
        Decimal(27), Decimal(15), Decimal(21), 3, "812/QĐ-UBND", until, today, product_code="79-04336-12345-2026"
    )


SAMPLE_ANSWERS: Mapping[str, str] = {
    "product": "Chuối sấy",
    "product_set": "1",
    "product_state": "idea",
    "special": "Chuối rừng, sấy bằng nắng",
    "materials": "Chuối của bản",
    "labour": "3 người trong nhà",
    "quantity": "200",
    "quantity_unit": "kg",
    "quantity_period": "month",
    "sales_channels": "home,market",
    "support": "packaging",
    "producer_kind": "household",
    "producer_name": "Lý Thị Mẩy",
    "contact_name": "Lý Thị Mẩy",
    "phone": "+84912345678",
}

SAMPLES: tuple[str, ...] = (
    "Chuối sấy",
    "3",
    "0912345678",
    "2 tạ",
    "300 chai một tháng",
    "Lào Cai",
    "Tân Lĩnh",
    "Tân Tiến",
    "1, 3",
    "31/12/2027",
    "7/12",
    "mã 482913 TL12-26-0001",
)
"""Typed at every question: what any reader of ours needs is among them, and an old commune name of many places."""


# ---------------------------------------------------------------- the walk


@dataclass(frozen=True, slots=True)
class Visit:
    """A question as one of the people met it. `changes`: whether any answer moved something."""

    situation: str
    where: str
    asked: SendMessage
    changes: bool


@dataclass(slots=True)
class Walked:
    """`ways`: for each question, option label ("" for anything typed) and the question it led to, in order met.

    `leads`: where an option ("<question address>", value) led, as a dialog's name, and where a global word did.
    """

    findings: list[Finding] = field(default_factory=list)
    read: Counter[object] = field(default_factory=Counter)
    """How often what is the same for everybody (an article, a section, a form begun anew) was looked at."""
    visits: list[Visit] = field(default_factory=list)
    ways: dict[tuple[str, str, str], None] = field(default_factory=dict)
    leads: dict[tuple[str, str], str] = field(default_factory=dict)

    met: set[str] = field(default_factory=set)
    """Where somebody was."""

    def note(self, visit: Visit) -> None:
        self.visits.append(visit)
        self.met.add(visit.where)


@dataclass(frozen=True, slots=True)
class _Stand:
    """A conversation in the middle of the walk, at a question."""

    situation: Situation
    facts: Facts
    state: State
    meant: str = ""  # the dialog that was wanted, even where a detour comes first

    @property
    def where(self) -> str:
        return f"{dialog_name(self.state.key)}/{self.state.question}"

    @property
    def signature(self) -> tuple[object, ...]:
        """What two stands have in common that need not both be walked on from."""
        draft = self.state.drafts[self.state.key]
        subject = re.sub(r"\d+$", "#", self.state.key)
        partial = draft.partial.rpartition("|")[0] or bool(draft.partial)
        if draft.partial.startswith(">"):  # a message: one's own words are all alike
            partial = ">"
        person = self.facts.person
        then = dialog_name(self.state.then)
        return (
            *(subject, self.state.question, partial, bool(draft.suggested), person.consent, person.commune, then),
            self._moves,
        )

    @property
    def _moves(self) -> tuple[object, ...]:
        """Of what is looked at, what can be done with it: cases, ballots and sessions that differ in it go on apart."""
        subject = self.state.key.partition(".")[2].partition("~")[0]
        if (case := self.facts.case(subject)) is not None:
            return (case.may, case.undo is not None)
        if (ballot := self.facts.ballot(subject)) is not None:
            return (ballot.standing, ballot.submitted, ballot.closed, ballot.status, len(ballot.marks), ballot.key[:6])
        return (subject,) if self.facts.council(subject) is not None else ()


def everywhere(dialogs: Dialogs = DIALOGS, root: Path = ROOT) -> Walked:
    """Every sample person's walk through every dialog."""
    return walk(dialogs, situations(World.load(CHANNELS, root / "locales").facts()))


def walk(dialogs: Dialogs, people: Iterable[Situation]) -> Walked:
    walked = Walked()
    people = tuple(people)
    for situation in people:
        _walk(dialogs, situation, walked)
    for situation in people:
        _meanwhile(dialogs, situation, walked)
    return walked


def _meanwhile(dialogs: Dialogs, situation: Situation, walked: Walked) -> None:
    """Stand where people stand who were asked about a case before somebody else moved it on."""
    names = sorted({where.partition("/")[0] for where in walked.met})
    for key in (f"{name}.{code}" for name in names for code in situation.codes):
        begun = replace(situation.begun, at=f"{key}/")
        stand = _arrived(dialogs, _Stand(situation, situation.facts, begun), walked, "a case that has moved on")
        if stand is not None and stand.where not in walked.met:
            list(_explored(dialogs, stand, walked))


def _walk(dialogs: Dialogs, situation: Situation, walked: Walked) -> None:
    facts = situation.facts
    home = _arrived(dialogs, _Stand(situation, facts, situation.begun), walked, "the beginning")
    if home is None:
        return
    queue = deque([home])
    for event in _ways_in(dialogs, situation):
        stand = _taken(dialogs, home, event, walked)
        queue.extend([stand] if stand is not None else [])
    seen = set()
    while queue:
        stand = queue.popleft()
        if stand.signature not in seen and not _read_enough(dialogs, stand, walked):
            seen.add(stand.signature)
            queue.extend(_explored(dialogs, stand, walked))


_READINGS = 3
"""Times that what is the same for everybody is walked on from: there are many pages, and few kinds of reader."""


def _read_enough(dialogs: Dialogs, stand: _Stand, walked: Walked) -> bool:
    subject = stand.state.key.partition(".")[2]
    what: object = stand.state.key
    if subject.isdigit() and _is_form(dialogs, stand.state.key):  # the same for people of whom the same is known
        what = stand.signature, stand.facts.person
    elif not subject or re.search(r"\d{4}", subject):  # a case code: somebody's own
        return False
    walked.read[what] += 1
    return walked.read[what] > _READINGS


def _ways_in(dialogs: Dialogs, situation: Situation) -> Iterator[Event]:
    """Commands, deep links, case codes, links under notices and a file out of the blue."""
    yield from (CommandReceived(name) for name in dialogs.commands)
    yield from (CommandReceived("start", payload) for payload in (f"c-{COMMUNE}", "i-token", "h-token"))
    yield from (CaseNamed(code) for code in situation.codes)
    for dialog in dialogs.by_name.values():
        if dialog.linked:
            yield from (LinkFollowed(f"{dialog.name}.{code}") for code in situation.codes[:3])
    if situation.facts.addressed is not None:
        yield LinkFollowed(f"note.{situation.facts.addressed.key}")
    yield FileReceived(_FILE)


_FILE = FileRef("f1", "photo.jpg", 1000, is_photo=True)


def _explored(dialogs: Dialogs, stand: _Stand, walked: Walked) -> Iterator[_Stand]:
    """Where every answer leads; notes the visit."""
    try:
        asked = question(dialogs, stand.state, stand.facts)
    except Exception as error:  # whatever a declaration does wrong is named instead of ending the examination
        walked.findings.append(_fault(stand.where, stand, "can't be asked", error))
        return
    changes = False
    for event in _answers(asked, stand):
        after = _taken(dialogs, stand, event, walked)
        if after is None:
            continue
        if replace(after.state, turn=stand.state.turn) != stand.state:
            changes = changes or not isinstance(event, CommandReceived | TimerFired | Unclear)
            _note_way(walked, stand, asked, event, after)
            yield after
    walked.note(Visit(stand.situation.name, stand.where, asked, changes))


def _answers(asked: SendMessage, stand: _Stand) -> Iterator[Event]:
    options = (*asked.options, *asked.further)
    yield from (OptionChosen(asked.at, option.value) for option in options)
    if len(options) > 1:  # as if its number had been typed
        yield OptionChosen(asked.at, options[1].value, number=2)
    if any(option.takes_rest for option in options):
        yield from (OptionChosen(asked.at, option.value, "Chuối sấy") for option in options if option.takes_rest)
    yield from map(TextReceived, SAMPLES)
    yield FileReceived(_FILE)
    yield ContactShared("84912345678", own=True)
    yield LocationShared(22.1, 104.7)
    if len(options) > 1 and not asked.takes:
        yield Unclear((options[0].value, options[1].value))
    yield from (CommandReceived(name) for name in ("back", "skip", "pause", "cancel"))
    yield TimerFired("reminder", stand.state.key, stand.state.drafts[stand.state.key].turn)


def _note_way(walked: Walked, stand: _Stand, asked: SendMessage, event: Event, after: _Stand) -> None:
    end = after.where
    if after.meant not in (dialog_name(stand.state.key), dialog_name(after.state.key)):
        end = f"{after.meant}/"
    if isinstance(event, OptionChosen):
        option = next(o for o in (*asked.options, *asked.further) if o.value == event.value)
        walked.ways[stand.where, _way_label(option), end] = None
        walked.leads[asked.at, event.value] = end.partition("/")[0]
    elif not isinstance(event, CommandReceived | TimerFired | Unclear):
        walked.ways[stand.where, "", end] = None


def _way_label(option: Option) -> str:
    """The option's words; "…" for one that stands for many (cases, articles, provinces)."""
    label = option.label
    return label.msgid if isinstance(label, Text) and not label.values else "…"


def _taken(dialogs: Dialogs, stand: _Stand, event: Event, walked: Walked) -> _Stand | None:
    """The stand after an event; None when it went wrong, which is noted."""
    if isinstance(event, CommandReceived) and event.name in ("pause", "cancel"):
        dialog = dialogs.by_name[dialog_name(stand.state.key)]
        if not dialog.form:
            return None
    if isinstance(event, TimerFired) and not _is_form(dialogs, event.subject):
        return None
    what = _said(event)
    try:
        moved = step(dialogs, stand.state, event, stand.facts)
    except Exception as error:  # as above
        walked.findings.append(_fault(stand.where, stand, f"{what} fails", error))
        return None
    if (target := _unknown(dialogs, moved.state.at)) is not None:
        walked.findings.append(f"{stand.where}: {what} leads to {target}, which there is not")
        return None
    facts = _as_left(stand.facts, moved.effects)
    meant = dialog_name(moved.state.key)
    after = _arrived(dialogs, _Stand(stand.situation, facts, moved.state, meant), walked, f"{stand.where}, {what}")
    if after is not None and isinstance(event, OptionChosen) and _refused(dialogs, moved.state, facts):
        walked.findings.append(
            f"{stand.where}: {what} leads to {moved.state.at}, which {stand.situation.name} may not see"
        )
    return after


def _is_form(dialogs: Dialogs, key: str) -> bool:
    dialog = dialogs.by_name.get(dialog_name(key))
    return dialog is not None and dialog.form


def _arrived(dialogs: Dialogs, stand: _Stand, walked: Walked, way: str) -> _Stand | None:
    try:
        state, _ = arrive(dialogs, stand.state, stand.facts)
    except RecursionError:
        walked.findings.append(f"{stand.state.at}: a circle without a question (from {way})")
        return None
    except Exception as error:  # as above
        walked.findings.append(_fault(stand.state.at, stand, f"can't be reached (from {way})", error))
        return None
    return replace(stand, state=state)


def _refused(dialogs: Dialogs, state: State, facts: Facts) -> bool:
    """Whether an option led to a dialog that does not let this person in: options promise, so they must hold."""
    dialog = dialogs.by_name[dialog_name(state.key)]
    if dialog.allowed is None or (dialog.before is not None and dialog.before(facts)):
        return False
    draft = state.drafts.get(state.key)
    answers = {**(draft.answers if draft is not None else {}), "subject": state.key.partition(".")[2], "~": ""}
    return not dialog.allowed(answers, facts)


def _unknown(dialogs: Dialogs, at: str) -> str | None:
    """The address if it names a dialog or a question that there is not."""
    key, _, name = at.partition("/")
    dialog = dialogs.by_name.get(dialog_name(key))
    return at if dialog is None or (name and dialog.ask(name) is None) else None


def _as_left(facts: Facts, effects: Sequence[Effect]) -> Facts:
    """Facts as a turn's effects leave them, as far as the way depends on them."""
    person = facts.person
    for effect in effects:
        if isinstance(effect, RecordConsent):
            person = replace(person, consent="yes" if effect.given else "no")
        elif isinstance(effect, SetPlace):
            person = replace(person, commune=effect.commune)
    return facts if person is facts.person else replace(facts, person=person)


def _said(event: Event) -> str:
    match event:
        case OptionChosen(_, value):
            return f"“{value}”"
        case TextReceived(text):
            return f"typing “{text}”"
        case CommandReceived(name):
            return f"/{name}"
    return type(event).__name__


def _fault(where: str, stand: _Stand, what: str, error: Exception) -> Finding:
    return f"{where}: {what} for {stand.situation.name}: {type(error).__name__}: {error}"


# ---------------------------------------------------------------- the tree


def unknown_targets(dialogs: Dialogs) -> Iterator[Finding]:
    """Written targets of gotos, ends and ways up; those that functions make are met on the walk."""
    for dialog in dialogs.by_name.values():
        for place, target in _written_targets(dialog):
            if _unknown(dialogs, target) is not None and not target.endswith(".new"):
                yield f"{place}: leads to {target}, which there is not"


def _written_targets(dialog: Dialog) -> Iterator[tuple[str, str]]:
    if isinstance(dialog.up, str):
        yield f"{dialog.name}/", dialog.up
    if isinstance(dialog.end, str):
        yield f"{dialog.name}/", dialog.end
    for ask in dialog.steps:
        if isinstance(ask.goto, Mapping):
            yield from ((f"{dialog.name}/{ask.name}", target) for target in ask.goto.values())


def unreachable(dialogs: Dialogs, walked: Walked) -> Iterator[Finding]:
    for dialog in dialogs.by_name.values():
        missed = [ask.name for ask in dialog.steps if f"{dialog.name}/{ask.name}" not in walked.met]
        if len(missed) == len(dialog.steps):
            yield f"{dialog.name}/: nothing leads to this dialog"
        else:
            yield from (f"{dialog.name}/{name}: nothing leads to this question" for name in missed)


def dead_ends(walked: Walked) -> Iterator[Finding]:
    for visit in walked.visits:
        if not visit.changes:
            yield f"{visit.where}: no answer leads on for {visit.situation}"
    left = {start for start, _, end in walked.ways if start != end}
    yield from (f"{where}: no answer leads to another question" for where in walked.met - left)


# ---------------------------------------------------------------- limits


def over_limits(walked: Walked, catalogs: Mapping[str, Catalog]) -> Iterator[Finding]:
    for visit in _distinct(walked.visits):
        for value in _values(visit.asked):
            if pressed(option_data(visit.asked.at, value)) != OptionChosen(visit.asked.at, value):
                yield f"{visit.where}: the button of “{value}” does not come back as it went out"
        for catalog in catalogs.values():
            for name, can in CHANNELS.items():
                composed = compose([visit.asked], catalog, can)
                yield from (f"{visit.where}: {what} ({name}, {catalog.locale})" for what in _too_much(composed, can))


def _distinct(visits: Iterable[Visit]) -> list[Visit]:
    """One visit for each question and set of words: the same list need not be looked at for every person."""
    return list({(v.where, v.asked.texts and v.asked.texts[0].msgid, _values(v.asked)): v for v in visits}.values())


def _values(asked: SendMessage) -> tuple[str, ...]:
    return tuple(option.value for option in (*asked.options, *asked.further))


def _too_much(composed: Composed, can: Capabilities) -> Iterator[str]:
    if not composed.text.strip():
        yield "asks nothing"
    if len(composed.text) > can.max_text_chars:
        yield f"{len(composed.text)} characters, at most {can.max_text_chars} fit"
    if len(composed.buttons) > can.max_buttons:
        yield f"{len(composed.buttons)} buttons, at most {can.max_buttons} fit"
    for button in composed.buttons:
        if len(button.label) > can.max_button_chars:
            yield f"the button “{button.label}” is longer than {can.max_button_chars} characters"
        if len(button.data.encode()) > can.max_data_bytes:
            yield f"the button data {button.data} is longer than {can.max_data_bytes} bytes"


# ---------------------------------------------------------------- words


def clashes(dialogs: Dialogs, walked: Walked, listener: Listener) -> Iterator[Finding]:
    """Words of options that are understood as something else where the options stand."""
    for visit in _distinct(walked.visits):
        yield from (f"{visit.where}: {what}" for what in _ambiguous(visit.asked, listener.catalogs.values()))
        yield from (f"{visit.where}: {what}" for what in _misread(visit.asked, listener))
        yield from (f"{visit.where}: {what}" for what in _global_words(dialogs, walked, visit, listener))


def _phrases(option: Option, catalogs: Iterable[Catalog]) -> tuple[str, ...]:
    said = (catalog.say(words) for catalog in catalogs for words in (option.label, *option.typed))
    return tuple(dict.fromkeys(said))


def _fixed(option: Option) -> bool:
    """Whether the words are ours: a product's name may be anything, and is offered by number too."""
    return not isinstance(option.label, str) and not (isinstance(option.label, Text) and option.label.values)


def _ambiguous(asked: SendMessage, catalogs: Iterable[Catalog]) -> Iterator[str]:
    owners: dict[str, str] = {}
    for option in filter(_fixed, (*asked.options, *asked.further)):
        for phrase in {fold(phrase) for phrase in _phrases(option, catalogs)}:
            other = owners.setdefault(phrase, option.value)
            if other != option.value:
                yield f"“{phrase}” stands for “{other}” and for “{option.value}”"


def _misread(asked: SendMessage, listener: Listener) -> Iterator[str]:
    """Phrases that, typed at the question, are not taken for their option."""
    if asked.takes == "several":  # a typed list is read by its reader, not as a press
        return
    for option in filter(_fixed, (*asked.options, *asked.further)):
        for phrase in _phrases(option, listener.catalogs.values()):
            meant = listener.recognise(TextReceived(phrase), asked, "vi")
            if not isinstance(meant, OptionChosen) or meant.value != option.value:
                yield f"“{phrase}” typed is not understood as “{option.value}”"


MEANT_HERE: Mapping[tuple[str, str], str] = {
    ("consent/reminders", "no"): "“thôi” declines the reminders; nothing is there to be cancelled",
    ("correct/send", "later"): "the case itself is where a correction waits",
    ("menu/choice", "help"): "the page leads with writing to the officer, and adds the office hours",
    ("paused/choice", "help"): "as in the menu",
    ("my_data/choice", "delete"): "whoever is shown the data and says “delete” means just that",
    ("receipt/choice", "status"): "the file is the one just sent, not the list of files",
    ("reminder/choice", "never"): "“thôi” to a reminder ends the reminding, the draft stays",
}
"""(question, option): why an option takes a global word for itself and leads elsewhere."""


def _global_words(dialogs: Dialogs, walked: Walked, visit: Visit, listener: Listener) -> Iterator[str]:
    """Options that take a global word for themselves and lead elsewhere than it does."""
    words = _command_forms()
    for option in filter(_fixed, (*visit.asked.options, *visit.asked.further)):
        here = walked.leads.get((visit.asked.at, option.value))
        for phrase in _phrases(option, listener.catalogs.values()):
            command = words.get(fold(phrase))
            if command is None or here is None or (visit.where, option.value) in MEANT_HERE:
                continue
            there = _command_leads(dialogs, command)
            if there and here not in there:
                yield f"“{phrase}” is “{option.value}” here and leads to {here}, elsewhere it is /{command}"


def _command_forms() -> dict[str, str]:
    return {form: name for name, words in COMMANDS.items() for word in words for form in forms(word)}


def _command_leads(dialogs: Dialogs, command: str) -> set[str]:
    """Names of the dialogs a global word leads to; empty for those that depend on the question."""
    named = {"pause": {"pause", "paused"}, "cancel": {"cancel", "menu"}}
    if command in named:
        return named[command]
    go = dialogs.commands.get(command)
    if go is None:
        return set()
    return {dialog_name(go("", Facts(NOW)).target.partition("/")[0])}


ENGINE_COMMANDS = {"back", "skip", "unsure", "pause", "cancel"}
"""Global words that the engine itself answers."""


def word_clashes(dialogs: Dialogs) -> Iterator[Finding]:
    """Global words that mean two things, or nothing."""
    owners: dict[str, str] = {}
    for name, words in (*COMMANDS.items(), *INTENTS.items()):
        if name not in dialogs.commands and name not in ENGINE_COMMANDS:
            yield f"dialogs/words.py: nothing answers to /{name}"
        for form in {form for word in words for form in forms(word)}:
            other = owners.setdefault(form, name)
            if other != name:
                yield f"dialogs/words.py: “{form}” is both /{other} and /{name}"


# ---------------------------------------------------------------- translations

_PLACEHOLDER = re.compile(r"%(?:\((\w+)\)s|(.?))")


def translations(root: Path) -> Iterator[Finding]:
    """Texts of the source against the catalogues that are shipped."""
    used = _extracted(root)
    for path in sorted((root / "locales").glob("*/LC_MESSAGES/messages.po")):
        name = path.relative_to(root).as_posix()
        with path.open("rb") as file:
            catalog = read_po(file)
        translated = {str(m.id): str(m.string) for m in catalog if m.id and m.string and not m.fuzzy}
        lacking = (msgid for msgid in used if msgid not in translated)
        yield from (f"{used[msgid]}: no translation of “{msgid}” in {name}" for msgid in lacking)
        known = {str(m.id) for m in catalog if m.id}
        yield from (f"{name}: “{msgid}” is no longer used" for msgid in known - used.keys())
        yield from (f"{name}: “{m.id!s}” is no longer used" for m in catalog.obsolete.values())
        for msgid, said in translated.items():
            yield from (f"{name}: “{msgid}”: {what}" for what in placeholder_faults(msgid, said))


def _extracted(root: Path) -> dict[str, str]:
    """msgid -> "<file>:<line>" where it stands first."""
    with (root / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file, "babel.cfg")  # type: ignore[no-untyped-call]
    found = extract_from_dir(root, methods, options, keywords={"N_": None})
    places: dict[str, str] = {}
    for file_name, line, msgid, _, _ in found:
        places.setdefault(str(msgid), f"{file_name}:{line}")
    return places


def placeholder_faults(msgid: str, said: str) -> Iterator[str]:
    if _names(msgid) != _names(said):
        yield f"placeholders {sorted(_names(msgid))} became {sorted(_names(said))}"
    for text in (msgid, said):
        yield from (f"“%{bad}” is no placeholder" for _, bad in _PLACEHOLDER.findall(text) if bad and bad != "%")


def _names(text: str) -> set[str]:
    return {name for name, _ in _PLACEHOLDER.findall(text) if name}


# ---------------------------------------------------------------- charts


def graphs(dialogs: Dialogs = DIALOGS, root: Path = ROOT, walked: Walked | None = None) -> list[str]:
    """One Mermaid flowchart for each dialog: questions, the options between them, and where they lead out."""
    ways = (walked or everywhere(dialogs, root)).ways
    return [_graph(dialog, ways) for dialog in dialogs.by_name.values()]


def _graph(dialog: Dialog, all_ways: Iterable[tuple[str, str, str]]) -> str:
    ways = [way for way in all_ways if way[0].startswith(f"{dialog.name}/")]
    order = {ask.name: n for n, ask in enumerate(dialog.steps)}
    lines = [f"%% {dialog.name}", "flowchart TD"]
    lines += [f'    {_node(dialog, ask.name)}["{ask.name}"]' for ask in dialog.steps]
    outside = sorted({end.partition("/")[0] for _, _, end in ways} - {dialog.name})
    lines += [f'    to_{name}(("{name}"))' for name in outside]
    labels: dict[tuple[str, str], set[str]] = {}
    for start, label, end in sorted(ways, key=lambda way: (order[way[0].partition("/")[2]], way[2])):
        labels.setdefault((_node(dialog, start.partition("/")[2]), _end(dialog, end)), set()).add(label)
    for (start, end), words in labels.items():
        shown = " · ".join(_quoted(label) for label in sorted(words) if label)
        lines.append(f"    {start} " + (f'-->|"{shown}"| ' if shown else "--> ") + end)
    return "\n".join(lines) + "\n"


def _node(dialog: Dialog, name: str) -> str:
    return f"{dialog.name}_{name}"


def _end(dialog: Dialog, where: str) -> str:
    name, _, ask = where.partition("/")
    return _node(dialog, ask) if name == dialog.name else f"to_{name}"


def _quoted(label: str) -> str:
    """Mermaid takes quotes only as a character reference."""
    return label.replace('"', "#quot;")
