"""The papers of the plan and the dossier: which are needed, page by page as photos or as a file, then handed over."""

from dialogs.answers import one_of, pages_of, photos, usable
from dialogs.model import (
    N_,
    Answer,
    Answers,
    Ask,
    CaseFacts,
    Dialog,
    Effects,
    Event,
    Facts,
    FileReceived,
    Go,
    InvalidAnswer,
    KeepPaper,
    Option,
    OptionChosen,
    PaperFacts,
    SendMessage,
    SendToCommune,
    Text,
    Value,
)
from dialogs.producer.consent import consent_first
from dialogs.producer.register_idea import counted_back, is_that_all
from dialogs.rules.lifecycle import Side, actions, is_dossier
from dialogs.rules.ruleset import Paper, Stage, ruleset

MAX_PAGES = 30


BY_HAND = {"samples"}
"""What is brought to the commune, not sent: a photo of it is welcome, and nothing waits for one."""
WITH_THE_PLAN = "plan_"
"""Begins the id of a plan's paper that the dossier has again under the rest of the id."""


def papers_of(case: CaseFacts) -> tuple[Paper, ...]:
    """The papers of the present stage, the plan or the dossier, required ones first, by the rules of the case."""
    return _papers_for(case, "dossier" if is_dossier(case.status) else "plan")


def all_papers_of(case: CaseFacts) -> tuple[Paper, ...]:
    """Of both stages, for the names of papers that were handed in, or returned, earlier."""
    return (*_papers_for(case, "plan"), *_papers_for(case, "dossier"))


def _papers_for(case: CaseFacts, stage: Stage) -> tuple[Paper, ...]:
    return ruleset(case.ruleset).papers_for(stage, case.answers["product_group"], case.answers["producer_kind"])


def paper_named(case: CaseFacts, paper_id: str) -> Paper | None:
    """A paper of either stage."""
    return next((paper for paper in all_papers_of(case) if paper.id == paper_id), None)


def kept_paper(case: CaseFacts, paper_id: str) -> PaperFacts | None:
    """The paper as it was kept; what was handed in with the plan counts for the dossier as well."""
    kept = {paper.id: paper for paper in case.papers}
    return kept.get(paper_id) or (kept.get(f"{WITH_THE_PLAN}{paper_id}") if is_dossier(case.status) else None)


def needed(case: CaseFacts) -> tuple[Paper, ...]:
    """The required papers that are sent through here."""
    return tuple(p for p in papers_of(case) if p.required and p.id not in BY_HAND)


def by_hand(case: CaseFacts) -> tuple[Paper, ...]:
    """What the producer brings to the commune beside the papers."""
    return tuple(p for p in papers_of(case) if p.required and p.id in BY_HAND)


def missing(case: CaseFacts) -> tuple[Paper, ...]:
    """Required papers that are not there, and those returned and not sent again."""
    required = needed(case)
    return tuple(
        p for p in papers_of(case) if (p in required and kept_paper(case, p.id) is None) or returned(case, p.id)
    )


def not_handed_in(case: CaseFacts) -> tuple[Paper, ...]:
    """Required papers of the stage that no officer has before them."""
    return tuple(p for p in needed(case) if (kept := kept_paper(case, p.id)) is None or not kept.sent)


def plan_is_here(case: CaseFacts) -> bool:
    """Whether all that the plan needs has been handed over already, with the idea."""
    return bool(needed(case)) and not not_handed_in(case) and not missing(case)


def returned(case: CaseFacts, paper_id: str) -> bool:
    """Whether this paper came back and no newer version of it has been kept since."""
    paper = kept_paper(case, paper_id)
    items = (r for r in case.returned if r.item == f"paper:{paper_id}" and not r.question)
    return any(paper is None or paper.sent for _ in items)


def _mine(answers: Answers, facts: Facts) -> CaseFacts | None:
    case = facts.case(answers["subject"])
    return case if case is not None and case.as_producer else None


def allowed(answers: Answers, facts: Facts) -> bool:
    return _mine(answers, facts) is not None


def _case(answers: Answers, facts: Facts) -> CaseFacts:
    case = _mine(answers, facts)
    if case is None:  # `allowed` has let nobody through without one
        raise LookupError(answers["subject"])
    return case


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
    case = _case(answers, facts)
    papers, required = papers_of(case), needed(case)
    head = Text(
        N_("Papers of “%(product)s” (%(code)s): %(there)s of %(all)s needed ones are here."),
        {
            "product": case.product,
            "code": case.code,
            "there": sum(p not in missing(case) for p in required),
            "all": len(required),
        },
    )
    brought = [p for p in by_hand(case) if kept_paper(case, p.id) is None]
    named = [p for p in papers if p in required or kept_paper(case, p.id) is not None]
    lines = (
        *(_line(case, p) for p in named),
        *(Text(N_("• %(paper)s: bring this"), {"paper": p.label}) for p in brought),
    )
    others = len(named) + len(brought) < len(papers)
    optional = (Text(N_("The others you send only if you have them.")),) if others else ()
    arrived = (*counted_back(answers["~"], facts), Text(N_("Which paper is it?")))
    now = arrived if pages_of(answers["~"]) else (_what_now(case),)
    return (head, *lines, *optional, *now)


