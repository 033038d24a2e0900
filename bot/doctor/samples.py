"""People of several kinds and what the record says of them, for the walk through the dialogs, and for tests."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from bot.catalogs import VIETNAM
from bot.sample_council import sample_ballots, sample_councils
from dialogs.council.facts import SCORING
from dialogs.engine import PAGE
from dialogs.model import (
    Absence,
    Addressed,
    Agreed,
    Assessed,
    CaseFacts,
    Colleague,
    DeskFacts,
    DeskLine,
    Draft,
    EndedSeat,
    Facts,
    Joining,
    Mark,
    Membership,
    NoteLine,
    OfficeFacts,
    OwnPaper,
    PaperFacts,
    Person,
    Reach,
    Ready,
    ResultFacts,
    ReturnedItem,
    Role,
    Sitting,
    StarStep,
    State,
    Story,
    Template,
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
        Situation(
            "a member of a council whose session is over",
            replace(base, person=Person(sat=True), seat_ended=EndedSeat("1/2026", "15", "Trần Thị Lan", over=True)),
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
    "30/6/2027",
    "7/12",
    "mã 482913 TL12-26-0001",
)
"""Typed at every question: what any reader of ours needs is among them, and an old commune name of many places."""
