"""The whole road over both kinds of Zalo: the real program in a process of its own, against the doubles.

Over the Official Account everybody is on Zalo, from the first word to the stars; over Zalo Bot, which carries no files,
papers go by an upload link. The program is started once for each story.
"""

import io
import re
from pathlib import Path

import httpx
import pytest
from PIL import Image

from bot.papers import Kind, inspect
from tests.account import account_running, environment, invited
from tests.doubles.people import photo
from tests.doubles.server import Failure, Seen
from tests.doubles.zalo_bot import Friend, ZaloBot
from tests.doubles.zalo_oa import APP_SECRET, OA_SECRET, Follower, Hosted, ZaloOA
from tests.program import Program, finished, free_port, running

WAIT_S = 30.0
"""Long, since pictures are made meanwhile, maybe beside other tests; the road on Telegram holds the alert to 5 s."""
QUICK = "2000"
"""Calls a minute, of the larger package, so that a story needs no breaks."""
PRODUCT = "Măng khô Tân Lĩnh"
CODE = re.compile(r"TL12-\d\d-\d{4}")
LINK = re.compile(r"https://\S+/[ud]/\S+")
PUBLIC = "https://ocop.example"
PHONE = "0912 345 678"
REASON = "Ghi ro mang loai nao giup xa"

IDEA = (
    (PRODUCT, "nhóm nào"),
    ("thuc pham", "loại nào"),
    ("7", "làm đến đâu"),
    ("dang ban", "đặc biệt"),
    ("mang rung phoi nang, khong say luu huynh", "nguyên liệu"),
    ("mang hai tren rung cua xa", "cùng làm"),
    ("3 nguoi trong nha", "bao nhiêu"),
    ("300 kg moi nam", "bán ở đâu"),
    ("cho, tren mang", "giúp việc gì"),
    ("2,3", "Ai làm ra"),
    ("ho gia dinh", "chủ hộ"),
    ("Giàng A Páo", "tên là gì"),
    ("Páo", "số nào"),
    (PHONE, "ảnh sản phẩm"),
)
"""What a producer types at each question, and what the next one asks."""


async def hears(person: Follower | Friend, words: str, answer: str) -> Seen:
    """Type, and wait until something comes with this in it; what comes between is passed over."""
    person.reads_all()
    person.types(words)
    return await person.waits_for(answer, WAIT_S)


async def joins(program: Program, person: Follower | Friend, name: str, *whom: str) -> None:
    await hears(person, f"/start {await invited(program, *whom)}", "vai trò")
    await hears(person, name, "Việc")


async def consents(person: Follower | Friend) -> None:
    assert "Em là trợ lý OCOP" in (await person.says("chao em")).text
    await hears(person, "dong y", "nhắc")
    await hears(person, "co", "Anh/chị muốn làm gì")


async def fills_in(person: Follower | Friend, pictures: int) -> Seen:
    """From the main menu to the review screen: choices by number or word, only a name with diacritics."""
    await hears(person, "dang ky sp", "tỉnh nào")
    await hears(person, "lao cai", "xã, phường nào")
    await hears(person, "tan linh", "đúng không")
    await hears(person, "1", "Câu 1/")
    for words, asked in IDEA:
        if words == PHONE and isinstance(person, Follower):
            await gives_number(person, asked)
        else:
            await hears(person, words, asked)
    for _ in range(pictures):
        person.sends_photo(photo())
    await person.waits_for(f"đủ {pictures}" if pictures > 1 else "nhận được")
    await hears(person, "xong", "làm ở đâu")
    return await hears(person, "bo qua", "xem lại")


async def gives_number(person: Follower, asked: str) -> None:
    """On a card with a form, which stands below the question; the platform has fetched the picture on it from us."""
    await person.platform.until(lambda: person.seen[-1].kind == "request_user_info", WAIT_S)
    person.reads_all()
    person.shares_contact(f"84{PHONE.replace(' ', '')[1:]}")
    await person.waits_for(asked, WAIT_S)


def pdf(pages: int) -> bytes:
    buffer = io.BytesIO()
    images = [Image.open(io.BytesIO(photo())) for _ in range(pages)]
    images[0].save(buffer, "PDF", save_all=True, append_images=images[1:])
    return buffer.getvalue()


