"""Stand again, or go on in a new round: the last file is shown whole, and what is still right stays as it is."""

from dataclasses import replace

from dialogs.answers import one_of
from dialogs.model import (
    N_,
    Answers,
    Ask,
    CaseFacts,
    Dialog,
    DropBegun,
    Effects,
    Facts,
    Go,
    Link,
    Option,
    ResumeCase,
    SendMessage,
    StandAgain,
    Text,
    Value,
)
from dialogs.producer.check_status import deferred_lines, status_words
from dialogs.producer.consent import consent_first
from dialogs.producer.register_idea import IDEA_ASKS, answer_lines, editable, given, review_asks
from dialogs.producer.standing import (
    AGAIN,
    RENEWAL,
    RESUME,
    UPGRADE,
    brought,
    carried_answers,
    dossier_papers,
    follower,
    ran_out,
    ways,
)
from dialogs.producer.upload import BY_HAND, missing
from dialogs.rules.certificate import renewable_from
from dialogs.rules.lifecycle import BEGUN
from dialogs.rules.ruleset import ruleset_on

GO = {
    RENEWAL: N_("Renew: %(product)s"),
    UPGRADE: N_("More stars: %(product)s"),
    AGAIN: N_("Stand again: %(product)s"),
    RESUME: N_("Go on: %(product)s"),
}
"""What begins each, as a button."""


def go_label(case: CaseFacts, way: str) -> Text:
    return Text(GO[way], {"product": case.product[:40]})


def go_link(case: CaseFacts, way: str) -> Link:
    return Link(f"again.{case.code}~{way}", go_label(case, way))


def _mine(answers: Answers, facts: Facts) -> CaseFacts | None:
    case = facts.case(answers["subject"].partition("~")[0])
    return case if case is not None and case.own else None


def _own(answers: Answers, facts: Facts) -> bool:
    return _mine(answers, facts) is not None


def _case(answers: Answers, facts: Facts) -> CaseFacts:
    case = _mine(answers, facts)
    if case is None:  # `allowed` has let nobody through without one
        raise LookupError(answers["subject"])
    return case


def _way(answers: Answers, facts: Facts) -> str:
    """As the button said it ("<code>~<way>"), or the form; else the first there is, "" for none."""
    found = ways(_case(answers, facts), facts.cases, facts.today)
    return answers.get("_way") or answers["subject"].partition("~")[2] or next(iter(found), "")


def _open(answers: Answers, facts: Facts) -> bool:
    if not _own(answers, facts):
        return False
    return _way(answers, facts) in ways(_case(answers, facts), facts.cases, facts.today)


# ---------------------------------------------------------------- nothing to begin


