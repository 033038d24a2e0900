"""The handbook as it is shipped: complete, in the bot's voice, and found by what people really type."""

import re
import shutil
import time
import tomllib
from pathlib import Path

import pytest

from bot.handbook import ENOUGH, SECTIONS, Article, Handbook, HandbookError, QuizQuestion, plain
from dialogs.matching import fold
from tests.facts import world

LOCALES = Path(__file__).parents[1] / "locales"
HANDBOOK = Handbook.load(LOCALES)
VIETNAMESE = [article for (locale, _), article in HANDBOOK.articles.items() if locale == "vi"]
ENGLISH = [article for (locale, _), article in HANDBOOK.articles.items() if locale == "en"]


def every_text(locale: str) -> dict[str, str]:
    """What is shown, by where it stands."""
    texts = {a.id: f"{a.title}\n{plain(a.body)}" for a in (VIETNAMESE if locale == "vi" else ENGLISH)}
    quiz = {f"quiz {q.id}": "\n".join([q.question, *q.options, q.explanation]) for q in HANDBOOK.quiz(locale)}
    return texts | quiz


def sentences(text: str) -> list[str]:
    return [part for line in text.splitlines() for part in re.split(r"(?<=[.?!])\s+", line.strip("• "))]


def named(article_ids: list[str]) -> str:
    return f"in {', '.join(article_ids)}"


# ---------------------------------------------------------------- complete


def test_both_languages_tell_the_same() -> None:
    assert {a.id for a in VIETNAMESE} == {a.id for a in ENGLISH}
    for article in VIETNAMESE:
        other = HANDBOOK.article(article.id, "en")
        assert (article.section, article.order, article.service) == (other.section, other.order, other.service)
        assert article.checked_on == other.checked_on
        assert plain(article.body).count("• ") == plain(other.body).count("• "), article.id


def test_every_figure_of_one_language_stands_in_the_other() -> None:
    """Dates are written 30/4 and 30 April, so months are left out; so are numbers one language spells."""
    spelt = {str(n) for n in range(13)}
    for article in VIETNAMESE:
        ours, theirs = (set(re.findall(r"\d+", a.body)) - spelt for a in (article, HANDBOOK.article(article.id, "en")))
        assert ours == theirs, article.id


@pytest.mark.parametrize(
    ("section", "least"),
    [
        ("basics", 4),
        ("cycle", 7),
        ("products", 7),
        ("stars", 5),
        ("levels", 2),
        ("support", 22),
        ("promotion", 2),
        ("faq", 32),
    ],
)
def test_each_section_is_filled_and_in_order(section: str, least: int) -> None:
    articles = HANDBOOK.in_section(section, "vi")
    assert len(articles) >= least
    assert [a.order for a in articles] == list(range(1, len(articles) + 1))
    assert len({a.title for a in articles}) == len(articles)


def test_sections_are_in_the_order_of_the_menu() -> None:
    assert HANDBOOK.sections == SECTIONS


def test_each_support_service_can_be_asked_for() -> None:
    assert sum(a.service for a in HANDBOOK.in_section("support", "vi")) == 22
    assert not [a.id for a in VIETNAMESE if a.service and a.section != "support"]


def test_the_six_steps_name_their_month_and_the_six_groups_their_sets() -> None:
    for number in range(1, 7):
        body = HANDBOOK.article(f"step-{number}", "vi").body
        assert re.search(r"Khi nào|quanh năm", body), number
    groups = [a for a in HANDBOOK.in_section("products", "vi") if a.id.startswith("group-")]
    sets = [int(found) for a in groups for found in re.findall(r"^- \*\*(\d+)\*\*", a.body, re.MULTILINE)]
    assert sorted(sets) == list(range(1, 27))


def test_the_question_lists_are_typed_both_ways() -> None:
    for article in VIETNAMESE:
        bare = [question for question in article.questions if question.isascii()]
        assert 0 < len(bare) < len(article.questions), article.id
    said = [fold(question) for article in VIETNAMESE for question in article.questions]
    assert not {question for question in said if said.count(question) > 1}


# ---------------------------------------------------------------- facts


