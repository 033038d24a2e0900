"""Words that mean the same everywhere: a short fixed list. In a form the form's own answers come first."""

from collections.abc import Mapping
from typing import NamedTuple

from dialogs.model import N_

YES = (
    *("đúng", "đúng rồi", "đúng vậy", "phải", "phải rồi", "có", "ừ", "ừm", "vâng", "dạ", "được", "được rồi"),
    *("đồng ý", "nhất trí", "chấp nhận", "chuẩn", "ok", "yes"),
)
NO = ("không", "không phải", "không đúng", "chưa đúng", "sai", "sai rồi", "nhầm", "nhầm rồi", "no")
"""How people say yes and no, whatever is written on the choices.

Words for the choice that does it, where there are two and the other one leaves it. What can't be taken back at all
(publishing, withdrawing, dropping, taking a list over) and what has a third way out wants its own words.
"""

ANOTHER_NAME = (
    *("đổi tên", "đổi tên khác", "tên khác", "tên khác cơ", "không tên khác", "không tên khác cơ"),
    *("không phải tên đó", "không phải tên này", "another name"),
)
"""That something is called otherwise, and not yet how."""

THROW_AWAY = (
    *("huỷ", "hủy", "huỷ hết", "huỷ luôn", "bỏ hẳn", "xoá bỏ", "xoá hết", "xoá luôn"),
    *("cancel", "throw it away", "delete it"),
    *(f"{does} {what}" for does in ("huỷ", "xoá", "bỏ") for what in ("phiếu", "phiếu này", "cái này")),
    *(f"{does} đi" for does in ("huỷ", "xoá", "xoá hết", "bỏ hết", "bỏ hẳn", "bỏ luôn", "xoá luôn", "huỷ luôn")),
    *(f"{does} phiếu này đi" for does in ("huỷ", "xoá", "bỏ")),
)
"""That what was begun is to go; it is asked whether it may."""

COMMANDS: Mapping[str, tuple[str, ...]] = {
    "menu": ("menu", "về menu", "về đầu", "trang chủ", "main menu", "home"),
    "back": ("lui", "quay lại", "trở lại", "câu trước", "back"),
    "skip": ("bỏ qua", "qua câu này", "skip"),
    "pause": ("nghỉ", "nghỉ đã", "tạm nghỉ", "để mai", "mai làm tiếp", "pause", "later"),
    "cancel": (
        "thôi",
        "thôi nhé",
        *THROW_AWAY,
        "không làm nữa",
        "không kể nữa",
        "thôi không làm nữa",
        "thôi không kể nữa",
        "không đăng ký nữa",
        "thôi không đăng ký nữa",
        "thôi bỏ",
        "stop",
    ),
    "help": ("trợ giúp", "giúp", "giúp em", "giúp tôi", "help"),
    "unsure": (
        "không biết",
        "chưa biết",
        "không rõ",
        "chưa rõ",
        "không hiểu",
        "chưa hiểu",
        "tôi không biết",
        "em không biết",
        "i don't know",
        "don't know",
    ),
    "language": ("ngôn ngữ", "đổi tiếng", "language", "english", "tiếng anh", "tiếng việt"),
    "officer": ("gặp cán bộ", "nhắn cán bộ", "hỏi cán bộ", "cán bộ", "officer"),
    "status": ("hồ sơ của tôi", "xem hồ sơ", "my files", "status"),
    "my_data": ("dữ liệu của tôi", "xem dữ liệu của tôi", "xoá dữ liệu", "rút đồng ý", "my data"),
}
"""Global words by command; slash commands have the same names. More of "pause" is in dialogs/pausing.py."""


GO_ON: Mapping[str, tuple[str, ...]] = {
    "resume": ("làm tiếp", "làm tiếp phiếu", "tiếp tục", "tiếp tục làm", "go on", "continue"),
    "tell_on": ("kể tiếp", "kể tiếp chuyện", "kể chuyện tiếp", "kể tiếp câu chuyện", "go on telling"),
}
"""To go on with what was begun; in a form that is where one stands."""


def _to_stars(stars: int) -> tuple[str, ...]:
    """How one asks for the way to so many stars."""
    ways = ("lên", "cách lên", "làm sao lên", "làm sao để lên", "làm thế nào để lên", "làm gì để lên", "muốn được")
    got = ("đạt", "làm sao được", "làm sao để được", "làm thế nào để được", "làm sao đạt", "how to get", "how do i get")
    return tuple(f"{way} {stars} {'stars' if way.startswith('how') else 'sao'}" for way in (*ways, *got))