def _why_not(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case, way = _case(answers, facts), _way(answers, facts)
    product: dict[str, Value] = {"product": case.product}
    if (begun := follower(case, facts.cases)) is not None:
        words: dict[str, Value] = {"code": begun.code, "status": status_words(begun), **product}
        return (Text(N_("The next file of “%(product)s” is open already: %(code)s, %(status)s."), words),)
    until = case.result.certificate_until if case.result is not None else None
    if way == RENEWAL and case.status == "certified" and until is not None:
        opens = renewable_from(until, ruleset_on(facts.today))
        return (Text(N_("It is too early to renew “%(product)s”: from %(day)s on."), {**product, "day": opens}),)
    if case.status in ("idea_not_this_year", "plan_next_cycle", "rated"):
        return (Text(N_("No new round has opened for “%(product)s” yet. I tell you when it does."), product),)
    return (Text(N_("There is nothing to begin for “%(product)s” now: %(status)s."),
                 {**product, "status": status_words(case)}),)  # fmt: skip


def _instead(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    return (
        Option("open", Text(N_("Open my file")), ("mở hồ sơ", "open")),
        Option("menu", Text(N_("Main menu")), ("menu",)),
    )


def _elsewhere(value: str, answers: Answers, facts: Facts) -> Go:
    case = _case(answers, facts)
    shown = follower(case, facts.cases) or case
    return Go("menu" if value == "menu" else f"case.{shown.code}")


# ---------------------------------------------------------------- all of the last file


_HEADS = {
    RENEWAL: N_("To renew the certificate of “%(product)s” I take over what your last file says:"),
    UPGRADE: N_("For more stars of “%(product)s” I take over what your last file says:"),
    AGAIN: N_("For “%(product)s” to stand again I take over what your last file says:"),
}


def _last_file(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case, way = _case(answers, facts), _way(answers, facts)
    if way == RESUME:
        return _put_off(case)
    kept = carried_answers(case, facts.today)
    ask = Text(N_("Shall everything stay as it is?"))
    if not _complete(kept):
        ask = Text(N_("Under today's rules I have to ask a little more. Shall we begin?"))
    head = Text(_HEADS[way], {"product": case.product})
    return (head, *answer_lines(kept, facts), *_papers(case, kept, facts), ask)


def _put_off(case: CaseFacts) -> tuple[Text, ...]:
    values: dict[str, Value] = {"code": case.code, "product": case.product}
    return (
        Text(N_("%(code)s “%(product)s”"), values),
        *deferred_lines(case),
        Text(N_("A new round is open. All you sent is still here.")),
        Text(N_("Shall I send it to the commune as it is, or will you change something first?")),
    )


def _complete(kept: Answers) -> bool:
    return "product_group" in kept


def _papers(case: CaseFacts, kept: Answers, facts: Facts) -> tuple[Text, ...]:
    """What is taken over of the last dossier, and what has to be sent anew."""
    if not _complete(kept):
        return ()
    rules = ruleset_on(facts.today)
    over = brought(case, facts.own_papers, kept, rules, facts.today)
    there = {one.paper.id for one in over}
    wanted = [p for p in dossier_papers(kept, rules) if p.required and p.id not in BY_HAND and p.id not in there]
    anew = []
    for paper in wanted:
        if (day := ran_out(case, facts.own_papers, paper, facts.today)) is not None:
            anew.append(Text(N_("• %(paper)s, as the old one ran out on %(day)s"), {"paper": paper.label, "day": day}))
        else:
            anew.append(Text(N_("• %(paper)s"), {"paper": paper.label}))
    names = tuple(Text(N_("• %(paper)s"), {"paper": one.paper.label}) for one in over)
    return (
        *((Text(N_("Papers I take over:")), *names) if over else ()),
        *((Text(N_("To be sent anew:")), *anew) if anew else ()),
    )


_LATER = Option("later", Text(N_("Not now")), ("để sau", "chưa làm", "not now"))


def _choices(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    case, way = _case(answers, facts), _way(answers, facts)
    if way == RESUME:
        return (
            Option("keep", Text(N_("Send it as it is")), ("gửi lại như cũ", "gửi như cũ", "as it is")),
            Option("change", Text(N_("Change it first")), ("sửa rồi gửi", "sửa", "change")),
            Option("later", Text(N_("Not this round")), ("chưa làm đợt này", "để sau", "không", "not this round")),
        )
    if not _complete(carried_answers(case, facts.today)):
        return (Option("change", Text(N_("Begin")), ("bắt đầu", "làm luôn", "begin")), _LATER)
    return (
        Option("keep", Text(N_("Keep all, go on")), ("giữ nguyên", "giữ nguyên làm luôn", "keep all")),
        Option("change", Text(N_("Change some of it")), ("sửa", "sửa vài chỗ", "change")),
        _LATER,
    )


def _begun(answers: Answers, facts: Facts) -> Effects:
    case, way, chosen = _case(answers, facts), _way(answers, facts), answers["go"]
    if way == RESUME:
        return (ResumeCase(case.code, rework=chosen == "change"),) if chosen in ("keep", "change") else ()
    kept = carried_answers(case, facts.today)
    return (StandAgain(case.code, way, given(kept)),) if chosen == "keep" else ()


def _after(value: str, answers: Answers, facts: Facts) -> Go:
    case, way = _case(answers, facts), _way(answers, facts)
    if value == "later":
        return Go("menu")
    if way == RESUME:
        return Go(f"case.{case.code}")
    if value == "keep":
        return Go(f"stood.{case.code}")
    kept = carried_answers(case, facts.today)
    form = f"renew.{case.code}"
    return Go(f"{form}/edit" if _complete(kept) else form, {"_way": way}, given=given(kept))


AGAIN_DIALOG = Dialog(
    "again",
    before=consent_first,
    allowed=_own,
    linked=True,
    up="check_status",
    steps=(
        Ask("gone", _why_not, one_of(_instead), when=lambda a, f: not _open(a, f), goto=_elsewhere),
        Ask("go", _last_file, one_of(_choices), when=_open, then=_begun, goto=_after, confirms=True),
    ),
)


# ---------------------------------------------------------------- with something changed


def _look_it_over(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    return (Text(N_("This is how the new file begins:")), *answer_lines(answers, facts))


def _changed(answers: Answers, facts: Facts) -> Effects:
    if answers["review"] != "send":
        return ()
    return (StandAgain(_case(answers, facts).code, _way(answers, facts), given(answers)),)


_OPEN_IT = Option("send", Text(N_("Open the new file")), ("mở hồ sơ", "mở hồ sơ mới", "open the new file"))

RENEW = Dialog(
    "renew",
    form=True,
    before=consent_first,
    allowed=_own,  # what may be begun is looked at when it is sent
    up="check_status",
    end=lambda answers, facts: f"stood.{answers['subject']}",
    named=lambda answers: answers.get("product", ""),
    steps=(
        *(replace(ask, counted=False, prefill=None) for ask in IDEA_ASKS),
        *review_asks("renew", _look_it_over, _changed, editable, send=_OPEN_IT),
    ),
)


# ---------------------------------------------------------------- the new case


def _opened(answers: Answers, facts: Facts) -> CaseFacts:
    """What follows the case that was asked about; older buttons name none, and mean the newest."""
    former = facts.case(answers.get("subject", ""))
    return (follower(former, facts.cases) if former is not None else None) or facts.cases[0]


def _newest(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case = _opened(answers, facts)
    values: dict[str, Value] = {"code": case.code, "product": case.product, "former": case.former}
    if not case.former:  # it was begun by another button meanwhile, and is not the newest
        return (Text(N_("%(code)s “%(product)s”"), values), Text(N_("What would you like to do?")))
    lacking = missing(case)
    next_ = Text(
        N_("Next: %(count)s required paper is still missing."),
        {"count": len(lacking)},
        N_("Next: %(count)s required papers are still missing."),
    )
    opened = Text(N_("✅ The new file %(code)s of “%(product)s” is open; it continues %(former)s."), values)
    return (opened, next_) if lacking else (opened, Text(N_("All papers are here. You can send it right away.")))


def _onward(value: str, answers: Answers, facts: Facts) -> Go:
    code = _opened(answers, facts).code
    return Go({"papers": f"upload.{code}", "open": f"case.{code}"}.get(value, "menu"))


STOOD = Dialog(
    "stood",
    allowed=lambda answers, facts: bool(facts.cases),
    steps=(
        Ask(
            "choice",
            _newest,
            one_of(
                (
                    Option("papers", Text(N_("Send papers")), ("nộp giấy tờ", "papers")),
                    Option("open", Text(N_("Open my file")), ("mở hồ sơ", "open")),
                    Option("menu", Text(N_("Main menu")), ("menu",)),
                )
            ),
            goto=_onward,
        ),
    ),
)

# ---------------------------------------------------------------- not after all


def _begun_one(answers: Answers, facts: Facts) -> bool:
    return _own(answers, facts) and _case(answers, facts).status == BEGUN


def _sure(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case = _case(answers, facts)
    values: dict[str, Value] = {"code": case.code, "product": case.product, "former": case.former}
    return (
        Text(N_("I delete the new file %(code)s of “%(product)s” with the papers in it. %(former)s stays."), values),
        Text(N_("This can't be undone. Shall I?")),
    )


def _sure_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    return (
        Option("keep", Text(N_("Keep it")), ("giữ lại", "giữ", "keep")),
        Option("drop", Text(N_("Yes, drop it")), ("bỏ hồ sơ", "drop")),
    )


def _dropped(value: str, answers: Answers, facts: Facts) -> Go:
    case = _case(answers, facts)
    if value == "keep":
        return Go(f"case.{case.code}")
    done = Text(N_("✅ The new file is dropped. You can begin again whenever you like."))
    return Go("menu", effects=(DropBegun(case.code), SendMessage((done,))))


DROP_BEGUN = Dialog(
    "drop_begun",
    before=consent_first,
    allowed=_begun_one,
    up="check_status",
    steps=(Ask("sure", _sure, one_of(_sure_options), goto=_dropped, confirms=True),),
)

DIALOGS = (AGAIN_DIALOG, RENEW, STOOD, DROP_BEGUN)