def test_points_and_stars_follow_decision_26() -> None:
    body = HANDBOOK.article("faq-points-stars", "vi").body
    for line in ("**5 sao**: từ 90", "**4 sao**: từ 70", "**3 sao**: từ 50", "**2 sao**: từ 30"):
        assert line in body
    split = HANDBOOK.article("points-100", "vi").body
    assert re.findall(r"Phần ([ABC]), (\d+) điểm", split) == [("A", "40"), ("B", "25"), ("C", "35")]


def test_rewards_are_dated_provincial_and_rise_with_the_stars() -> None:
    """A published list reverses them (30, 20, 10 for 3, 4, 5 stars); that must not creep in."""
    for where, text in every_text("vi").items():
        for line in text.splitlines():
            paid = {int(s): int(m) for s, m in re.findall(r"([345]) sao (\d+)(?= triệu|,)", line)}
            if paid:
                assert [paid[s] for s in sorted(paid)] == sorted(paid.values()), where
                assert re.search(r"năm 20\d\d", line), where
    for article_id in ("rewards", "faq-reward-amount"):
        assert "không hứa" in HANDBOOK.article(article_id, "vi").body
        assert "cán bộ xã" in HANDBOOK.article(article_id, "vi").body


# ---------------------------------------------------------------- voice

BANNED = (
    "bạn",
    "quý khách",
    "người dùng",
    "hệ thống yêu cầu",
    "chủ thể",
    "chủ thể ocop",
    "vui lòng",
    "vui lòng cung cấp",
    "không hợp lệ",
    "sai định dạng",
    "hồ sơ minh chứng",
    "đơn vị tính",
    "thời hạn xử lý",
    "lỗi hệ thống",
    "chắc chắn đạt",
)


@pytest.mark.parametrize("word", BANNED)
def test_words_the_bot_does_not_say(word: str) -> None:
    # The question "Đủ điểm là chắc chắn đạt?" is what people ask; the answer is no.
    allowed = {"faq-points-enough"} if word == "chắc chắn đạt" else set()
    pattern = re.compile(rf"(?<!\w){word}(?!\w)", re.IGNORECASE)
    assert not [where for where, text in every_text("vi").items() if pattern.search(text) and where not in allowed]


def test_vietnamese_sentences_are_short() -> None:
    long = [(where, s) for where, text in every_text("vi").items() for s in sentences(text) if len(s.split()) > 20]
    assert not long


def test_vietnamese_articles_fit_a_phone_screen() -> None:
    assert not {a.id: len(a.body) for a in VIETNAMESE if len(a.body) > 900}


def test_at_most_one_emoji_and_only_a_known_one() -> None:
    for where, text in (every_text("vi") | every_text("en")).items():
        emoji = [char for char in text if ord(char) > 0x2300 and char not in "•"]
        assert len(emoji) <= 1, where
        assert set(emoji) <= set("⭐✅📷⏰📍"), where


def test_plain_is_chat_text() -> None:
    assert plain("**Ba** điều:\n- một\n- **hai** - ba") == "Ba điều:\n• một\n• hai - ba"
    for article in VIETNAMESE + ENGLISH:
        assert "**" not in plain(article.body)


# ---------------------------------------------------------------- quiz


@pytest.mark.parametrize("locale", ["vi", "en"])
def test_quiz_has_five_questions_with_a_page_to_read(locale: str) -> None:
    quiz = HANDBOOK.quiz(locale)
    assert len(quiz) == 5
    assert [(q.id, q.correct, q.article) for q in quiz] == [(q.id, q.correct, q.article) for q in HANDBOOK.quiz("vi")]
    assert len({q.correct for q in quiz}) > 1  # the first button is not always right
    for question in quiz:
        assert isinstance(question, QuizQuestion)
        assert HANDBOOK.article(question.article, locale).locale == locale


def test_an_unknown_language_reads_vietnamese() -> None:
    assert HANDBOOK.article("faq-what", "fr") is HANDBOOK.article("faq-what", "vi")
    assert HANDBOOK.quiz("fr") is HANDBOOK.quiz("vi")
    assert HANDBOOK.in_section("faq", "fr") == HANDBOOK.in_section("faq", "vi")
    with pytest.raises(KeyError):
        HANDBOOK.article("nothing", "vi")


