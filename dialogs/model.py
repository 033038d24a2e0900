"""The words every conversation is made of: what comes in, what is kept, what goes out.

A conversation is a value (`State`). An `Event` moves it, `dialogs.engine.step` says how, and what it
says or orders are `Effect`s. Nothing here knows a language, a channel, a clock or a database.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from dialogs.council.facts import Agreed as Agreed
from dialogs.council.facts import Ballot as Ballot
from dialogs.council.facts import Cast as Cast
from dialogs.council.facts import CastBallot as CastBallot
from dialogs.council.facts import CloseCouncil as CloseCouncil
from dialogs.council.facts import Council as Council
from dialogs.council.facts import DecideStars as DecideStars
from dialogs.council.facts import DeclareInterest as DeclareInterest
from dialogs.council.facts import DropSeat as DropSeat
from dialogs.council.facts import InviteMember as InviteMember
from dialogs.council.facts import LookAtMarks as LookAtMarks
from dialogs.council.facts import MakeCouncilPapers as MakeCouncilPapers
from dialogs.council.facts import OpenCouncil as OpenCouncil
from dialogs.council.facts import ReadDossier as ReadDossier
from dialogs.council.facts import RemindMembers as RemindMembers
from dialogs.council.facts import RenewSeat as RenewSeat
from dialogs.council.facts import ScoreItem as ScoreItem
from dialogs.council.facts import Seat as Seat
from dialogs.council.facts import Tabled as Tabled
from dialogs.council.facts import TableProduct as TableProduct
from dialogs.council.facts import TakeSeat as TakeSeat
from dialogs.evaluation import Assessed as Assessed
from dialogs.evaluation import AssessTopic as AssessTopic
from dialogs.evaluation import DropRound as DropRound
from dialogs.evaluation import MakeReport as MakeReport
from dialogs.evaluation import Ready as Ready
from dialogs.evaluation import SendUpAll as SendUpAll
from dialogs.evaluation import SetRound as SetRound
from dialogs.paperwork import KeepCondition as KeepCondition
from dialogs.paperwork import KeepStory as KeepStory
from dialogs.paperwork import SendForm as SendForm
from dialogs.paperwork import Story as Story
from dialogs.rules.rounds import Round
from dialogs.rules.ruleset import Label

Answers = Mapping[str, str]
"""Answers in stored form by question name. `subject` holds what the dialog is about: a case code, a serial."""


def N_(msgid: str) -> str:
    """Mark a text for extraction; `bot.render` translates it."""
    return msgid


# ---------------------------------------------------------------- texts


@dataclass(frozen=True, slots=True)
class Text:
    """A whole sentence or paragraph: English msgid, named values; with `plural`, `values["count"]` decides."""

    msgid: str
    values: "Mapping[str, Value]" = field(default_factory=dict)
    plural: str = ""


Value = str | int | Decimal | date | datetime | Label | Text
Sayable = Text | Label | str
"""What a label may be: to be translated, in both languages already, or a person's own words."""


@dataclass(frozen=True, slots=True)
class Option:
    """One way to answer. `typed` are further words for it; `takes_rest`: what is typed after them comes along.

    `hidden`: not shown, only understood when typed, and after what is shown.
    """

    value: str
    label: Sayable
    typed: tuple[Sayable, ...] = ()
    takes_rest: bool = False
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """A button that works at any time, under any message: it goes to a dialog. `typed` is what to type for it."""

    target: str
    label: Sayable
    typed: str = ""


# ---------------------------------------------------------------- events: what happened


MAX_FILE_BYTES = 20 * 1024 * 1024
"""What Telegram's cloud lets a bot download (20 MiB), so the limit of every channel."""


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file that a channel can fetch: `id` is ours, `size_bytes` 0 where the channel does not say."""

    id: str
    name: str
    size_bytes: int
    is_photo: bool
    is_voice: bool = False


@dataclass(frozen=True, slots=True)
class TextReceived:
    text: str


@dataclass(frozen=True, slots=True)
class OptionChosen:
    """`at` is the question the button stood under; `rest` what was typed after the option's words."""

    at: str
    value: str
    rest: str = ""


