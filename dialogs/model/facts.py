"""What the record says when an event comes: the person, their cases, an officer's desk."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from dialogs.council.facts import Agreed, Ballot, Council, EndedSeat, Sitting
from dialogs.evaluation import Assessed, Ready
from dialogs.model.texts import Answers, Text
from dialogs.paperwork import Story
from dialogs.rules.rounds import Round
from dialogs.rules.ruleset import Label


class Role(StrEnum):
    COMMUNE_OFFICER = "commune_officer"
    COMMUNE_APPROVER = "commune_approver"
    PROVINCE_OFFICER = "province_officer"
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True)
class Membership:
    """`territory`: "" the whole country, "15" a province, "15/04321" a commune."""

    role: Role
    territory: str


@dataclass(frozen=True, slots=True)
class Person:
    locale: str = "vi"
    name: str = ""
    phone: str = ""
    producer_kind: str = ""
    producer_name: str = ""
    commune: str = ""
    consent: str = ""  # "": not asked yet; "yes", "no"
    reminders: bool = False
    memberships: tuple[Membership, ...] = ()
    chats: int = 1  # in which they write; places where they are only told don't count
    seated: bool = False  # in a session of a council that is still open
    sat: bool = False  # took a seat once, and has not agreed to what producers are asked


class FileStatus(StrEnum):
    PENDING = "pending"  # not fetched yet
    STORED = "stored"
    REFUSED = "refused"  # `finding` says why
    FAILED = "failed"  # the channel could not give it


@dataclass(frozen=True, slots=True)
class FileFacts:
    id: str
    status: FileStatus
    kind: str = ""
    name: str = ""
    pages: int = 0
    findings: tuple[str, ...] = ()
    tried: bool = False  # fetching it has failed before, so it may take a while


@dataclass(frozen=True, slots=True)
class PaperFacts:
    """The newest version of one paper of a case. `sent` once the producer has handed it to the commune.

    `kept` are its pages as an answer holds them (dialogs.answers.pages_of), of what is not sent yet,
    and of all while something of the case has come back.
    """

    id: str
    version: int
    pages: int
    files: int
    sent: bool
    kept_on: date
    valid_until: date | None = None
    kept: str = ""


@dataclass(frozen=True, slots=True)
class ReturnedItem:
    """`item` is "answer:<question>", "paper:<id>" or "all"; `question`: asked about, not refused.

    `files`: ids of a marked photo or a voice note that belong to the reason. `number` is this return's own, so that
    a button under an old message means nothing else later; 0: not sent yet.
    """

    item: str
    reason: str
    returned_on: date
    question: bool = False
    files: tuple[str, ...] = ()
    number: int = 0


@dataclass(frozen=True, slots=True)
class Mark:
    """An officer's verdict on one item, not sent yet. `verdict`: accept, return, ask. `files` as in ReturnedItem.

    `by` is the colleague who made it, "" oneself.
    """

    item: str
    verdict: str
    reason: str = ""
    files: tuple[str, ...] = ()
    by: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What a resubmitted case has anew beside what was.

    Of "answer:<question>" the stored answers; of "paper:<id>" "<version>/<pages>", "" where there was none; of
    "reply:<item>" what the officer had asked and the words that answer it.
    """

    item: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What the machine noticed. `kind`: missing, blurred, dark, tiny, past_date, ends_soon, same_name, same_file.

    `item` as in ReturnedItem, `detail` the pages ("2, 3"), the day (ISO) or the other case's code ("" for one that
    this officer may not see).
    """

    kind: str
    item: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class UndoFacts:
    """The last decision of this officer on a case, while it may still be taken back (`until`, aware).

    `number` is the decision's own: a button that offers to take one back must not take back a later one.
    `from_status`: what the case was before it.
    """

    action: str
    until: datetime
    number: int = 0
    from_status: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """Ready words for a reason. `item`: "paper:<id>", "answer:<question>", or "paper", "answer" for all of them.

    `text` is what an administrator wrote, or the value of one of check_status.REASONS, which are in every language.
    """

    id: int
    item: str
    text: str


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """`from_status`: what the case was when it was done; "" in what is older than the first status.

    `undone`: of a line with `changes`, that the decision it belongs to was taken back.
    """

    action: str
    happened_at: datetime
    by: str
    reason: str = ""
    item: str = ""
    from_status: str = ""
    changes: "tuple[Change, ...]" = ()  # of a result that was corrected, "result:<what>" as it was and is
    undone: bool = False


@dataclass(frozen=True, slots=True)
class NoteLine:
    """A note as it was written. `photos`, `voices`: how many came with it; `by` the author's name, may be ""."""

    text: str
    written_at: datetime
    by: str
    to_officers: bool
    photos: int = 0
    voices: int = 0