# ---------------------------------------------------------------- found by free text

# What was typed = the articles that answer it.
ASKED = """
bao nhieu diem dc 3 sao = faq-points-stars
ho chua dk kinh doanh nop dc ko = faq-unregistered
ma ocop 3 sao duoc gi vay em = star-meaning
mat bao nhieu tien = faq-fee
het han giay thi lam sao = faq-not-renewed | faq-expiring
e oi ocop la j = faq-what
cho chi hoi ocop la cai gi vay = faq-what
lam ocop de lam gi = ocop-aims
ai co the tham gia chuong trinh = faq-who | who-may-join
nha em co trang trai nuoi ga co tham gia dc ko = who-may-join | faq-who
htx co duoc tham gia khong = who-may-join | faq-who
quyet dinh nao moi nhat ve ocop = law-in-force
qd 148 con hieu luc ko = law-in-force
em co giu so dien thoai cua toi ko = your-data
xoa het thong tin cua toi di = your-data
ocop co may buoc = cycle-overview
quy trinh tu dau den cuoi ra sao = cycle-overview
toi dang o buoc nao roi = where-am-i
gio toi phai lam gi tiep theo = where-am-i
han chot nop ho so la ngay may = year-dates
thang may thi nop ho so = year-dates
buoc 2 la gi = step-2
dang ky y tuong nhu the nao = step-2
phuong an sxkd la gi = step-3
ke hoach lam an gom nhung gi = step-3
nop ho so xong roi thi sao nua = step-5
co sao roi thi lam gi tiep = step-6
sp cua toi thuoc nhom nao = product-groups
co bao nhieu nhom san pham = product-groups
mat ong thuoc nhom may = group-food
ruou gao la nhom nao vay = group-drinks
tinh dau sa thuoc nhom gi = group-herbs
det tho cam vao nhom nao = group-crafts
hoa lan co lam ocop dc ko = group-ornamental
lam homestay co dang ky duoc khong = group-tourism | support-tourism
cham diem theo tieu chi gi = points-100
phan b gom nhung gi = points-part-b
muon 3 sao phai co giay gi = gates-three
dieu kien dat 4 sao = gates-four
vi sao bi loai = knock-outs
giay chung nhan do ai cap = certificate
thu tuc gia han giay chung nhan = renewal
khi nao bi thu hoi giay = revocation
tinh minh thuong bao nhieu = rewards | faq-reward-amount
3 sao thuong bao nhieu tien = faq-reward-amount
ma so san pham ocop doc sao = product-code
xa co cham diem ko = levels-commune
hoi dong cham gom nhung ai = levels-province
bo huyen roi thi nop o dau = levels-changes | faq-where-to-file
nop hs o dau vay e = faq-where-to-file
nop qua mang duoc ko = faq-paper-or-electronic
hs gom nhung giay to gi = faq-dossier-contents
can may san pham mau = faq-dossier-contents
xa xem bao lau = faq-commune-days
bao gio tinh cham = faq-when-rated
ai cap 3 sao = faq-who-three-stars
du diem roi co chac duoc sao khong = faq-points-enough
2 sao co giay ko = faq-low-stars
giay chung nhan co gia tri may nam = faq-validity
giay sap het han phai lam sao = faq-expiring
muon nang sao thi lam the nao = faq-upgrade
tu 3 sao len 4 sao kho cho nao = faq-three-to-four
muon len 5 sao can gi = faq-five-stars | gates-five
cau chuyen sp duoc may diem = faq-story-points
ko biet viet cau chuyen sp = support-story
mua nguyen lieu cho khac dc ko = faq-material
ke hoach bi tra lai thi lam the nao = faq-plan-returned
ho so bi tra ve phai lam sao = faq-returned-dossier | step-5
phu nu co duoc cong diem ko = faq-extra-point
chua co giay in logo ocop dc ko = faq-mark-early
giay huyen cap con dung dc ko = faq-district-certificate
tu cham thu duoc ko = faq-self-score
dat sao roi duoc ho tro gi = faq-support-after
muon vay von ngan hang = support-credit
lam tem qr o dau = support-traceability
dk nhan hieu o dau = support-trademark
kiem nghiem san pham o dau = support-testing
lam giay vsattp o dau = support-testing
xin ho tro mua may say = support-machinery
thiet ke bao bi gium = support-label
muon di hoi cho = support-fairs
co lop tap huan nao ko = support-training
lap htx nhu the nao = support-coop
tim nguoi mua hang giup toi = support-buyers
ban tren shopee dc ko = promotion-online
ban hang ocop o dau = promotion-places
ko biet dung may tinh co lam dc ko = faq-computer
san phma chua hoan thien co nop duoc ko = faq-unfinished
mot xa may san pham = faq-one-product
nguyen lieu nhap khau co bi loai ko = faq-material | knock-outs
giup toi lam ho so = support-dossier
giaays chuwngs nhaanj dungf bao laau = faq-validity
hoc nghe cho tho det = support-vocational
di tham quan mo hinh = support-study-tour
khong dong y voi diem cham = support-rating
noi cho toi nghe ocop la chuong trinh gi = faq-what | ocop-in-brief
hop tac xa moi thanh lap co duoc vao ocop khong = faq-who | who-may-join
gia dinh toi chua lam giay dang ky kinh doanh = faq-unregistered
quyet dinh 26 noi gi = law-in-force
thong tin em luu co ai thay khong = your-data
mot nam ocop dien ra may buoc = cycle-overview
toi nop y tuong roi gio lam gi tiep = where-am-i | step-3 | step-2
thang 4 hay thang 10 moi nop = year-dates
dang ky y tuong thang may = step-2
viet phuong an can nhung muc gi = step-3
giay to nao can gom truoc = step-4 | faq-dossier-contents
ho so cua toi di qua nhung dau = step-5
nhan sao xong ban hang the nao = step-6 | promotion-online | promotion-places
muoi ot la bo may = group-food
nuoc ep trai cay thuoc nhom nao = group-drinks
cao an xoa vao nhom gi = group-herbs
nhom du lich cham the nao = group-tourism
thang diem 100 gom may phan = points-100
lao dong trong xa duoc may diem = points-part-a | levels-commune
di hoi cho duoc tinh may diem = points-part-b
cam quan cham the nao = points-part-c
3 sao bat buoc phai co nhan hieu khong = gates-three | support-trademark
sao 4 doi hoi nhung gi = gates-four | faq-three-to-four
hang giong nha khac chi doi ten co duoc khong = knock-outs
5 sao duoc loi gi = star-meaning
cap giay chung nhan o dau = certificate
cham lai mat may ngay = renewal
bi rut giay ocop la do dau = revocation
thuong cua tinh em la bao nhieu = rewards | faq-reward-amount
xa co trach nhiem gi = levels-commune
to tu van la ai = levels-province
muon duoc can bo ve nha noi chuyen = support-start
tu van giup chon san pham = support-idea
nho viet dum cau chuyen cho hay = support-story
nho xem ho so thieu gi = support-dossier
tinh loi lo giup toi = support-plan
ten san pham so bi nguoi ta lay mat = support-trademark
lam ma qr mat bao lau = support-traceability
giay an toan thuc pham xin o dau = support-testing
tim dai ly cho toi voi = support-buyers
dang ky hoc tap huan = support-training
hop san pham thiet ke o dau = support-label
ho tro mua may ep dau = support-machinery
muon lap to hop tac = support-coop
toi thieu von = support-credit
gian hang hoi cho co mat tien khong = support-fairs
khieu nai diem = support-rating
livestream ban hang duoc khong = promotion-online
xa toi co nguoi lam ocop roi toi lam nua duoc khong = faq-one-product
nop online co duoc ko hay phai mang giay = faq-paper-or-electronic
trong ho so co nhung mau nao = faq-dossier-contents
xa de lau the da 10 ngay roi = faq-commune-days
thang 12 tinh co cham khong = faq-when-rated
ai ky quyet dinh 4 sao = faq-who-three-stars | levels-province | certificate
55 diem thi sao = faq-points-stars
duoc 70 diem ma khong len 4 sao la sao = faq-points-enough
duoc 2 sao thi lam gi = faq-low-stars
giay co han trong bao lau = faq-validity
khi nao nop ho so danh gia lai = faq-expiring | renewal
giay het han tu thang truoc = faq-not-renewed
ho so len hang = faq-upgrade
vuong gi khi len 4 sao = faq-three-to-four
sao de duoc nam sao = faq-five-stars | gates-five
mua sua ngoai tinh ve lam keo duoc ko = faq-material
chi phi het bao nhieu = faq-fee
bi tra ke hoach lam an = faq-plan-returned
toi khuyet tat co duoc them diem = faq-extra-point
dan tem ocop khi chua cong nhan co sao khong = faq-mark-early
giay cua huyen co phai doi khong = faq-district-certificate
lam sao tu tinh diem = faq-self-score
""".strip()

