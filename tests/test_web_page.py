"""The chat and upload pages in a real browser, against a small server that speaks the page's protocol."""

import asyncio
import html
import io
import json
import re
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import (
    Browser,
    BrowserContext,
    FilePayload,
    Locator,
    Page,
    ViewportSize,
    expect,
    sync_playwright,
)
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from bot.sounds import Sound, seconds
from tests.conftest import CHROMIUM_FLAGS
from tests.test_papers import page_of_text

pytestmark = pytest.mark.browser


def page_picture() -> bytes:
    made = io.BytesIO()
    page_of_text().save(made, "JPEG", quality=60)
    return made.getvalue()


STATIC = Path(__file__).parent.parent / "bot" / "web" / "static"
# As the real application sends it: the pages must live with it.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "media-src 'self' blob:; font-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'"
)
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360f8cf00000003010100"
    "c9fe92ef0000000049454e44ae426082"
)
PHOTO = page_picture()
NAME = "Trợ lý OCOP xã Tân Lĩnh"
PHONE = ViewportSize(width=390, height=844)
# Stands in for the browser's voices, which a machine without sound has not: keeps what would be said.
RECORD_SPEECH = """
window.said = [];
window.SpeechSynthesisUtterance = function (text) { this.text = text; };
Object.defineProperty(window, "speechSynthesis", {value: {
  getVoices: () => [], cancel: () => undefined, speak: (one) => window.said.push([one.lang, one.text]),
}});
"""