def _line(case: CaseFacts, paper: Paper) -> Text:
    kept = kept_paper(case, paper.id)
    if returned(case, paper.id):
        return Text(N_("• %(paper)s: please send it again"), {"paper": paper.label})
    if kept is not None:
        values: dict[str, Value] = {"paper": paper.label, "count": kept.pages}
        return Text(N_("• %(paper)s: here (%(count)s page)"), values, N_("• %(paper)s: here (%(count)s pages)"))
    return Text(N_("• %(paper)s: needed"), {"paper": paper.label})


def _what_now(case: CaseFacts) -> Text:
    if may_send(case) and not missing(case):
        if goes_to_province(case):
            return Text(N_("All that is needed is here. Shall I send it to the province, or is there another paper?"))
        return Text(N_("All that is needed is here. Shall I send it to the commune, or is there another paper?"))
    return Text(N_("Which paper would you like to send?"))


def send_label(case: CaseFacts) -> Text:
    return Text(N_("Send to the province")) if goes_to_province(case) else Text(N_("Send to the commune"))


def list_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    """While files wait to be named, only what names them, or leaves them out: nothing else may pass them by."""
    case = _case(answers, facts)
    papers = tuple(Option(p.id, p.label, (p.official,) if p.official else ()) for p in papers_of(case))
    if pages_of(answers["~"]):
        return (*papers, Option("none", Text(N_("None of these: drop it")), ("bỏ", "không phải", "none", "drop it")))
    send = (Option("send", send_label(case), ("gửi", "gửi cho xã", "send")),) if may_send(case) else ()
    return (*send, *papers, Option("menu", Text(N_("Main menu")), ("menu",)))


def paper_chosen(value: str, answers: Answers, facts: Facts) -> Go:
    key = f"upload.{answers['subject']}"
    match value:
        case "send":
            return Go(f"hand_over.{answers['subject']}")
        case "menu":
            return Go("menu")
        case "none":
            return Go(f"{key}/paper", effects=(SendMessage((Text(N_("All right, I have left it out.")),)),))
    return Go(f"{key}/pages", {"_paper": value}, partial=answers["~"])


class paper_list(one_of):
    """One of the papers; files that come first wait until it is said which paper they are."""

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if isinstance(event, FileReceived):
            return photos(MAX_PAGES).read(event, answers, facts, partial)
        return super().read(event, answers, facts, partial)


# ---------------------------------------------------------------- the pages of one paper


LATER = Option(
    "later",
    Text(N_("Not now")),
    ("để sau", "chưa có", "không có", "chưa có giấy này", "không có giấy này", "mai chụp", "mai tôi chụp", "not now"),
)


class paper_pages(photos):
    """The pages of a paper; before there is one, the way back to the list."""

    def options(self, answers: Answers, facts: Facts, partial: str) -> tuple[Option, ...]:
        return super().options(answers, facts, partial) or (LATER,)

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if isinstance(event, OptionChosen) and event.value == LATER.value:
            return Answer("", leads="paper")
        if not isinstance(event, FileReceived) and not pages_of(partial):
            raise InvalidAnswer(N_("Please send photos or files here. If you do not have them yet, choose “Not now”."))
        return super().read(event, answers, facts, partial)


def _paper(answers: Answers, facts: Facts) -> Paper | None:
    return next((p for p in papers_of(_case(answers, facts)) if p.id == answers.get("_paper")), None)


def pages_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    paper = _paper(answers, facts)
    label = paper.label if paper is not None else ""
    doing = answers["~"].rpartition("|")[0]
    if doing in ("turn", "drop", "again"):
        return (Text(N_("Which page?")),)
    if doing.startswith("at"):
        return (Text(N_("Please send page %(number)s again."), {"number": int(doing[2:]) + 1}),)
    if answers["~"]:
        return (
            Text(N_("%(paper)s:"), {"paper": label}),
            *counted_back(answers["~"], facts),
            *(_pages_again(_case(answers, facts), paper) if paper is not None else ()),
            *is_that_all(answers, facts),
        )
    ask = Text(N_("Please send “%(paper)s”: photos page by page, or a file (PDF, Word, Excel)."), {"paper": label})
    if not facts.receives_files:
        ask = Text(N_("Please send photos of “%(paper)s”, page by page."), {"paper": label})
    if not facts.receives_photos:
        ask = Text(N_("“%(paper)s” comes through a web page: photos page by page, or a file."), {"paper": label})
    if paper is None:
        return (ask,)
    if returned(_case(answers, facts), paper.id):
        return (ask, *_pages_again(_case(answers, facts), paper))
    return (ask, Text("%(where)s", {"where": paper.where}))


