"""What is answered: pages with their words filled in, the manifest, files and parts of them."""

import re
from html import escape
from http import HTTPStatus
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from bot.catalogs import Catalog
from dialogs.model import N_, Text

STATIC = Path(__file__).parent / "static"


_RANGE = re.compile(r"bytes=(\d{1,10})-(\d{0,10})")


def ranged(request: Request, whole: Response) -> Response:
    """One range of a file where one is asked for (RFC 9110, 14.2): Safari plays no recording without."""
    asked = _RANGE.fullmatch(request.headers.get("range", ""))
    if asked is None:
        return whole
    size = len(whole.body)
    first, last = int(asked[1]), min(int(asked[2] or size), size - 1)
    if first >= size or first > last:
        return Response(
            status_code=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers={"Content-Range": f"bytes */{size}"}
        )
    kept = {name: value for name, value in whole.headers.items() if name != "content-length"}
    kept["content-range"] = f"bytes {first}-{last}/{size}"
    return Response(bytes(whole.body[first : last + 1]), HTTPStatus.PARTIAL_CONTENT, headers=kept)


def disposition(name: str, *, inline: bool) -> str:
    quoted = "".join(f"%{byte:02X}" for byte in name.encode())
    return f"{'inline' if inline else 'attachment'}; filename*=UTF-8''{quoted}"


def name(catalog: Catalog) -> str:
    return catalog.say(Text(N_("OCOP assistant")))


def door(catalog: Catalog, words: str, root: str, method: str, action: str) -> dict[str, str]:
    """What door.html shows: a few words and one button. `root`: the way from this page to the first one."""
    opening = catalog.say(Text(N_("Open the chat")))
    page = {"LANG": catalog.locale, "NAME": name(catalog), "ROOT": root}
    return {**page, "WELCOME": words, "OPEN": opening, "METHOD": method, "ACTION": action}


def manifest(catalog: Catalog) -> dict[str, Any]:
    """Addresses are relative, so that the chat may lie in a folder of a host."""
    icons = [(f"static/{name}-{size}.png", size, purpose) for name, purpose in _ICONS for size in (192, 512)]
    return {
        "id": "./",
        "start_url": "./",
        "scope": "./",
        "name": name(catalog),
        "short_name": "OCOP",
        "description": catalog.say(Text(N_("From a product idea to its stars, step by step, in a chat."))),
        "lang": catalog.locale,
        "display": "standalone",
        "background_color": "#f6f8f0",
        "theme_color": "#1f6a38",
        "icons": [
            {"src": src, "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
            for src, size, purpose in icons
        ],
    }


_ICONS = (("icon", "any"), ("maskable", "maskable"))


def sorry(status: HTTPStatus) -> Text:
    match status:
        case HTTPStatus.NOT_FOUND:
            return Text(N_("This page is not here. The link may be incomplete."))
        case HTTPStatus.GONE:
            return Text(N_("This link no longer works."))
        case HTTPStatus.TOO_MANY_REQUESTS:
            return Text(N_("Many people came at once. Please wait a minute, then open this page again."))
    return Text(N_("That did not work. Please open the chat and try again."))


def filled(page: str, words: dict[str, str], status: HTTPStatus = HTTPStatus.OK) -> HTMLResponse:
    """A page with its placeholders filled; a value is text, whatever it looks like."""
    html = (STATIC / page).read_text("utf-8")
    return HTMLResponse(re.sub("%([A-Z]+)%", lambda name: escape(words[name[1]]), html), status)