WISHES: Mapping[str, tuple[str, ...]] = {
    "register": (
        "đăng ký",
        "đăng ký sản phẩm",
        "đăng ký ý tưởng",
        "đăng ký ý tưởng sản phẩm",
        "tôi muốn đăng ký",
        "register",
        "register a product",
        "register an idea",
    ),
    "papers": (
        "nộp giấy tờ",
        "gửi giấy tờ",
        "kế hoạch làm ăn",
        "làm kế hoạch",
        "nộp kế hoạch",
        "gửi kế hoạch",
        "nộp phương án",
        "send papers",
    ),
    "prepare": (
        "điền mẫu",
        "điền mẫu giúp tôi",
        "soạn giấy",
        "soạn giấy tờ",
        "soạn giấy giúp tôi",
        "xin mẫu 01",
        "xin mẫu 02",
        "fill in papers",
        "fill in the forms",
    ),
    "story": ("kể chuyện sản phẩm", "kể câu chuyện sản phẩm", "viết câu chuyện sản phẩm", "tell the story"),
    "assist": ("đăng ký hộ", "đăng ký hộ bà con", "nộp hộ", "nộp hộ bà con", "file for a producer"),
    "confirm": ("xác nhận hồ sơ", "nhập mã xác nhận", "mã xác nhận", "confirm my file"),
    "officer": (
        "tôi muốn hỏi cán bộ",
        "muốn gặp cán bộ",
        "cho tôi gặp cán bộ",
        "tôi muốn gặp cán bộ",
        "ask an officer",
    ),
    "my_data": (
        "xoá thông tin của tôi",
        "xoá hết thông tin của tôi",
        "xoá hết thông tin của tôi đi",
        "xoá dữ liệu của tôi",
        "delete my data",
    ),
    "to_do": ("việc cần làm", "việc lên sao", "xem việc cần làm", "my to-do list", "things to do"),
    "wallet": (
        "giấy chứng nhận của tôi",
        "giấy của tôi",
        "xem giấy chứng nhận",
        "giấy tờ có hạn",
        "thêm giấy có hạn",
        "my certificates",
    ),
    "self_score": (
        "tự chấm",
        "tự chấm điểm",
        "tự chấm thử",
        "tự chấm sao",
        "chấm thử",
        "chấm điểm thử",
        "thử chấm điểm",
        "tự tính điểm",
        "thử tính điểm",
        *(f"{tries} được mấy {what}" for tries in ("thử xem", "xem thử", "chấm thử xem") for what in ("sao", "điểm")),
        "try my score",
        "my own score",
    ),
    "to_star": ("lên sao", "cách lên sao", "muốn lên sao", "làm sao lên sao", "làm sao để lên sao", "lên thêm sao"),
    **{f"to_{stars}_stars": _to_stars(stars) for stars in (3, 4, 5)},
    "learn": ("tìm hiểu ocop", "tìm hiểu", "learn about ocop", "learn"),
    **GO_ON,
    "consent": ("đồng ý", "thì đồng ý", "đồng ý rồi", "đồng ý cho lưu", "i agree"),
    "reach": ("cách báo tin", "báo tin qua", "nơi nhận tin", "how to reach me", "tell me on"),
    "told_between": ("chỉ báo", "chỉ báo tin", "only tell me"),
    "add_email": ("thêm email", "thêm e-mail", "nhận tin qua email", "add my e-mail"),
    "no_email": ("bỏ email", "bỏ e-mail", "remove my e-mail"),
    "council": ("hội đồng", "vào hội đồng", "phiếu chấm", "council"),
    "ballots": ("phiếu của tôi", "phiếu chấm của tôi", "các phiếu của tôi", "các phiếu", "my score sheets"),
    "score": ("chấm", "chấm điểm", "chấm phiếu", "phiếu", "score"),
    "join": (
        "nối zalo",
        "nối telegram",
        "nối với zalo",
        "nối với telegram",
        "nối tài khoản",
        "nối tài khoản khác",
        "link account",
        "link my account",
    ),
    "split": ("tách kênh này ra", "tách tài khoản", "tách tài khoản này ra", "split this one off"),
}
"""What people ask for outside a form, wherever they are."""

TAKE_REST = frozenset({"register", "reach", "told_between"})
"""Wishes that more may follow: "đăng ký mật ong", "báo tin qua zalo", "chỉ báo từ 7 giờ đến 17 giờ"."""

ELSEWHERE = (
    "đổi xã",
    "đổi xã khác",
    "đổi phường khác",
    "đổi nơi làm",
    "chọn lại xã",
    "nhầm xã",
    "nhầm xã rồi",
    "nhầm phường rồi",
    "sai xã",
    "sai xã rồi",
    "wrong commune",
    "change commune",
)
"""That somebody works in another commune, also in the middle of a form; which one may follow."""


class Talk(NamedTuple):
    """What is said to somebody, rather than about OCOP, and what they get back."""

    said: tuple[str, ...]
    back: str


