"""A council's session: its secretary opens, invites, reminds and ends it; its members take a seat and score.

The dialogs have offered what was allowed a moment ago. Here it is looked at again, with the session locked: who may,
whether it is still open, whether a mark is one of this sheet.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

from bot.desk.documents import carries_files, send
from bot.turn import Refused, Turned, awake_at, notice
from dialogs.council.facts import BOUND, DECLARED, FREE, SCORING
from dialogs.council.outcome import (
    advised,
    agreed_by,
    closable,
    counted,
    is_scored,
    missing,
    names,
    reading,
    result_of,
    too_few_lines,
)
from dialogs.model import (
    N_,
    CastBallot,
    CloseCouncil,
    Council,
    DecideStars,
    DeclareInterest,
    DropSeat,
    InviteMember,
    Link,
    LookAtMarks,
    MakeCouncilPapers,
    OpenCouncil,
    ReadDossier,
    RemindMembers,
    RenewSeat,
    ScoreItem,
    SendMessage,
    SetScoringDay,
    TableProduct,
    Text,
    Value,
)
from dialogs.producer.own_score import SCORED, set_of
from dialogs.producer.place import place_name
from dialogs.rules.scoring import WrongMark, points_of, score
from dialogs.rules.sheet import sheet
from storage import cases, council, people, seats
from storage.assessments import assessment_of
from storage.concerned import bound

OPEN_MINE = Link("seat", Text(N_("What I score")), "hội đồng")
READ_MINE = Link("seat", Text(N_("What I read")), "hội đồng")
OVER = N_("Session %(session)s is over, so nothing can be scored in it any more. Your marks stay as they were.")
OVER_ALREADY = N_("%(name)s has ended this session already, so nothing was changed.")
NOT_HERE = Text(N_("This product is not with the council any more, so it can't be scored."))
NO_SUCH_MARK = Text(N_("The sheet of this product has no such mark, so it was not noted."))
OTHER_SHEET = Text(
    N_("The kind of product has changed meanwhile, so it has another score sheet. Please begin with its first item.")
)
CONCERNED = Text(N_("This product concerns you, so you do not score it. Nothing was noted."))
HANDED_IN = Text(N_("Your sheet is handed in. Take it back first, then change it."))
NOT_COMPLETE = N_("%(count)s items are not marked yet, so the sheet was not handed in.")
UNSAID = Text(N_("Please say first whether the product concerns you."))
ELSEWHERE = Text(N_("This product is before a session already, or has moved on, so it was not added."))
HAS_BALLOTS = Text(N_("Somebody has handed in a sheet already, so it stays."))
HAS_ADVICE = Text(N_("The advisory group has read or remarked on something there already, so it stays."))
TOO_FEW = N_("“%(product)s” has too few sheets yet, so the session was not ended. Missing: %(names)s.")
NOBODY_TO_REMIND = Text(N_("Nobody who is missing has come in yet. Send them their link once more, or make a new one."))


NO_DAY_NOW = Text(N_("There is no last day for your score sheets any more; hand them in once they are right."))


def say(turn: Turned, *texts: Text, links: tuple[Link, ...] = ()) -> None:
    turn.carried.changed = True
    turn.carried.said.append(SendMessage(texts, links=links))


# ---------------------------------------------------------------- the secretary


async def open_council(turn: Turned, effect: OpenCouncil) -> None:
    if effect.province not in council.provinces_of(turn.conversation.person.memberships):
        raise cases.NotPossible(effect.province)
    await council.open_session(turn.connection, effect.province, turn.conversation.person_id, turn.now)
    turn.record("council_open", territory=effect.province)
    turn.carried.changed = True


async def own_session(turn: Turned, session_id: int, *, still_open: bool = True) -> Any:
    """The locked row of a session that this person is a secretary of; raises NotPossible, or Refused once it is over.

    Whoever is none is answered as if there were no such session, and that is noted.
    """
    row = await council.session_for(turn.connection, session_id, turn.conversation, lock=True)
    if row is None:
        raise cases.NotPossible(f"session {session_id}")
    if still_open and row.closed_at is not None:
        closer = await council.name_of(turn.connection, row.closed_by)
        raise Refused(Text(OVER_ALREADY, {"name": closer or Text(N_("A colleague"))}))
    return row


async def set_scoring_day(turn: Turned, effect: SetScoringDay) -> None:
    """Members who have come in hear of it at once."""
    row = await own_session(turn, effect.session)
    await council.set_scoring_day(turn.connection, row.id, effect.until)
    turn.record("council_until", session=row.id, until=effect.until.isoformat() if effect.until else "")
    session = await council.council_of(turn.connection, row, turn.now, in_full=False)
    numbers = [seat.number for seat in session.seats]
    if effect.until is None:
        say(turn, Text(N_("No day is set any more.")))
        await tell_members(turn, session, numbers, NO_DAY_NOW)
        return
    by: dict[str, Value] = {"day": effect.until}
    told = await tell_members(turn, session, numbers, Text(N_("Please hand in your score sheets by %(day)s."), by))
    done = N_("✅ Sheets are due by %(day)s. %(count)s member is told.")
    say(turn, Text(done, by | {"count": told}, N_("✅ Sheets are due by %(day)s. %(count)s members are told.")))


async def table_product(turn: Turned, effect: TableProduct) -> None:
    row = await own_session(turn, effect.session)
    case = await cases.locked(turn.connection, effect.code)
    if case is None or case.province != row.province:
        raise cases.NotPossible(effect.code)
    values: dict[str, Value] = {"code": case.code, "product": case.product}
    if effect.off:
        await _take_off(turn, row, case, values, void=effect.void)
        return
    known = case.ruleset in SCORED and set_of(case.ruleset, case.answers)
    if case.status != SCORING or not known or await council.in_session(turn.connection, case.id):
        raise Refused(ELSEWHERE)
    await council.table_case(turn.connection, row.id, case.id)
    turn.record("council_add", case.code, session=row.id)
    say(turn, Text(N_("✅ %(code)s “%(product)s” is before the council."), values))
    now = await council.council_of(turn.connection, row, turn.now)
    told = Text(N_("The council has one more product to score: “%(product)s” (%(code)s)."), values)
    await tell_members(turn, now, (seat.number for seat in now.seats), told)


async def _take_off(turn: Turned, row: Any, case: Any, values: dict[str, Value], *, void: bool) -> None:
    """Sheets of it, and what the advisory group did, go only where the secretary has said so (`void`).

    Whose work goes is told.
    """
    session = await council.council_of(turn.connection, row, turn.now, in_full=False)
    product = session.product(case.code)
    if product is None:
        raise cases.NotPossible(case.code)
    gone, read = counted(product), advised(product)
    if (gone or read) and not void:
        raise Refused(HAS_BALLOTS if gone else HAS_ADVICE)
    await council.untable_case(turn.connection, row.id, case.id)
    turn.record("council_off", case.code, session=row.id, sheets=len(gone), readings=len(read))
    off = Text(N_("%(code)s “%(product)s” is off this session."), values)
    if product.handed_over is not None:
        there = [seat.number for seat in session.group if seat.number not in read]
        spared = Text(N_("You need not read “%(product)s” (%(code)s) for the advisory group any more."), values)
        await tell_members(turn, session, there, spared, links=(READ_MINE,))
        lost_too = Text(N_("“%(product)s” (%(code)s) is off the council's session, and your remarks with it."), values)
        await tell_members(turn, session, read, lost_too, links=(READ_MINE,))
    if not gone:
        say(turn, off)
        return
    lost = Text(
        N_("%(count)s sheet of it counts no more."), {"count": len(gone)}, N_("%(count)s sheets of it count no more.")
    )
    say(turn, off, lost)
    told = Text(
        N_("“%(product)s” (%(code)s) is off the council's session, so your sheet of it counts no more."), values
    )
    await tell_members(turn, session, gone, told)


async def tell_members(
    turn: Turned, session: Council, numbers: Iterable[int], *texts: Text, links: tuple[Link, ...] = (OPEN_MINE,)
) -> int:
    """Those of these members who have come in; returns how many."""
    there = await council.members_to_remind(turn.connection, session.id, tuple(numbers))
    due_at = await awake_at(turn, session.province)
    for chat in await people.chats_of(turn.connection, there, or_closed=True):
        said = SendMessage(texts, links=links)
        turn.carried.notices.append(notice(turn.world, chat, [said], due_at))
    return len(there)


async def invite_member(turn: Turned, effect: InviteMember) -> None:
    row = await own_session(turn, effect.session)
    token = await seats.invite_member(
        turn.connection, row.id, effect.name, turn.now, chair=effect.chair, advisory=effect.advisory
    )
    turn.record("council_invite", session=row.id)
    _say_link(turn, effect.name, token, advisory=effect.advisory)


RENEWED = N_("Your seat in the council of %(province)s has a new link, so you can't score with the old one any more.")
NOT_ASKED = Text(N_("If you have not asked for that, please tell the secretary."))


async def renew_seat(turn: Turned, effect: RenewSeat) -> None:
    """Whoever sits there is told: if it was not they who asked, the secretary should hear of it."""
    row = await own_session(turn, effect.session)
    session = await council.council_of(turn.connection, row, turn.now, in_full=False)
    seat = session.seat(effect.seat)
    if seat is None:
        raise cases.NotPossible(f"seat {effect.seat}")
    renewed = Text(RENEWED, {"province": place_name(row.province)})
    await tell_members(turn, session, [effect.seat], renewed, NOT_ASKED, links=())
    token = await seats.renew_seat(turn.connection, row.id, effect.seat, turn.now)
    turn.record("council_renew", session=row.id, seat=effect.seat)
    _say_link(turn, seat.name, token, advisory=seat.advisory)


def _say_link(turn: Turned, name: str, token: str, *, advisory: bool) -> None:
    links = "\n".join(turn.world.bot_link(f"h-{token}"))
    how = N_("Send this to %(name)s only. It works once, for seven days, on whichever telephone opens it:")
    read = N_("Send this to %(name)s only. It works once, for seven days; they read on the telephone that opens it:")
    say(turn, Text(read if advisory else how, {"name": name}), Text("%(links)s", {"links": links}))


ENDED = N_("Your seat in the council of %(province)s, session %(session)s, has ended, so you score nothing there now.")
ENDED_IN_GROUP = N_("Your seat in the advisory group of %(province)s, session %(session)s, has ended.")
ASK_SECRETARY = Text(N_("If that is a mistake, please ask the secretary."))


async def drop_seat(turn: Turned, effect: DropSeat) -> None:
    """Whoever sits there is told, plainly."""
    row = await own_session(turn, effect.session)
    session = await council.council_of(turn.connection, row, turn.now, in_full=False)
    seat = session.seat(effect.seat)
    words = ENDED_IN_GROUP if seat is not None and seat.advisory else ENDED
    ended = Text(words, {"province": place_name(row.province), "session": session.name})
    await tell_members(turn, session, [effect.seat], ended, ASK_SECRETARY, links=())
    if not await seats.drop_seat(turn.connection, row.id, effect.seat):
        raise Refused(HAS_ADVICE if seat is not None and seat.advisory else HAS_BALLOTS)
    turn.record("council_drop", session=row.id, seat=effect.seat)
    say(turn, Text(N_("The member is removed.")))


async def remind(turn: Turned, effect: RemindMembers) -> None:
    """Whoever has come in and has something to score; who has not come in is named, they can't be told."""
    row = await own_session(turn, effect.session)
    session = await council.council_of(turn.connection, row, turn.now)
    absent = sorted({number for product in session.products if is_scored(product) for number in missing(product)})
    words = Text(N_("The council waits for your score sheet. It takes about ten minutes a product."))
    told = await tell_members(turn, session, absent, words)
    unread = sorted({number for product in session.products if is_scored(product) for number in reading(product)})
    group = Text(N_("The council waits for what the advisory group says of its dossiers."))
    told += await tell_members(turn, session, unread, group, links=(READ_MINE,))
    turn.record("council_remind", session=row.id, members=told)
    absent += unread
    outside = [seat.number for seat in (*session.seats, *session.group) if seat.number in absent and not seat.taken]
    if not told:
        raise Refused(NOBODY_TO_REMIND)
    reminded = N_("✅ %(count)s member is reminded.")
    done = Text(reminded, {"count": told}, N_("✅ %(count)s members are reminded."))
    still = (Text(N_("Not come in yet: %(names)s."), {"names": names(session, outside)}),) if outside else ()
    say(turn, done, *still)