# Names of products and people, small talk, other people's business.
NOT_ASKED = """
chuoi say deo may ly
banh trang phoi suong
mat ong bac ha hoang su phi
cha ca thac lac
ca phe dak mil nguyen xanh
0912 345 678
nguyen thi lan
ok em
hom nay troi mua to qua
asdf qwer zxcv
con ga gay o o
da bong toi qua ai thang
thon na hau xa tan linh
200 kg moi thang
tra shan tuyet suoi giang
chao em
cam on nhieu nhe
mang kho bat xat
gia vang hom nay bao nhieu
thoi tiet ngay mai the nao
lam can cuoc o dau
giay khai sinh lam o dau
bao gio bau cu
em co nguoi yeu chua
hat cho toi nghe mot bai
com rang dua bo
sieu thi dien may gan day
xe may honda gia bao nhieu
tu van mua dat
ruou men la ba be
che lam phu my
nem chua thanh hoa
keo dua ben tre
lua thom rach gia
xa muong khong
hoa hong co sa pa
nam huong kho nha lam
vit om sau
bun bo hue
du bao gia lon hoi
ket qua xo so mien bac
tran dau toi nay may gio
dau bung uong thuoc gi
cho toi mot ly ca phe
may bay di da nang gia bao nhieu
hoc phi dai hoc
ca kho lang vu dai
gom bat trang
chi lan o thon 3
toi ten la hung
sin chao
haha vui qua
toi buon qua
bap rang bo
ve may bay tet
gia heo hoi hom nay
bac si kham rang
tom kho ca mau
ruou mo
am tra gom
""".strip()

