"""Register a product idea: the product, what it is made of, how much, who makes it; then the commune is told."""

from collections.abc import Callable
from decimal import Decimal
from functools import cache, lru_cache

from dialogs.answers import Options, location, one_of, pages_of, phone, photos, some_of, text, usable
from dialogs.engine import said
from dialogs.matching import match
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
    FileStatus,
    Go,
    InvalidAnswer,
    Option,
    OptionChosen,
    Prompt,
    SendMessage,
    SubmitIdea,
    Text,
    TextReceived,
    Then,
)
from dialogs.names import own_name, product_name
from dialogs.producer.own_score import can_score
from dialogs.producer.place import place_first
from dialogs.producer.self_score import TRY_IT
from dialogs.quantities import PERIOD_OPTIONS, UNIT_OPTIONS, period_of_quantity, quantity, unit_of_quantity
from dialogs.rules.ruleset import ProductGroup, Ruleset, ruleset, ruleset_on

MAX_PHOTOS = 5
_LONGEST_NAME = 80

STATES = (
    Option("idea", Text(N_("Only an idea")), ("ý tưởng", "mới nghĩ", "idea")),
    Option("trial", Text(N_("Being tried out")), ("đang làm thử", "làm thử", "trial")),
    Option("on_sale", Text(N_("Already on sale")), ("đang bán", "đã bán", "on sale")),
)
CHANNELS = (
    Option("home", Text(N_("At home and in the village")), ("tại nhà", "trong làng", "at home")),
    Option(
        "market", Text(N_("At the market")), ("chợ", "chợ phiên", "bán chợ", "bán chợ phiên", "đi chợ bán", "market")
    ),
    Option("shop", Text(N_("Shops and agents")), ("cửa hàng", "đại lý", "shop")),
    Option("supermarket", Text(N_("Supermarkets")), ("siêu thị", "supermarket")),
    Option("online", Text(N_("Online")), ("trên mạng", "zalo", "facebook", "online")),
    Option("none", Text(N_("Not sold yet")), ("chưa bán", "not yet")),
)
SUPPORT = (
    Option("paperwork", Text(N_("Paperwork")), ("giấy tờ", "hồ sơ", "paperwork")),
    Option("packaging", Text(N_("Label and packaging")), ("bao bì", "nhãn", "packaging")),
    Option("testing", Text(N_("Testing and food safety")), ("kiểm nghiệm", "an toàn thực phẩm", "testing")),
    Option("trademark", Text(N_("Trademark")), ("nhãn hiệu", "trademark")),
    Option("machines", Text(N_("Machines and capital")), ("máy móc", "vốn", "machines")),
    Option("selling", Text(N_("Finding buyers")), ("tìm nơi bán", "bán hàng", "selling")),
    Option("nothing", Text(N_("Nothing for now")), ("chưa cần", "không cần", "nothing")),
)
KINDS = (
    Option(
        "household",
        Text(N_("A household")),
        ("hộ", "hộ gia đình", "hộ kinh doanh", "nhà tôi", "nhà tôi làm", "nhà làm", "gia đình", "household"),
    ),
    Option("cooperative_group", Text(N_("A co-operative group")), ("tổ hợp tác", "tổ", "group")),
    Option("cooperative", Text(N_("A co-operative")), ("hợp tác xã", "htx", "cooperative")),
    Option("enterprise", Text(N_("A company")), ("công ty", "doanh nghiệp", "company")),
    Option("farm", Text(N_("A farm")), ("trang trại", "farm")),
)


def rules(answers: Answers, facts: Facts) -> Ruleset:
    """Those of the day a case was filed ("_ruleset"); a new idea follows today's."""
    return ruleset(answers["_ruleset"]) if "_ruleset" in answers else ruleset_on(facts.today)


def as_filed(case: CaseFacts) -> Answers:
    """A case's answers together with the rules they were given under."""
    return {**case.answers, "_ruleset": case.ruleset}