async def look_at_marks(turn: Turned, effect: LookAtMarks) -> None:
    """Looking is recorded: whoever has looked takes no seat in this session."""
    row = await own_session(turn, effect.session, still_open=False)
    turn.record(council.LOOKED, effect.code, session=row.id)


async def came_back(turn: Turned, case: Any) -> None:
    """A dossier that was returned is with the council again: its members look at their sheets once more."""
    members, group = await council.scored_anew(turn.connection, case.id)
    values: dict[str, Value] = {"code": case.code, "product": case.product}
    again = N_("“%(product)s” (%(code)s) is back with the council. Please look at your sheet and hand it in again.")
    read = N_("“%(product)s” (%(code)s) is back from its producer. Please read it once more for the advisory group.")
    due_at = await awake_at(turn, case.province)
    for who, words, link in ((members, again, OPEN_MINE), (group, read, READ_MINE)):
        for chat in await people.chats_of(turn.connection, who, or_closed=True):
            said = SendMessage((Text(words, values),), links=(link,))
            turn.carried.notices.append(notice(turn.world, chat, [said], due_at))


OVER_NOW = Text(N_("The session of the council is over. Thank you for scoring."))
OVER_EMPTY = Text(N_("The session of the council is over. There is nothing left for you to score."))
OVER_FOR_GROUP = Text(N_("The session of the council is over. Thank you for reading for it."))
RESULTS_NEXT = Text(N_("✅ The session is over. Results are published one by one, with their decisions."))
NO_RESULTS = Text(N_("✅ The session is over. Nothing was scored, so there are no results."))


