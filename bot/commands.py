"""Commands that are done at once, without serving: to invite, merge, back up, restore, print a poster."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from bot import keys
from bot.app import Links, assembled, check, links_of, prepare, telegram_of
from bot.channels.pace import OwnBudget
from bot.clock import system_clock
from bot.merge import NotMergeable, merge, report
from bot.settings import Settings
from dialogs import places
from dialogs.model import Role
from storage import audit, backup
from storage.database import make_engine, writing
from storage.files import FileStore
from storage.mergers import today_of
from storage.people import invite

ZALO = "https://zalo.me/"
"""What the address of an Official Account begins with; its number follows."""


async def invite_officer(config: Settings, role: Role, territory: str, say: Callable[[str], None]) -> None:
    await check(config)
    async with assembled(config) as parts:
        _found(config, parts.links, "")
        async with writing(parts.engine) as connection:
            if (today := await today_of(connection, territory)) != territory:
                raise SystemExit(f"{territory[3:]} has merged into {today[3:]}. Invite for that one.")
            token = await invite(connection, role, territory, parts.world.clock())
            invited = audit.Entry("invite", None, "cli", details={"role": role, "territory": territory})
            await audit.record(connection, [invited], parts.world.clock())
        for link in _found(config, parts.links, f"i-{token}"):
            say(link)


async def merge_communes(
    config: Settings, old: Sequence[str], new: str, say: Callable[[str], None], *, dry_run: bool
) -> None:
    await check(config)
    async with assembled(config) as parts:
        try:
            moved = await merge(parts.engine, parts.world, old, new, dry_run=dry_run)
        except NotMergeable as refusal:
            raise SystemExit(str(refusal)) from None
    for line in report(moved, new, dry_run=dry_run):
        say(line)


async def back_up(config: Settings, root: Path, say: Callable[[str], None]) -> None:
    await check(config)
    engine = make_engine(config.database_url, patient=True)
    try:
        written = await backup.write(engine, FileStore(config.files_url), root, system_clock())
    finally:
        await engine.dispose()
    say(f"{written.folder}: {written.rows} rows, {written.documents} documents.")
    if not config.encryption_keys and (key := keys.key_path(config)) is not None and key.exists():
        say(f"The key in {key} opens it, and is not in it: keep a copy of that file in another place.")
    _or_end(written.lost, "The store has lost")


async def restore(config: Settings, folder: Path, say: Callable[[str], None]) -> None:
    await prepare(config)
    engine = make_engine(config.database_url, patient=True)
    try:
        restored = await backup.restore(engine, FileStore(config.files_url), folder)
    except backup.NotRestorable as refusal:
        raise SystemExit(f"Nothing was restored: {refusal}.") from None
    finally:
        await engine.dispose()
    say(f"Restored {restored.rows} rows and {restored.documents} documents; the audit's chain is whole.")
    _or_end(restored.lost, "The backup lacks")


def _or_end(lost: Sequence[str], who: str) -> None:
    """With 1, and the names: whoever runs this every night has to hear of it."""
    if lost:
        raise SystemExit(f"{who} {len(lost)} documents that the database names: {', '.join(lost)}")


async def make_poster(config: Settings, commune: str, output: Path, say: Callable[[str], None]) -> None:
    """A poster with a QR code for each channel that is on."""
    unit = places.commune(commune)
    province = places.province(unit.province_code) if unit is not None else None
    if unit is None or province is None:
        raise SystemExit(f"There is no commune {commune}. Codes are in dialogs/rules/communes.tsv.")
    from bot.poster import Form, poster

    forms: dict[str, Form] = {".svg": "svg", ".png": "png", ".pdf": "pdf"}
    form = forms.get(output.suffix.lower())
    if form is None:
        raise SystemExit("The poster's name must end in .svg, .png or .pdf.")
    telegram = await telegram_of(config, lambda *_: OwnBudget)  # it sends nothing
    try:
        links = await links_of(config, telegram)
    finally:
        if telegram is not None:
            await telegram.close()
    zalo = await _zalo_address(config, say)
    links.pasted = False  # a code that opens nothing by itself is no poster
    named = [(_channel_of(link), link) for link in (*_found(config, links, f"c-{commune}", beside=zalo), *zalo)]
    made = poster(unit.full_name, province.name, named, form)
    await asyncio.to_thread(output.write_bytes, made)
    say(f"{output} opens {', '.join(link for _, link in named)}")
    if config.web_chat and not config.public_url:
        say("Phones cannot open that web address: set PUBLIC_URL before you print the poster.")


async def _zalo_address(config: Settings, say: Callable[[str], None]) -> tuple[str, ...]:
    """Where the Official Account is followed. Its address carries no payload: the chat asks for the commune."""
    if not config.zalo_is_on:
        return ()
    from bot.zalo import account_id

    await check(config)
    if number := await account_id(config):
        return (f"{ZALO}{number}",)
    say("The poster has no code for Zalo, whose account does not answer: see `python -m bot zalo check`.")
    return ()


def _found(config: Settings, links: Links, payload: str, beside: Sequence[str] = ()) -> tuple[str, ...]:
    """All links that there should be, or the end: half of them on a poster would be noticed too late.

    There need be none `beside` others, which carry no payload.
    """
    if config.telegram_is_on and not links.username:
        raise SystemExit("Telegram does not answer, so the link to the bot is not known. Please try again.")
    if not links(payload) and not beside:
        raise SystemExit("No channel is on: set TELEGRAM_BOT_TOKEN or WEB_CHAT=true.")
    return links(payload)


def _channel_of(link: str) -> str:
    if link.startswith(ZALO):
        return "Zalo"
    return "Telegram" if link.startswith("https://t.me/") else "Web"