@dataclass(frozen=True, slots=True)
class Unclear:
    """Several options of the present question are meant equally well."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LinkFollowed:
    """`answers` are given to the draft there; only our own pages set them, never a button."""

    target: str
    answers: Answers = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Misplaced:
    """An officer typed what means nothing here: a button of another screen, or what sounds like a question."""

    text: str


@dataclass(frozen=True, slots=True)
class NoSuchLine:
    """A number was typed that the newest list, which goes up to `most`, does not have."""

    number: int
    most: int


@dataclass(frozen=True, slots=True)
class CommandReceived:
    """A global word or a slash command; `argument` is the rest of the line."""

    name: str
    argument: str = ""


@dataclass(frozen=True, slots=True)
class QuestionAsked:
    """The person asks instead of answering. `article` answers it ("" = none does); `statement` stood before it."""

    text: str
    article: str
    statement: str = ""


@dataclass(frozen=True, slots=True)
class CaseNamed:
    code: str


@dataclass(frozen=True, slots=True)
class FileReceived:
    file: FileRef


@dataclass(frozen=True, slots=True)
class ContactShared:
    """`own` is true only when the platform vouches that it is the sender's own card."""

    phone: str
    own: bool


@dataclass(frozen=True, slots=True)
class LocationShared:
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class UnsupportedReceived:
    """Something we can't read. `kind`: sticker, voice (where no file tells more), video, poll, edited, other.

    "hidden": the messenger does not say what it was (a file, where it carries none).
    """

    kind: str


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A moment agreed on has come, about the draft `subject`.

    `kind` is reminder, files (of an answer), stray (files nobody asked for), leave (one is over) or join (another chat
    asks to be joined, or what became of that: see TellJoin). `turn` is the one it was set in; when the
    conversation (files, stray) or the draft (reminder) has moved on since, it means nothing.
    """

    kind: str
    subject: str
    turn: int


Event = (
    TextReceived
    | OptionChosen
    | Unclear
    | Misplaced
    | NoSuchLine
    | LinkFollowed
    | CommandReceived
    | QuestionAsked
    | CaseNamed
    | FileReceived
    | ContactShared
    | LocationShared
    | UnsupportedReceived
    | TimerFired
)


# ---------------------------------------------------------------- state: what is kept between two events


@dataclass(frozen=True, slots=True)
class Draft:
    """Answers so far. `partial` is the unfinished answer to the present question; `suggested` awaits a yes.

    `version` is the dialog's at the time of the answers; `at` the question to come back to; `page` of a long
    list; `turn` the last one that changed it; `shelved` are unfinished answers of questions left by "back":
    photos that were sent wait there.
    """

    answers: Answers
    version: int = 1
    at: str = ""
    partial: str = ""
    suggested: str = ""
    page: int = 0
    turn: int = 0
    shelved: Answers = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class State:
    """Where a conversation stands. `at` is "<draft key>/<question>"; a draft key is "<dialog>.<subject>".

    `then` is where a detour (consent, place) leads back to; `serial` numbers the drafts begun; `turn` counts
    the events.
    """

    at: str = ""
    drafts: Mapping[str, Draft] = field(default_factory=dict)
    then: str = ""
    serial: int = 0
    turn: int = 0

    @property
    def key(self) -> str:
        return self.at.partition("/")[0]

    @property
    def question(self) -> str:
        return self.at.partition("/")[2]


# ---------------------------------------------------------------- facts: what the record says


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
    """`from_status`: what the case was when it was done; "" in what is older than the first status."""

    action: str
    happened_at: datetime
    by: str
    reason: str = ""
    item: str = ""
    from_status: str = ""
    changes: "tuple[Change, ...]" = ()  # of a result that was corrected, "result:<what>" as it was and is


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

    `address` is an e-mail address, "" elsewhere; `used_on` None: never; `drafts` are the titles of the forms begun in
    another chat.
    """

    channel: str
    used_on: date | None = None
    address: str = ""
    blocked: bool = False
    here: bool = False
    drafts: tuple[str, ...] = ()


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
    """A form begun and not finished. `left` counts its open questions; `title` is the producer's own words."""

    key: str
    title: str
    left: int


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
    ballots: tuple[Ballot, ...] = ()  # one's own as a member of a council, where they are looked at
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
    reach: Reach = field(default_factory=Reach)  # in the dialogs about it, and where drafts of other chats are named
    joining: Joining | None = None  # as reach
    own_papers: tuple[OwnPaper, ...] = ()  # in the dialogs about papers that end
    listed_makers: tuple[ListedMaker, ...] = ()  # where certificates are looked for, once the number is there

    @property
    def today(self) -> date:
        return self.now.date()

    def case(self, code: str) -> CaseFacts | None:
        """The case of that code as far as this person may see it."""
        return next((case for case in (*self.named, *self.cases) if case.code == code), None)

    def council(self, subject: str) -> Council | None:
        """The session of that number, if this person is a secretary of it."""
        return next((one for one in self.councils if str(one.id) == subject), None)

    def ballot(self, code: str) -> Ballot | None:
        """One's own score sheet of that case."""
        return next((one for one in self.ballots if one.code == code), None)