async def close(turn: Turned, effect: CloseCouncil) -> None:
    """Of two who end it at the same instant the second finds it ended, and by whom."""
    row = await own_session(turn, effect.session)
    session = await council.council_of(turn.connection, row, turn.now)
    scored = [product for product in session.products if is_scored(product)]
    for product in scored:
        if not closable(session, product):
            values: dict[str, Value] = {"product": product.product, "names": names(session, missing(product))}
            raise Refused(Text(TOO_FEW, values))
    results = {product.code: result_of(product) for product in scored}
    agreed = {code: agreed_by(result) for code, result in results.items() if result is not None}
    products = tuple(replace(product, agreed=agreed.get(product.code)) for product in session.products)
    await council.close_session(
        turn.connection, replace(session, products=products), turn.conversation.person_id, turn.now
    )
    for product in scored:
        turn.record("council_close", product.code, session=row.id)
    words, done = (OVER_NOW, RESULTS_NEXT) if scored else (OVER_EMPTY, NO_RESULTS)
    await tell_members(turn, session, (seat.number for seat in session.seats), words)
    await tell_members(turn, session, (seat.number for seat in session.group), OVER_FOR_GROUP, links=())
    say(turn, done)


DECIDED = N_("The council has given %(stars)s stars ⭐ already, so nothing was changed.")