def is_numbered(seen: Seen) -> bool:
    """A choice on Zalo is numbered lines to type."""
    return "\n1. " in seen.text and not seen.buttons


# ---------------------------------------------------------------- Official Account


async def test_the_road_over_the_official_account(tmp_path: Path) -> None:
    async with ZaloOA() as oa:
        oa.calls_per_minute = int(QUICK)
        producer = Follower(oa, name="Páo")
        officer, approver, province = (Follower(oa, f"246845883529619700{n}", f"Lan {n}") for n in (2, 3, 4))
        async with account_running(tmp_path, oa, ZALO_CALLS_PER_MINUTE=QUICK, LOG_LEVEL="DEBUG") as program:
            await joins(program, officer, "Lan", "--commune", "04336")
            await consents(producer)
            code = await registers(officer, producer)
            await is_returned(officer, producer, code)
            await hands_in(officer, producer, code)
            await joins(program, approver, "Hùng", "--commune", "04336", "--approver")
            await joins(program, province, "Mai", "--province", "15")
            await goes_up(officer, approver, province, producer, code)
            await gets_stars(province, producer, code)
            await oa.all_taken()
            assert await program.stop() == 0
        keeps_quiet(program, oa)
        refused = {(call.name, call.code) for call in oa.calls if call.code}
        assert refused == set(), "the program sent what the platform does not take"


def keeps_quiet(program: Program, oa: ZaloOA) -> None:
    """Nobody's words, name or number, no secret and no address of a file are in the log."""
    told = program.logged + program.said
    tokens = [token for pair in oa.pairs for token in (pair.access, pair.refresh)]
    planted = (*tokens, APP_SECRET, OA_SECRET, "Măng", "Páo", "912345678", "912 345", REASON, "luu huynh", "/dl/")
    assert [word for word in planted if word in told] == []
    assert "Traceback" not in told
    assert "CRITICAL" not in told


async def registers(officer: Follower, producer: Follower) -> str:
    review = await fills_in(producer, 2)
    for shown in (PRODUCT, PHONE, "300 kg", "2 ảnh"):
        assert shown in review.text
    assert is_numbered(review)
    officer.reads_all()
    receipt = await hears(producer, "1", "TL12-")
    alert = await officer.waits_for(PRODUCT, WAIT_S)
    code = CODE.findall(receipt.text)[0]
    assert code in alert.text
    return str(code)


async def is_returned(officer: Follower, producer: Follower, code: str) -> None:
    card = await hears(officer, f"mo {code}", "Tình trạng")
    assert PHONE not in card.text  # a number is shown only when asked for
    await hears(officer, "xem giay to", "Anh/chị muốn làm gì")
    looked_at = next(seen for seen in officer.seen if seen.kind == "image")
    assert Image.open(io.BytesIO(looked_at.data)).format == "JPEG"
    await hears(officer, code.lower(), "Tình trạng")
    await hears(officer, "tra lai", "Cần sửa phần nào")
    await hears(officer, "diem dac biet", "vì sao trả lại")
    await hears(officer, REASON, "Gửi bản này")
    producer.reads_all()
    officer.types("gui di")
    assert REASON in (await producer.waits_for(code, WAIT_S)).text
    await hears(producer, code, "Gửi lại: Điểm đặc biệt")
    await hears(producer, "gui lai diem dac biet", "Đang ghi")
    await hears(producer, "mang cu gia, phoi ba nang", "mang cu gia")
    officer.reads_all()
    await hears(producer, "gui lai cho xa", "Đã gửi")
    await officer.waits_for(code, WAIT_S)
    await accepts(officer, producer, code, "chấp nhận ý tưởng")


async def accepts(officer: Follower, producer: Follower, code: str, told: str) -> None:
    await hears(officer, code, "Tình trạng")
    await hears(officer, "chap nhan", "Bà con sẽ đọc")
    producer.reads_all()
    await hears(officer, "chap nhan luon", "Em đã báo")
    await producer.waits_for(told, WAIT_S)