# ---------------------------------------------------------------- effects: what shall happen


@dataclass(frozen=True, slots=True)
class SendMessage:
    """Paragraphs to the person of this conversation, with ways to answer (options) or to go on (links)."""

    texts: tuple[Text, ...]
    options: tuple[Option, ...] = ()
    links: tuple[Link, ...] = ()
    at: str = ""
    further: tuple[Option, ...] = ()  # on other pages of the list: understood when typed
    takes: str = ""  # see Reader
    exact: bool = False  # only the whole words of an option are taken for it
    confirms: bool = False  # it asks whether to do what can't simply be changed afterwards
    free: bool = False  # outside a form: whatever the bot can do may be asked for here
    buttons: tuple[Option, ...] = ()  # to an officer outside a form: all of the desk; alone they are nobody's own words
    desk: bool = False  # a screen of the desk: what is not plainly a question is not looked up in the handbook
    ask_contact: bool = False
    ask_location: bool = False
    takes_voice: bool = False
    upload: tuple[str, str] | None = None  # (case code, paper id): offer a web link where files can't be sent


@dataclass(frozen=True, slots=True)
class SendArticle:
    id: str


@dataclass(frozen=True, slots=True)
class SendPages:
    """Show photos as the PDF they would become. `pages`: (file id, rotation in degrees)."""

    pages: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class SendPapers:
    """Send the kept papers of a case; `paper` "" means all.

    `look` is how: "file" as documents, "pages" as pictures to look at in the chat, "sheet" one picture of small ones.
    """

    code: str
    paper: str = ""
    look: str = "file"


@dataclass(frozen=True, slots=True)
class RecordConsent:
    given: bool
    text_version: str


@dataclass(frozen=True, slots=True)
class RecordReminders:
    wanted: bool
    text_version: str


@dataclass(frozen=True, slots=True)
class SetLocale:
    locale: str


@dataclass(frozen=True, slots=True)
class SetPlace:
    commune: str


@dataclass(frozen=True, slots=True)
class SetHours:
    """When people may come to an office: its officer's words, and the sessions in them (none: the usual ones)."""

    text: str
    territory: str
    sessions: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class SubmitIdea:
    answers: Answers


@dataclass(frozen=True, slots=True)
class CorrectAnswers:
    """Answers sent again after a return; the case goes back to the desk."""

    code: str
    answers: Answers


@dataclass(frozen=True, slots=True)
class KeepFile:
    """`unnamed`: nobody has said what it is; where photos can be read, that is looked for on it."""

    file: FileRef
    unnamed: bool = False


@dataclass(frozen=True, slots=True)
class KeepPaper:
    """A new version of a paper from these pages, in order. `pages`: (file id, rotation in degrees)."""

    code: str
    paper: str
    pages: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class KeepSelfScore:
    """What a producer thinks the council would mark for one item: the option's number (dialogs.rules.scoring).

    `mark` None: not known. All other marks stay what they are in the record.
    """

    code: str
    item: str
    mark: int | None