async def decide_stars(turn: Turned, effect: DecideStars) -> None:
    """Only between what points bring and what the gates allow, and only where the two disagree."""
    row = await own_session(turn, effect.session, still_open=False)
    session = await council.council_of(turn.connection, row, turn.now)
    product = session.product(effect.code)
    if product is None or product.agreed is None:
        raise cases.NotPossible(effect.code)
    if product.status != SCORING:
        raise Refused(NOT_HERE)
    if product.agreed.stars:
        raise Refused(Text(DECIDED, {"stars": product.agreed.stars}))
    result = result_of(product)
    if result is None or effect.stars not in result.may_be:
        raise cases.NotPossible(effect.code)
    await council.decide_stars(turn.connection, row.id, effect.code, effect.stars)
    turn.record("council_stars", effect.code, session=row.id, stars=effect.stars)
    say(turn, Text(N_("Noted: the council gives %(stars)s stars ⭐."), {"stars": effect.stars}))


MADE = Text(N_("Here are the minutes, the score sheets to be signed, and all marks as a table."))


async def make_papers(turn: Turned, effect: MakeCouncilPapers) -> None:
    row = await own_session(turn, effect.session, still_open=False)
    if row.closed_at is None:
        raise cases.NotPossible(f"session {row.id} is open")
    if not carries_files(turn):
        return
    turn.record("council_papers", session=row.id)
    files = {"minutes": "bien-ban.docx", "ballots": "phieu-cham.docx", "marks": "bang-diem.xlsx"}
    stem = f"hoi-dong-{row.number}-{row.year}"
    specs = ({"made": f"council {made}", "session": row.id, "name": f"{stem}-{name}"} for made, name in files.items())
    send(turn, MADE, *specs)
    turn.carried.changed = True