@dataclass(frozen=True, slots=True)
class Rung:
    """One way on which a message was tried, in Vietnamese time.

    `status`: waiting, held, sent, delivered, seen, failed, dropped. `cost`: "free" or "paid" where a channel has a
    window, else "". `outcome`: the kind of error that ended it, "" for none.
    """

    channel: str
    status: str
    sent_at: datetime | None = None
    seen_at: datetime | None = None
    cost: str = ""
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """A message to a producer that they had not asked for. `status`: waiting, held, delivered, seen, failed."""

    at: datetime
    status: str
    rungs: tuple[Rung, ...]


@dataclass(frozen=True, slots=True)
class Addressed:
    """Whom an officer writes to where there is no case, as far as this officer may know.

    `key` is "n<note>" (its `words` are answered) or "p<person>" (somebody with a form begun).
    """

    key: str
    name: str
    words: str = ""
    reachable: bool = True


@dataclass(frozen=True, slots=True)
class ResultFacts:
    """`published`: until then only the province sees it. `criteria`: points by item of the sheet, where entered.
    Without `points_known`, as of an imported certificate, those of the parts mean nothing.

    `product_code` "" where none was given. `revoked_on`: the day of the decision that withdrew the certificate, for a
    ground of the rules of that day.
    """

    points_a: Decimal
    points_b: Decimal
    points_c: Decimal
    stars: int
    decision: str
    certificate_until: date | None
    decided_on: date | None = None
    published: bool = True
    criteria: Mapping[str, Decimal] = field(default_factory=dict)
    product_code: str = ""
    points_known: bool = True
    revoked_on: date | None = None
    revoked_for: str = ""


@dataclass(frozen=True, slots=True)
class OwnPaper:
    """A paper with a last day that a producer keeps here. `paper` is its id in the rulesets, or "other"."""

    id: int
    paper: str
    valid_until: date
    pages: int = 0


@dataclass(frozen=True, slots=True)
class Former:
    """The case that another one continues, as an officer sees it: what is new since, and which papers it brought.

    `changes` are of answers, as Change has them; `carried` ids of papers taken over as they were.
    """

    code: str
    stars: int = 0
    certificate_until: date | None = None
    changes: tuple[Change, ...] = ()
    carried: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StarStep:
    """One thing to do for a star: an item of the score sheet to be raised to `option`, from 1. `number` is its own.

    `before`: the own mark until it was done; None: there was none.
    """

    number: int
    code: str
    option: int
    due_on: date
    done_on: date | None = None
    before: int | None = None

    @property
    def done(self) -> bool:
        return self.done_on is not None


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """A case as this person may see it. `limit_days` None: no limit. `own`: this person handed it in."""

    code: str
    commune: str
    ruleset: str
    status: str
    since: date
    product: str
    answers: Answers
    own: bool
    desk: str = ""
    due_on: date | None = None
    used_days: int = 0
    limit_days: int | None = None
    calendar_days: bool = False  # what the limit is counted in; else working days
    papers: tuple[PaperFacts, ...] = ()
    returned: tuple[ReturnedItem, ...] = ()
    history: tuple[HistoryLine, ...] = ()
    result: ResultFacts | None = None
    by: str = ""  # the producer's name
    resubmitted: bool = False
    assisted: str = ""  # "" no; "waiting" for the producer's confirmation; "code", "sheet": how it was given
    conditions: Mapping[str, bool] = field(default_factory=dict)  # what its producer has said of what papers hang on
    story: Story | None = None  # in the dialog about it
    aims_at: int = 0  # the star that its producer has a list of things to do for; 0: none
    notes: tuple[NoteLine, ...] = ()  # the last ones between its producer and its officers, oldest first
    reachable: bool = True  # whether its producer has a chat that takes messages
    former: str = ""  # code of the case it continues, and why: renewal, upgrade, again
    purpose: str = ""
    round_open: bool = False  # a round has opened since it came to wait for one
    # from here on only what an officer of its territory sees
    may: tuple[str, ...] = ()  # moves of dialogs.rules.lifecycle that this person may make now
    moved_by_me: bool = False  # this person made the move before, or assessed it: who checks does not approve
    holder: str = ""  # who has taken it, "" nobody
    held_by_me: bool = False
    filed_by: str = ""  # the officer who handed it in for its producer
    for_producer: bool = False  # its producer has no chat, and this officer does what the producer would do
    confirmed_alone: bool = False  # this officer handed it in for its producer, and took the signed sheet as well
    minutes_left: int | None = None  # of working time until its deadline, negative when overdue; None: no limit
    marks: tuple[Mark, ...] = ()
    changes: tuple[Change, ...] = ()
    findings: tuple[Finding, ...] = ()
    undo: UndoFacts | None = None
    told: tuple[Told, ...] = ()  # what its producer was told without having asked, the newest first
    self_marks: Mapping[str, int] = field(default_factory=dict)  # the producer's own, in the dialogs about them
    steps: tuple[StarStep, ...] = ()  # of the list of things to do for a star, in the same dialogs
    continues: Former | None = None  # the case of `former`
    assessment: tuple[Assessed, ...] = ()  # the commune's, for those only who decide on the case
    with_group: bool = False  # the province's advisory group is reading it
    sitting: Sitting | None = None  # for who may enter its result
    agreed: Agreed | None = None  # what a session came to that is over, for the same
    round: Round | None = None  # of the province: the one it was sent up for, or would be today
    officers: int = 0  # of its commune, which need not be the person's
    officer: str = ""  # the name of the only one who checks its commune's cases; "" if there are several, or away
    approver: str = ""  # the same of who signs for its commune
    province_officers: int = 0

    @property
    def as_producer(self) -> bool:
        """Whether this person does what its producer does. Who decides is another matter: that asks for `own`."""
        return self.own or self.for_producer


