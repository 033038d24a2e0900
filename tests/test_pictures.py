"""Papers as pictures: their pages, and all of them on one sheet."""

import io

import pytest
from PIL import Image, ImageChops

from bot import pictures
from bot.papers import Kind, normalise_photo, pages_to_pdf
from bot.pictures import MAX_RATIO, MOST_TILES, PICTURE_SIDE_PX, Tile, contact_sheet, pages, thumbnail
from tests.test_papers import page_of_text

RED, BLUE = (200, 30, 30), (30, 30, 200)


def jpeg(image: Image.Image) -> bytes:
    made = io.BytesIO()
    image.save(made, "JPEG")
    return made.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    assert image.format == "JPEG"
    return image


def plain(colour: tuple[int, int, int], width: int = 800, height: int = 1000) -> bytes:
    return jpeg(Image.new("RGB", (width, height), colour))


def near(pixel: object, colour: tuple[int, int, int]) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(a - b) < 12 for a, b in zip(pixel, colour, strict=True))


def test_a_photo_is_turned_and_no_larger_than_a_phone_shows() -> None:
    (page,) = pages(jpeg(page_of_text(2400, 3000)), Kind.JPEG, 90, 10)
    assert opened(page).size == (PICTURE_SIDE_PX, PICTURE_SIDE_PX * 4 // 5)


def test_a_pdf_is_shown_page_by_page_as_far_as_there_is_room() -> None:
    pdf = pages_to_pdf([normalise_photo(plain(colour)) for colour in (RED, BLUE, RED)], "Kế hoạch")
    shown = pages(pdf, Kind.PDF, 0, 10)
    assert len(shown) == 3
    assert all(near(opened(page).getpixel((500, 800)), c) for page, c in zip(shown, (RED, BLUE, RED), strict=True))
    assert max(opened(shown[0]).size) == PICTURE_SIDE_PX
    assert len(pages(pdf, Kind.PDF, 0, 2)) == 2


def test_a_word_file_has_no_pictures() -> None:
    assert pages(b"PK", Kind.DOCX, 0, 10) == []
    assert thumbnail(b"PK", Kind.DOCX, 0) == b""


@pytest.mark.parametrize("size", [(2000, 20), (20, 2000)])
def test_a_strip_gets_margins_so_that_it_can_be_sent(size: tuple[int, int]) -> None:
    (page,) = pages(plain(RED, *size), Kind.JPEG, 0, 10)
    width, height = opened(page).size
    assert max(width, height) <= MAX_RATIO * min(width, height)
    assert near(opened(page).getpixel((width // 2, height // 2)), RED)


# ---------------------------------------------------------------- the sheet


def sheet(*captions: str) -> Image.Image:
    return opened(contact_sheet([Tile(caption, plain(RED, 320, 240)) for caption in captions])).convert("RGB")


def test_a_sheet_has_three_in_a_row_and_room_for_their_names() -> None:
    one, three, four = (sheet(*["Kế hoạch"] * n).size for n in (1, 3, 4))
    assert three[0] == 1080
    assert one[0] == 720
    assert four == (three[0], 2 * three[1])
    assert three[1] > 360


def test_every_tile_has_its_own_thumbnail_and_number() -> None:
    made = opened(contact_sheet([Tile("Một", plain(RED)), Tile("Hai", plain(BLUE)), Tile("Ba", instead="DOCX")]))
    made = made.convert("RGB")
    assert near(made.getpixel((180, 200)), RED)
    assert near(made.getpixel((540, 200)), BLUE)
    third = made.crop((740, 140, 1060, 220))
    assert third.getextrema() != ((255, 255),) * 3  # the word in place of a picture
    badges = [made.crop((20 + 360 * n, 20, 78 + 360 * n, 72)) for n in range(3)]
    assert ImageChops.difference(badges[0], badges[1]).getbbox() is not None


def test_vietnamese_letters_are_drawn_and_not_boxes() -> None:
    """Letters that a font lacks all look the same."""
    tops = [sheet(letters).crop((20, 340, 700, 390)).tobytes() for letters in ("ếềểễệ", "ơờởỡợ", "ưừửữự")]
    assert len(set(tops)) == 3


def test_a_long_name_ends_with_dots_on_its_third_line() -> None:
    name = "Giấy chứng nhận cơ sở đủ điều kiện an toàn thực phẩm và các giấy tờ kèm theo của nó"
    lines = pictures._lines(name)
    assert len(lines) == 3
    assert lines[-1].endswith("…")
    assert "".join(lines).replace("…", "").replace(" ", "") in name.replace(" ", "")
    assert pictures._lines("Kế hoạch") == ["Kế hoạch"]


def test_a_sheet_has_an_end_and_a_beginning() -> None:
    assert sheet(*["Giấy"] * (MOST_TILES + 5)).size == sheet(*["Giấy"] * MOST_TILES).size
    with pytest.raises(ValueError, match="at least one"):
        contact_sheet([])