async def hands_in(officer: Follower, producer: Follower, code: str) -> None:
    """The plan as a PDF of three pages, a paper as two photos; the officer gets both, the files as files."""
    await hears(producer, "nop giay to", "giấy tờ nào")
    await hears(producer, "ke hoach lam an", "Cho em xin")
    producer.sends_file("Kế hoạch.pdf", pdf(3))
    await producer.waits_for("nhận", WAIT_S)
    await hears(producer, "xong", "đã có 3 trang")
    await hears(producer, "giay dang ky ho kinh doanh", "Cho em xin")
    for _ in range(2):
        producer.sends_photo(photo())
    await producer.waits_for("đủ 2", WAIT_S)
    await hears(producer, "xong", "đã có 2 trang")
    await hears(producer, "gui cho xa", "Em sẽ gửi cho xã")
    officer.reads_all()
    await hears(producer, "gui luon", "Đã gửi")
    await officer.waits_for(code, WAIT_S)
    await gets_files(officer, code)
    await accepts(officer, producer, code, "chấp nhận kế hoạch")


async def gets_files(officer: Follower, code: str) -> None:
    await hears(officer, code, "Tình trạng")
    await hears(officer, "viec khac", "Anh/chị muốn làm gì")
    officer.reads_all()
    officer.types("tai giay to")
    for name, pages in (("Kế hoạch.pdf", 3), (f"{code} Giấy đăng ký hộ kinh doanh.pdf", 2)):
        paper = await officer.waits_for(name, WAIT_S)
        inspected = inspect(paper.data)
        assert (inspected.kind, inspected.pages, paper.file_name) == (Kind.PDF, pages, name)


async def goes_up(officer: Follower, approver: Follower, province: Follower, producer: Follower, code: str) -> None:
    """The dossier: handed in, checked, approved, taken up for rating; the producer reads each step."""
    await hears(producer, "nop giay to", "giấy tờ nào")
    for paper in ("phieu dang ky", "bao cao tu cham diem", "giay an toan thuc pham"):
        await hears(producer, paper, "Cho em xin")
        producer.sends_file("mau.pdf", pdf(1))
        await producer.waits_for("nhận", WAIT_S)
        await hears(producer, "xong", "giấy tờ nào")
    await hears(producer, "gui cho xa", "Em sẽ gửi cho xã")
    officer.reads_all()
    await hears(producer, "gui luon", "Đã gửi")
    await officer.waits_for(code, WAIT_S)
    await hears(officer, code, "Tình trạng")
    await hears(officer, "cham phan cua xa", "Phần của xã 1/4")
    for number, seen in (("1", "2/4"), ("2", "3/4"), ("1", "4/4"), ("2", "Nét riêng của quê mình:")):
        await hears(officer, number, seen)  # one number twice in a moment counts once
    for person, step, told in (
        (officer, "trinh lanh dao", "lãnh đạo xã xem và duyệt"),
        (approver, "chuyen len", "được chuyển lên tỉnh"),
        (province, "nhan ho so", "đang chấm sao"),
    ):
        await hears(person, code, "Tình trạng")
        await hears(person, step, "Bà con sẽ đọc")
        producer.reads_all()
        await hears(person, "gui di", "Em đã báo bà con")
        await producer.waits_for(told, WAIT_S)


async def gets_stars(province: Follower, producer: Follower, code: str) -> None:
    await hears(province, code, "Tình trạng")
    await hears(province, "nhap ket qua", "Câu 1/5")
    for words, asked in (("27", "Phần B"), ("15", "Phần C"), ("21", "Câu 4/5"), ("812/QĐ-UBND", "Câu 5/5")):
        await hears(province, words, asked)
    await hears(province, "hom nay", "Khi công bố")
    await hears(province, "tiep tuc cong bo", "Công bố?")
    producer.reads_all()
    province.types("cong bo luon")
    result = await producer.waits_for("3 sao", WAIT_S)
    assert code in result.text
    assert "812/QĐ-UBND" in (await hears(producer, "duoc may sao roi", "63 điểm")).text