@dataclass(frozen=True, slots=True)
class DeskLine:
    """A case in an officer's list. `minutes_left` as in CaseFacts; `silent_days`: since when its producer says nothing.

    `since` is the day on which its status began.

    A draft has no case yet: its `code` is "p<person>", and only its title and its producer's name are known. Of a
    question about no case it is "n<note>", and `product` are its words; `days_left` working days until it has to be
    answered, if it is about personal data, and less than 0 once it is late.

    Of a producer to be telephoned: `ends_on` is the last day of their certificate, or of the `paper` of this id.
    """

    code: str
    product: str
    by: str
    status: str = ""
    minutes_left: int | None = None
    resubmitted: bool = False
    holder: str = ""
    held_by_me: bool = False
    silent_days: int = 0
    since: date | None = None
    days_left: int | None = None
    ends_on: date | None = None
    paper: str = ""


@dataclass(frozen=True, slots=True)
class DeskFacts:
    """An officer's list as far as it is shown: one filter or one search.

    `counts` by filter: act (all that this officer can act on), new, due, overdue, urgent (both), resubmitted, mine,
    waiting (for the producer), drafts, asked (questions about no case), ends (whom to telephone). `lines`: one page,
    most urgent first; `total` of the filter or the search shown; `after` is where the next page begins, "" where there
    is none.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    lines: tuple[DeskLine, ...] = ()
    total: int = 0
    after: str = ""
    undoable: str = ""  # code of the case whose decision this officer may still take back


@dataclass(frozen=True, slots=True)
class Colleague:
    """Another officer, as one chooses one to pass a case on to, to cover, or to remove; person 0 is oneself."""

    person_id: int
    name: str
    role: Role
    territory: str
    cases: int = 0  # open ones in hand
    away_until: date | None = None


@dataclass(frozen=True, slots=True)
class Absence:
    """An officer's leave, first and last day included."""

    first_on: date
    last_on: date
    cover: str