@dataclass(frozen=True, slots=True)
class ScorePicture:
    """A score to look at. `bars`: name, points, what they may become, the most there is; `stars`: where each begins."""

    title: Text
    total: Text
    bars: tuple[tuple[Text, int, int, int], ...]
    stars: tuple[tuple[int, int], ...]
    note: Text


@dataclass(frozen=True, slots=True)
class SendScore:
    """Send a score as a picture to the person of this conversation."""

    picture: ScorePicture


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """An item of the score sheet to be raised to `option` by a day."""

    code: str
    option: int
    due_on: date


@dataclass(frozen=True, slots=True)
class TakePlan:
    """A list of things to do for a star, in place of what was still to do on the one before."""

    code: str
    stars: int
    steps: tuple[PlannedStep, ...]
    remind: bool


@dataclass(frozen=True, slots=True)
class DropPlan:
    """No list any more; what was done on it stays done."""

    code: str


@dataclass(frozen=True, slots=True)
class TickStep:
    """A thing to do is done, which counts in one's own score; or it is not after all. `number` as in StarStep."""

    code: str
    number: int
    done: bool


@dataclass(frozen=True, slots=True)
class MoveStep:
    """A thing to do has another day."""

    code: str
    number: int
    due_on: date


@dataclass(frozen=True, slots=True)
class SendToCommune:
    """Hand the kept papers of a case to the commune."""

    code: str


@dataclass(frozen=True, slots=True)
class DecideCase:
    """An officer's decision; `action` is a move of dialogs.rules.lifecycle.

    `status` is the one that was decided on: a case that has another one by now is not moved. "": as the turn saw it.
    `ground` and `on`: of a certificate that is withdrawn, as ResultFacts has them.
    """

    code: str
    action: str
    item: str = ""
    reason: str = ""
    status: str = ""
    ground: str = ""
    on: date | None = None


@dataclass(frozen=True, slots=True)
class TakeCase:
    """Take a case in hand: one officer has it; taking one's own again changes nothing."""

    code: str


@dataclass(frozen=True, slots=True)
class ReleaseCase:
    code: str


@dataclass(frozen=True, slots=True)
class PassCase:
    """Give a case to a colleague, who is told with the note."""

    code: str
    person_id: int
    note: str


@dataclass(frozen=True, slots=True)
class MarkItem:
    """Note a verdict on one item of a case; nobody is told. Verdict "" takes a mark away."""

    code: str
    item: str
    verdict: str
    reason: str = ""
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SendReview:
    """Return a case with all that is marked "return" or "ask"; the producer is told in one message.

    `seen` says which marks were looked at (dialogs.officer.check.seen): with others nothing is sent.
    """

    code: str
    seen: str


@dataclass(frozen=True, slots=True)
class PreviewReview:
    """Show the message that SendReview would send, as the producer's own chat shows it."""

    code: str


@dataclass(frozen=True, slots=True)
class AnswerQuestion:
    """A producer's words to an officer's question about one item; `number` as in ReturnedItem."""

    code: str
    number: int
    text: str


@dataclass(frozen=True, slots=True)
class UndoDecision:
    """Take back a decision on a case, within ten minutes; who was told is told of that as well.

    `number` as in UndoFacts: with another decision since, nothing is taken back.
    """

    code: str
    number: int


@dataclass(frozen=True, slots=True)
class SetPaperDate:
    """A paper's own last day, as an officer read it."""

    code: str
    paper: str
    day: date


@dataclass(frozen=True, slots=True)
class PublishResult:
    """Points of the three parts and the decision; the producer is told. `criteria`: of each item, or none of any.

    `stars`: what a council decided where points and gates disagree; 0: those of the points.
    """

    code: str
    points_a: Decimal
    points_b: Decimal
    points_c: Decimal
    decision: str
    decided_on: date
    criteria: Mapping[str, Decimal] = field(default_factory=dict)
    stars: int = 0


@dataclass(frozen=True, slots=True)
class AmendResult:
    """What stands in a published result is put right: all of it anew, and why. Both versions are kept."""

    code: str
    points_a: Decimal
    points_b: Decimal
    points_c: Decimal
    decision: str
    decided_on: date
    reason: str


