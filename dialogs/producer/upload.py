"""The papers of the plan and the dossier: which are needed, page by page as photos or as a file, then handed over."""

from collections.abc import Sequence
from dataclasses import replace

from dialogs.answers import (
    EDITS,
    LEAVE_IT,
    LOOK,
    PAGE,
    PHOTO,
    TO_FRONT,
    added,
    answer_of,
    awaited,
    numbered,
    one_of,
    pages_of,
    photos,
    usable,
)
from dialogs.engine import PAGES
from dialogs.model import (
    N_,
    Answer,
    Answers,
    Ask,
    CaseFacts,
    Dialog,
    DraftFacts,
    Effect,
    Effects,
    Event,
    Facts,
    FileReceived,
    FileStatus,
    Go,
    InvalidAnswer,
    KeepFile,
    KeepPaper,
    Option,
    OptionChosen,
    OwnPaper,
    PaperFacts,
    SendForm,
    SendMessage,
    SendPages,
    Text,
    TextReceived,
    UseOwnPaper,
    Value,
)
from dialogs.model import case_of as case_of
from dialogs.producer import pages_back
from dialogs.producer.consent import consent_first
from dialogs.producer.needs import LACKING, TOLD
from dialogs.producer.pages_back import Back, named_pages
from dialogs.producer.paper_words import WALLET, meter, paper_line, unknown
from dialogs.producer.papers import BY_HAND as BY_HAND
from dialogs.producer.papers import STORY, completeness, conditions_of
from dialogs.producer.papers import all_papers_of as all_papers_of
from dialogs.producer.papers import by_hand as by_hand
from dialogs.producer.papers import in_wallet as in_wallet
from dialogs.producer.papers import kept_paper as kept_paper
from dialogs.producer.papers import missing as missing
from dialogs.producer.papers import needed as needed
from dialogs.producer.papers import not_handed_in as not_handed_in
from dialogs.producer.papers import paper_named as paper_named
from dialogs.producer.papers import papers_of as papers_of
from dialogs.producer.papers import plan_is_here as plan_is_here
from dialogs.producer.papers import returned as returned
from dialogs.producer.register_idea import ADVICE, counted_back, is_that_all
from dialogs.producer.sorting import Pile, sorted_out, spans
from dialogs.rules.lifecycle import Side, actions
from dialogs.rules.ruleset import Paper
from dialogs.words import YES

MAX_PAGES = 30

SORTED_WELL = Option("yes", Text(N_("That is right")), YES)
CHOOSE_PAPER = Option("choose", Text(N_("Let me say which")), ("để tôi chọn", "không đúng", "sai rồi", "let me say"))


def mine(answers: Answers, facts: Facts) -> CaseFacts | None:
    case = facts.case(answers["subject"])
    return case if case is not None and case.as_producer else None


def allowed(answers: Answers, facts: Facts) -> bool:
    return mine(answers, facts) is not None


ALWAYS_OPEN = {"idea_submitted", "idea_returned", "plan_submitted", "dossier_submitted"}
"""Where further papers are taken beside what the case itself waits for."""
SENDING = ("send_plan", "send_dossier", "resubmit")
"""The producer's moves that hand papers over."""


def takes_papers(case: CaseFacts) -> bool:
    """Whether the case stands where the producer may send papers."""
    return case.status in ALWAYS_OPEN or bool({*SENDING} & {*actions(case.status, Side.PRODUCER)})


def unsent(case: CaseFacts) -> tuple[PaperFacts, ...]:
    """What is kept and was not handed over yet; the idea's photos go with its answers."""
    return tuple(paper for paper in case.papers if not paper.sent and paper.id != "product")


def may_send(case: CaseFacts) -> bool:
    """Something new is kept, and the case stands where papers are taken."""
    return takes_papers(case) and bool(unsent(case))


def goes_to_province(case: CaseFacts) -> bool:
    """Whether what the producer sends now goes straight to the province, which asked for it."""
    return case.status == "returned_by_province"


# ---------------------------------------------------------------- the list of papers