class Backend:
    """What the page talks to: `posts` counts every request, `messages` holds each key once."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.posts: list[str] = []
        self.presses: list[str] = []
        self.failures: list[tuple[int, dict[str, Any]]] = []
        self.lost_answers = 0
        self.received = 0
        self.recordings: list[bytes] = []
        self.upload_state = "open"
        self.push_key = ""
        self.subscriptions: list[tuple[str, dict[str, Any]]] = []
        self.subscribed = 200
        self.shown: list[dict[str, Any]] = []

    def say(self, text: str, mine: bool = False, key: str | None = None, **more: Any) -> None:
        self.messages.append(
            {
                "id": len(self.messages) + 1,
                "mine": mine,
                "text": text,
                "at": datetime.now(UTC).isoformat(),
                "key": key,
                "buttons": [],
                "attachments": [],
                "ask_contact": "",
                "ask_location": "",
                **more,
            }
        )

    def mine(self) -> list[str]:
        return [message["text"] for message in self.messages if message["mine"]]

    def keep(self, key: str, text: str, **more: Any) -> None:
        if all(message["key"] != key for message in self.messages):
            self.say(text, mine=True, key=key, **more)

    async def page(self, request: Request) -> Response:
        return filled("chat.html", {"%CSRF%": "token", "%PUSH%": self.push_key, "%LANG%": "vi", "%NAME%": NAME})

    async def poll(self, request: Request) -> Response:
        after, wait_s = int(request.query_params["after"]), int(request.query_params["wait"])
        for _ in range(wait_s * 20):
            if len(self.messages) > after or await request.is_disconnected():
                break
            await asyncio.sleep(0.05)
        return JSONResponse({"messages": self.messages[after:], "lang": "vi"})

    async def send(self, request: Request) -> Response:
        body = await request.json()
        self.posts.append(body["key"])
        assert request.headers["x-csrf"] == "token"
        if self.failures:
            status, answer = self.failures.pop(0)
            return JSONResponse(answer, status)
        self.presses += [body["press"]] if "press" in body else []
        self.keep(body["key"], body.get("text") or body.get("label") or "vị trí")
        if self.lost_answers:
            self.lost_answers -= 1
            return JSONResponse({}, 502)
        return JSONResponse({})

    async def file(self, request: Request) -> Response:
        assert request.headers["x-csrf"] == "token"
        async with request.form() as form:
            upload, key = form["file"], str(form["key"])
            assert not isinstance(upload, str)
            name, kind = upload.filename, upload.content_type
            data = await upload.read()
            self.received += len(data)
        if str(kind).startswith("audio/"):
            self.recordings.append(data)
        if self.failures:
            status, answer = self.failures.pop(0)
            return JSONResponse(answer, status)
        url = "recording" if self.recordings else "pixel.png"
        self.keep(key, "", attachments=[{"url": url, "name": name, "media_type": kind}])
        return JSONResponse({})

    async def upload(self, request: Request) -> Response:
        texts = {"%TITLE%": "Gửi giấy tờ", "%PAPER%": "Giấy đăng ký hộ kinh doanh <b>", "%CSRF%": "token"}
        if request.method == "GET":
            return filled("upload.html", {**texts, "%LANG%": "vi", "%STATE%": self.upload_state})
        async with request.form() as form:
            names = [upload.filename for upload in form.getlist("files") if not isinstance(upload, str)]
        if self.upload_state == "gone":
            return JSONResponse({}, 410)
        self.upload_state = "gone"
        self.posts += [str(name) for name in names]
        return JSONResponse({"received": len(names)})

    async def download(self, request: Request) -> Response:
        if request.method == "POST":
            headers = {"Content-Disposition": "attachment; filename=plan.pdf"}
            return Response(b"%PDF-1.7 plan", media_type="application/pdf", headers=headers)
        texts = {"%NAME%": "Trợ lý OCOP", "%FILE%": "TL12-26-0001 Phương án <b>.pdf", "%HINT%": "Nếu tệp không mở, ..."}
        return filled("download.html", {**texts, "%LANG%": "vi", "%OPEN%": "Mở tệp", "%ACTION%": "abc", "%STATE%": ""})

    async def worker(self, request: Request) -> Response:
        return FileResponse(STATIC / "sw.js", media_type="text/javascript")

    async def manifest(self, request: Request) -> Response:
        return JSONResponse({"name": NAME, "start_url": "./"}, media_type="application/manifest+json")

    async def push(self, request: Request) -> Response:
        assert request.headers["x-csrf"] == "token"
        self.subscriptions.append((request.method, await request.json()))
        return JSONResponse({}, self.subscribed)

    async def receipt(self, request: Request) -> Response:
        self.shown.append(await request.json())
        return Response(status_code=204)

    async def pixel(self, request: Request) -> Response:
        return Response(PIXEL, media_type="image/png")

    async def photo(self, request: Request) -> Response:
        return Response(PHOTO, media_type="image/jpeg")

    async def recording(self, request: Request) -> Response:
        return Response(self.recordings[-1], media_type="audio/webm")

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", self.page),
                Route("/sw.js", self.worker),
                Route("/manifest.webmanifest", self.manifest),
                Route("/chat/push", self.push, methods=["POST", "DELETE"]),
                Route("/push", self.receipt, methods=["POST"]),
                Route("/pixel.png", self.pixel),
                Route("/photo.jpg", self.photo),
                Route("/recording", self.recording),
                Route("/chat/messages", self.poll),
                Route("/chat/send", self.send, methods=["POST"]),
                Route("/chat/file", self.file, methods=["POST"]),
                Route("/u/{token}", self.upload, methods=["GET", "POST"]),
                Route("/d/{token}", self.download, methods=["GET", "POST"]),
                Mount("/static", StaticFiles(directory=STATIC)),
            ]
        )


def filled(name: str, values: dict[str, str]) -> Response:
    text = (STATIC / name).read_text(encoding="utf-8")
    for placeholder, value in values.items():
        text = text.replace(placeholder, html.escape(value))
    return HTMLResponse(text, headers={"Content-Security-Policy": CONTENT_SECURITY_POLICY})


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        flags = [*CHROMIUM_FLAGS, "--use-fake-device-for-media-stream"]  # beeps take the place of a microphone
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def backend() -> Backend:
    return Backend()


@pytest.fixture
def address(backend: Backend) -> Iterator[str]:
    config = uvicorn.Config(
        backend.app(), port=0, log_level="error", timeout_graceful_shutdown=1, loop="asyncio", ws="none"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}/"
    server.should_exit = True
    thread.join()


@pytest.fixture
def context(browser: Browser, address: str) -> Iterator[BrowserContext]:
    """Of a browser that hangs up before the server at `address` leaves, as it is set up after it."""
    context = browser.new_context(viewport=PHONE, locale="vi-VN", permissions=["geolocation", "microphone"])
    context.add_init_script(RECORD_SPEECH)
    context.set_default_timeout(10_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, address: str) -> Iterator[Page]:
    """An unopened page; it fails its test when a script breaks or the policy stops something."""
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if "Content Security" in line.text else None)
    yield page
    page.close()
    assert complaints == []


def until(condition: Any, page: Page) -> None:
    for _ in range(200):
        if condition():
            return
        page.wait_for_timeout(50)
    pytest.fail("it never happened")


def open_chat(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator("#log")).to_have_attribute("aria-busy", "false")


def type_and_send(page: Page, text: str) -> None:
    page.locator("#text").fill(text)
    page.locator("#send").click()


def own(page: Page, text: str) -> Locator:
    return page.locator(".msg.mine").filter(has_text=text)


def option(label: str, data: str) -> dict[str, str]:
    return {"label": label, "data": data}


def test_a_text_is_shown_at_once_and_confirmed_by_its_echo(page: Page, backend: Backend, address: str) -> None:
    open_chat(page, address)
    type_and_send(page, "dang ky chuoi say")
    expect(own(page, "dang ky chuoi say")).to_contain_text("đã gửi")
    expect(page.locator("#text")).to_have_value("")
    backend.say("Câu 1/9. Tên sản phẩm là gì ạ?")
    expect(page.locator(".msg.bot")).to_contain_text("Câu 1/9")
    expect(page.locator(".pending")).to_have_count(0)
    assert own(page, "dang ky chuoi say").count() == 1
    assert page.locator(".msg").last.text_content() != ""
    assert page.evaluate("Object.keys(localStorage).filter(key => key.includes(':out:')).length") == 0


def test_a_message_typed_offline_is_sent_once_when_the_network_is_back(
    page: Page, context: BrowserContext, backend: Backend, address: str
) -> None:
    open_chat(page, address)
    context.set_offline(True)
    expect(page.locator("#status")).to_have_text("Mất mạng, em sẽ gửi khi có lại.")
    type_and_send(page, "một")
    type_and_send(page, "hai")
    expect(own(page, "một")).to_contain_text("chờ có mạng")
    assert backend.messages == []
    context.set_offline(False)
    expect(own(page, "hai")).to_contain_text("đã gửi")
    expect(page.locator("#status")).not_to_contain_text("Mất mạng")
    page.wait_for_timeout(1200)
    assert backend.mine() == ["một", "hai"]
    assert page.locator(".msg.mine").count() == 2


def test_a_message_waiting_for_the_network_outlives_the_page(
    page: Page, context: BrowserContext, backend: Backend, address: str
) -> None:
    open_chat(page, address)
    page.route("**/chat/send", lambda route: route.abort())
    type_and_send(page, "đừng mất nhé")
    expect(own(page, "đừng mất nhé")).to_contain_text("chờ có mạng")
    page.locator("#text").fill("đang gõ dở")
    page.unroute("**/chat/send")
    open_chat(page, address)
    expect(own(page, "đừng mất nhé")).to_contain_text("đã gửi")
    expect(page.locator("#text")).to_have_value("đang gõ dở")
    assert backend.mine() == ["đừng mất nhé"]


def test_a_lost_answer_does_not_double_the_message(page: Page, backend: Backend, address: str) -> None:
    backend.lost_answers = 1
    open_chat(page, address)
    type_and_send(page, "2 ta")
    expect(own(page, "2 ta")).to_contain_text("đã gửi")
    page.wait_for_timeout(1500)
    assert len(set(backend.posts)) == 1
    assert backend.mine() == ["2 ta"]
    assert own(page, "2 ta").count() == 1


def test_a_busy_server_is_asked_again_when_it_said(page: Page, backend: Backend, address: str) -> None:
    backend.failures = [(429, {"retry_after_s": 1}), (503, {})]
    open_chat(page, address)
    type_and_send(page, "chào em")
    expect(own(page, "chào em")).to_contain_text("đã gửi")
    assert len(backend.posts) == 3
    assert backend.mine() == ["chào em"]


def test_a_refused_text_says_why_and_can_be_edited(page: Page, backend: Backend, address: str) -> None:
    backend.failures = [(400, {"error": "Tin này có chữ lạ."})]
    open_chat(page, address)
    type_and_send(page, "chữ lạ")
    expect(own(page, "chữ lạ")).to_contain_text("Tin này có chữ lạ.")
    type_and_send(page, "tin sau vẫn đi")
    expect(own(page, "tin sau vẫn đi")).to_contain_text("đã gửi")
    page.get_by_role("button", name="Sửa lại").click()
    expect(page.locator("#text")).to_have_value("chữ lạ")
    expect(own(page, "chữ lạ")).to_have_count(0)
    assert backend.mine() == ["tin sau vẫn đi"]


def test_a_lost_session_reloads_the_page_once(page: Page, backend: Backend, address: str) -> None:
    loads: list[str] = []
    page.on("load", lambda loaded: loads.append(loaded.url))
    page.route("**/chat/messages*", lambda route: route.fulfill(status=401, body="{}"))
    page.goto(address)
    expect(page.locator("#status")).to_contain_text("tải lại")
    page.wait_for_timeout(1500)
    assert len(loads) == 2


def test_a_press_is_shown_as_the_persons_own_words(page: Page, backend: Backend, address: str) -> None:
    backend.say("Chị đồng ý chứ ạ?", buttons=[option("Đồng ý", "consent:yes"), option("Không", "consent:no")])
    backend.say("Em gửi cho xã nhé?", buttons=[option("Gửi cho xã", "c:send"), option("Sửa câu khác", "c:e")])
    open_chat(page, address)
    newest = page.get_by_role("button", name="Gửi cho xã")
    older = page.get_by_role("button", name="Đồng ý")
    assert newest.evaluate("node => getComputedStyle(node).borderTopWidth") == "2px"
    assert older.evaluate("node => getComputedStyle(node).borderTopWidth") == "1px"
    newest.dblclick()
    expect(own(page, "Gửi cho xã")).to_contain_text("đã gửi")
    older.click()
    expect(own(page, "Đồng ý")).to_contain_text("đã gửi")
    assert backend.presses == ["c:send", "consent:yes"]


def test_buttons_are_big_enough_for_a_thumb(page: Page, backend: Backend, address: str) -> None:
    long = "Xem cách lên bốn sao và những gì còn thiếu"
    backend.say("Chị muốn gì ạ?", buttons=[option("Đồng ý", "a"), option(long, "b")], ask_contact="Gửi số")
    open_chat(page, address)
    heights = page.locator("button:visible").evaluate_all(
        "nodes => nodes.map(node => node.getBoundingClientRect().height)"
    )
    assert len(heights) == 7
    assert min(heights) >= 48
    box = page.get_by_role("button", name=long).bounding_box()
    assert box is not None
    assert box["width"] > 340


def test_a_file_goes_up_with_progress_and_comes_back_as_a_picture(page: Page, backend: Backend, address: str) -> None:
    open_chat(page, address)
    page.evaluate("""
        window.progress = [];
        new MutationObserver(() => document.querySelectorAll("progress").forEach(
            bar => window.progress.push(bar.getAttribute("aria-label"), bar.hidden)
        )).observe(document.querySelector("#list"), {childList: true, subtree: true, attributes: true});
    """)
    page.locator("#attach-open").click()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Chọn tệp hoặc ảnh").click()
    chooser.value.set_files(
        [
            FilePayload(name="to1.png", mimeType="image/png", buffer=PIXEL),
            FilePayload(name="ke-hoach.pdf", mimeType="application/pdf", buffer=b"%PDF" + bytes(3_000_000)),
        ]
    )
    expect(page.locator(".msg.mine")).to_have_count(2)
    expect(page.locator(".msg.mine").nth(1)).to_contain_text("đã gửi")
    expect(page.locator(".pending")).to_have_count(0)
    seen = page.evaluate("window.progress")
    assert "Đang gửi ke-hoach.pdf" in seen
    assert seen[-1] is True
    assert backend.received == 3_000_004 + len(PIXEL)
    assert [message["attachments"][0]["name"] for message in backend.messages] == ["to1.png", "ke-hoach.pdf"]
    page.get_by_role("button", name="Xem ảnh to1.png").click()
    expect(page.get_by_role("dialog", name="to1.png")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Tải ke-hoach.pdf")).to_be_visible()


def picture(name: str, show: str = "picture") -> dict[str, str]:
    return {"url": "photo.jpg", "name": name, "media_type": "image/jpeg", "show": show}


def test_a_picture_is_shown_in_the_chat_and_larger_on_a_tap(page: Page, backend: Backend, address: str) -> None:
    backend.say("Kế hoạch làm ăn", attachments=[picture("Trang 1.jpg")])
    open_chat(page, address)
    image = page.locator(".thumb img")
    until(lambda: image.evaluate("node => node.naturalWidth") > 1000, page)
    box = image.bounding_box()
    assert box is not None
    assert box["width"] > 250
    assert box["height"] > 300
    page.locator(".thumb").click()
    expect(page.locator("#viewer")).to_be_visible()
    expect(page.locator("#viewer-name")).to_have_text("Trang 1.jpg")
    page.locator("#viewer-image").click()
    expect(page.locator("#viewer")).to_have_class(re.compile("zoomed"))


def test_pictures_of_one_message_stand_side_by_side(page: Page, backend: Backend, address: str) -> None:
    backend.say("Ba trang", attachments=[picture(f"Trang {n}.jpg") for n in (1, 2, 3)])
    open_chat(page, address)
    places = page.locator(".thumb").evaluate_all("all => all.map((one) => [one.offsetTop, one.offsetWidth])")
    tops, widths = zip(*places, strict=True)
    assert tops[0] == tops[1] < tops[2]
    assert len(set(widths)) == 1
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_voice_note_is_recorded_sent_and_played(page: Page, backend: Backend, address: str) -> None:
    backend.say("Anh/chị muốn nhắn gì cho cán bộ ạ?", takes_voice=True)
    open_chat(page, address)
    page.get_by_role("button", name="Ghi âm").last.click()
    expect(page.locator("#recorder")).to_be_visible()
    expect(page.locator("#recorded")).to_have_text("0:01", timeout=5000)
    page.locator("#record-send").click()
    expect(page.locator("#recorder")).to_be_hidden()
    until(lambda: backend.recordings, page)
    assert 0.5 < seconds(Sound.WEBM, backend.recordings[0]) < 5
    player = page.locator(".mine audio")
    expect(player).to_be_visible()
    assert player.get_attribute("aria-label") == "Nghe Ghi âm.webm"
    until(lambda: player.evaluate("node => node.src.endsWith('/recording')"), page)
    player.evaluate("node => node.play()")
    until(lambda: player.evaluate("node => node.currentTime > 0.2"), page)


def test_a_recording_can_be_dropped_and_is_offered_only_where_it_is_taken(
    page: Page, backend: Backend, address: str
) -> None:
    backend.say("Anh/chị muốn nhắn gì cho cán bộ ạ?", takes_voice=True)
    open_chat(page, address)
    page.get_by_role("button", name="Ghi âm").last.click()
    page.locator("#record-drop").click()
    expect(page.locator("#recorder")).to_be_hidden()
    page.wait_for_timeout(200)
    assert not backend.received
    backend.say("Sản phẩm tên là gì ạ?")
    expect(page.locator(".msg.bot").nth(1)).to_be_visible()
    assert not page.get_by_role("button", name="Ghi âm").is_visible()
    page.locator("#attach-open").click()
    expect(page.locator("#pick")).to_be_visible()
    expect(page.locator("#record")).to_be_hidden()


def test_a_phone_that_can_not_record_does_not_offer_it(
    page: Page, context: BrowserContext, backend: Backend, address: str
) -> None:
    context.add_init_script("delete window.MediaRecorder;")
    backend.say("Anh/chị muốn nhắn gì cho cán bộ ạ?", takes_voice=True)
    open_chat(page, address)
    expect(page.locator(".msg.bot")).to_be_visible()
    assert not page.get_by_role("button", name="Ghi âm").is_visible()


def test_a_microphone_that_is_refused_leads_back_to_typing(browser: Browser, backend: Backend, address: str) -> None:
    backend.say("Anh/chị muốn nhắn gì cho cán bộ ạ?", takes_voice=True)
    context = browser.new_context(viewport=PHONE, locale="vi-VN", permissions=[])
    refused = context.new_page()
    refused.add_init_script("navigator.mediaDevices.getUserMedia = () => Promise.reject(new Error('no'));")
    open_chat(refused, address)
    refused.get_by_role("button", name="Ghi âm").last.click()
    expect(refused.locator("#status")).to_contain_text("chưa dùng được micrô")
    expect(refused.locator("#recorder")).to_be_hidden()
    context.close()


def test_a_recording_that_does_not_play_can_be_saved(page: Page, backend: Backend, address: str) -> None:
    backend.say(
        "", attachments=[{"url": "pixel.png", "name": "Ghi âm.ogg", "media_type": "audio/ogg", "show": "voice"}]
    )
    open_chat(page, address)
    page.locator("audio").evaluate("node => { node.play().catch(() => undefined); }")
    expect(page.locator("a.chip")).to_contain_text("Ghi âm.ogg")
    expect(page.locator("a.chip")).to_contain_text("Chưa nghe được ở đây")


@pytest.mark.parametrize("kind", ["amr", "amr-wb"])
def test_a_recording_of_a_kind_that_no_browser_plays_is_a_file(
    page: Page, backend: Backend, address: str, kind: str
) -> None:
    voice = {"url": "pixel.png", "name": "Ghi âm.amr", "media_type": f"audio/{kind}", "show": "voice"}
    backend.say("", attachments=[voice])
    open_chat(page, address)
    expect(page.locator("a.chip")).to_contain_text("Anh/chị tải về rồi mở bằng máy")
    expect(page.locator("a.chip")).to_have_attribute("download", "Ghi âm.amr")
    expect(page.locator("audio")).to_have_count(0)


def test_a_file_that_failed_waits_and_lets_words_pass(page: Page, backend: Backend, address: str) -> None:
    open_chat(page, address)
    page.route("**/chat/file", lambda route: route.fulfill(status=503, body="{}"))
    photo = FilePayload(name="anh.png", mimeType="image/png", buffer=PIXEL)
    page.locator("#camera-input").set_input_files([photo])
    expect(page.get_by_role("button", name="Thử lại")).to_be_visible()
    type_and_send(page, "ảnh chưa đi được")
    expect(own(page, "ảnh chưa đi được")).to_contain_text("đã gửi")
    page.reload()
    expect(page.get_by_role("button", name="Thử lại")).to_be_visible()
    page.unroute("**/chat/file")
    page.get_by_role("button", name="Thử lại").click()
    until(lambda: len(backend.messages) == 2, page)
    expect(page.get_by_role("button", name="Thử lại")).to_have_count(0)


def test_a_file_above_the_limit_is_told_before_any_byte(page: Page, backend: Backend, address: str) -> None:
    open_chat(page, address)
    page.evaluate("""
        const box = new DataTransfer();
        box.items.add(new File([new Uint8Array(20 * 1024 * 1024 + 1)], "phim.mp4", {type: "video/mp4"}));
        const input = document.querySelector("#pick-input");
        input.files = box.files;
        input.dispatchEvent(new Event("change"));
    """)
    expect(own(page, "phim.mp4")).to_contain_text("nặng quá 20 MB")
    page.get_by_role("button", name="Bỏ tệp này").click()
    expect(page.locator(".msg")).to_have_count(0)
    assert backend.received == 0


def test_html_is_shown_as_typed_and_only_own_links_are_links(page: Page, backend: Backend, address: str) -> None:
    nasty = "<img src=x onerror=alert(1)> <b>Mẩy & Lý</b>"
    backend.say(
        f"{nasty} {address}u/abc, https://example.com/x",
        buttons=[option("<i>Gửi</i>", "x")],
        attachments=[{"url": "https://example.com/a.png", "name": nasty, "media_type": "image/png"}],
    )
    open_chat(page, address)
    bot = page.locator(".msg.bot")
    expect(bot.locator(".words")).to_have_text(f"{nasty} {address}u/abc, https://example.com/x")
    assert bot.locator("b, i, img").count() == 0
    assert [link.get_attribute("href") for link in bot.locator("a").all()] == [f"{address}u/abc"]
    type_and_send(page, nasty)
    expect(page.locator(".msg.mine .words")).to_have_text(nasty)


def test_the_whole_chat_works_by_keyboard(page: Page, backend: Backend, address: str) -> None:
    backend.say("Chị đồng ý chứ ạ?", buttons=[option("Đồng ý", "yes"), option("Không", "no")])
    open_chat(page, address)
    expect(page.locator("#text")).to_be_focused()
    page.keyboard.type("dòng 1")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("2")
    page.keyboard.press("Enter")
    until(lambda: backend.mine() == ["dòng 1\n2"], page)
    for _ in range(3):  # past the attach button and "Không" ("Không" is the last choice)
        page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("button", name="Đồng ý")).to_be_focused()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    until(lambda: backend.presses == ["yes"], page)
    page.locator("#attach-open").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Gửi ảnh hoặc tệp")).to_be_visible()
    expect(page.get_by_role("button", name="Chụp ảnh")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#attach-open")).to_be_focused()


def test_the_page_tells_a_screen_reader_what_it_is(page: Page, backend: Backend, address: str) -> None:
    backend.say("Chào chị!")
    open_chat(page, address)
    assert page.locator("html").get_attribute("lang") == "vi"
    expect(page.get_by_role("log", name="Tin nhắn")).to_have_attribute("aria-live", "polite")
    expect(page.get_by_role("textbox", name="Gõ tin cho em")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Trợ lý OCOP xã Tân Lĩnh")
    for node in page.get_by_role("button").all():
        assert re.search(r"\w", node.get_attribute("aria-label") or node.inner_text())


def test_messages_are_read_aloud_one_by_one_or_as_they_come(page: Page, backend: Backend, address: str) -> None:
    backend.say("Sản phẩm đạt 3 sao ⭐⭐⭐. Chúc mừng chị!", buttons=[option("Xem điểm", "s")])
    open_chat(page, address)
    page.get_by_role("button", name="Đọc tin này").click()
    said = [["vi-VN", text] for text in ("Sản phẩm đạt 3 sao.", "Chúc mừng chị!", "Các nút bấm:", "Xem điểm.")]
    assert page.evaluate("window.said") == said
    expect(page.get_by_role("button", name="Dừng đọc")).to_be_visible()
    page.get_by_role("button", name="Cài đặt").click()
    page.get_by_role("switch", name="Đọc to tin mới").click()
    page.keyboard.press("Escape")
    backend.say("Hạn là thứ Tư 18/3.")
    until(lambda: ["vi-VN", "Hạn là thứ Tư 18/3."] in page.evaluate("window.said"), page)


def test_the_place_can_be_sent_only_when_it_is_asked_for(
    page: Page, context: BrowserContext, backend: Backend, address: str
) -> None:
    context.set_geolocation({"latitude": 21.9, "longitude": 104.7})
    open_chat(page, address)
    page.locator("#attach-open").click()
    expect(page.locator("#location")).to_be_hidden()
    page.keyboard.press("Escape")
    backend.say("Xưởng của chị ở đâu ạ?", ask_location="Gửi vị trí")
    page.locator(".msg.bot").get_by_role("button", name="Gửi vị trí").click()
    until(lambda: backend.mine() == ["vị trí"], page)


@pytest.mark.parametrize("large", [False, True])
def test_nothing_sticks_out_on_the_narrowest_phone(page: Page, backend: Backend, address: str, large: bool) -> None:
    backend.say(
        "Mã " + "TL260147" * 12,
        buttons=[option("Nghiêngngảkhôngcókhoảngtrắngnàocảđâunhé", "a"), option("Gửi cho xã", "b")],
        attachments=[{"url": "f", "name": "giay_" * 20 + ".pdf", "media_type": "application/pdf"}],
    )
    page.set_viewport_size({"width": 320, "height": 568})
    open_chat(page, address)
    if large:
        page.get_by_role("button", name="Cài đặt").click()
        page.get_by_role("switch", name="Chữ to").click()
        page.keyboard.press("Escape")
    type_and_send(page, "dài" * 60)
    expect(own(page, "dài")).to_contain_text("đã gửi")
    sizes = "node => [node.scrollWidth, node.clientWidth]"
    for place in ("html", "#log", ".phone"):
        wanted, given = page.locator(place).evaluate(sizes)
        assert wanted <= given, place
    edges = page.locator("#log .bubble, #log button, #composer > *:not(.sr)").evaluate_all(
        "nodes => nodes.map(node => node.getBoundingClientRect()).map(box => [box.left, box.right])"
    )
    assert all(left >= 0 and right <= 320 for left, right in edges)


def test_large_text_is_larger_and_stays_so(page: Page, backend: Backend, address: str) -> None:
    backend.say("Chào chị!")
    open_chat(page, address)
    size = "parseFloat(getComputedStyle(document.querySelector('.words')).fontSize)"
    before = page.evaluate(size)
    page.get_by_role("button", name="Cài đặt").click()
    page.get_by_role("switch", name="Chữ to").click()
    expect(page.get_by_role("switch", name="Chữ to")).to_have_attribute("aria-checked", "true")
    open_chat(page, address)
    assert page.evaluate(size) >= 1.25 * before


def test_reading_back_is_not_disturbed_by_a_new_message(page: Page, backend: Backend, address: str) -> None:
    for number in range(40):
        backend.say(f"Tin số {number}")
    open_chat(page, address)
    page.locator("#log").evaluate("node => { node.scrollTop = 0; }")
    page.wait_for_timeout(100)
    backend.say("Tin mới nhất")
    page.get_by_role("button", name="Xem tin mới").click()
    expect(page.get_by_text("Tin mới nhất")).to_be_in_viewport()


def test_a_first_visit_begins_with_one_button(page: Page, backend: Backend, address: str) -> None:
    open_chat(page, address)
    page.get_by_role("button", name="Bắt đầu").click()
    until(lambda: backend.mine() == ["Bắt đầu"], page)
    expect(page.locator("#greeting")).to_have_count(0)


def test_the_upload_page_sends_the_pages_in_their_order_once(page: Page, backend: Backend, address: str) -> None:
    page.goto(address + "u/abc")
    expect(page.locator(".paper").first).to_have_text("Giấy đăng ký hộ kinh doanh <b>")
    page.locator("#pick-input").set_input_files(
        [FilePayload(name=f"trang{number}.png", mimeType="image/png", buffer=PIXEL) for number in (2, 1, 9)]
    )
    page.get_by_role("button", name="Bỏ trang9.png").click()
    page.get_by_role("button", name="Đưa trang1.png lên trước").click()
    page.get_by_role("button", name="Gửi 2 tệp").click()
    expect(page.locator("#end-title")).to_have_text("Em đã nhận 2 tệp ✅")
    assert backend.posts == ["trang1.png", "trang2.png"]


def test_a_used_upload_link_says_what_to_do(page: Page, backend: Backend, address: str) -> None:
    page.goto(address + "u/abc")
    backend.upload_state = "gone"
    page.locator("#pick-input").set_input_files([FilePayload(name="a.png", mimeType="image/png", buffer=PIXEL)])
    page.get_by_role("button", name="Gửi 1 tệp").click()
    expect(page.locator("#end")).to_contain_text("nhắn em xin đường gửi mới")
    page.goto(address + "u/abc")
    expect(page.locator("#form")).to_be_hidden()
    expect(page.locator("#end")).to_contain_text("hết hạn")


def test_the_button_of_a_download_link_saves_the_file(page: Page, address: str) -> None:
    page.set_viewport_size(ViewportSize(width=360, height=640))
    page.goto(address + "d/abc")
    expect(page.locator(".paper")).to_have_text("TL12-26-0001 Phương án <b>.pdf")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    button = page.get_by_role("button", name="Mở tệp")
    assert (button.bounding_box() or {"height": 0})["height"] >= 44
    with page.expect_download() as download:
        button.click()
    assert download.value.suggested_filename == "plan.pdf"
    assert Path(download.value.path()).read_bytes() == b"%PDF-1.7 plan"


def test_both_languages_have_the_same_texts(page: Page, address: str) -> None:
    page.goto(address)
    source = (STATIC / "texts.js").read_text(encoding="utf-8")
    vietnamese, english = (
        dict(re.findall(r"^    (\w+): \"(.*)\",$", part, re.MULTILINE))
        for part in re.search(r"vi: \{(.*?)\n  \},\n  en: \{(.*?)\n  \},", source, re.DOTALL).groups()  # type: ignore[union-attr]
    )
    assert list(vietnamese) == list(english)
    for key, text in vietnamese.items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", english[key])), key


def test_the_pages_are_small_and_old_phones_understand_them() -> None:
    sources = {path.name: path.read_text(encoding="utf-8") for path in STATIC.iterdir() if path.suffix != ".png"}
    chat = ("chat.html", "chat.css", "chat.js", "app.js", "texts.js", "icon.svg")
    # Less than one photo; packed for the way it is about 20 kB, and a phone asks for it again only if it changed.
    assert sum((STATIC / name).stat().st_size for name in chat) < 80_000
    for name, source in sources.items():
        assert not re.search(r"\?\.[a-z(\[]|\?\?|innerHTML|outerHTML|\beval\b|replaceAll|:has\(", source), name
        assert not re.search(r"<[^>]* (on\w+|style)=|<style|<script(?! type=\"module\" src=)", source), name
        assert not re.search(r"(?:src|href|url\()=?[\"'(]*(?:https?:)?//", source), name


# ---------------------------------------------------------------- the chat as an app, and its notices


PUSH_KEY = "BLVNqEE973HdJKUW1S44sBDDan0Yr2dKZXJBQrqbP9XmFv0HIq4A1-ffGCkjM2zewO86TfwrqWa6PC2L5_dI4B4"
OTHER_KEY = "BAAAqEE973HdJKUW1S44sBDDan0Yr2dKZXJBQrqbP9XmFv0HIq4A1-ffGCkjM2zewO86TfwrqWa6PC2L5_dI4B4"
SUBSCRIPTION = {"endpoint": "https://fcm.googleapis.com/fcm/send/abc", "keys": {"p256dh": "p", "auth": "a"}}
# Stands in for the browser's push service, which a headless browser has not: keeps who has subscribed, over a reload.
PUSH_SERVICE = """
(() => {
  const kept = () => JSON.parse(localStorage.getItem("test-push") || "null");
  const made = () => kept() && {
    endpoint: "https://fcm.googleapis.com/fcm/send/abc",
    options: {userVisibleOnly: true, applicationServerKey: Uint8Array.from(kept()).buffer},
    toJSON() { return {endpoint: this.endpoint, keys: {p256dh: "p", auth: "a"}}; },
    unsubscribe() { localStorage.removeItem("test-push"); return Promise.resolve(true); },
  };
  PushManager.prototype.getSubscription = () => Promise.resolve(made());
  PushManager.prototype.subscribe = (options) => {
    if (!options.userVisibleOnly || kept()) return Promise.reject(new Error("InvalidStateError"));
    localStorage.setItem("test-push", JSON.stringify(Array.from(options.applicationServerKey)));
    return Promise.resolve(made());
  };
  const ask = Notification.requestPermission.bind(Notification);
  window.asked = 0;
  Notification.requestPermission = () => { window.asked += 1; return ask(); };
})();
"""


@pytest.fixture
def pushed(context: BrowserContext, backend: Backend, page: Page, address: str) -> Page:
    """The open chat of a browser with a push service."""
    backend.push_key = PUSH_KEY
    context.add_init_script(PUSH_SERVICE)
    backend.say("Chào anh/chị!")
    open_chat(page, address)
    return page


def switch(page: Page) -> Locator:
    return page.locator("#push")


def press_switch(page: Page) -> None:
    page.locator("#menu-open").click()
    switch(page).click()


def kept_key(page: Page) -> Any:
    return page.evaluate("localStorage.getItem('test-push')")


def test_notices_are_switched_on_and_off_by_pressing_and_by_nothing_else(
    context: BrowserContext, backend: Backend, pushed: Page, address: str
) -> None:
    context.grant_permissions(["notifications"], origin=address.rstrip("/"))
    pushed.locator("#menu-open").click()
    expect(switch(pushed)).to_have_attribute("aria-checked", "false")
    assert (pushed.evaluate("asked"), backend.subscriptions) == (0, [])

    switch(pushed).click()
    expect(pushed.locator("#status")).to_have_text("Từ giờ có tin mới là máy báo, cả khi trang đã đóng.")
    assert backend.subscriptions == [("POST", SUBSCRIPTION)]
    assert pushed.evaluate("asked") == 1

    pushed.reload()  # the server may have forgotten it meanwhile, so it is told again
    until(lambda: len(backend.subscriptions) == 2, pushed)
    assert backend.subscriptions[1] == ("POST", SUBSCRIPTION)
    assert pushed.evaluate("asked") == 0
    pushed.locator("#menu-open").click()
    expect(switch(pushed)).to_have_attribute("aria-checked", "true")

    switch(pushed).click()
    expect(pushed.locator("#status")).to_have_text("Em thôi báo khi trang đóng.")
    until(lambda: len(backend.subscriptions) == 3, pushed)
    assert backend.subscriptions[2] == ("DELETE", SUBSCRIPTION)
    assert kept_key(pushed) is None
    pushed.locator("#menu-open").click()
    expect(switch(pushed)).to_have_attribute("aria-checked", "false")


def test_a_browser_that_says_no_is_asked_once_and_told_the_way(backend: Backend, pushed: Page) -> None:
    press_switch(pushed)  # a headless browser refuses where nothing was granted
    expect(pushed.locator("#status")).to_contain_text("Máy đang chặn thông báo.")
    assert (backend.subscriptions, kept_key(pushed)) == ([], None)


@pytest.mark.parametrize(
    ("status", "words"),
    [(409, "Anh/chị trả lời câu em hỏi đã"), (400, "Em chưa bật được."), (503, "Em chưa bật được.")],
)
def test_what_the_server_does_not_keep_is_off(
    context: BrowserContext, backend: Backend, pushed: Page, address: str, status: int, words: str
) -> None:
    context.grant_permissions(["notifications"], origin=address.rstrip("/"))
    backend.subscribed = status
    press_switch(pushed)
    expect(pushed.locator("#status")).to_contain_text(words)
    expect(switch(pushed)).to_have_attribute("aria-checked", "false")
    assert kept_key(pushed) is None


def test_who_was_forgotten_is_told_no_more(
    context: BrowserContext, backend: Backend, pushed: Page, address: str
) -> None:
    context.grant_permissions(["notifications"], origin=address.rstrip("/"))
    press_switch(pushed)
    until(lambda: kept_key(pushed) is not None, pushed)
    backend.subscribed = 409
    pushed.reload()
    until(lambda: kept_key(pushed) is None, pushed)
    assert switch(pushed).get_attribute("aria-checked") == "false"


def test_an_installation_with_a_new_key_is_subscribed_to_anew(
    context: BrowserContext, backend: Backend, pushed: Page, address: str
) -> None:
    context.grant_permissions(["notifications"], origin=address.rstrip("/"))
    press_switch(pushed)
    until(lambda: kept_key(pushed) is not None, pushed)
    before, backend.push_key = kept_key(pushed), OTHER_KEY
    pushed.reload()
    until(lambda: kept_key(pushed) not in (before, None), pushed)
    until(lambda: len(backend.subscriptions) == 2, pushed)


def test_a_push_service_that_never_answers_is_given_up(
    context: BrowserContext, backend: Backend, pushed: Page, address: str
) -> None:
    context.grant_permissions(["notifications"], origin=address.rstrip("/"))
    pushed.evaluate("() => { PushManager.prototype.subscribe = () => new Promise(() => undefined); }")
    pushed.evaluate("(real => { window.setTimeout = (done, ms) => real(done, ms === 20000 ? 50 : ms); })(setTimeout)")
    press_switch(pushed)
    expect(pushed.locator("#status")).to_contain_text("Em chưa bật được.")
    assert backend.subscriptions == []


@pytest.mark.parametrize(
    "missing",
    [
        "delete ServiceWorkerRegistration.prototype.pushManager;",
        "delete window.Notification;",
        "delete Navigator.prototype.serviceWorker;",
        "ServiceWorkerContainer.prototype.register = () => Promise.reject(new Error());",
    ],
)
def test_an_old_browser_has_the_chat_without_the_switch(
    context: BrowserContext, backend: Backend, page: Page, address: str, missing: str
) -> None:
    backend.push_key = PUSH_KEY
    context.add_init_script(missing)
    open_chat(page, address)
    type_and_send(page, "xin chào")
    expect(own(page, "xin chào")).to_contain_text("đã gửi")
    page.locator("#menu-open").click()
    expect(switch(page)).to_be_hidden()
    expect(page.locator("#language")).to_be_visible()


def test_without_a_key_there_is_no_switch(page: Page, backend: Backend, address: str) -> None:
    open_chat(page, address)
    page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    page.locator("#menu-open").click()
    expect(switch(page)).to_be_hidden()


def deliver(page: Page, address: str, data: str) -> None:
    """As the browser wakes the service worker when its push service has something."""
    page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    session = page.context.new_cdp_session(page)
    found: list[str] = []
    session.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: found.extend(one["registrationId"] for one in event["registrations"]),
    )
    session.send("ServiceWorker.enable")
    until(lambda: found, page)
    which = {"origin": address.rstrip("/"), "registrationId": found[0], "data": data}
    session.send("ServiceWorker.deliverPushMessage", which)
    session.detach()


SHOWN = """navigator.serviceWorker.ready.then((worker) => worker.getNotifications())
  .then((all) => all.map((one) => ({title: one.title, body: one.body, tag: one.tag, lang: one.lang})))"""


def test_a_notice_is_shown_once_and_reported(
    context: BrowserContext, backend: Backend, pushed: Page, address: str
) -> None:
    context.grant_permissions(["notifications"], origin=address.rstrip("/"))
    words = {"title": "Trợ lý OCOP", "body": "Có tin mới về hồ sơ TL12-26-0147.", "tag": "71", "lang": "vi"}
    for number in ("1", "2"):  # sent twice, as its first receipt was lost
        deliver(pushed, address, json.dumps({**words, "id": f"receipt-{number}"}))
        until(lambda: {"id": f"receipt-{number}", "seen": False} in backend.shown, pushed)  # noqa: B023  # waited for here
    assert pushed.evaluate(SHOWN) == [words]
    for name in ("icon-192.png", "badge-96.png"):
        assert context.request.get(f"{address}static/{name}").ok


@pytest.mark.parametrize("data", ["", "{", "null", '"text"'])
def test_also_what_cannot_be_read_is_shown(
    context: BrowserContext, backend: Backend, pushed: Page, address: str, data: str
) -> None:
    context.grant_permissions(["notifications"], origin=address.rstrip("/"))
    deliver(pushed, address, data)
    until(lambda: pushed.evaluate(SHOWN), pushed)
    assert pushed.evaluate(SHOWN)[0]["title"] == "OCOP"
    assert backend.shown == []


def test_a_press_on_a_notice_is_reported_as_seen(
    context: BrowserContext, backend: Backend, pushed: Page, address: str
) -> None:
    """The press is made by hand, so the browser gives it no right to bring the chat to the front."""
    context.grant_permissions(["notifications"], origin=address.rstrip("/"))
    deliver(pushed, address, json.dumps({"title": "OCOP", "body": "Có tin mới.", "tag": "7", "id": "receipt"}))
    until(lambda: backend.shown, pushed)
    (worker,) = context.service_workers
    worker.evaluate(
        """() => registration.getNotifications().then(([notification]) => {
          dispatchEvent(new NotificationEvent("notificationclick", {notification}));
        })"""
    )
    until(lambda: {"id": "receipt", "seen": True} in backend.shown, pushed)
    assert pushed.evaluate(SHOWN) == []


def test_without_network_a_plain_page_says_so_and_what_was_typed_is_kept(
    context: BrowserContext, backend: Backend, page: Page, address: str
) -> None:
    backend.say("Hồ sơ của chị Mẩy thiếu chữ ký")
    open_chat(page, address)
    page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    until(lambda: page.evaluate("caches.keys().then((names) => names.length)"), page)
    page.locator("#text").fill("đang gõ dở")
    context.set_offline(True)
    page.reload()
    expect(page.locator("main")).to_contain_text("Máy đang mất mạng.")
    expect(page.locator("main")).to_contain_text("There is no network.")
    assert page.evaluate("getComputedStyle(document.querySelector('.primary')).backgroundColor") == "rgb(31, 106, 56)"
    assert page.evaluate("document.querySelector('img').naturalWidth") > 0
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

    context.set_offline(False)
    page.locator(".primary").click()
    expect(page.locator("#text")).to_have_value("đang gõ dở")
    expect(page.locator("#log")).to_contain_text("Hồ sơ của chị Mẩy")
    kept = page.evaluate(
        """caches.keys().then((names) => Promise.all(names.map((name) => caches.open(name)
          .then((store) => store.keys())))).then((all) => [].concat(...all).map((one) => new URL(one.url).pathname))"""
    )
    assert sorted(kept) == ["/static/chat.css", "/static/icon.svg", "/static/offline.html"]


def test_a_place_on_the_screen_is_offered_where_the_browser_can_and_only_in_the_settings(
    page: Page, address: str
) -> None:
    open_chat(page, address)
    expect(page.locator("#install")).to_have_attribute("hidden", "")
    prevented = page.evaluate(
        """() => {
          const event = new Event("beforeinstallprompt", {cancelable: true});
          event.prompt = () => { window.prompted = true; };
          window.dispatchEvent(event);
          return event.defaultPrevented;
        }"""
    )
    assert prevented  # the browser's own banner would lie over the message box
    page.locator("#menu-open").click()
    page.locator("#install").click()
    assert page.evaluate("window.prompted") is True
    page.locator("#menu-open").click()
    expect(page.locator("#install")).to_be_hidden()


def test_on_an_iphone_the_way_is_told(context: BrowserContext, page: Page, address: str) -> None:
    context.add_init_script("Object.defineProperty(navigator, 'standalone', {value: false})")
    open_chat(page, address)
    page.locator("#menu-open").click()
    page.locator("#install").click()
    expect(page.locator("#status")).to_have_text("Anh/chị bấm nút Chia sẻ của máy, rồi chọn “Thêm vào MH chính”.")


def test_the_settings_fit_a_narrow_phone(pushed: Page) -> None:
    pushed.set_viewport_size({"width": 360, "height": 640})
    pushed.evaluate("document.getElementById('install').hidden = false")
    pushed.locator("#menu-open").click()
    for large in (False, True):
        if large:
            pushed.locator("#large").click()
        box = pushed.locator("#menu").bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360
        for row in pushed.locator("#menu .row:visible").all():
            row.scroll_into_view_if_needed()
            place = row.bounding_box()
            assert place is not None
            assert place["height"] >= 48
        assert pushed.evaluate("(menu => menu.scrollWidth <= menu.clientWidth)(document.getElementById('menu'))")