@dataclass(frozen=True, slots=True)
class StandAgain:
    """A new case that continues one's own: `purpose` is renewal, upgrade or again (after one or two stars)."""

    code: str
    purpose: str
    answers: Answers


@dataclass(frozen=True, slots=True)
class DropBegun:
    """One's own dossier that was begun and handed to nobody is deleted."""

    code: str


@dataclass(frozen=True, slots=True)
class ResumeCase:
    """What was put off goes on in the new round: as it stands, or (`rework`) back to its producer to change it."""

    code: str
    rework: bool = False


@dataclass(frozen=True, slots=True)
class KeepOwnPaper:
    """A paper with a last day, for reminders and the next dossier. `pages` as in KeepPaper, may be none."""

    paper: str
    pages: tuple[tuple[str, int], ...]
    valid_until: date


@dataclass(frozen=True, slots=True)
class DropOwnPaper:
    id: int


@dataclass(frozen=True, slots=True)
class SetTemplate:
    """A new reason template for an item ("paper:<id>", "answer:<question>", or "paper", "answer" for all of them)."""

    item: str
    text: str


@dataclass(frozen=True, slots=True)
class RemoveTemplate:
    id: int


@dataclass(frozen=True, slots=True)
class TakeLeave:
    """Be away from the first to the last day; what comes meanwhile goes to the cover."""

    first_on: date
    last_on: date
    cover_id: int


@dataclass(frozen=True, slots=True)
class EndLeave:
    """Be back now."""


@dataclass(frozen=True, slots=True)
class LeaveOver:
    """A leave ended yesterday: what its cover has in hand and may not go on with comes back."""


@dataclass(frozen=True, slots=True)
class SetName:
    """An officer's name, as colleagues and producers read it."""

    name: str


@dataclass(frozen=True, slots=True)
class HandOver:
    """Give all open cases of one officer to another, who is told; 0 is oneself."""

    from_id: int
    to_id: int


@dataclass(frozen=True, slots=True)
class RemoveOfficer:
    """End an officer's roles in a territory; 0 is oneself.

    What is in their hand goes to `to_id`, or is free again (None).
    """

    person_id: int
    territory: str
    to_id: int | None = None


@dataclass(frozen=True, slots=True)
class SetDayOff:
    """Close an office on a day, and all that lies in its territory; `closed` False opens it again."""

    territory: str
    day: date
    reason: str = ""
    closed: bool = True


@dataclass(frozen=True, slots=True)
class PostponeDigest:
    """Send this morning's overview again at another moment (aware)."""

    due_at: datetime


@dataclass(frozen=True, slots=True)
class SubmitAssisted:
    """Hand in an idea for a producer without a phone; the answers have the producer's name and number."""

    answers: Answers


@dataclass(frozen=True, slots=True)
class ConfirmAssisted:
    """The producer's consent to what was handed in for them: 6 digits, or pages of a signed sheet."""

    code: str
    digits: str = ""
    pages: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class RenewCode:
    """New digits for a case that was handed in for its producer; the old ones are void."""

    code: str


@dataclass(frozen=True, slots=True)
class ExportAudit:
    """All that is recorded of one case, as a file for this officer."""

    code: str


@dataclass(frozen=True, slots=True)
class ExportCases:
    """The cases of a territory ("" for all) as a list for this officer."""

    territory: str


@dataclass(frozen=True, slots=True)
class LookForCertificates:
    """The number has been sent: the facts shall tell which makers of the province's lists have it."""


@dataclass(frozen=True, slots=True)
class ClaimCertificates:
    """The certificates that a province handed in for one maker become this person's.

    `phone` (E.164) is this person's, the messenger vouches for it; `maker` is ListedMaker.id, as it was shown to them.
    """

    phone: str
    maker: int


@dataclass(frozen=True, slots=True)
class SendImportForm:
    """An empty list with the headings, for the certificates that a province has given already."""