def overview(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    """What is needed and what is here, a line each; what nobody needs is only among the choices."""
    case = case_of(answers, facts)
    if answers["~"].rpartition("|")[0] == TO_FRONT.value:
        return (Text(N_("Which photo comes first?")),)
    if piles := proposal(answers, facts):
        return _proposed(piles, answers, facts)
    papers, complete = papers_of(case), completeness(case)
    head = Text(N_("Papers of “%(product)s” (%(code)s):"), {"product": case.product, "code": case.code})
    brought = [p for p in by_hand(case) if kept_paper(case, p.id) is None]
    named = [p for p in papers if p in complete.papers or kept_paper(case, p.id) or _begun(case, p, answers, facts)]
    kept = in_wallet(case, facts)
    lines = (
        *(
            _begun_line(case, p, answers, facts) or _told_line(case, p, facts) or paper_line(case, p, kept)
            for p in named
        ),
        *(Text(N_("• %(paper)s: bring this"), {"paper": p.label}) for p in brought),
    )
    others = len(named) + len(brought) < len(papers)
    optional = (Text(N_("The others you send only if you have them.")),) if others else ()
    questions = (unknown(len(complete.open)),) if complete.open else ()
    arrived = (*counted_back(answers["~"], facts), Text(N_("Which paper is it?")))
    now = arrived if pages_of(answers["~"]) else (_what_now(case),)
    return (head, meter(complete), *lines, *optional, *questions, *now)


def _begun(case: CaseFacts, paper: Paper, answers: Answers, facts: Facts) -> bool:
    """Whether files of a paper wait since its question was left by "back", and are not kept as they stand."""
    left = answers.get(f"~{PAGES}/{paper.id}", "")
    back = pages_back.read(left)
    waiting = usable(pages_of(left) if back is None else back.new, facts)
    return bool(waiting) and waiting != pages_of(_unsent_pages(case, paper.id))


def _begun_line(case: CaseFacts, paper: Paper, answers: Answers, facts: Facts) -> Text | None:
    begun = N_("• %(paper)s: begun; choose it to go on")
    return Text(begun, {"paper": paper.label}) if _begun(case, paper, answers, facts) else None


def _told_line(case: CaseFacts, paper: Paper, facts: Facts) -> Text | None:
    """Of a story that was begun and is not kept yet; None of all else."""
    draft = _story_begun(case, facts) if _untold(case, paper) else None
    if draft is None:
        return None
    if not draft.left:
        return Text(N_("• %(paper)s: told; choose it to read it and keep it"), {"paper": paper.label})
    left = N_("• %(paper)s: begun, %(count)s of the questions left")
    return Text(left, {"paper": paper.label, "count": draft.left})


def _what_now(case: CaseFacts) -> Text:
    if may_send(case) and not missing(case):
        if goes_to_province(case):
            return Text(N_("All that is needed is here. Shall I send it to the province, or is there another paper?"))
        return Text(N_("All that is needed is here. Shall I send it to the commune, or is there another paper?"))
    return Text(N_("Which paper would you like to send?"))


def send_label(case: CaseFacts) -> Text:
    return Text(N_("Send to the province")) if goes_to_province(case) else Text(N_("Send to the commune"))


def proposal(answers: Answers, facts: Facts) -> tuple[Pile, ...]:
    """What photos that came without a word are taken for (dialogs.producer.sorting), unless the producer says it.

    Of a paper that came back it is asked which page a photo is, so none is put with it unasked.
    """
    doing, _, _ = answers["~"].rpartition("|")
    pages = pages_of(answers["~"])
    if doing in (CHOOSE_PAPER.value, TO_FRONT.value) or any(awaited(file_id, facts) for file_id, _ in pages):
        return ()
    case = case_of(answers, facts)
    piles = sorted_out(pages, [paper for paper in papers_of(case) if not returned(case, paper.id)], facts)
    return tuple(pile for found in piles if (pile := found.first(_room(case, found))).pages)


def _room(case: CaseFacts, pile: Pile) -> int:
    """How many of these photos the paper takes beside what is there already; the others are asked about."""
    before = {page for page in pages_of(_unsent_pages(case, pile.paper.id)) if page not in pile.pages}
    return max(0, MAX_PAGES - len(before))


def _proposed(piles: Sequence[Pile], answers: Answers, facts: Facts) -> tuple[Text, ...]:
    lines = (
        Text(N_("• Photo %(numbers)s: %(paper)s"), {"numbers": spans(pile.numbers), "paper": pile.paper.label})
        for pile in piles
    )
    others = len(usable(pages_of(answers["~"]), facts)) - sum(len(pile.pages) for pile in piles)
    later = (Text(N_("I ask about the others afterwards.")),) if others else ()
    ask = Text(N_("I would sort them like this. Is that right?"))
    return (*counted_back(answers["~"], facts), ask, *lines, *later)


def list_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    """While files wait to be named, only what names them, or leaves them out: nothing else may pass them by."""
    case, pages = case_of(answers, facts), pages_of(answers["~"])
    if answers["~"].rpartition("|")[0] == TO_FRONT.value:
        return (*numbered(PHOTO, len(pages)), LEAVE_IT)
    if proposal(answers, facts):
        order = (TO_FRONT,) if len(pages) > 1 else ()
        return (SORTED_WELL, *order, LOOK, CHOOSE_PAPER)
    papers = tuple(Option(p.id, p.label, (p.official,) if p.official else ()) for p in _lacking_first(case))
    if pages:
        return (*papers, Option("none", Text(N_("None of these: drop it")), ("bỏ", "không phải", "none", "drop it")))
    send = (Option("send", send_label(case), ("gửi", "gửi cho xã", "send")),) if may_send(case) else ()
    which = (replace(WHICH, hidden=not completeness(case).open),) if conditions_of(case) else ()
    return (*send, *which, *papers, Option("menu", Text(N_("Main menu")), ("menu",)), *_ELSEWHERE)


_ELSEWHERE = (LACKING, replace(WALLET, hidden=True))
WHICH = Option("which", Text(N_("Which do I need?")), ("cần giấy nào", "giấy nào cần", "which do i need"))


def _lacking_first(case: CaseFacts) -> tuple[Paper, ...]:
    """What is missing stands first, so that each is one tap away; the others in the order of the rules."""
    lacking = completeness(case).lacking
    return (*lacking, *(paper for paper in papers_of(case) if paper not in lacking))


def paper_chosen(value: str, answers: Answers, facts: Facts) -> Go:
    key = f"upload.{answers['subject']}"
    match value:
        case "send":
            case = case_of(answers, facts)
            asked = answers.get("_asked", "").split()  # of each it is asked once whether that is all of it
            open_ones = (paper for paper in papers_of(case) if paper.id not in asked)
            left = next((paper for paper in open_ones if _begun(case, paper, answers, facts)), None)
            if left is not None:
                return Go(f"{key}/{PAGES}", {"_paper": left.id, "_asked": " ".join((*asked, left.id))})
            return Go(f"hand_over.{answers['subject']}")
        case "menu":
            return Go("menu")
        case WHICH.value:
            return Go(f"needs.{answers['subject']}", {TOLD: "1"})
        case WALLET.value:
            return Go("wallet")
        case LACKING.value:
            return Go(f"needs.{answers['subject']}")
        case "none":
            return Go(f"{key}/paper", effects=(SendMessage((Text(N_("All right, I have left it out.")),)),))
        case SORTED_WELL.value:
            piles = proposal(answers, facts)
            named = {page for pile in piles for page in pile.pages}
            others = [page for page in usable(pages_of(answers["~"]), facts) if page not in named]
            effects = tuple(_with_those_before(pile, answers, facts) for pile in piles)
            return Go(f"{key}/paper", partial=f"told|{answer_of(others)}" if others else "", effects=effects)
    case = case_of(answers, facts)
    chosen = next((paper for paper in papers_of(case) if paper.id == value), None)
    if not answers["~"] and value in in_wallet(case, facts):
        return Go(f"{key}/{USE_OWN}", {"_paper": value})
    untold = chosen is not None and _untold(case, chosen) and not answers["~"]
    if untold and (draft := _story_begun(case, facts)):
        return Go(draft.key)
    return Go(f"{key}/{TELL.value if untold else 'pages'}", {"_paper": value}, partial=answers["~"])


def _untold(case: CaseFacts, paper: Paper) -> bool:
    return paper.form == STORY and kept_paper(case, paper.id) is None


def _story_begun(case: CaseFacts, facts: Facts) -> DraftFacts | None:
    return next((draft for draft in facts.drafts if draft.key == f"story.{case.code}"), None)


def _with_those_before(pile: Pile, answers: Answers, facts: Facts) -> KeepPaper:
    """The pile joins the pages of its paper that are not sent yet."""
    before = _unsent_pages(case_of(answers, facts), pile.paper.id)
    pages = dict.fromkeys((*pages_of(before), *pile.pages))
    return KeepPaper(answers["subject"], pile.paper.id, usable(tuple(pages), facts))


class paper_list(one_of):
    """One of the papers; files that come first wait until it is said which paper they are, or are sorted into them."""

    def told(self, partial: str) -> str:
        return photos(MAX_PAGES).told(partial)

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if isinstance(event, FileReceived):
            answer = photos(MAX_PAGES).read(event, answers, facts, partial)
            return replace(answer, effects=tuple(map(_unnamed, answer.effects)))
        answer = super().read(event, answers, facts, partial)
        pages = pages_of(partial)
        match answer.value:
            case LOOK.value:
                shown = tuple(SendPages(pile.pages) for pile in proposal(answers, facts))
                return Answer(partial, complete=False, effects=shown)
            case SORTED_WELL.value if "|" not in partial:  # said of fewer: more have come since the question was put
                return Answer(f"told|{answer_of(pages)}", complete=False)
            case TO_FRONT.value | CHOOSE_PAPER.value as doing:
                return Answer(f"{doing}|{answer_of(pages)}", complete=False)
            case LEAVE_IT.value:
                return Answer(f"told|{answer_of(pages)}", complete=False)
            case place if place.isascii() and place.isdigit():
                first = pages[int(place) - 1]
                return Answer(f"told|{answer_of((first, *(p for p in pages if p != first)))}", complete=False)
        return answer


def _unnamed(effect: Effect) -> Effect:
    return replace(effect, unnamed=True) if isinstance(effect, KeepFile) else effect


# ---------------------------------------------------------------- the pages of one paper


LATER = Option(
    "later",
    Text(N_("Not now")),
    ("để sau", "chưa có", "không có", "chưa có giấy này", "không có giấy này", "mai chụp", "mai tôi chụp", "not now"),
)


WHOLE = Option("whole", Text(N_("The whole paper anew")), ("gửi lại hết", "gửi lại cả", "cả giấy", "the whole paper"))
ANOTHER = Option("another", Text(N_("Another page")), ("trang khác", "another page"))
MISSING = Option("missing", Text(N_("It was missing")), ("trang còn thiếu", "trang thiếu", "it was missing"))


class paper_pages(photos):
    """The pages of a paper; before there is one, the way back to the list. Of one that came back, the page it is about.

    A photo alone takes the place of that page; which one is asked where nobody has named it.
    """

    def told(self, partial: str) -> str:
        back = pages_back.read(partial)
        return str(replace(back, told=True)) if back is not None else super().told(partial)

    def options(self, answers: Answers, facts: Facts, partial: str) -> tuple[Option, ...]:
        found = _back(partial, answers, facts)
        if found is None:
            return super().options(answers, facts, partial) or (
                *((FILL_IN,) if _filled_in(answers, facts) else ()),
                LATER,
            )
        back = _usable_of(found, facts)
        if back.pages is not None:
            return super().options(answers, facts, answer_of(back.pages))
        if back.places and not back.new:
            return (ANOTHER, WHOLE, LATER)
        each = numbered(PAGE, len(back.old))
        return (*each, MISSING, WHOLE) if back.new else (*each, WHOLE, LATER)

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if isinstance(event, OptionChosen) and event.value == LATER.value:
            return Answer("", leads="paper")
        if isinstance(event, OptionChosen) and event.value == FILL_IN.value and (form := _filled_in(answers, facts)):
            return Answer(partial, complete=False, effects=(SendForm(answers["subject"], form),))
        back = _back(partial, answers, facts)
        if back is not None:
            return self._of_what_came_back(event, answers, facts, back)
        if not isinstance(event, FileReceived) and not pages_of(partial):
            raise InvalidAnswer(N_("Please send photos or files here. If you do not have them yet, choose “Not now”."))
        answer = super().read(event, answers, facts, partial)
        return Answer("") if partial.startswith("drop|") and not answer.value else answer

    def _of_what_came_back(self, event: Event, answers: Answers, facts: Facts, back: Back) -> Answer:
        good = _usable_of(back, facts)
        if isinstance(event, FileReceived):
            if len(good.new) >= self.most:
                raise InvalidAnswer(N_("%(most)s is the most I can take here. Choose “That is all”."), most=self.most)
            return added(str(back.followed((event.file.id, 0), _not_good(back, facts))), event.file)
        if good.pages is not None:
            answer = super().read(event, answers, facts, answer_of(good.pages))
            looked = answer.value == answer_of(good.pages) and not answer.complete
            return replace(answer, value=str(good)) if looked else answer
        value = _page_number(event) or (event.value if isinstance(event, OptionChosen) else "")
        if value == WHOLE.value:
            return Answer(answer_of(good.new), complete=False)
        if value == MISSING.value and good.new:
            return Answer(f"told|{answer_of(good.with_more)}", complete=False)
        if value == ANOTHER.value:
            return Answer(str(replace(good, places=(), asked=True)), complete=False)
        if value.isascii() and value.isdigit() and 0 < int(value) <= len(good.old):
            return Answer(str(good.at(int(value) - 1)), complete=False)
        raise InvalidAnswer(N_("Please choose the page, or send the new photo of it."))


def _page_number(event: Event) -> str:
    """A number that is no line of the list, which may be longer than what is shown of it."""
    typed = event.text.strip() if isinstance(event, TextReceived) else ""
    return typed if len(typed) < _LONGEST_NUMBER else ""


_LONGEST_NUMBER = 4


def _back(partial: str, answers: Answers, facts: Facts) -> Back | None:
    """What is being done with pages that came back, as the record has them now; None if nothing is.

    The officer may have named others since, and a newer version may have been kept elsewhere.
    """
    back = pages_back.read(partial)
    case, paper_id = case_of(answers, facts), answers.get("_paper", "")
    paper = kept_paper(case, paper_id)
    if back is None or paper is None or not paper.kept:
        return back
    if (old := pages_of(paper.kept)) != back.old:
        back = replace(back, old=old, places=(), asked=False)
    if not back.new and not back.asked:
        back = replace(back, places=_named_by_officer(case, paper_id, len(old)))
    return back


def _usable_of(back: Back, facts: Facts) -> Back:
    """Without what could not be used: that takes no page's place."""
    good = back.only(usable(back.new, facts))
    there = (facts.files[file_id] for file_id, _ in good.new if file_id in facts.files)
    return replace(good, whole=any(file.status is FileStatus.STORED and file.pages != 1 for file in there))


def _not_good(back: Back, facts: Facts) -> frozenset[str]:
    """The new photos that were refused, or of which the producer was told how to take them better."""
    good = {file_id for file_id, _ in usable(back.new, facts)}
    advised = {i for i in good if i in facts.files and not {*facts.files[i].findings}.isdisjoint(ADVICE)}
    return frozenset(file_id for file_id, _ in back.new if file_id not in good or file_id in advised)


def _paper(answers: Answers, facts: Facts) -> Paper | None:
    return next((p for p in papers_of(case_of(answers, facts)) if p.id == answers.get("_paper")), None)


def pages_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    paper = _paper(answers, facts)
    label = paper.label if paper is not None else ""
    if (back := _back(answers["~"], answers, facts)) is not None:
        return _page_prompt(back, label, facts)
    doing = answers["~"].rpartition("|")[0]
    if doing == "first":
        return (Text(N_("Which page comes first?")),)
    if doing in EDITS:
        return (Text(N_("Which page?")),)
    if doing.startswith("at"):
        return (Text(N_("Please send page %(number)s again."), {"number": int(doing[2:]) + 1}),)
    if answers["~"]:
        return (
            Text(N_("%(paper)s:"), {"paper": label}),
            *counted_back(answers["~"], facts),
            *(_pages_again(case_of(answers, facts), paper, answers["~"]) if paper is not None else ()),
            *is_that_all(answers, facts),
        )
    ask = Text(N_("Please send “%(paper)s”: photos page by page, or a file (PDF, Word, Excel)."), {"paper": label})
    if not facts.receives_files:
        ask = Text(N_("Please send photos of “%(paper)s”, page by page."), {"paper": label})
    if not facts.receives_photos:
        ask = Text(N_("“%(paper)s” comes through a web page: photos page by page, or a file."), {"paper": label})
    if paper is None:
        return (ask,)
    if returned(case_of(answers, facts), paper.id):
        return (ask, *_pages_again(case_of(answers, facts), paper))
    own_help = (FILL_IN_FIRST,) if _filled_in(answers, facts) else ()
    return (ask, *own_help, Text("%(where)s", {"where": paper.where}))


def _page_prompt(back: Back, label: Value, facts: Facts) -> tuple[Text, ...]:
    """Which page of a paper that came back is to be sent again, and what a new photo is taken for."""
    good = _usable_of(back, facts)
    came = (Text(N_("%(paper)s:"), {"paper": label}), *counted_back(answer_of(back.new), facts)) if back.new else ()
    if not good.new and not good.places:
        old = {"paper": label, "count": len(good.old)}
        return (*came, Text(N_("“%(paper)s” has %(count)s pages. Which one would you like to send again?"), old))
    numbers = ", ".join(str(place + 1) for place in dict.fromkeys(good.places))
    if not good.new:
        ask = Text(
            N_("Please photograph page %(number)s of “%(paper)s” again and send it here."),
            {"paper": label, "number": numbers},
        )
        return (*came, ask, Text(N_("The other pages stay as they are.")))
    if good.pages is None and len(good.new) == 1:
        return (*came, Text(N_("Which page is it?")))
    if good.pages is None:
        number = back.new.index(good.unplaced[0]) + 1
        return (*came, Text(N_("Which page is photo %(number)s?"), {"number": number}))
    done = Text(N_("They take the place of the whole paper."))
    if good.keeps_some:
        done = Text(N_("I put it in as page %(number)s. The other pages stay as they are."), {"number": numbers})
    return (*came, done, Text(N_("Is that all, or is there more to come?")))


def _pages_again(case: CaseFacts, paper: Paper, pages: str = "") -> tuple[Text, ...]:
    """That a new version of what came back takes the place of the whole one before, if none of its pages is in it."""
    kept = kept_paper(case, paper.id)
    if kept is None or kept.pages < 2 or not returned(case, paper.id):
        return ()
    old, here = dict(pages_of(kept.kept)), dict(pages_of(pages))
    return () if old.keys() & here.keys() else (Text(N_("Please send all its pages, the good ones too.")),)


def kept_so_far(answers: Answers, facts: Facts) -> str:
    """A paper that was not sent yet is gone on with: what follows joins its pages, and each can be taken out.

    Of one that came back, what follows takes the place of the page that the officer has named.
    """
    case, paper_id = case_of(answers, facts), answers.get("_paper", "")
    if returned(case, paper_id):
        return _pages_that_came_back(case, paper_id)
    return _unsent_pages(case, paper_id)


def _unsent_pages(case: CaseFacts, paper_id: str) -> str:
    return next((paper.kept for paper in unsent(case) if paper.id == paper_id), "")


def _pages_that_came_back(case: CaseFacts, paper_id: str) -> str:
    """Nothing where there is one page only, or a file has several: then all of it is sent again."""
    paper = kept_paper(case, paper_id)
    if paper is None or paper.files < 2 or paper.files != paper.pages:
        return ""
    return str(Back(pages_of(paper.kept), places=_named_by_officer(case, paper_id, paper.files)))


def _named_by_officer(case: CaseFacts, paper_id: str, count: int) -> tuple[int, ...]:
    reasons = " ".join(item.reason for item in case.returned if item.item == f"paper:{paper_id}" and not item.question)
    return named_pages(reasons, count)


# ---------------------------------------------------------------- what need not be written by hand

FILL_IN = Option("fill_in", Text(N_("Fill it in for me")), ("điền giúp", "điền mẫu", "soạn giúp", "fill it in"))
FILL_IN_FIRST = Text(N_("I can fill it in with what you told me: choose “Fill it in for me”, print it and sign."))
TELL = Option("tell", Text(N_("Tell it to me")), ("kể", "kể chuyện", "tell it"))
HAVE_IT = Option("pages", Text(N_("Send what I have")), ("gửi bài có sẵn", "có sẵn", "send what i have"))


def _filled_in(answers: Answers, facts: Facts) -> str:
    """The form of a paper that can be filled in, before any of its pages is here; "" of others."""
    paper = _paper(answers, facts)
    return paper.form if paper is not None and paper.form != STORY else ""


def after_tell(value: str, answers: Answers, facts: Facts) -> Go:
    if value == TELL.value:
        return Go(f"story.{answers['subject']}", given={"_product": case_of(answers, facts).product})
    return Go(f"upload.{answers['subject']}/{'pages' if value == HAVE_IT.value else 'paper'}")


# ---------------------------------------------------------------- what is kept for oneself already

USE_OWN = "own"
TAKE_IT = Option("take", Text(N_("Use that one")), ("lấy dùng luôn", "lấy luôn", "dùng luôn", "use that one", *YES))
SEND_OTHER = Option("pages", Text(N_("Send another one")), ("gửi giấy khác", "giấy khác", "send another one"))


def _own_paper(answers: Answers, facts: Facts) -> OwnPaper | None:
    return in_wallet(case_of(answers, facts), facts).get(answers.get("_paper", ""))


def own_paper_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    paper, own = _paper(answers, facts), _own_paper(answers, facts)
    if paper is None or own is None:  # the question is only asked of what there is
        return ()
    values: dict[str, Value] = {"paper": paper.label, "day": own.valid_until}
    there = Text(N_("“%(paper)s” is among your certificates, good until %(day)s."), values)
    return (there, Text(N_("Shall I use that one?")))


def after_own_paper(value: str, answers: Answers, facts: Facts) -> Go:
    key, own = f"upload.{answers['subject']}", _own_paper(answers, facts)
    if value == TAKE_IT.value and own is not None:
        return Go(f"{key}/paper", effects=(UseOwnPaper(answers["subject"], answers["_paper"], own.id),))
    return Go(f"{key}/{'pages' if value == SEND_OTHER.value else 'paper'}")


# ---------------------------------------------------------------- keeping


def keep(answers: Answers, facts: Facts) -> Effects:
    pages = usable(pages_of(answers["pages"]), facts)
    left_out = () if pages else (SendMessage((Text(N_("All right, I have left it out.")),)),)
    return (KeepPaper(answers["subject"], answers["_paper"], pages), *left_out)


def after_pages(value: str, answers: Answers, facts: Facts) -> Go:
    return Go(f"upload.{answers['subject']}/paper")


def upload_target(answers: Answers, facts: Facts) -> tuple[str, str] | None:
    """No link while a page is being chosen; it works once, so the next message offers a new one.

    Nor where photos come in and some have: the rest of the paper follows the same way.
    """
    choosing = answers["~"].rpartition("|")[0] in EDITS
    by_photo = facts.receives_photos and bool(usable(pages_of(answers["~"]), facts))
    return None if choosing or by_photo else (answers["subject"], answers.get("_paper", ""))


UPLOAD = Dialog(
    "upload",
    form=True,
    before=consent_first,
    allowed=allowed,
    linked=True,
    lists_drafts=True,
    steps=(
        Ask("paper", overview, paper_list(list_options), takes_files=True, goto=paper_chosen, counted=False),
        Ask(
            "pages",
            pages_prompt,
            paper_pages(MAX_PAGES, pages=True),
            takes_files=True,
            aside=True,
            begins=kept_so_far,
            then=keep,
            goto=after_pages,
            counted=False,
            upload=upload_target,
        ),
        Ask(
            TELL.value,
            N_("I ask eight short questions and put your words together. Shall we?"),
            one_of((TELL, HAVE_IT, LATER)),
            aside=True,
            goto=after_tell,
            counted=False,
        ),
        Ask(
            USE_OWN,
            own_paper_prompt,
            one_of((TAKE_IT, SEND_OTHER, LATER)),
            when=lambda answers, facts: _own_paper(answers, facts) is not None,
            aside=True,
            goto=after_own_paper,
            counted=False,
        ),
    ),
)
