"""Where the producer works: province, then commune, typed as people type, old names too."""

from dataclasses import dataclass

from dialogs import places
from dialogs.answers import one_of
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
    """A province by name; a commune's name that is clear on its own answers both questions."""

    takes: str = "text"

    def options(self, answers: Answers, facts: Facts, partial: str) -> tuple[Option, ...]:
        return _meant(partial)

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if isinstance(event, OptionChosen) and event.value in _codes(partial):
            return _of(event.value)
        if not isinstance(event, TextReceived):
            raise InvalidAnswer(N_("Please type the name of the province, for example: Lào Cai."))
        found = [p.code for p in places.find_provinces(event.text)]
        found = found or [hit.commune.code for hit in places.find_communes(event.text, None)]
        if not found:
            raise InvalidAnswer(N_("I do not know that province. Please type its name again, for example: Lào Cai."))
        return _of(found[0]) if len(found) == 1 else _ask_which(found)

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
            return Answer(event.value)
        if not isinstance(event, TextReceived):
            raise InvalidAnswer(N_("Please type the name of the commune, for example: Tân Lĩnh."))
        found = [hit.commune.code for hit in places.find_communes(event.text, answers["province"])]
        if not found:
            raise InvalidAnswer(N_("I do not know that commune here. Please type its name, the old one is fine too."))
        return Answer(found[0]) if len(found) == 1 else _ask_which(found)

    def show(self, value: str, answers: Answers, facts: Facts) -> Sayable:
        return place_name(value)

    def holds(self, value: str, answers: Answers, facts: Facts) -> bool:
        return places.commune(value) is not None


def _of(code: str) -> Answer:
    unit = places.commune(code)
    return Answer(unit.province_code, also={"commune": code}) if unit is not None else Answer(code)


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
    return (Text(N_("You work in %(place)s, is that right?"), {"place": place_name(answers["commune"])}),)


PLACE = Dialog(
    "place",
    before=consent_first,
    steps=(
        Ask("province", N_("Which province do you work in? Typing without accents is fine."), province()),
        Ask("commune", N_("And which commune or ward? The name before the mergers is fine too."), commune()),
        Ask(
            "confirm",
            is_it_there,
            one_of(
                (
                    Option("yes", Text(N_("That is right")), ("đúng", "đúng rồi", "phải", "yes", "ok")),
                    Option("no", Text(N_("Choose again")), ("chọn lại", "sai", "không", "no")),
                )
            ),
            then=settled,
            goto=confirmed,
            needs=("commune",),
        ),
    ),
)


def place_first(facts: Facts) -> str:
    return consent_first(facts) or ("" if facts.person.commune else "place")