@dataclass(frozen=True, slots=True)
class AskImport:
    """A file of this officer's, just sent, is a list of a province's certificates: look at it, write nothing."""

    province: str
    file_id: str


@dataclass(frozen=True, slots=True)
class ConfirmImport:
    """Take over what is new and right in a list that was looked at."""

    number: int


@dataclass(frozen=True, slots=True)
class SendReport:
    """A month of a territory as a report for this officer; `first` is the month's first day."""

    territory: str
    first: date


@dataclass(frozen=True, slots=True)
class RevealPhone:
    """Say the producer's telephone number to an officer; every time is recorded."""

    code: str


@dataclass(frozen=True, slots=True)
class SendNote:
    """Words between a producer and the officers of a commune; about a case, or about none ("").

    `files`: ids of photos and voice notes that go with them. `request`: what a producer wants done about
    personal data (correct, withdraw, complain), which has to be answered in time.
    """

    code: str
    text: str
    to_officers: bool
    files: tuple[str, ...] = ()
    request: str = ""


@dataclass(frozen=True, slots=True)
class SettleQuestion:
    """A producer's question about no case ("n<note>") needs no answer: it waits on nobody's desk any more."""

    key: str


@dataclass(frozen=True, slots=True)
class SendNoteFiles:
    """Send the photos and voice notes of the last notes on a case to the person of this conversation."""

    code: str


@dataclass(frozen=True, slots=True)
class StartTimer:
    """`TimerFired(kind, subject)` comes back after this many seconds unless the conversation has moved on."""

    kind: str
    subject: str
    after_s: int


@dataclass(frozen=True, slots=True)
class RemindAt:
    """Remind of a draft at this moment (aware), whatever else happens; a newer one for the draft replaces it."""

    subject: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class UseInvitation:
    token: str


@dataclass(frozen=True, slots=True)
class Invite:
    """Make a one-time link for a new officer and say it to the person of this conversation."""

    role: Role
    territory: str


@dataclass(frozen=True, slots=True)
class MakeJoinCode:
    """Say a code to the person of this conversation with which another chat of theirs can be joined to it."""


@dataclass(frozen=True, slots=True)
class UseJoinCode:
    """Six digits that another chat was given."""

    digits: str


@dataclass(frozen=True, slots=True)
class AgreeToJoin:
    """The chat that typed the code wants to be joined; the other one is asked at once."""


@dataclass(frozen=True, slots=True)
class AnswerJoin:
    """The word of the chat whose code was typed; `number` as in Joining."""

    number: int
    yes: bool


@dataclass(frozen=True, slots=True)
class LeaveJoin:
    """Not to be joined after all; who waits for it is told."""


@dataclass(frozen=True, slots=True)
class TellJoin:
    """What became of a joining that this chat waits for: joined, refused, left, over (the time is).

    "asked": another chat has agreed, and this one is asked about it with this very turn.
    """

    outcome: str


@dataclass(frozen=True, slots=True)
class SplitOff:
    """Make this chat a new person's, of whom nothing is known; all there is stays with the other chats."""


@dataclass(frozen=True, slots=True)
class TellFirst:
    """Over which channel this person wants to be told first."""

    channel: str


@dataclass(frozen=True, slots=True)
class TellBetween:
    """Between which minutes of a day an officer may be told what they did not ask for; None: as usual."""

    hours: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class GiveAddress:
    """Send six digits to an e-mail address, to see that it is theirs."""

    address: str


@dataclass(frozen=True, slots=True)
class ProveAddress:
    digits: str


@dataclass(frozen=True, slots=True)
class DropAddress:
    """Tell nothing by e-mail any more; the addresses are erased."""


@dataclass(frozen=True, slots=True)
class SendMyData:
    """Everything that is kept about this person, as a file."""


@dataclass(frozen=True, slots=True)
class ForgetMe:
    """Take the consent back; delete drafts, chat data and files at once. What was handed in stays, as a record."""


