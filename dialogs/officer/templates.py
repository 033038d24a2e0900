"""Ready words for reasons: an administrator lists, adds and removes them, for each paper and each answer."""

from dialogs.answers import one_of, text
from dialogs.model import (
    N_,
    Answers,
    Ask,
    Dialog,
    Effects,
    Facts,
    Go,
    Option,
    RemoveTemplate,
    Role,
    SetTemplate,
    Template,
    Text,
)
from dialogs.producer.check_status import reason_words
from dialogs.producer.register_idea import IDEA_ASKS
from dialogs.rules.ruleset import WITH_THE_PLAN, Label, ruleset_on

MOST_CHARS = 200
"""A reason that is chosen, not written, has to be read at a glance."""


def administers(answers: Answers, facts: Facts) -> bool:
    return any(member.role is Role.ADMINISTRATOR for member in facts.person.memberships)


# ---------------------------------------------------------------- for what

_ALL = (
    Option("paper", Text(N_("Every paper")), ("mọi giấy tờ", "every paper")),
    Option("answer", Text(N_("Every answer")), ("mọi câu trả lời", "every answer")),
    Option("all", Text(N_("The whole file")), ("cả hồ sơ", "the whole file")),
    Option("one_paper", Text(N_("One kind of paper")), ("một loại giấy", "one paper")),
    Option("one_answer", Text(N_("One answer")), ("một câu trả lời", "one answer")),
)


def papers(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    """Each kind of paper of today's rules once: the plan's is the dossier's as well."""
    found: dict[str, Label] = {}
    for paper in ruleset_on(facts.today).papers:
        found.setdefault(paper.id.removeprefix(WITH_THE_PLAN), paper.label)
    first = {label: paper_id for paper_id, label in reversed(found.items())}
    return tuple(Option(i, label if first[label] == i else _other(label)) for i, label in found.items())


def _other(label: Label) -> Text:
    """Another paper of the same name, which only the dossier has."""
    return Text(N_("%(paper)s (dossier)"), {"paper": label})


def questions(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    return tuple(Option(ask.name, Text(ask.title)) for ask in IDEA_ASKS if ask.title)


def chosen_kind(value: str, answers: Answers, facts: Facts) -> Go:
    if value.startswith("one_"):
        return Go(f"templates/{value}")
    return Go("templates/list", {"_item": value})


def _named(item: str, facts: Facts) -> Text | Label | str:
    kind, _, name = item.partition(":")
    every = next((option.label for option in _ALL if option.value == item), None)
    known = papers({}, facts) if kind == "paper" else questions({}, facts)
    return every or next((option.label for option in known if option.value == name), name)


# ---------------------------------------------------------------- the list


def of_something(answers: Answers, facts: Facts) -> bool:
    """It was chosen for what: else that is asked first."""
    return "_item" in answers


def _here(answers: Answers, facts: Facts) -> tuple[Template, ...]:
    return tuple(template for template in facts.templates if template.item == answers["_item"])


def listed(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    name = {"item": _named(answers["_item"], facts)}
    found = _here(answers, facts)
    if not found:
        return (Text(N_("%(item)s: there are no ready reasons yet."), name),)
    lines = tuple(Text("• %(words)s", {"words": reason_words(template.text)}) for template in found)
    return (Text(N_("%(item)s: officers can choose from these."), name), *lines)


def list_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    remove = Option("remove", Text(N_("Remove one")), ("bỏ bớt", "bỏ", "remove"))
    return (
        Option("add", Text(N_("Add one")), ("thêm lý do", "thêm", "add")),
        *((remove,) if _here(answers, facts) else ()),
        Option("others", Text(N_("For something else")), ("mục khác", "something else")),
        Option("menu", Text(N_("Main menu")), ("menu",)),
    )


def after_list(value: str, answers: Answers, facts: Facts) -> Go:
    targets = {"add": "templates/words", "remove": "templates/which", "others": "templates", "menu": "menu"}
    return Go(targets[value])


def added(answers: Answers, facts: Facts) -> Effects:
    return (SetTemplate(answers["_item"], answers["words"]),)


def removable(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    """The number stands in the button, so one that is gone already is not there to be removed again."""
    each = tuple(Option(str(template.id), reason_words(template.text)) for template in _here(answers, facts))
    return (*each, Option("none", Text(N_("Keep all")), ("giữ hết", "keep all")))


def removed(answers: Answers, facts: Facts) -> Effects:
    return (RemoveTemplate(int(answers["which"])),) if answers["which"] != "none" else ()


TEMPLATES = Dialog(
    "templates",
    allowed=administers,
    linked=True,
    steps=(
        Ask("kind", N_("Ready reasons for what?"), one_of(_ALL), goto=chosen_kind),
        Ask(
            "one_paper",
            N_("For which paper?"),
            one_of(papers),
            aside=True,
            goto=lambda value, answers, facts: Go("templates/list", {"_item": f"paper:{value}"}),
        ),
        Ask(
            "one_answer",
            N_("For which answer?"),
            one_of(questions),
            aside=True,
            goto=lambda value, answers, facts: Go("templates/list", {"_item": f"answer:{value}"}),
        ),
        Ask("list", listed, one_of(list_options), aside=True, when=of_something, goto=after_list),
        Ask(
            "words",
            N_("How does it read? The producer reads exactly these words."),
            text(max_chars=MOST_CHARS, min_chars=5),
            aside=True,
            when=of_something,
            verbatim=True,
            then=added,
            goto=lambda value, answers, facts: Go("templates/list"),
        ),
        Ask(
            "which",
            N_("Which one shall go?"),
            one_of(removable),
            aside=True,
            when=of_something,
            then=removed,
            goto=lambda value, answers, facts: Go("templates/list"),
        ),
    ),
)
