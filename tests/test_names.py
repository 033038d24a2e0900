"""What people are called, as they say it, and what no product is called."""

import pytest

from dialogs.model import InvalidAnswer, TextReceived
from dialogs.names import own_name, product_name
from tests.facts import facts


def name_in(typed: str) -> str:
    return own_name(80).read(TextReceived(typed), {}, facts(), "").value


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("toi la Hung", "Hung"),
        ("minh ten Hung", "Hung"),
        ("toi ten la Hoa", "Hoa"),
        ("Dạ tôi tên Hoa", "Hoa"),
        ("Tên tôi là Lý Thị Mẩy", "Lý Thị Mẩy"),
        ("tên là Hợp tác xã Tân Lĩnh", "Hợp tác xã Tân Lĩnh"),
        ("tôi là Hùng, chủ hộ", "Hùng, chủ hộ"),
        ("tôi là tôi là Hùng", "Hùng"),
        ("tôi là Em La Thoa", "Em La Thoa"),
        ("dạ em tên La Thị Hoa", "La Thị Hoa"),
    ],
)
def test_what_only_leads_to_a_name_is_left_out(typed: str, name: str) -> None:
    assert name_in(typed) == name


@pytest.mark.parametrize(
    "typed",
    [
        *("Hùng", "Em La", "Tối Là", "Con Là Thị", "Lê Anh Là", "Hợp tác xã Tên Lửa", "Ten Lua", "toi ten la"),
        *("Em La Thị Hoa", "Chị Ten Hà"),
    ],
)
def test_a_name_that_only_begins_so_stays_whole(typed: str) -> None:
    assert name_in(typed) == typed


def test_what_is_left_has_to_be_a_name() -> None:
    with pytest.raises(InvalidAnswer):
        name_in("tôi là 12")


@pytest.mark.parametrize("typed", ["toi ten la Hoa", "mình tên Hùng", "Tên tôi là Hoa"])
def test_somebodys_name_is_no_product(typed: str) -> None:
    with pytest.raises(InvalidAnswer, match="your own name"):
        product_name(80).read(TextReceived(typed), {}, facts(), "")


def product_in(typed: str) -> str:
    return product_name(80).read(TextReceived(typed), {}, facts(), "").value


@pytest.mark.parametrize(
    "typed",
    [
        *("Tên lửa tre", "Anh Ten cà phê", "Trà Tên Tôi", "Tôi là cà phê", "Mật ong", "Gói lá dong", "Đất tên Là"),
        *("Ten lua tre", "Tên lá dong", "Sản phẩm nhà tôi", "Đặt", "Đôi tên lửa", "San pham nha toi", "Doi ten lua"),
        *("Ten la", "Không tên", "Gọi là"),
    ],
)
def test_a_product_may_be_called_what_it_likes(typed: str) -> None:
    assert product_in(typed) == typed


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("doi ten la mat ong rung", "mat ong rung"),
        ("đổi tên thành Mật ong rừng nhé", "Mật ong rừng"),
        ("đổi lại tên là Mật ong rừng", "Mật ong rừng"),
        ("ten la mat ong rung", "mat ong rung"),
        ("tên sản phẩm là Mật ong rừng", "Mật ong rừng"),
        ("ten cua san pham la mat ong rung", "mat ong rung"),
        ("khong, ten la mat ong rung", "mat ong rung"),
        ("san pham cua toi la mat ong rung", "mat ong rung"),
        ("Sản phẩm nhà em tên là Mật ong rừng", "Mật ong rừng"),
        ("cua toi la mat ong rung", "mat ong rung"),
        ("dat ten la mat ong rung", "mat ong rung"),
        ("dạ đặt tên là Mật ong La Pán Tẩn", "Mật ong La Pán Tẩn"),
        ("gọi là Mật ong rừng", "Mật ong rừng"),
        ("Của tôi là mật ong ạ", "mật ong"),
        *((whole, whole) for whole in ("goi la kon tum", "dat la bo ket", "san pham la xong hoi")),
    ],
)
def test_what_only_leads_to_a_products_name_is_left_out(typed: str, name: str) -> None:
    assert product_in(typed) == name


@pytest.mark.parametrize("typed", ["khong, ten khac co", "không, tên khác cơ", "ten khac", "đổi tên"])
def test_that_there_is_another_name_is_none_yet(typed: str) -> None:
    with pytest.raises(InvalidAnswer, match="for example"):
        product_in(typed)