Effect = (
    SendMessage
    | SendArticle
    | SendPages
    | SendPapers
    | RecordConsent
    | RecordReminders
    | SetPaperDate
    | SubmitAssisted
    | ConfirmAssisted
    | RenewCode
    | SetLocale
    | SetPlace
    | SetHours
    | SetDayOff
    | PostponeDigest
    | SubmitIdea
    | CorrectAnswers
    | KeepFile
    | KeepSelfScore
    | SendScore
    | TakePlan
    | DropPlan
    | TickStep
    | MoveStep
    | KeepPaper
    | KeepCondition
    | KeepStory
    | SendForm
    | SendToCommune
    | DecideCase
    | TakeCase
    | ReleaseCase
    | PassCase
    | PublishResult
    | AssessTopic
    | MakeReport
    | SendUpAll
    | SetRound
    | DropRound
    | OpenCouncil
    | TableProduct
    | InviteMember
    | RenewSeat
    | DropSeat
    | RemindMembers
    | LookAtMarks
    | CloseCouncil
    | DecideStars
    | MakeCouncilPapers
    | TakeSeat
    | DeclareInterest
    | ScoreItem
    | CastBallot
    | ReadDossier
    | AmendResult
    | StandAgain
    | DropBegun
    | ResumeCase
    | KeepOwnPaper
    | DropOwnPaper
    | MarkItem
    | PreviewReview
    | SendReview
    | AnswerQuestion
    | UndoDecision
    | ExportAudit
    | ExportCases
    | SendReport
    | ClaimCertificates
    | LookForCertificates
    | SendImportForm
    | AskImport
    | ConfirmImport
    | SetTemplate
    | RemoveTemplate
    | RevealPhone
    | SendNote
    | SettleQuestion
    | SendNoteFiles
    | StartTimer
    | RemindAt
    | TakeLeave
    | EndLeave
    | LeaveOver
    | HandOver
    | RemoveOfficer
    | SetName
    | UseInvitation
    | Invite
    | MakeJoinCode
    | UseJoinCode
    | AgreeToJoin
    | AnswerJoin
    | LeaveJoin
    | TellJoin
    | SplitOff
    | TellFirst
    | TellBetween
    | GiveAddress
    | ProveAddress
    | DropAddress
    | SendMyData
    | ForgetMe
)
Effects = tuple[Effect, ...]


# ---------------------------------------------------------------- declarations: what a dialog is