def groups(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    return _groups(rules(answers, facts).id)


@cache
def _groups(ruleset_id: str) -> tuple[Option, ...]:
    return tuple(Option(g.id, g.label, (g.official,)) for g in ruleset(ruleset_id).groups)


def _group(answers: Answers, facts: Facts) -> ProductGroup | None:
    return _group_of(rules(answers, facts).id, answers.get("product_group", ""))


@lru_cache(maxsize=64)  # asked again and again, by each question that hangs on it
def _group_of(ruleset_id: str, group_id: str) -> ProductGroup | None:
    return next((group for group in ruleset(ruleset_id).groups if group.id == group_id), None)


def sets(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    group = _group(answers, facts)
    return _sets(rules(answers, facts).id, group.id) if group is not None else ()


@cache
def _sets(ruleset_id: str, group_id: str) -> tuple[Option, ...]:
    """The options of a question are looked at with every turn of a form in which it is answered."""
    found = next(group.sets for group in ruleset(ruleset_id).groups if group.id == group_id)
    return tuple(Option(str(s.number), s.label, s.aliases) for s in found)


def which_set(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    group = _group(answers, facts)
    return (Text(N_("%(group)s: which kind is it exactly?"), {"group": group.label if group else ""}),)


def has_several_sets(answers: Answers, facts: Facts) -> bool:
    """Assumed until the group is known, so that the count of questions does not grow on the way."""
    group = _group(answers, facts)
    return group is None or len(group.sets) > 1


def unit_missing(answers: Answers, facts: Facts) -> bool:
    return "quantity" in answers and (answers["quantity"] != "")


def which_unit(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    return (Text(N_("%(number)s of what? Choose, or type your own unit."), {"number": _amount(answers)}),)


def which_period(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    typed = answers.get("_quantity_typed", "")
    amount = quantity().show(answers["quantity"], {**answers, "quantity_period": ""}, facts)
    if answers.get("quantity_unit") == "kg" and "kg" not in typed.lower():
        return (Text(N_("%(typed)s is %(amount)s. Is that a month, a season or a year?"), {
            "typed": typed, "amount": said(amount),
        }),)  # fmt: skip
    return (Text(N_("%(amount)s: is that a month, a season or a year?"), {"amount": said(amount)}),)


def _amount(answers: Answers) -> Decimal:
    return Decimal(answers["quantity"] or "0")


def can_send_photos(answers: Answers, facts: Facts) -> bool:
    """Not asked where the messenger takes none; photos sent through another one stay."""
    return facts.receives_photos or bool(answers.get("photos"))


def where_made(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    """A messenger that carries no files carries no place on the map either."""
    if not facts.receives_files:
        return (Text(N_("Where is it made? Please type the village.")),)
    return (Text(N_("Where is it made? Share the place on the map, or type the village.")),)


def photo_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    """What arrived so far, each problem in one sentence; or how to begin."""
    if not answers["~"]:
        return (Text(N_("📷 Please send photos of the product, up to %(most)s."), {"most": MAX_PHOTOS}),)
    if answers["~"].startswith("drop|"):
        return (Text(N_("Which photo shall I leave out?")),)
    return (*counted_back(answers["~"], facts), *is_that_all(answers, facts))


def is_that_all(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    """Asked once there is something that can be used."""
    here = usable(pages_of(answers["~"]), facts)
    return (Text(N_("Is that all, or is there more to come?")),) if here else ()


ADVICE = {
    "blurred": N_("Photo %(number)s is blurred. Hold the phone still near a window and take it again, or leave it."),
    "dark": N_("Photo %(number)s is too dark. Take it by daylight, or leave it as it is."),
    "tiny": N_("Photo %(number)s is very small. Go closer and take it again, or leave it as it is."),
}
REFUSALS = {
    "empty": N_("File %(number)s is empty. Please send it again."),
    "too_large": N_("File %(number)s is over 20 MB. Please send it in smaller parts."),
    "unknown_kind": N_("File %(number)s is of a kind I can't take. I take photos, PDF, Word and Excel."),
    "broken": N_("File %(number)s does not open. Please send it again, or a photo of it."),
    "locked": N_("File %(number)s has a password. Please send it without one."),
    "scripted": N_("File %(number)s holds a program, so I did not take it. Please send a photo of the paper."),
    "too_many_pixels": N_("Photo %(number)s is too large. Please take it again with the ordinary camera setting."),
    "bomb": N_("File %(number)s is not safe to open, so I did not take it. Please send a photo of the paper."),
    "lost": N_("File %(number)s did not reach me. Please send it again."),
}


def counted_back(partial: str, facts: Facts) -> tuple[Text, ...]:
    """ "I have all 6": every file is counted, and each that needs another look is named by its number."""
    ids = [part.partition(":")[0] for part in partial.rpartition("|")[2].split(",") if part]
    known = {file_id: facts.files.get(file_id) for file_id in ids}
    waiting = sum(f is None or f.status == FileStatus.PENDING for f in known.values())
    bad = [n for n, f in enumerate(known.values(), 1) if f and f.status in (FileStatus.REFUSED, FileStatus.FAILED)]
    good = len(ids) - waiting - len(bad)
    texts = [Text(N_("I have %(good)s of %(all)s."), {"good": good, "all": len(ids)})]
    if good == len(ids):
        texts = [Text(N_("I have the one you sent."), {"count": good}, N_("I have all %(count)s."))]
    if waiting:
        texts.append(Text(N_("The rest is still on its way.")))
    for number, file in enumerate(known.values(), 1):
        if file is None:
            continue
        if number in bad:
            reason = file.findings[0] if file.findings else "lost"
            texts.append(Text(REFUSALS.get(reason, REFUSALS["lost"]), {"number": number}))
        else:
            texts.extend(Text(ADVICE[f], {"number": number}) for f in file.findings if f in ADVICE)
    return tuple(texts)


def producer_name(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    if answers.get("producer_kind") == "household":
        return (Text(N_("What is the full name of the head of the household or the owner?")),)
    return (Text(N_("What is its full name, as on its papers?")),)


class product_kind(one_of):
    """A group, or one of its kinds; a product by its everyday name ("trà", "mật ong") says both at once."""

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if not isinstance(event, TextReceived) or not any(char.isalpha() for char in event.text):
            return super().read(event, answers, facts, partial)
        found = [(g, s) for g in rules(answers, facts).groups for s in g.sets]
        meant = match(event.text, [(s.label.vi, s.label.en, *s.aliases) for _, s in found]).close
        groups_meant = {found[place][0].id for place in meant}
        if len(groups_meant) == 1 and len(meant) > 1 and self.choices is groups:  # fresh or processed: the kind is next
            return Answer(groups_meant.pop())
        if len(meant) != 1:
            raise InvalidAnswer(
                N_("I do not know what “%(words)s” belongs to. Take the nearest one; the commune sorts it for you."),
                words=event.text[:_LONGEST_NAME],
            )
        group, kind = found[meant[0]]
        also = {"product_group": group.id} | ({"product_set": str(kind.number)} if len(group.sets) > 1 else {})
        told = Text(N_("I put that under “%(group)s: %(kind)s”."), {"group": group.label, "kind": kind.label})
        value = group.id if self.choices is groups else str(kind.number)
        return Answer(value, also=also, effects=(SendMessage((told,)),))


class contact(own_name):
    """A name; the maker's own, once it is known, need not be typed again."""

    def options(self, answers: Answers, facts: Facts, partial: str) -> tuple[Option, ...]:
        name = answers.get("producer_name", "")
        alone = answers.get("producer_kind") == "household" and 0 < len(name) <= self.max_chars
        return (Option(SAME, name),) if alone else ()

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if isinstance(event, OptionChosen) and event.value == SAME and self.options(answers, facts, partial):
            return Answer(answers["producer_name"])
        return super().read(event, answers, facts, partial)


SAME = "same"


def submit(answers: Answers, facts: Facts) -> Effects:
    if answers["review"] != "send":
        return ()
    return (SubmitIdea(given(answers)),)


def given(answers: Answers) -> dict[str, str]:
    """The answers to the questions about an idea, without what else a draft holds."""
    return {ask.name: answers[ask.name] for ask in IDEA_ASKS if ask.name in answers}


def review(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    where = Text(N_("Please look it over before it goes to the commune."))
    return (where, *answer_lines(answers, facts))


def answer_lines(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    """Every answer on a line of its own, in the order of the questions; skipped ones left out."""
    lines = []
    for ask in IDEA_ASKS:
        value = answers.get(ask.name, "")
        if value and ask.title and (ask.when is None or ask.when(answers, facts)):
            shown = said(ask.accept.show(value, answers, facts))
            lines.append(Text(N_("• %(title)s: %(answer)s"), {"title": Text(ask.title), "answer": shown}))
    return tuple(lines)


def editable(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    asked = (ask for ask in IDEA_ASKS if ask.title and (ask.when is None or ask.when(answers, facts)))
    return tuple(Option(ask.name, Text(ask.title)) for ask in asked)


def by_number(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    """ "sửa câu 3", "sửa tên sản phẩm": the questions by the numbers under which they were asked, and by title."""
    asked = (ask for ask in IDEA_ASKS if ask.counted and (ask.when is None or ask.when(answers, facts)))
    return tuple(
        Option(
            f"{_NUMBERED}{ask.name}",
            Text(N_("change answer %(number)s"), {"number": number}),
            (Text(N_("change: %(title)s"), {"title": Text(ask.title)}),),
            hidden=True,
        )
        for number, ask in enumerate(asked, 1)
    )


Numbers = Callable[[Answers, Facts], tuple[Option, ...]]
_NUMBERED = "edit:"
SEND_IT = Option("send", Text(N_("Send to the commune")), ("gửi", "gửi luôn", "gửi cho xã", "send"))
_LOOK_OVER = (
    Option("edit", Text(N_("Change an answer")), ("sửa", "sửa câu khác", "edit", "change"), takes_rest=True),
    Option("later", Text(N_("Don't send yet")), ("chưa gửi", "để mai", "later")),
)


def review_asks(
    form: str,
    prompt: Prompt,
    then: Then,
    choices: Options,
    numbers: Numbers = lambda answers, facts: (),
    send: Option = SEND_IT,
) -> tuple[Ask, Ask]:
    """The end of a form about an idea: look it over, change an answer, send it or put it off."""

    def onward(value: str, answers: Answers, facts: Facts) -> Go | None:
        if value == "edit":
            return Go(f"{form}.{answers['subject']}/edit")
        if value.startswith(_NUMBERED):
            return to_question(value.removeprefix(_NUMBERED), answers, facts)
        return Go(f"pause.{form}.{answers['subject']}") if value == "later" else None

    def to_question(value: str, answers: Answers, facts: Facts) -> Go:
        return Go(f"{form}.{answers['subject']}/{value}")

    return (
        Ask(
            "review",
            prompt,
            one_of(lambda answers, facts: (send, *_LOOK_OVER, *numbers(answers, facts))),
            then=then,
            goto=onward,
            confirms=True,
            counted=False,
        ),
        Ask(
            "edit",
            N_("Which answer shall we change?"),
            one_of(choices),
            aside=True,
            goto=to_question,
            counted=False,
        ),
    )


IDEA_ASKS = (
    Ask(
        "product",
        N_("What is the product called?"),
        product_name(max_chars=_LONGEST_NAME),
        title=N_("Product"),
        confirm=N_("The product is called “%(answer)s”, is that right? You may also type another name."),
    ),
    Ask(
        "product_group",
        N_("Which group does it belong to?"),
        product_kind(groups),
        title=N_("Group"),
        hint=N_("Type “back” for the question before, “pause” to go on another day."),
    ),
    Ask(
        "product_set",
        which_set,
        product_kind(sets),
        when=has_several_sets,
        needs=("product_group",),
        title=N_("Kind of product"),
    ),
    Ask("product_state", N_("How far is it?"), one_of(STATES), title=N_("How far")),
    Ask(
        "special",
        N_("What is special about it? A taste, a place, a way of making it that others do not have."),
        text(max_chars=600),
        title=N_("What is special"),
    ),
    Ask(
        "materials",
        N_("What is it made of, and where does that come from?"),
        text(max_chars=400),
        title=N_("Materials"),
    ),
    Ask(
        "labour",
        N_("Who works on it? For example: 3 people of the family, all from this commune."),
        text(max_chars=300, min_chars=1),
        title=N_("Who works on it"),
    ),
    Ask(
        "quantity",
        N_("How much do you make, or plan to make? For example: 2 tạ, 300 bottles a month."),
        quantity(),
        optional=True,
        title=N_("Quantity"),
    ),
    Ask(
        "quantity_unit",
        which_unit,
        unit_of_quantity(UNIT_OPTIONS, other=20),
        when=unit_missing,
        needs=("quantity",),
        counted=False,
    ),
    Ask(
        "quantity_period",
        which_period,
        period_of_quantity(PERIOD_OPTIONS),
        when=unit_missing,
        needs=("quantity",),
        counted=False,
    ),
    Ask(
        "sales_channels",
        N_("Where do you sell it? Several are fine, for example: 1, 3."),
        some_of(CHANNELS),
        title=N_("Where it is sold"),
    ),
    Ask(
        "support",
        N_("What would you like help with? Several are fine, for example: 1, 3."),
        some_of(SUPPORT),
        title=N_("Help wanted"),
    ),
    Ask(
        "producer_kind",
        N_("Who makes it?"),
        one_of(KINDS),
        title=N_("Maker"),
        prefill=lambda facts: facts.person.producer_kind,
    ),
    Ask(
        "producer_name",
        producer_name,
        own_name(max_chars=120),
        title=N_("Name of the maker"),
        needs=("producer_kind",),
        prefill=lambda facts: facts.person.producer_name,
    ),
    Ask(
        "contact_name",
        N_("What is your name, so that the officer knows whom to call?"),
        contact(max_chars=80),
        title=N_("Contact"),
        prefill=lambda facts: facts.person.name,
    ),
    Ask(
        "phone",
        N_("Which telephone number may the officer call? For example: 0912 345 678."),
        phone(),
        title=N_("Telephone"),
        ask_contact=True,
        prefill=lambda facts: facts.person.phone,
    ),
    Ask(
        "photos",
        photo_prompt,
        photos(MAX_PHOTOS),
        when=can_send_photos,
        takes_files=True,
        optional=True,
        title=N_("Photos"),
    ),
    Ask(
        "location",
        where_made,
        location(),
        optional=True,
        ask_location=True,
        title=N_("Place"),
    ),
)

REGISTER_IDEA = Dialog(
    "register_idea",
    form=True,
    version=1,
    before=place_first,
    end=lambda answers, facts: "receipt",
    named=lambda answers: answers.get("product") or answers["~said"],
    steps=(
        *IDEA_ASKS,
        *review_asks("register_idea", review, submit, editable, by_number),
    ),
)


# ---------------------------------------------------------------- receipt


def receipt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case = facts.cases[0]
    texts = [Text(N_("✅ Sent! Your case code is %(code)s."), {"code": case.code})]
    if case.officers:
        texts.append(Text(N_("%(desk)s has it now."), {"desk": case.desk}))
        if case.officer:
            texts.append(Text(N_("Officer %(name)s looks at it."), {"name": case.officer}))
        if case.due_on is not None:
            texts.append(Text(N_("You get an answer by %(day)s at the latest."), {"day": case.due_on}))
    else:
        texts.extend(who_has_it(case))
    texts.append(Text(N_("Next come the plan and the papers. You can begin with them right away.")))
    return tuple(texts)


def who_has_it(case: CaseFacts) -> tuple[Text, ...]:
    """The truth about a commune without an officer; nothing where there is one."""
    if case.officers:
        return ()
    if case.province_officers:
        return (
            Text(N_("Your commune has no officer here yet, so I have told the province.")),
            Text(N_("Please also tell the commune office.")),
        )
    return (
        Text(N_("No officer of your commune or province is here yet, so nobody has read it so far.")),
        Text(N_("It is safe here. Please take the code to the commune office.")),
    )


def after_receipt(value: str, answers: Answers, facts: Facts) -> Go:
    code = facts.cases[0].code
    targets = {"papers": f"upload.{code}", "status": f"case.{code}", TRY_IT.value: f"self_score.{code}"}
    return Go(targets.get(value, "menu"))


def receipt_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    return (
        Option("papers", Text(N_("Send papers")), ("nộp giấy tờ", "papers")),
        *((TRY_IT,) if can_score(facts.cases[0]) else ()),
        Option("status", Text(N_("Look at my file")), ("xem hồ sơ", "status")),
        Option("menu", Text(N_("Main menu")), ("menu",)),
    )


RECEIPT = Dialog(
    "receipt",
    allowed=lambda answers, facts: bool(facts.cases),
    steps=(
        Ask(
            "choice",
            receipt,
            one_of(receipt_options),
            goto=after_receipt,
        ),
    ),
)