ENGLISH_ASKED = """
what is ocop = faq-what | ocop-in-brief
who can join = faq-who | who-may-join
how many points do i need for 3 stars = faq-points-stars | gates-three
where do i hand in the dossier = faq-where-to-file
how long is the certificate valid = faq-validity
my certificate has expired = faq-not-renewed
is there a fee = faq-fee
how much money is the reward = faq-reward-amount | rewards
can I print the logo already = faq-mark-early
help me register a trademark = support-trademark
i need a loan = support-credit
when are the rounds this year = faq-when-rated | year-dates
what happens at step 3 = step-3
can my homestay take part = group-tourism
packaging design = support-label
what does the ministry do = levels-province
somebody copied our brand = support-trademark
we are a group of farmers without registration = faq-unregistered | who-may-join
which documents are needed for the dossier = faq-dossier-contents
what is checked by the commune = levels-commune
is imported sugar allowed = faq-material
how do we move up from 3 to 4 stars = faq-upgrade | faq-three-to-four | support-upgrade | gates-four
we cannot sell our goods = support-buyers
what does part C measure = points-part-c
what happens if the papers are fake = knock-outs | revocation
""".strip()


def cases(table: str) -> list[tuple[str, set[str]]]:
    """Lines `typed = id | id` as (typed, ids)."""
    parted = (line.split(" = ") for line in table.splitlines())
    return [(typed, set(ids.split(" | "))) for typed, ids in parted]


def best(text: str, locale: str = "vi") -> tuple[str, int]:
    hits = HANDBOOK.search(text, locale)
    return (hits[0].article_id, hits[0].score) if hits else ("", 0)


