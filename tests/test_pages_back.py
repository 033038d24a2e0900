"""A page that came back: which one it is, and what a new photo is taken for."""

import pytest

from dialogs.producer.pages_back import Back, named_pages, read

OLD = (("a", 0), ("b", 90), ("c", 0))
NEW, SECOND, THIRD = ("n", 0), ("m", 0), ("l", 0)


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
        ("Còn thiếu trang 2", ()),
        ("page 1 is dark, missing page 2", (0,)),
        ("trang trí chưa đẹp", ()),
    ],
)
def test_pages_that_the_officers_words_name(reason: str, places: tuple[int, ...]) -> None:
    assert named_pages(reason, 3) == places


@pytest.mark.parametrize(
    "back",
    [
        Back(OLD),
        Back(OLD, (NEW,)),
        Back(OLD, places=(1,)),
        Back(OLD, (NEW, SECOND), (0, 2), told=True),
        Back(OLD, (NEW,), (1,), True, True),
    ],
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
        ((NEW, SECOND), (), None),
        ((NEW, SECOND), (1,), None),
        ((NEW, SECOND, THIRD), (1,), (NEW, SECOND, THIRD)),
    ],
    ids=["nothing", "nothing yet", "one page", "two pages", "which?", "which of two?", "two", "two, not one", "all"],
)
def test_what_new_photos_are_taken_for(
    new: tuple[tuple[str, int], ...], places: tuple[int, ...], pages: tuple[tuple[str, int], ...] | None
) -> None:
    assert Back(OLD, new, places).pages == pages


def test_a_photo_that_follows_later_takes_the_place_of_a_bad_one() -> None:
    """In an album both count; once the question has said that the first is blurred, the next is a better one."""
    album = Back(OLD, places=(1,)).followed(NEW, {"n"}).followed(SECOND, {"n"})
    assert album.new == (NEW, SECOND)
    later = Back(OLD, (NEW,), (1,), told=True).followed(SECOND, {"n"})
    assert later.pages == (OLD[0], SECOND, OLD[2])
    assert Back(OLD).followed(NEW).followed(NEW).new == (NEW,), "delivered twice"


def test_none_of_the_photos_is_lost() -> None:
    """What was good stays when another follows; which page that is has to be said."""
    second = Back(OLD, (NEW,), (1,), told=True).followed(SECOND)
    assert (second.pages, second.unplaced) == (None, (SECOND,))
    assert second.at(0).pages == (SECOND, NEW, OLD[2])
    assert second.at(1).pages == (OLD[0], SECOND, OLD[2]), "a better one of the same page"
    two = Back(OLD, (NEW,), (0, 2), told=True).followed(SECOND)
    assert two.pages == (NEW, OLD[1], SECOND), "both that the officer has named"
    one_by_one = Back(OLD, (NEW, SECOND), told=True).followed(THIRD)
    assert one_by_one.pages == (NEW, SECOND, THIRD)
    assert Back(OLD, (NEW, SECOND)).at(2).at(0).pages == (SECOND, OLD[1], NEW)


def test_what_could_not_be_used_takes_no_place() -> None:
    assert Back(OLD, (NEW,), (1,)).only(()) == Back(OLD, (), (1,))
    assert Back(OLD, (NEW, SECOND), (1, 2), asked=True).only((SECOND,)).pages == (*OLD[:2], SECOND)
    assert Back(OLD, (NEW,), (1,), asked=True).only(()).places == (1,)


def test_a_file_of_several_pages_is_no_single_one() -> None:
    assert Back(OLD, (NEW,), (1,), whole=True).pages == (NEW,)


def test_a_page_that_was_missing_comes_behind_the_others() -> None:
    assert Back(OLD, (NEW,)).with_more == (*OLD, NEW)
    assert Back(OLD, (NEW, SECOND), (1,), asked=True).with_more == (OLD[0], NEW, OLD[2], SECOND)
