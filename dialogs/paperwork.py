"""What producers tell for their papers and have made of them: what the record says of it, and what is ordered.

A part of dialogs.model, which has all facts and effects.
"""

from collections.abc import Mapping
from dataclasses import dataclass

STORY_PARTS = ("origin", "place", "people", "making", "special", "memory", "village", "wish")
"""What a product's story is told in, in this order; names of questions and of what is kept."""


@dataclass(frozen=True, slots=True)
class Story:
    """A product's story in its producer's own words. By part: `told` the words, `voices` ids of voice notes."""

    told: Mapping[str, str]
    voices: Mapping[str, tuple[str, ...]]

    @property
    def parts(self) -> tuple[str, ...]:
        """Of which there is anything, in order."""
        return tuple(part for part in STORY_PARTS if self.told.get(part) or self.voices.get(part))

    @property
    def words(self) -> int:
        return sum(len(words.split()) for words in self.told.values())


# ---------------------------------------------------------------- orders


@dataclass(frozen=True, slots=True)
class KeepCondition:
    """What a producer says of something that papers hang on (dialogs.rules.ruleset.Condition)."""

    code: str
    condition: str
    holds: bool


@dataclass(frozen=True, slots=True)
class SendForm:
    """A form filled in from a case, as Word and as PDF. `form`: one of FORM_IDS, or "all": the bound dossier so far."""

    code: str
    form: str


@dataclass(frozen=True, slots=True)
class KeepStory:
    """The story of a case as its paper, in place of the one before."""

    code: str
    story: Story
