"""What a request says, read within bounds: whatever is not as our own pages send it is refused by its status."""

import json
import re
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from bot.catalogs import LOCALES
from bot.channels.base import pressed
from bot.channels.keys import storable
from bot.papers import MAX_FILE_BYTES
from dialogs.model import Event, LocationShared, TextReceived

MAX_JSON_BYTES = 64 * 1024
MAX_TEXT_CHARS = 8_000
MAX_UPLOAD_BYTES = MAX_FILE_BYTES + 1024 * 1024
KEY = re.compile(r"[A-Za-z0-9_-]{8,40}")  # with a chat's id before it, it fits `updates.key`
_MEDIA_TYPE = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}")
_MESSAGE_ID_BELOW = 2**31


def locale(request: Request, otherwise: str) -> str:
    """The browser's first language where we speak it."""
    first = request.headers.get("accept-language", "")[:2].lower()
    return first if first in LOCALES else otherwise


def is_from_here(request: Request) -> bool:
    """Whether this site's own page sent a form, as far as the browser says; only old ones say nothing.

    "null" is what a sandboxed frame of another site sends.
    """
    if (site := request.headers.get("sec-fetch-site")) is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def number(request: Request, name: str) -> int:
    return max(0, whole(request.query_params.get(name, "0")))


def whole(value: str) -> int:
    """A number that fits the database, else -1."""
    found = int(value) if value.isascii() and value.isdigit() and len(value) < 11 else -1
    return found if found < _MESSAGE_ID_BELOW else -1


async def limited(request: Request, most: int) -> bytes:
    """The body, refused as soon as it is longer than allowed, whatever its header said."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return bytes(body)


async def up_to(request: Request, most: int) -> bytes | None:
    """The body, read to its end but not kept if it is longer than allowed: then None."""
    body = bytearray()
    async for chunk in request.stream():
        if len(body) <= most:
            body += chunk
    return bytes(body) if len(body) <= most else None


async def json_in(request: Request) -> dict[str, Any]:
    body = await limited(request, MAX_JSON_BYTES)
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        raise HTTPException(HTTPStatus.BAD_REQUEST) from None
    if not isinstance(data, dict):
        raise HTTPException(HTTPStatus.BAD_REQUEST)
    return data


@asynccontextmanager
async def form_in(request: Request, files: int) -> AsyncIterator[Any]:
    """The fields and files of a form; what is larger than 1 MiB lies in temporary files until the end."""
    length = request.headers.get("content-length", "")
    if not length.isdigit() or int(length) > MAX_UPLOAD_BYTES * files:
        raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise HTTPException(HTTPStatus.BAD_REQUEST)
    try:
        form = await request.form(max_files=files, max_fields=5)
    except (MultiPartException, HTTPException):
        raise HTTPException(HTTPStatus.BAD_REQUEST) from None
    try:
        yield form
    finally:
        await form.close()


def size_of(file: UploadFile) -> int:
    size_bytes = file.size or 0
    if size_bytes > MAX_FILE_BYTES:
        raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return size_bytes


def media_type(file: UploadFile) -> str:
    """What the browser takes the file for; only shown, never trusted."""
    said = (file.content_type or "").partition(";")[0].strip().lower()  # a recording's has its codec behind it
    return said if _MEDIA_TYPE.fullmatch(said) else "application/octet-stream"


def spoken(data: dict[str, Any]) -> tuple[str, Event, str]:
    """Key, event and the words to show of what the page sent; 400 for anything else."""
    key, place = data.get("key"), data.get("location")
    if isinstance(key, str) and KEY.fullmatch(key):
        if text := _words(data, "text", MAX_TEXT_CHARS):
            return key, TextReceived(text), text
        if (press := _words(data, "press", 200)) and (label := _words(data, "label", 100)):
            return key, pressed(press), label
        if isinstance(place, dict) and (spot := _spot(place)) is not None:
            return key, spot, f"📍 {spot.latitude:.5f}, {spot.longitude:.5f}"
    raise HTTPException(HTTPStatus.BAD_REQUEST)


def _words(data: dict[str, Any], name: str, max_chars: int) -> str:
    """A text as a database can keep it; "" for what is none."""
    value = data.get(name)
    if not isinstance(value, str) or not value.strip():
        return ""
    return storable(value[:max_chars])


def _spot(place: dict[str, Any]) -> LocationShared | None:
    latitude, longitude = place.get("latitude"), place.get("longitude")
    if not isinstance(latitude, int | float) or not isinstance(longitude, int | float):
        return None
    return LocationShared(latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else None


def file_id(chat_id: str, key: str) -> str:
    return "w" + uuid.uuid5(uuid.NAMESPACE_OID, f"{chat_id}/{key}").hex[:14]
