"""What officers write themselves: a reason, a note. There is always a way out that nobody takes for the text."""

from dialogs.answers import text
from dialogs.model import N_, Answer, Answers, Event, Facts, Go, Option, OptionChosen, Text

EXIT = "<"
"""Value of the way out. It has no letter, so nobody's words can be the same."""
TO_FILE = Option(EXIT, Text(N_("Never mind, back to the file")), ("về hồ sơ", "back to the file"))
EDIT = Option("edit", Text(N_("Change")), ("sửa", "viết lại", "change"))


class own_words(text):
    """Text, or EXIT; words of the desk's buttons do not get here (bot.render)."""

    def options(self, answers: Answers, facts: Facts, partial: str) -> tuple[Option, ...]:
        return (TO_FILE,)

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if isinstance(event, OptionChosen) and event.value == EXIT:
            return Answer(EXIT)
        return text.read(self, event, answers, facts, partial)


def to_file(value: str, answers: Answers, facts: Facts) -> Go | None:
    return Go(f"review.{answers['subject']}") if value == EXIT else None


def before(words: str) -> tuple[Text, ...]:
    """What stood there, for who writes it anew."""
    return (Text(N_("Before, it was: “%(words)s”"), {"words": words}),) if words else ()