class InvalidAnswer(Exception):
    """Why an answer can't be taken, in words for the person who gave it."""

    def __init__(self, msgid: str, **values: Value) -> None:
        super().__init__(msgid)
        self.text = Text(msgid, values)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a reader made of an event. Not `complete`: kept, and the question stays open.

    `also` are answers to other questions that came with it ("2 tạ một tháng"); `effects` belong to the event;
    `quiet`: say nothing now (a further photo of an album follows); `leads`: it is no answer, but leads to this
    question of the same draft; `belongs`: it answers that one instead, and is read there.
    """

    value: str
    complete: bool = True
    also: Answers = field(default_factory=dict)
    effects: Effects = ()
    quiet: bool = False
    leads: str = ""
    belongs: str = ""


class Reader(Protocol):
    """How one kind of answer is offered, read, shown and checked again. `partial` is the unfinished answer.

    `takes` says what typed text is to it: "text" its own words, "number" a figure, "several" a list of
    choices, "" only one choice.
    """

    @property
    def takes(self) -> str: ...

    def options(self, answers: Answers, facts: Facts, partial: str) -> tuple[Option, ...]: ...

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        """The stored form of the answer; raises InvalidAnswer."""
        ...

    def show(self, value: str, answers: Answers, facts: Facts) -> Sayable:
        """A stored answer in words."""
        ...

    def holds(self, value: str, answers: Answers, facts: Facts) -> bool:
        """Whether a stored answer is still one (a list may have changed since)."""
        ...


@dataclass(frozen=True, slots=True)
class Go:
    """Where an answer leads: "<dialog>", "<dialog>.<subject>", either with "/<question>".

    "<form>.new" begins a draft. `answers` are given to the draft there, `given` only where it has none yet,
    `suggested` to its first question;
    `partial` waits there unfinished; `drop` is a draft to throw away; after a `detour` it goes on from here.
    """

    target: str
    answers: Answers = field(default_factory=dict)
    suggested: str = ""
    partial: str = ""
    drop: str = ""
    effects: Effects = ()
    given: Answers = field(default_factory=dict)
    detour: bool = False


Prompt = str | Callable[[Answers, Facts], tuple[Text, ...]]
Condition = Callable[[Answers, Facts], bool]
Then = Callable[[Answers, Facts], Effects]
Goto = Mapping[str, str] | Callable[[str, Answers, Facts], Go | None]


@dataclass(frozen=True, slots=True)
class Ask:
    """One question.

    `when` it applies; `then` what follows from its answer; `goto` where an answer leads instead of being
    stored (the draft's answers stay); `optional` lets it be skipped; `needs` names the questions whose change
    makes the answer void; `since` is the dialog's version in which its meaning last changed; `title` names it
    in reviews; `confirm` asks about a suggested answer ("%(answer)s"); `prefill` answers it from the record;
    `takes_files`: photos and files are answers here; `takes_voice`: a voice note is;
    `verbatim`: what is typed is passed on as it is, questions in it are meant for somebody else;
    `confirms`: it asks whether to do something with the answers so far, so its buttons are void once these
    change, and nothing but an option's own words is taken for it;
    `lasting`: which of its buttons name all that they do (a case, a way), so that an older message's work too;
    `not_now`: why what an officer typed, a button of another moment, can't be done here yet;
    `aside` opens only when something leads to it by name; `counted` puts it into "Câu 2/9";
    `begins`: the unfinished answer that is there already when something leads to it, which files then join.
    """

    name: str
    prompt: Prompt
    accept: Reader
    when: Condition | None = None
    then: Then | None = None
    goto: Goto | None = None
    optional: bool = False
    needs: tuple[str, ...] = ()
    since: int = 1
    title: str = ""
    confirm: str = ""
    aside: bool = False
    prefill: Callable[[Facts], str] | None = None
    counted: bool = True
    hint: str = ""
    takes_files: bool = False
    takes_voice: bool = False
    verbatim: bool = False
    confirms: bool = False
    lasting: Callable[[str], bool] | None = None
    ask_contact: bool = False
    ask_location: bool = False
    upload: Callable[[Answers, Facts], tuple[str, str] | None] | None = None
    not_now: Callable[[str, Answers, Facts], Text | None] | None = None
    begins: Callable[[Answers, Facts], str] | None = None


@dataclass(frozen=True, slots=True)
class Dialog:
    """Questions in order. A `form` keeps its drafts; others forget when left.

    `end` is where it leads when no question is open, `up` where "back" leads from its first question (a function
    where that depends on how far one is);
    `named` titles its drafts ("" hides one); `allowed` guards it: who fails it is answered as if nothing
    were there; `before` names the dialog that has to be gone through first, or ""; a Link leads to a
    dialog only if it is `linked`, and `followed` is what it does at once.
    """

    name: str
    steps: tuple[Ask, ...]
    form: bool = False
    version: int = 1
    end: str | Callable[[Answers, Facts], str | Go] = "menu"
    up: str | Callable[[Answers], Go] = "menu"
    named: Callable[[Answers], str] | None = None
    allowed: Condition | None = None
    before: Callable[[Facts], str] | None = None
    linked: bool = False
    followed: Then | None = None

    _asks: Mapping[str, Ask] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_asks", {ask.name: ask for ask in reversed(self.steps)})

    def ask(self, name: str) -> Ask | None:
        return self._asks.get(name)


Command = Callable[[str, Facts], Go]
"""What a global word or slash command does: the rest of the line in, where it leads out."""


@dataclass(frozen=True, slots=True)
class Dialogs:
    """The whole tree. Its home is the dialog "menu". `desk`: names of the officers' dialogs; `buttons`: of these."""

    by_name: Mapping[str, Dialog]
    commands: Mapping[str, Command]
    on_file: Callable[[FileRef, Facts], Go | None]
    on_case: Callable[[str, Facts], Go | None]
    desk: frozenset[str] = frozenset()
    buttons: tuple[Option, ...] = ()