@pytest.mark.parametrize(
    ("text", "article_id"),
    [
        ("bao nhieu diem dc 3 sao", "faq-points-stars"),
        ("ho chua dk kinh doanh nop dc ko", "faq-unregistered"),
        ("ma ocop 3 sao duoc gi vay em", "star-meaning"),
        ("mat bao nhieu tien", "faq-fee"),
        ("het han giay thi lam sao", "faq-not-renewed"),
    ],
)
def test_the_questions_everybody_asks(text: str, article_id: str) -> None:
    found, score = best(text)
    assert found == article_id
    assert score >= ENOUGH


def test_nine_in_ten_questions_find_their_article_first() -> None:
    missed = {typed: best(typed) for typed, ids in cases(ASKED) if best(typed)[0] not in ids}
    assert len(cases(ASKED)) >= 60
    assert len(missed) <= 0.1 * len(cases(ASKED)), missed


def test_most_right_answers_are_sure_enough_to_be_shown() -> None:
    shown = [typed for typed, ids in cases(ASKED) if best(typed)[0] in ids and best(typed)[1] >= ENOUGH]
    assert len(shown) >= 0.85 * len(cases(ASKED))


def test_names_and_small_talk_find_nothing() -> None:
    texts = NOT_ASKED.splitlines()
    assert len(texts) >= 15
    assert not {text: best(text) for text in texts if best(text)[1] >= ENOUGH}


@pytest.mark.parametrize("text", ["the thi lam sao", "thế thì làm sao hả em", "gi vay", "la sao"])
def test_words_that_ask_nothing_find_nothing(text: str) -> None:
    """ "Làm sao" is how, not a star."""
    assert HANDBOOK.search(text, "vi") == ()


def test_english_questions_find_their_article() -> None:
    missed = {typed: best(typed, "en") for typed, ids in cases(ENGLISH_ASKED) if best(typed, "en")[0] not in ids}
    assert len(missed) <= 0.2 * len(cases(ENGLISH_ASKED)), missed


def test_vietnamese_is_understood_while_reading_english() -> None:
    assert best("ho chua dang ky kinh doanh nop duoc khong", "en")[0] == "faq-unregistered"


def test_every_title_finds_its_own_article() -> None:
    for article in VIETNAMESE + ENGLISH:
        assert best(article.title, article.locale)[0] == article.id, article.title


def test_marks_do_not_matter_for_finding() -> None:
    for article in VIETNAMESE[::5]:
        assert HANDBOOK.search(article.questions[0], "vi") == HANDBOOK.search(fold(article.questions[0]), "vi")


@pytest.mark.parametrize("text", ["", "   ", "?!", "👍", "sao " * 3000, "0", "\x00", "-", "năm sao sao sao 5"])
def test_any_text_may_be_searched(text: str) -> None:
    for hit in HANDBOOK.search(text, "vi"):
        assert 0 <= hit.score <= 100


@pytest.mark.timed
def test_searching_takes_milliseconds() -> None:
    HANDBOOK.search("bao nhieu diem dc 3 sao", "vi")
    spent_s = []
    for typed in [*(typed for typed, _ in cases(ASKED)[:40]), *["x " * 2000] * 40]:
        began = time.perf_counter()
        HANDBOOK.search(typed, "vi")
        spent_s.append(time.perf_counter() - began)
    assert sorted(spent_s)[len(spent_s) // 2] < 0.010


# ---------------------------------------------------------------- a wrong file stops the start


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for locale in ("vi", "en"):
        shutil.copytree(LOCALES / locale / "handbook", tmp_path / locale / "handbook")
        shutil.copy(LOCALES / locale / "quiz.toml", tmp_path / locale)
    return tmp_path


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('title = "OCOP là gì?"\n', "", "the key title is missing"),
        ('title = "OCOP là gì?"', f'title = "{"a" * 61}"', "title has 61 characters"),
        ('section = "faq"', 'section = "other"', "section other is unknown"),
        ("order = 1", 'order = "1"', "order should be int"),
        ("order = 1", "order = true", "order should be int"),
        ("checked_on = 2026-11-22", 'checked_on = "soon"', "checked_on should be date"),
        ("checked_on = 2026-11-22", "checked_on = 2026-11-22T07:00:00", "checked_on should be date"),
        ("legal_basis", "legal", "legal_basis is missing"),
        ("questions = [", "questions = []\nothers = [", "0 questions"),
        ("questions = [", "questions = [1,", "questions should be a list of texts"),
        ('"ocop-in-brief"', '"nowhere"', "related names nowhere"),
        ("order = 1", "order = 1 1", "not TOML"),
        ("+++\n\n", "+++\n\n# Tiêu đề\n", "holds a heading"),
        ("+++\n\n", "+++\n\n[a](b)\n", "holds a link"),
        ("+++\n\n", "+++\n\n| a |\n", "holds a table"),
        ("+++\n\n", "+++\n\n1. a\n", "holds a list"),
        ("+++\n\n", "+++\n\n  - a\n", "holds an indented list"),
        ("+++\n\n", "+++\n\n<b>a</b>\n", "holds HTML"),
        ("+++\n\n", "+++\n\n**a\n", "is not closed"),
        ("+++\n\n", f"+++\n\n{'a ' * 800}\n", "the limit is 1500"),
        ("+++\n", "", "between two lines of"),
    ],
)
def test_a_wrong_article_is_refused_with_its_name(copy: Path, old: str, new: str, reason: str) -> None:
    path = copy / "vi" / "handbook" / "faq-what.md"
    change(path, old, new)
    with pytest.raises(HandbookError, match=re.escape(reason)) as refusal:
        Handbook.load(copy)
    assert str(refusal.value).startswith(str(path))


