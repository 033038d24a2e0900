"""What shall happen: what is said and what is ordered. Pure values; bot.effects carries them out."""

from dataclasses import dataclass
from datetime import date, datetime

from dialogs.council.facts import (
    CastBallot,
    CloseCouncil,
    DecideStars,
    DeclareInterest,
    DropSeat,
    FinishReading,
    GiveToRead,
    InviteMember,
    KeepRemark,
    LookAtMarks,
    MakeCouncilPapers,
    OpenCouncil,
    ReadDossier,
    RemindMembers,
    RenewSeat,
    ScoreItem,
    SetScoringDay,
    TableProduct,
    TakeSeat,
)
from dialogs.evaluation import AssessTopic, DropRound, MakeReport, SendUpAll, SetRound
from dialogs.model.events import FileRef
from dialogs.model.orders import (
    AmendResult,
    AskImport,
    ConfirmImport,
    DecideCase,
    EndLeave,
    ExportAudit,
    ExportCases,
    HandOver,
    Invite,
    LeaveOver,
    MarkItem,
    PassCase,
    PostponeDigest,
    PreviewReview,
    PublishResult,
    ReleaseCase,
    RemoveOfficer,
    RemoveTemplate,
    RevealPhone,
    SendImportForm,
    SendReport,
    SendReview,
    SetDayOff,
    SetHours,
    SetPaperDate,
    SetTemplate,
    SettleQuestion,
    SubmitAssisted,
    TakeCase,
    TakeLeave,
    UndoDecision,
)
from dialogs.model.texts import Answers, Link, Option, Text
from dialogs.paperwork import KeepCondition, KeepStory, SendForm


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
    ways: tuple[Option, ...] = ()  # in a form of one's own: what the menu offers, and no answer
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
    """A new version of a paper from these pages, in order. `pages`: (file id, rotation in degrees).

    Without a page what was kept and not sent yet is taken out.
    """

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
class AnswerQuestion:
    """A producer's words to an officer's question about one item; `number` as in ReturnedItem."""

    code: str
    number: int
    text: str


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
class UseOwnPaper:
    """One's own paper `id` as `paper` of one's own case; it stays among one's own, for the next one."""

    code: str
    paper: str
    id: int


@dataclass(frozen=True, slots=True)
class SetName:
    """An officer's name, as colleagues and producers read it."""

    name: str


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
    | SetScoringDay
    | TableProduct
    | InviteMember
    | GiveToRead
    | KeepRemark
    | FinishReading
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
    | UseOwnPaper
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
