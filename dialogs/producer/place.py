"""Where the producer works: province, then commune, typed as people type, old names too."""

from collections.abc import Sequence
from dataclasses import dataclass

from dialogs import places
from dialogs.answers import one_of, one_of_in_words
from dialogs.matching import same
from dialogs.model import (
    N_,
    Answer,
    Answers,
    Ask,
    Dialog,
    Effects,
    Event,
    Facts,
    Go,
    InvalidAnswer,
    Option,
    OptionChosen,
    Sayable,
    SetPlace,
    Text,
    TextReceived,
)
from dialogs.producer.consent import consent_first
from dialogs.words import NO, YES

_MOST_MEANT = 7


def place_name(code: str) -> Text | str:
    """A commune (5 digits) or province (2 digits) in words."""
    commune = places.commune(code)
    if commune is None:
        province = places.province(code)
        return province.name if province is not None else code
    province = places.province(commune.province_code)
    return f"{commune.full_name}, {province.name if province is not None else ''}".rstrip(", ")


@dataclass(frozen=True, slots=True)
class province:
    """A province by name; a commune's name that is clear on its own, or both names, answer both questions."""

    takes: str = "text"

    def options(self, answers: Answers, facts: Facts, partial: str) -> tuple[Option, ...]:
        return _meant(partial)

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if isinstance(event, OptionChosen) and event.value in _codes(partial):
            return _of(event.value)
        if not isinstance(event, TextReceived) or _is_no_place(event.text):
            raise InvalidAnswer(N_("Please type the name of the province, for example: Lào Cai."))
        hits = _both(event.text) or places.find_within(event.text)
        if not hits and (found := [p.code for p in places.find_provinces(event.text)]):
            return _of(found[0]) if len(found) == 1 else _ask_which(found)
        hits = hits or places.find_communes(event.text, None)
        if not hits:
            raise InvalidAnswer(N_("I do not know that province. Please type its name again, for example: Lào Cai."))
        return _of(hits[0].commune.code, hits[0].former) if len(hits) == 1 else _ask_which(_found(hits))

    def show(self, value: str, answers: Answers, facts: Facts) -> Sayable:
        return place_name(value)

    def holds(self, value: str, answers: Answers, facts: Facts) -> bool:
        return places.province(value) is not None


@dataclass(frozen=True, slots=True)
class commune:
    """A commune of the province named before, by its name today or before the mergers."""

    takes: str = "text"

    def options(self, answers: Answers, facts: Facts, partial: str) -> tuple[Option, ...]:
        return _meant(partial)

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if isinstance(event, OptionChosen) and event.value in _codes(partial):
            return Answer(event.value, also={"_former": ""})
        if not isinstance(event, TextReceived) or _is_no_place(event.text):
            raise InvalidAnswer(N_("Please type the name of the commune, for example: Tân Lĩnh."))
        hits = places.find_communes(event.text, answers["province"])
        if not hits:
            raise InvalidAnswer(N_("I do not know that commune here. Please type its name, the old one is fine too."))
        if len(hits) > 1:
            return _ask_which(_found(hits))
        return Answer(hits[0].commune.code, also={"_former": hits[0].former or ""})

    def show(self, value: str, answers: Answers, facts: Facts) -> Sayable:
        return place_name(value)

    def holds(self, value: str, answers: Answers, facts: Facts) -> bool:
        return places.commune(value) is not None


@dataclass(frozen=True, slots=True)
class is_it(one_of_in_words):
    """Whether it is that commune; who types another place means that one."""

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if isinstance(event, TextReceived) and _place_in(event.text, facts) is not None:
            return Answer("", belongs="province")
        return one_of.read(self, event, answers, facts, partial)


def _place_in(typed: str, facts: Facts) -> Answer | None:
    try:
        return province().read(TextReceived(typed), {}, facts, "")
    except InvalidAnswer:
        return None


def _is_no_place(typed: str) -> bool:
    """A bare yes or no, although there is a commune of Đồng Ý."""
    return bool(same(typed, [(*YES, *NO)]).matches)


def _both(typed: str) -> Sequence[places.PlaceHit]:
    """ "Tân Lĩnh, Lào Cai": the commune, in the province that stands last."""
    before, _, last = typed.rpartition(",")
    found = places.find_provinces(last) if before.strip() else ()
    return places.find_communes(before, found[0].code) if len(found) == 1 else ()


def _found(hits: Sequence[places.PlaceHit]) -> list[str]:
    return [hit.commune.code for hit in hits]


def _of(code: str, former: str | None = None) -> Answer:
    unit = places.commune(code)
    if unit is None:
        return Answer(code)
    return Answer(unit.province_code, also={"commune": code, "_former": former or ""})


def _ask_which(codes: list[str]) -> Answer:
    distinct = list(dict.fromkeys(codes))[:_MOST_MEANT]
    return _of(distinct[0]) if len(distinct) == 1 else Answer("?" + ",".join(distinct), complete=False)


def _codes(partial: str) -> list[str]:
    return partial[1:].split(",") if partial.startswith("?") else []


def _meant(partial: str) -> tuple[Option, ...]:
    return tuple(Option(code, place_name(code)) for code in _codes(partial))


def settled(answers: Answers, facts: Facts) -> Effects:
    return (SetPlace(answers["commune"]),) if answers["confirm"] == "yes" else ()


def confirmed(value: str, answers: Answers, facts: Facts) -> Go | None:
    return Go("place", drop="place") if value == "no" else None


def is_it_there(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    place = place_name(answers["commune"])
    if former := answers.get("_former"):
        return (
            Text(N_("%(former)s now belongs to %(place)s."), {"former": former, "place": place}),
            Text(N_("Is that where you work?")),
        )
    return (Text(N_("You work in %(place)s, is that right?"), {"place": place}),)


PLACE = Dialog(
    "place",
    before=consent_first,
    kept=True,
    steps=(
        Ask("province", N_("Which province do you work in? Typing without accents is fine."), province()),
        Ask("commune", N_("And which commune or ward? The name before the mergers is fine too."), commune()),
        Ask(
            "confirm",
            is_it_there,
            is_it(
                (
                    Option("yes", Text(N_("That is right")), YES),
                    Option("no", Text(N_("Choose again")), (*NO, "chọn lại")),
                )
            ),
            then=settled,
            confirms=True,
            goto=confirmed,
            needs=("commune",),
        ),
    ),
)


def change(argument: str, facts: Facts) -> Go:
    """ "đổi xã", "nhầm xã rồi, tôi ở Tân Lĩnh": where it is instead, then on from where that was said."""
    meant = _place_in(argument, facts) or Answer("", complete=False)
    answers = {"province": meant.value, **meant.also} if meant.complete else {}
    return Go("place", answers, partial="" if answers else meant.value, drop="place", detour=True)


def place_first(facts: Facts) -> str:
    return consent_first(facts) or ("" if facts.person.commune else "place")