async def test_what_can_not_be_taken_over_the_account_is_answered(tmp_path: Path) -> None:
    """Every kind of event, in the middle of a conversation; strange hosts; who leaves and comes back."""
    async with ZaloOA() as oa:
        oa.calls_per_minute = int(QUICK)
        producer = Follower(oa)
        async with account_running(tmp_path, oa, ZALO_CALLS_PER_MINUTE=QUICK) as program:
            await consents(producer)
            for act in (
                producer.sends_sticker,
                producer.sends_voice,
                producer.sends_video,
                producer.sends_link,
                producer.sends_card,
                producer.sends_location,
            ):
                producer.reads_all()
                act()
                assert (await producer.answered(WAIT_S)).text
            await strange_hosts(oa, producer)
            await leaves_and_comes_back(oa, producer)
            assert await program.stop() == 0


async def strange_hosts(oa: ZaloOA, producer: Follower) -> None:
    """A photo whose host hesitates is fetched in the end; one that is gone for good is said to be."""
    await fills_in(producer, 1)
    await hears(producer, "sua cau khac", "câu nào")
    await hears(producer, "anh san pham", "ảnh sản phẩm")
    oa.fail("download", Failure(status=503))
    producer.sends_photo(photo())
    await producer.waits_for("gửi nữa", WAIT_S)  # it came at the second try, before or after it was counted
    producer.sends_photo(photo(), host=Hosted(b"", status=410))
    assert "gửi lại" in (await producer.waits_for("1/2", WAIT_S)).text
    assert "1 ảnh" in (await hears(producer, "xong", "xem lại")).text


async def leaves_and_comes_back(oa: ZaloOA, producer: Follower) -> None:
    seen = len(producer.seen)
    number = producer.unfollows()
    await oa.until(lambda: oa.answered_with(number) == [200])
    producer.follows()
    number = producer.types("menu")
    await oa.until(lambda: oa.answered_with(number) == [200])
    await producer.waits_for("Anh/chị muốn làm gì", WAIT_S)
    assert len(producer.seen) > seen


# ---------------------------------------------------------------- Zalo Bot


async def test_the_road_over_zalo_bot_by_polling(tmp_path: Path) -> None:
    """On a machine that nobody reaches from outside: words and photos, and a word about what can't be shown here."""
    async with ZaloBot() as api, running(tmp_path, PORT=str(free_port()), **api.environment()) as program:
        producer, officer = Friend(api, name="Páo"), Friend(api, "7ede9afa66b8", "Lan")
        code = await registers_by_bot(program, officer, producer)
        await hears(officer, code, "Tình trạng")
        assert "/d/" not in (await hears(officer, "xem giay to", "Anh/chị muốn làm gì")).text
        await by_bot_accepted(officer, producer, code)
        assert api.made("getUpdates")
        assert await program.stop() == 0
        keeps_token(program, api)


@pytest.mark.parametrize(("wrapped", "photo_key"), [(True, "photo"), (False, "photo_url")])
async def test_the_road_over_zalo_bot_by_webhook(tmp_path: Path, wrapped: bool, photo_key: str) -> None:
    """Behind a proxy with HTTPS: pictures by their address, which the platform really fetches, papers by links."""
    port = free_port()
    async with (
        ZaloBot(wrapped=wrapped, photo_key=photo_key) as api,
        running(tmp_path, PORT=str(port), PUBLIC_URL=PUBLIC, **api.environment()) as program,
    ):
        api.proxies[PUBLIC] = program.url
        await api.until(lambda: bool(api.webhook), WAIT_S)
        assert api.webhook == f"{PUBLIC}/zalo-bot"
        producer, officer = Friend(api, name="Páo"), Friend(api, "7ede9afa66b8", "Lan")
        code = await registers_by_bot(program, officer, producer)
        await sees_picture(officer, code)
        await by_bot_accepted(officer, producer, code)
        await uploads_by_link(api, producer)
        await gets_file_by_link(api, officer, producer, code)
        assert not api.made("getUpdates")
        await api.all_taken()
        assert await program.stop() == 0
        keeps_token(program, api)