TALK: Mapping[str, Talk] = {
    "thanks": Talk(
        ("cảm ơn", "cám ơn", "cảm ơn nhiều", "cám ơn nhiều", "cảm ơn em nhiều", "tks", "thank you", "thanks"),
        N_("You are welcome."),
    ),
    "greeting": Talk(
        (
            "chào em",
            "xin chào",
            "alo",
            "em ơi",
            "em ơi tôi đây",
            "cán bộ ơi",
            "alo cán bộ",
            "có ai không",
            "còn đấy không",
            "còn đó không",
            "alo còn đấy không",
            "alo có ai không",
            "tôi đây",
            "hello",
            "hi",
        ),
        N_("Yes, I am here."),
    ),
    "machine": Talk(
        (
            "người thật hay máy",
            "người hay máy",
            "máy hay người",
            "máy hay người thật",
            "có phải người thật không",
            "robot à",
            "are you a person",
            "are you a robot",
        ),
        N_("I am a program, the OCOP assistant, and answer by myself. For a person, type “officer”."),
    ),
}
"""Small talk, alone: answered in a line, and where they stood it goes on."""

DESK: Mapping[str, tuple[str, ...]] = {
    "desk": ("việc của tôi", "việc", "xem việc", "cho xem việc", "bàn làm việc", "hồ sơ cần xem", "my desk"),
    "urgent": ("việc gấp", "urgent"),
    "new": ("có gì mới", "có gì mới không", "có gì mới ko", "hồ sơ mới", "what is new"),
    "undo": ("hoàn tác", "rút lại", "undo", "take it back"),
    "council": ("hội đồng", "phiên họp", "phiếu chấm", "council"),
    "ballots": ("phiếu của tôi", "phiếu chấm của tôi", "các phiếu của tôi", "my score sheets"),
    "invite": ("mời cán bộ", "mời thêm cán bộ", "mời lãnh đạo", "invite", "invite an officer"),
    "reports": ("danh sách, báo cáo", "báo cáo", "danh sách hồ sơ", "xuất danh sách", "xuất excel", "reports"),
    "rounds": ("đợt chấm", "các đợt chấm", "mở đợt chấm", "thêm đợt chấm", "rounds"),
    "import": (
        "nhập danh sách",
        "nhập giấy chứng nhận",
        "nhập giấy chứng nhận cũ",
        "nhập danh sách giấy chứng nhận",
        "nhập giấy cũ",
        "nhập từ excel",
        "import",
        "import certificates",
    ),
    "office_hours": ("giờ làm việc", "ghi giờ làm việc", "office hours"),
}
"""What officers may type wherever no form is open; as their own words to somebody these are not taken."""

LEAVE = ("nghỉ phép", "on leave", "annual leave")
"""What an officer's leave is called, anywhere in a sentence that asks nothing; the days stand around it."""

WHEN = ("bao giờ", "bao giờ thì", "khi nào", "chừng nào", "lúc nào", "mấy ngày nữa", "bao lâu nữa")
"""How one asks when something comes, before what it is."""

INTENTS: Mapping[str, tuple[str, ...]] = {
    "status": (
        "hồ sơ của tôi đâu",
        "hồ sơ của tôi đang ở đâu",
        "hồ sơ của tôi đến đâu rồi",
        "hồ sơ của tôi tới đâu rồi",
        "hồ sơ của tôi sao rồi",
        "hồ sơ của tôi xong chưa",
        "hồ sơ đang ở đâu",
        "hồ sơ đâu",
        "hồ sơ xong chưa",
        "hồ sơ sao rồi",
        "hồ sơ đến đâu rồi",
        "nộp xong chưa",
        "xã nhận được chưa",
        "xã nhận chưa",
        "xã duyệt chưa",
        "xã xem chưa",
        "ai đang giữ giấy của tôi",
        "ai đang giữ hồ sơ của tôi",
        "hồ sơ tới đâu rồi",
        "where is my file",
        "what is the status of my file",
    ),
    "when": (
        "bao giờ xong",
        *(f"{asks} {who} {does}" for asks in WHEN for who in ("xã", "tỉnh") for does in ("trả lời", "xem xong")),
        *(f"{who} hẹn {asks} trả lời" for asks in WHEN for who in ("xã", "tỉnh")),
        *(f"{asks} có {what}" for asks in WHEN for what in ("kết quả", "trả lời", "câu trả lời")),
        "bao giờ được trả lời",
        "when do i get an answer",
        "when do they answer",
    ),
    "stars": (
        "được mấy sao rồi",
        "được mấy sao",
        "mấy sao rồi",
        "được mấy điểm",
        "được bao nhiêu điểm",
        "giấy chứng nhận đâu",
        "giấy chứng nhận của tôi đâu",
        "sản phẩm của tôi được mấy sao",
        "how many stars did i get",
    ),
    "papers_needed": (
        "cần giấy tờ gì",
        "cần giấy gì",
        "cần những giấy gì",
        "giấy gì",
        "còn thiếu giấy tờ gì",
        "còn thiếu giấy gì",
        "còn thiếu những giấy gì",
        "thiếu giấy tờ gì",
        "thiếu giấy gì",
        "tôi còn thiếu gì",
        "còn thiếu gì",
        "thiếu gì",
        "which papers do i need",
        "what is missing",
    ),
}
"""Questions that the record answers, not the handbook; the form they interrupt stays as it is."""
