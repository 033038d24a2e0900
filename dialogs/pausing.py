"""Whether all that was typed says that somebody stops for now: "thôi để mai kể tiếp", "mệt rồi, nghỉ nhé".

Only a whole utterance: each of its words is one of those said on leaving, in an order in which they are said. With one
word more ("nghỉ hè mới làm") it may be an answer, and stays one.
"""

import re

from dialogs.matching import fold, forms, marked_words

_BEFORE = "(?:thôi|dạ|vâng|ừ|ok|em ơi|vậy|thế|chắc|cho (?:tôi|mình|em|chị|anh|bác)|tôi|mình|phải|giờ|hôm nay)"
_WHY = "(?:(?:tôi|mình|em|chị|anh|bác|hơi|đang)? ?(?:mệt|bận|bận việc|buồn ngủ|khuya|muộn)(?: quá| lắm)?(?: rồi)?)"
_DO = "(?:kể|làm|viết|nói|gõ|điền|trả lời|ghi|tính|khai)"
_WHEN = (
    "(?:(?:sáng |chiều |tối )?mai|ngày mai|mốt|tối nay|chiều|hôm (?:sau|khác)|bữa (?:sau|khác)|lúc (?:khác|nào rảnh)"
    "|khi (?:khác|nào rảnh)|(?:lát|tí|chút|lúc) nữa|lát|dịp khác|tuần sau)"
)
_THEN = f"(?:(?: tôi| mình| em| chị| anh| bác)?(?: rồi| mới| sẽ| hẵng| hãy| lại| cho)* {_DO}(?: tiếp| nốt| sau)+)"
_STOP = (
    "(?:(?:tạm )?nghỉ(?: tay| ngơi| chút| tí| một chút| một lát)?|tạm dừng|dừng (?:lại|đây|ở đây)|đi ngủ"
    f"|mệt (?:quá|lắm|rồi|quá rồi|lắm rồi)|để (?:sau|{_WHEN})(?: (?:rồi |mới |hẵng |hãy )?{_DO})?(?: tiếp| nốt)?"
    f"|{_WHEN}{_THEN}|để {_WHEN}{_THEN}|hôm khác|lúc khác)"
)
_AFTER = "(?:ạ|a|nhé|nha|nhá|đã|đây|em|em ơi|em nhé|đi|thôi|luôn|vậy|rồi|cái)"
_ONCE_SAID = f"(?:{_STOP}|{_WHEN} {_DO})(?: {_AFTER})*"
_MARKED = f"(?:{_BEFORE} )*(?:{_WHY} )?(?:{_BEFORE} )*{_STOP}(?: {_AFTER})*(?: {_ONCE_SAID})*"
_FOLDED = re.compile("".join(fold(char) or char for char in _MARKED))
_WORDS = frozenset(re.findall(r"\w+", _MARKED))
_FOLDED_WORDS = frozenset(map(fold, _WORDS))
_MOST_WORDS = 12


def pauses(typed: str) -> bool:
    """Who types marks has to have these: "nghĩ đã" is a thought."""
    words = marked_words(typed)
    if not 0 < len(words) <= _MOST_WORDS or not any(_FOLDED.fullmatch(form) for form in forms(typed)):
        return False
    if all(word == fold(word) for word in words):
        return True
    return all(word in _WORDS or fold(word) not in _FOLDED_WORDS for word in words)  # else it is shorthand: "r"