# ---------------------------------------------------------------- a member


async def take_seat(turn: Turned, token: str) -> None:
    """Each link works once; whoever runs the session, or has looked at its marks, has no seat in it."""
    turn.carried.changed = True
    me = turn.conversation.person_id
    seat = await seats.seat_of(turn.connection, token)
    if (refused := await _no_seat(turn, seat)) is not None:
        say(turn, refused)
        return
    await council.locked_session(turn.connection, seat.session_id)
    if not await seats.take_seat(turn.connection, seat, me, turn.now):
        say(turn, USED)
        return
    turn.conversation.person = replace(turn.conversation.person, seated=True)
    if not turn.conversation.person.name:
        await people.set_person(turn.connection, me, name=seat.name)
        turn.conversation.person = replace(turn.conversation.person, name=seat.name)
    turn.record(council.JOINED, session=seat.session_id, seat=seat.number)
    values: dict[str, Value] = {"province": place_name(seat.province), "name": seat.name}
    council_ = N_("Welcome to the council of %(province)s. You sit here as %(name)s.")
    group = N_("Welcome to the advisory group of the council of %(province)s. You sit here as %(name)s.")
    say(turn, Text(group if seat.advisory else council_, values))


USED = Text(N_("This invitation has been used already; each works once. Please ask for a new one."))


NOT_IN_COUNCIL = Text(N_("You are the secretary of this session, so you can't score in it."))
NOT_IN_GROUP = Text(
    N_("You are the secretary of this session, so you don't read for it: who still scores would read you.")
)


async def _no_seat(turn: Turned, seat: Any) -> Text | None:
    me = turn.conversation.person_id
    if seat is None:
        return Text(N_("I don't know this invitation; perhaps there is a newer one, or a part of the link is missing."))
    if seat.person_id == me:
        return Text(N_("You have used this invitation already."))
    if seat.closed_at is not None:
        return Text(N_("The session of this invitation is over."))
    if seat.person_id is not None:
        return USED
    if seat.expires_at <= turn.now:
        return Text(N_("This invitation has run out. Please ask the secretary for a new one."))
    if await seats.sits_in(turn.connection, seat.session_id, me):
        return Text(N_("You have a seat in this session already; one person has one."))
    if seat.opened_by == me or await seats.has_looked(turn.connection, seat.session_id, me):
        return NOT_IN_GROUP if seat.advisory else NOT_IN_COUNCIL
    return None


EITHER = (False, True)


async def own_ballot(
    turn: Turned, code: str, *, may_be: Collection[str] = (FREE,), advisory: Collection[bool] = (False,)
) -> Any:
    """One's own row for a case that is still scored; raises NotPossible for whoever has no seat, or Refused.

    `advisory`: whether a seat of the council will do, of its advisory group, or either.
    """
    row = await council.own_ballot(turn.connection, turn.conversation.person_id, code)
    if row is None or row.advisory not in advisory:
        raise cases.NotPossible(code)
    if row.closed_at is not None:
        raise Refused(Text(OVER, {"session": f"{row.session_number}/{row.year}"}))
    if row.status != SCORING:
        raise Refused(NOT_HERE)
    tied = await bound(turn.connection, {turn.conversation.person_id}, {row.case_id})
    standing = BOUND if tied else row.standing or ""
    if standing not in may_be:
        raise Refused(UNSAID if not standing else CONCERNED)
    return row


async def declare(turn: Turned, effect: DeclareInterest) -> None:
    row = await own_ballot(turn, effect.code, may_be=("", FREE, DECLARED), advisory=EITHER)
    standing = DECLARED if effect.concerned else FREE
    await council.keep_ballot(
        turn.connection, row, standing=standing, **({"submitted_at": None} if effect.concerned else {})
    )
    turn.record("council_declare", effect.code, session=row.session_id, concerned=effect.concerned)
    turn.carried.changed = True
    if effect.concerned:
        say(turn, NOT_TO_READ if row.advisory else NOT_TO_SCORE)
        if not row.advisory:  # who only reads is no sheet less
            await _say_if_too_few(turn, row)
    elif row.standing == DECLARED:  # they may have good reasons; the secretary, who knew of it, knows that as well
        values: dict[str, Value] = {"name": row.seat_name, "product": row.product, "code": row.code}
        told = await _tell_secretary(turn, row, Text(TAKEN_BACK, values))
        say(turn, SECRETARY_KNOWS if told else NOT_CONCERNED)


