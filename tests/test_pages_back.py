"""A page that came back: which one it is, and what a new photo is taken for."""

import pytest

from dialogs.producer.pages_back import Back, named_pages, read

OLD = (("a", 0), ("b", 90), ("c", 0))
NEW, SECOND = ("n", 0), ("m", 0)


@pytest.mark.parametrize(
    ("reason", "places"),
    [
        ("Trang 2 thiếu dấu", (1,)),
        ("trang 2 và 3 mờ", (1, 2)),
        ("trang 3, 1", (0, 2)),
        ("Trang 1-3 mờ", (0, 1, 2)),
        ("trang 2 đến 9", (1, 2)),
        ("Pages 1 and 2 are dark", (0, 1)),
        ("tr. 3", (2,)),
        ("trang 9", ()),
        ("trang 0", ()),
        ("thiếu dấu của xã, số 2 ngày 3/5", ()),
        ("trang trí chưa đẹp", ()),
    ],
)
def test_pages_that_the_officers_words_name(reason: str, places: tuple[int, ...]) -> None:
    assert named_pages(reason, 3) == places


@pytest.mark.parametrize(
    "back",
    [Back(OLD), Back(OLD, (NEW,)), Back(OLD, places=(1,)), Back(OLD, (NEW, SECOND), (0, 2), told=True)],
)
def test_it_is_kept_as_an_unfinished_answer(back: Back) -> None:
    assert read(str(back)) == back


@pytest.mark.parametrize(
    "partial", ["", "a,b", "told|a,b", "at1|a,b", "back0|a", "back9|a,b", "back2.2|a,b", "back|a", "back-1|a"]
)
def test_what_is_no_such_answer(partial: str) -> None:
    assert read(partial) is None


@pytest.mark.parametrize(
    ("new", "places", "pages"),
    [
        ((), (), None),
        ((), (1,), None),
        ((NEW,), (1,), (OLD[0], NEW, OLD[2])),
        ((NEW, SECOND), (0, 2), (NEW, OLD[1], SECOND)),
        ((NEW,), (), None),
        ((NEW,), (0, 2), None),
        ((NEW, SECOND), (), (NEW, SECOND)),
        ((NEW, SECOND), (1,), (NEW, SECOND)),
    ],
    ids=["nothing", "nothing yet", "one page", "two pages", "which?", "which of two?", "all", "all, though one"],
)
def test_what_new_photos_are_taken_for(
    new: tuple[tuple[str, int], ...], places: tuple[int, ...], pages: tuple[tuple[str, int], ...] | None
) -> None:
    assert Back(OLD, new, places).pages == pages


def test_a_photo_that_follows_later_takes_the_place_of_the_one_before() -> None:
    """In an album both count; once the question has spoken of the first, the next is a better one of the same page."""
    album = Back(OLD, places=(1,)).followed(NEW).followed(SECOND)
    assert album.new == (NEW, SECOND)
    later = Back(OLD, (NEW,), (1,), told=True).followed(SECOND)
    assert later.pages == (OLD[0], SECOND, OLD[2])
    assert Back(OLD).followed(NEW).followed(NEW).new == (NEW,), "delivered twice"