def _pages_again(case: CaseFacts, paper: Paper) -> tuple[Text, ...]:
    """That a new version of what came back takes the place of the whole one before."""
    kept = kept_paper(case, paper.id)
    whole = Text(N_("Please send all its pages, the good ones too."))
    return (whole,) if returned(case, paper.id) and kept is not None and kept.pages > 1 else ()


def kept_so_far(answers: Answers, facts: Facts) -> str:
    """A paper that was not sent yet is gone on with: what follows joins its pages, and each can be taken out."""
    kept = (paper.kept for paper in unsent(_case(answers, facts)) if paper.id == answers.get("_paper"))
    return next(kept, "")


def keep(answers: Answers, facts: Facts) -> Effects:
    pages = usable(pages_of(answers["pages"]), facts)
    return (KeepPaper(answers["subject"], answers["_paper"], pages),)


def after_pages(value: str, answers: Answers, facts: Facts) -> Go:
    return Go(f"upload.{answers['subject']}/paper")


def upload_target(answers: Answers, facts: Facts) -> tuple[str, str] | None:
    """No link while a page is being chosen; it works once, so the next message offers a new one.

    Nor where photos come in and some have: the rest of the paper follows the same way.
    """
    choosing = answers["~"].rpartition("|")[0] in ("turn", "drop", "again")
    by_photo = facts.receives_photos and bool(usable(pages_of(answers["~"]), facts))
    return None if choosing or by_photo else (answers["subject"], answers.get("_paper", ""))


UPLOAD = Dialog(
    "upload",
    form=True,
    before=consent_first,
    allowed=allowed,
    linked=True,
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
    ),
)


# ---------------------------------------------------------------- handing over


def look_it_over(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case = _case(answers, facts)
    new = {paper.id for paper in unsent(case)}
    lines = tuple(_line(case, paper) for paper in all_papers_of(case) if paper.id in new)
    lacking = tuple(Text(N_("• %(paper)s: needed"), {"paper": p.label}) for p in missing(case))
    warning = (Text(N_("These are still missing, so the commune may send it back:")), *lacking) if lacking else ()
    if goes_to_province(case):
        return (Text(N_("I send this to the province:")), *lines, *warning)
    brought = tuple(
        Text(N_("Please bring to the commune office: %(paper)s."), {"paper": p.label}) for p in by_hand(case)
    )
    return (Text(N_("I send this to the commune:")), *lines, *warning, *brought)


def hand_over(answers: Answers, facts: Facts) -> Effects:
    return (SendToCommune(answers["subject"]),) if answers["confirm"] == "send" else ()


def after_hand_over(value: str, answers: Answers, facts: Facts) -> Go:
    return Go(f"case.{answers['subject']}" if value == "send" else f"upload.{answers['subject']}")


HAND_OVER = Dialog(
    "hand_over",
    allowed=lambda answers, facts: (case := _mine(answers, facts)) is not None and may_send(case),
    steps=(
        Ask(
            "confirm",
            look_it_over,
            one_of(
                (
                    Option("send", Text(N_("Send it now")), ("gửi luôn", "gửi", "send")),
                    Option("back", Text(N_("Don't send yet")), ("chưa gửi", "chưa", "not yet")),
                )
            ),
            confirms=True,
            then=hand_over,
            goto=after_hand_over,
        ),
    ),
)


# ---------------------------------------------------------------- which case


def case_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    return tuple(Option(c.code, Text(N_("%(code)s %(product)s"), _names(c)), (c.code, c.product)) for c in facts.cases)


def _names(case: CaseFacts) -> dict[str, Value]:
    return {"code": case.code, "product": case.product[:40]}


PAPERS = Dialog(
    "papers",
    before=consent_first,
    steps=(
        Ask(
            "case",
            N_("For which product?"),
            one_of(case_options),
            when=lambda answers, facts: bool(facts.cases),
            goto=lambda value, answers, facts: Go(f"upload.{value}"),
        ),
        Ask(
            "none",
            N_("You have no file with the commune yet. Shall we register a product first?"),
            one_of(
                (
                    Option("register", Text(N_("Register a product")), ("đăng ký", "register")),
                    Option("menu", Text(N_("Main menu")), ("menu",)),
                )
            ),
            goto={"register": "register_idea.new", "menu": "menu"},
        ),
    ),
)
