"""What is kept about a person as one file: a page that any phone's browser reads, with all of it as JSON inside.

A page and no PDF: it shows every character that somebody wrote, opens without another program, and letters can be made
larger. Nothing in it is run; whatever people wrote stands there as text.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from html import escape
from typing import Any

from bot.catalogs import Catalog
from dialogs import places
from dialogs.model import N_, Facts, Role, Text
from dialogs.officer.join import ROLE_WORDS
from dialogs.paperwork import STORY_PARTS
from dialogs.producer.action_words import action_words
from dialogs.producer.check_status import STATUS_WORDS
from dialogs.producer.register_idea import answer_lines
from dialogs.state import load
from storage.own_data import Rows

MEDIA_TYPE = "text/html"

TITLES: Mapping[str, str] = {
    "people": N_("About you"),
    "conversations": N_("Your chats, and the forms begun there"),
    "consents": N_("What you agreed to"),
    "cases": N_("Your files"),
    "case_events": N_("What happened to your files"),
    "returned_items": N_("What came back to you"),
    "papers": N_("Papers in your files"),
    "own_papers": N_("Papers with a last day that you keep here"),
    "files": N_("Photos and documents you sent"),
    "self_scores": N_("What you think your score is"),
    "stories": N_("What you have told about your product"),
    "star_steps": N_("What you have to do for a star"),
    "assessments": N_("What the commune found"),
    "results": N_("Results"),
    "confirmations": N_("Codes that confirm a file"),
    "notes": N_("Messages between you and the officers"),
    "notices": N_("News I had for you"),
    "deliveries": N_("Over which channel news went out"),
    "outbox": N_("Messages on their way to you"),
    "web_messages": N_("The chat on the web page"),
    "timers": N_("Reminders"),
    "upload_links": N_("Links for sending papers"),
    "download_links": N_("Links for opening files"),
    "join_codes": N_("Codes that join chats"),
    "wrong_codes": N_("Wrong codes typed in the last hour"),
    "address_codes": N_("Codes that prove an e-mail address"),
    "push_subscriptions": N_("Browsers that are told"),
    "requests": N_("What you asked about your data"),
    "memberships": N_("Your roles in an office"),
    "invitations": N_("Invitations you took"),
    "absences": N_("Your leave"),
    "digests": N_("Overviews sent to you"),
    "days_off": N_("Days off you entered"),
    "rounds": N_("Rating rounds you set"),
    "council_sessions": N_("Sessions of a council you opened"),
    "council_seats": N_("Your seats in a council"),
    "ballots": N_("Your score sheets in a council"),
    "imports": N_("Lists of certificates you handed in"),
    "reason_templates": N_("Ready reasons you wrote"),
    "audit": N_("Who looked, and what was done"),
}
"""Of each table that is shown (storage.own_data)."""

LABELS: Mapping[str, str] = {
    "name": N_("Name"),
    "phone": N_("Telephone"),
    "producer_name": N_("Maker"),
    "commune": N_("Commune"),
    "territory": N_("Place"),
    "consent": N_("Agreed"),
    "given": N_("Agreed"),
    "reminders": N_("Reminders"),
    "purpose": N_("What for"),
    "text_version": N_("Version of the text"),
    "channel": N_("Channel"),
    "chat_id": N_("Number of the chat, or address"),
    "address": N_("Address"),
    "code": N_("Code"),
    "case_code": N_("Code"),
    "product": N_("Product"),
    "status": N_("Status"),
    "action": N_("What was done"),
    "role": N_("Role"),
    "reason": N_("Reason"),
    "text": N_("Words"),
    "words": N_("Words"),
    "paper": N_("Paper"),
    "stars": N_("Stars"),
    "size_bytes": N_("Bytes"),
    "pages": N_("Pages"),
    "created_at": N_("Since"),
    "recorded_at": N_("When"),
    "submitted_at": N_("When"),
    "happened_at": N_("When"),
    "received_at": N_("When"),
    "written_at": N_("When"),
    "made_at": N_("When"),
    "kept_at": N_("When"),
    "sent_at": N_("When"),
    "typed_at": N_("When"),
    "since": N_("Since"),
    "due_at": N_("When"),
    "day": N_("Day"),
    "valid_until": N_("Good until"),
    "first_on": N_("From"),
    "last_on": N_("Until"),
    "expires_at": N_("Until"),
    "answers": N_("Answers"),
    "state": N_("Forms begun"),
    "body": N_("Words"),
    "told": N_("Words"),
    "told_at": N_("When"),
}
"""What is read in the upper part; the rest is in the part for machines."""

_PAGE = """<!doctype html>
<html lang="{locale}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
body{{font:1.1em/1.5 sans-serif;max-width:40em;margin:1em auto;padding:0 1em}}
h2{{margin-top:2em;border-bottom:1px solid}}dl{{border-bottom:1px solid #ccc}}dt{{color:#555}}
dd{{margin:0 0 .4em;white-space:pre-wrap;overflow-wrap:anywhere}}
pre{{white-space:pre-wrap;overflow-wrap:anywhere}}
</style>
</head><body><h1>{title}</h1><p>{intro}</p>
{sections}
<h2>{machine}</h2><pre id="data">{data}</pre>
</body></html>
"""


def page(found: Rows, catalog: Catalog, now: datetime) -> bytes:
    """UTF-8. All of it stands in <pre id="data"> as JSON again, with every column."""
    say = catalog.say
    intro = Text(
        N_("This is all I keep about you, as of %(now)s. Photos and papers: open your file in the chat to get them."),
        {"now": now},
    )
    words = {
        "locale": catalog.locale,
        "title": say(Text(N_("My data"))),
        "intro": say(intro),
        "machine": say(Text(N_("The same for a computer to read"))),
        "data": json.dumps(found, ensure_ascii=False, indent=1, default=_plain),
    }
    sections = "\n".join(_section(name, rows, catalog, now) for name, rows in found.items())
    return _PAGE.format(sections=sections, **{name: escape(text) for name, text in words.items()}).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, date):  # and datetime
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else repr(value)


def _section(name: str, rows: list[dict[str, Any]], catalog: Catalog, now: datetime) -> str:
    lists = "\n".join(f"<dl>{''.join(_lines(row, catalog, now))}</dl>" for row in rows)
    return f"<h2>{escape(catalog.say(Text(TITLES[name])))}</h2>\n{lists}"


def _lines(row: Mapping[str, Any], catalog: Catalog, now: datetime) -> Iterator[str]:
    for name, value in row.items():
        words = "" if name not in LABELS or value in (None, "", [], {}) else _said(name, value, row, catalog, now)
        if words:
            yield f"<dt>{escape(catalog.say(Text(LABELS[name])))}</dt><dd>{escape(words)}</dd>"


def _said(name: str, value: Any, row: Mapping[str, Any], catalog: Catalog, now: datetime) -> str:
    match name:
        case "answers":
            return _answers({"_ruleset": row["ruleset"], **value} if "ruleset" in row else value, catalog, now)
        case "told":
            return "\n".join(value[part] for part in STORY_PARTS if part in value)
        case "state":
            return "\n\n".join(_answers(draft.answers, catalog, now) for draft in load(value).drafts.values()).strip()
    return catalog.say(_words(name, value, row))


def _answers(answers: Mapping[str, str], catalog: Catalog, now: datetime) -> str:
    return "\n".join(map(catalog.say, answer_lines(answers, Facts(now))))


def _words(name: str, value: Any, row: Mapping[str, Any]) -> Text | str:
    match name, value:
        case "status", str():
            return Text(STATUS_WORDS[value]) if value in STATUS_WORDS else ""
        case "action", str():
            return action_words(value, str(row.get("from_status", "")))
        case "role", str() if value in ROLE_WORDS:
            return Text(ROLE_WORDS[Role(value)])
        case (("commune" | "territory"), str()):
            return _place(value)
        case "body", dict():
            return str(value.get("text", ""))
        case _, bool():
            return Text(N_("yes")) if value else Text(N_("no"))
        case _, datetime() | date():
            return Text("%(value)s", {"value": value})
        case _, dict() | list():
            return json.dumps(value, ensure_ascii=False, default=_plain)
    return str(value)


def _place(path: str) -> str:
    unit = places.commune(path.rpartition("/")[2]) or places.province(path)
    return unit.full_name if unit is not None else path