def keeps_token(program: Program, api: ZaloBot) -> None:
    assert api.token.split(":")[1] not in program.logged + program.said
    assert [call.name for call in api.calls if call.code not in (0, 408)] == []


async def registers_by_bot(program: Program, officer: Friend, producer: Friend) -> str:
    await joins(program, officer, "Lan", "--commune", "04336")
    await consents(producer)
    review = await fills_in(producer, 1)
    assert is_numbered(review)
    receipt = await hears(producer, "gui cho xa", "TL12-")
    await officer.waits_for(PRODUCT, WAIT_S)
    return str(CODE.findall(receipt.text)[0])


async def sees_picture(officer: Friend, code: str) -> None:
    await hears(officer, code, "Tình trạng")
    await hears(officer, "xem giay to", "Anh/chị muốn làm gì")
    shown = [seen for seen in officer.seen if seen.kind == "photo"]
    assert len(shown) == 1
    assert Image.open(io.BytesIO(shown[0].data)).format == "JPEG"


async def by_bot_accepted(officer: Friend, producer: Friend, code: str) -> None:
    await hears(officer, code, "Tình trạng")
    await hears(officer, "chap nhan", "Bà con sẽ đọc")
    producer.reads_all()
    await hears(officer, "chap nhan luon", "Em đã báo")
    await producer.waits_for("chấp nhận ý tưởng", WAIT_S)


async def uploads_by_link(api: ZaloBot, producer: Friend) -> None:
    """A file in the chat is lost on this platform: what comes instead says where to go with it."""
    await hears(producer, "nop giay to", "giấy tờ nào")
    await hears(producer, "ke hoach lam an", "/u/")
    producer.reads_all()
    producer.sends_file()
    asked = await producer.waits_for("/u/", WAIT_S)
    async with httpx.AsyncClient(timeout=WAIT_S) as browser:
        url = api.behind(LINK.findall(asked.text)[-1])
        assert (await browser.get(url)).status_code == 200
        taken = await browser.post(url, files={"files": ("Kế hoạch.pdf", pdf(3), "application/pdf")})
        assert taken.status_code in (200, 303), taken.text
    await producer.waits_for("nhận", WAIT_S)
    await hears(producer, "xong", "đã có 3 trang")
    await hears(producer, "gui cho xa", "Em sẽ gửi cho xã")
    await hears(producer, "gui luon", "Đã gửi")


async def gets_file_by_link(api: ZaloBot, officer: Friend, producer: Friend, code: str) -> None:
    await hears(officer, code, "Tình trạng")
    await hears(officer, "viec khac", "Anh/chị muốn làm gì")
    listed = await hears(officer, "tai giay to", "/d/")
    url = api.behind(next(url for url in LINK.findall(listed.text) if "/d/" in url))
    async with httpx.AsyncClient(timeout=WAIT_S) as browser:
        assert (await browser.get(url)).status_code == 200  # a page with a button
        kinds = {(await browser.post(api.behind(one))).headers["content-type"] for one in LINK.findall(listed.text)}
    assert kinds == {"application/pdf"}


# ---------------------------------------------------------------- consent


async def test_consent_in_the_browser(tmp_path: Path) -> None:
    """`zalo connect` prints an address; the administrator opens it, agrees, and the server has the tokens."""
    async with ZaloOA() as oa:
        variables = environment(oa, free_port())
        oa.redirect_uris.add(f"{variables['PUBLIC_URL']}/zalo/connected")
        async with running(tmp_path, **variables) as program:
            person = Follower(oa)
            person.types("chao em")  # it waits: there is no token yet
            said = await connects(program)
            address = re.findall(r"http\S+/permission\?\S+", said)[0]
            async with httpx.AsyncClient(timeout=30, follow_redirects=True) as browser:
                page = await browser.get(address)
                assert page.status_code == 200, page.text
                again = await browser.get(page.url)
                assert again.status_code >= 400  # the page works once
            await person.waits_for("Em là trợ lý OCOP", 90.0)
            assert len(oa.pairs) == 1
            assert await program.stop() == 0


async def connects(program: Program) -> str:
    code, said, logged = await finished(program.folder, "zalo", "connect", **program.environment)
    assert code == 0, logged
    return said