@dataclass(frozen=True, slots=True)
class OfficeFacts:
    """An office whose calendar this person keeps.

    `sessions` as dialogs.rules.working_days has them; `days_off` from today on, each with its reason; `closed` are
    those that its province has declared for all.
    """

    territory: str
    hours: str
    sessions: tuple[tuple[int, int], ...]
    days_off: tuple[tuple[date, str], ...] = ()
    closed: tuple[tuple[date, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Way:
    """A place where a person is told: a chat, or an address. `here`: the chat of this conversation.

    `address` is an e-mail address, "" elsewhere; `used_on` None: never; `drafts` are the titles of the forms to be
    sent that were begun in another chat.
    """

    channel: str
    used_on: date | None = None
    address: str = ""
    blocked: bool = False
    here: bool = False
    drafts: tuple[Text | str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reach:
    """How a person is told. `ways`: in the order in which they are tried.

    `hours`: of an officer, from and to in minutes of the day, None: as usual; `unproved`: an e-mail address to which a
    code went.
    """

    ways: tuple[Way, ...] = ()
    hours: tuple[int, int] | None = None
    unproved: str = ""


@dataclass(frozen=True, slots=True)
class Joining:
    """Two chats on their way to be one person's, as this one sees it. `channel`: of the other chat, "" while unknown.

    `stage`: "made", this chat has a code that nobody has typed yet; "typed", it has typed the other's code and is asked
    whether it agrees; "agreed", it has, and waits for the other one; "asked", the other has typed this chat's code and
    agreed, and this one has the word. `number` is the asking chat's, so that a button says yes to nobody else. `until`
    is in Vietnamese time.
    """

    stage: str
    channel: str
    number: int
    until: datetime


@dataclass(frozen=True, slots=True)
class ArticleHead:
    id: str
    section: str
    title: Label
    service: bool = False


@dataclass(frozen=True, slots=True)
class QuizFacts:
    id: str
    text: Label
    options: tuple[Label, ...]
    correct: int
    explanation: Label
    article: str


@dataclass(frozen=True, slots=True)
class DraftFacts:
    """A form begun and not finished. `left` counts its open questions; `title` is in the producer's own words, if any.

    `sent`: an office gets it in the end; what is for oneself is never “not sent yet”.
    """

    key: str
    title: Text | str
    left: int
    sent: bool = True

    @property
    def short(self) -> Text | str:
        """The title, as far as a button has room for it."""
        return self.title[:40] if isinstance(self.title, str) else self.title


@dataclass(frozen=True, slots=True)
class ListedMaker:
    """A maker of the person's commune who was only ever in a province's list, with the person's number."""

    id: int
    name: str
    products: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a dialog may know of the world at this moment; nothing in it is fetched later."""

    now: datetime
    person: Person = field(default_factory=Person)
    cases: tuple[CaseFacts, ...] = ()  # own, newest first
    desk: DeskFacts = field(default_factory=DeskFacts)
    colleagues: tuple[Colleague, ...] = ()
    absence: Absence | None = None
    offices: tuple[OfficeFacts, ...] = ()  # in the dialogs that keep their calendars
    ready: tuple[Ready, ...] = ()  # checked dossiers, where several are sent up at once
    rounds: tuple[Round, ...] = ()  # that the province has set itself, where they are shown
    councils: tuple[Council, ...] = ()  # sessions that this person is a secretary of, where they are looked at
    seat_ended: EndedSeat | None = None  # of who has none any more, there or at all, where councils are looked at
    ballots: tuple[Ballot, ...] = ()  # one's own as a member of a council, of who sits there now or looks at them
    templates: tuple[Template, ...] = ()  # only where one of them may be chosen or edited
    named: tuple[CaseFacts, ...] = ()  # cases the state or the event names, if this person may see them
    files: Mapping[str, FileFacts] = field(default_factory=dict)
    drafts: tuple[DraftFacts, ...] = ()  # filled in by the engine, for commands and outside forms
    articles: tuple[ArticleHead, ...] = ()
    quiz: tuple[QuizFacts, ...] = ()
    officers: int = 0  # of the person's commune
    province_officers: int = 0
    hours: str = ""  # office hours of the commune, as its officer wrote them
    addressed: Addressed | None = None  # whom the dialog "note" writes to where its subject is no case
    receives_files: bool = True
    receives_photos: bool = True  # also where no other files come through
    has_pages: bool = False  # whether people can open our web pages
    channel: str = ""  # of this conversation
    channels: frozenset[str] = frozenset()  # that are on
    asks_contact: bool = True  # whether this channel vouches for a number that is sent with its button
    vouching: frozenset[str] = frozenset()  # channels that do
    reach: Reach = field(default_factory=Reach)  # in the dialogs about it, and where drafts of other chats are named
    joining: Joining | None = None  # as reach
    own_papers: tuple[OwnPaper, ...] = ()  # in the dialogs about papers that end
    listed_makers: tuple[ListedMaker, ...] = ()  # where certificates are looked for, once the number is there

    @property
    def today(self) -> date:
        return self.now.date()

    @property
    def sits_only(self) -> bool:
        """Whether this person is here for a council only: no officer, and no maker of anything."""
        here = self.person.seated or self.person.sat
        return here and not self.person.memberships and not self.cases

    def case(self, code: str) -> CaseFacts | None:
        """The case of that code as far as this person may see it."""
        return next((case for case in (*self.named, *self.cases) if case.code == code), None)

    def council(self, subject: str) -> Council | None:
        """The session of that number, if this person is a secretary of it."""
        return next((one for one in self.councils if str(one.id) == subject), None)

    def ballot(self, code: str) -> Ballot | None:
        """One's own score sheet of that case."""
        return next((one for one in self.ballots if one.code == code), None)


def case_of(answers: Answers, facts: Facts) -> CaseFacts:
    """The case that a dialog is about, once its `allowed` has let somebody through; raises LookupError without one."""
    case = facts.case(answers["subject"])
    if case is None:
        raise LookupError(answers["subject"])
    return case