NOT_TO_SCORE = Text(N_("Noted. You do not score this product; only the secretary knows."))
NOT_TO_READ = Text(N_("Noted. You do not read this product for the group; only the secretary knows."))
TAKEN_BACK = N_("%(name)s had said that “%(product)s” (%(code)s) concerns them, and now says that it does not.")
NOT_CONCERNED = Text(N_("Noted: you are not concerned."))
SECRETARY_KNOWS = Text(N_("Noted: you are not concerned. I have told the secretary that you put that right."))


async def _say_if_too_few(turn: Turned, row: Any) -> None:
    """The secretary hears at once that a product can't get enough sheets any more; who is concerned is not said."""
    session = await council.council_of(
        turn.connection, await council.session_row(turn.connection, row.session_id), turn.now, in_full=False
    )
    product = session.product(row.code)
    if product is not None and (lines := too_few_lines(session, product)):
        await _tell_secretary(turn, row, *lines)


async def _tell_secretary(turn: Turned, row: Any, *texts: Text) -> bool:
    """Whether there is somebody to hear it."""
    due_at = await awake_at(turn, row.province)
    link = Link(f"council.{row.session_id}", Text(N_("Open the session")))
    chats = await people.chats_of(turn.connection, await council.secretaries_of(turn.connection, row.session_id))
    for chat in chats:
        turn.carried.notices.append(notice(turn.world, chat, [SendMessage(texts, links=(link,))], due_at))
    return bool(chats)


async def score_item(turn: Turned, effect: ScoreItem) -> None:
    row = await own_ballot(turn, effect.code)
    if row.submitted_at is not None:
        raise Refused(HANDED_IN)
    number = set_of(row.ruleset, row.answers)
    if effect.product_set != number:
        raise Refused(OTHER_SHEET)
    form = sheet(row.ruleset, number)
    try:
        points_of(form, {effect.item: effect.mark})
    except WrongMark as wrong:
        raise Refused(NO_SUCH_MARK) from wrong
    before = row.marks if row.product_set == number and row.marks else {}
    marks = {**before, effect.item: effect.mark}
    await council.keep_ballot(turn.connection, row, marks=marks, product_set=number)
    turn.carried.changed = True


async def cast(turn: Turned, effect: CastBallot) -> None:
    """Which marks were handed in stands in the ballot; the audit has that and when, as its readers score themselves."""
    row = await own_ballot(turn, effect.code)
    if effect.back:
        await council.keep_ballot(turn.connection, row, submitted_at=None)
        turn.record("council_take_back", effect.code, session=row.session_id)
        say(turn, Text(N_("You have your sheet back. Hand it in again once it is right.")))
        return
    number = set_of(row.ruleset, row.answers)
    if row.product_set != number:
        raise Refused(OTHER_SHEET)
    result = score(sheet(row.ruleset, number), row.marks)
    if result.open:
        raise Refused(Text(NOT_COMPLETE, {"count": len(result.open)}))
    await council.keep_ballot(turn.connection, row, submitted_at=turn.now)
    turn.record("council_cast", effect.code, session=row.session_id)
    say(turn, Text(N_("✅ Your sheet for “%(product)s” is handed in."), {"product": row.product}))


async def read_dossier(turn: Turned, effect: ReadDossier) -> None:
    """For a member whom the product does not concern; as for officers, who looked is recorded."""
    row = await own_ballot(turn, effect.code, advisory=EITHER)
    if not carries_files(turn):
        return
    turn.record("see_papers", effect.code)
    report = await assessment_of(turn.connection, effect.code)
    files = {"dossier": "bo-ho-so.pdf"} | ({"report_03": "bao-cao-mau-03.docx"} if report else {})
    specs = ({"made": made, "code": effect.code, "name": f"{effect.code} {name}"} for made, name in files.items())
    send(turn, Text(N_("Here is the dossier of “%(product)s”."), {"product": row.product}), *specs)