def test_an_article_missing_in_one_language_is_refused(copy: Path) -> None:
    (copy / "en" / "handbook" / "faq-what.md").unlink()
    with pytest.raises(HandbookError, match=r"en/handbook/faq-what\.md: the article is missing"):
        Handbook.load(copy)


def test_an_article_only_in_english_is_refused(copy: Path) -> None:
    (copy / "vi" / "handbook" / "faq-what.md").unlink()
    with pytest.raises(HandbookError, match=r"vi/handbook/faq-what\.md"):
        Handbook.load(copy)


def test_languages_that_differ_in_place_are_refused(copy: Path) -> None:
    change(copy / "en" / "handbook" / "faq-what.md", 'section = "faq"', 'section = "basics"')
    with pytest.raises(HandbookError, match="section differs from the vi file"):
        Handbook.load(copy)


def test_an_odd_file_name_is_refused(copy: Path) -> None:
    (copy / "vi" / "handbook" / "Mới.md").write_text("+++\n+++\n", encoding="utf-8")
    with pytest.raises(HandbookError, match="file name"):
        Handbook.load(copy)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("correct = 0", "correct = 3", "counts the options from 0"),
        ('article = "ocop-in-brief"', 'article = "nowhere"', "nowhere is not an article"),
        ('"Tên một ngân hàng"]', '"b", "c"]', "needs 3 options"),
        ('"Tên một ngân hàng"]', f'"{"a" * 41}"]', "at most 40 characters"),
        ('id = "meaning"', 'name = "meaning"', "the key id is missing"),
        ("[[question]]", "[[other]]", "there are 4 questions"),
    ],
)
def test_a_wrong_quiz_is_refused(copy: Path, old: str, new: str, reason: str) -> None:
    change(copy / "vi" / "quiz.toml", old, new)
    with pytest.raises(HandbookError, match=re.escape(reason)):
        Handbook.load(copy)


def test_a_missing_quiz_or_language_is_refused(copy: Path) -> None:
    (copy / "en" / "quiz.toml").unlink()
    with pytest.raises(HandbookError, match=r"quiz\.toml: the file is missing"):
        Handbook.load(copy)
    shutil.rmtree(copy / "vi")
    with pytest.raises(HandbookError, match="the folder is missing"):
        Handbook.load(copy)


def test_a_head_is_plain_toml_an_editor_can_read() -> None:
    for path in LOCALES.glob("*/handbook/*.md"):
        head = tomllib.loads(path.read_text(encoding="utf-8").split("+++")[1])
        assert set(head) <= {*Article.__slots__} - {"id", "locale", "body"}, path.name


def test_a_world_is_named_not_recited() -> None:
    """The event loop writes out what its last task returned whenever it hands SIGINT back: a second, with all texts."""
    assert len(repr(world())) < 10_000
