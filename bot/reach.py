"""What people order about being told: joining chats and splitting them again, what comes first, hours, e-mail."""

from dataclasses import replace

from bot.channels.base import Capabilities
from bot.render import compose
from bot.turn import NotHeld, Turned, composed_body, notice_to, outbox_row
from dialogs.model import (
    N_,
    AnswerJoin,
    GiveAddress,
    Link,
    ProveAddress,
    SendMessage,
    State,
    TellBetween,
    TellFirst,
    TellJoin,
    Text,
    UseJoinCode,
    Value,
)
from dialogs.producer.reach import CHANNEL_WORDS, SHORTEST_MINUTES, channel_words
from storage import audit, joining, people, reach
from storage.cases import NotPossible
from storage.joining import Outcome, Pending
from storage.reach import Proof
from storage.records import conversations_of
from storage.staff import memberships_of

OPEN_REACH = Link("reach", Text(N_("How I am told")), "cách báo tin")
LETTER = Capabilities(2000, 0, 0, 0, False, False, False, False)


def _said(turn: Turned, *texts: Text) -> None:
    turn.carried.said.append(SendMessage(texts))
    turn.carried.changed = True


# ---------------------------------------------------------------- joining

MADE = N_("Your code: %(code)s")
HOW_LONG = Text(N_("It is good for 10 minutes, once. Do not read it out to anybody else."))
WHERE = N_("In the other place, open this assistant and type: join %(code)s")
MANY_CODES = Text(N_("Very many codes are in use here at the moment. Please try again in ten minutes."))
REFUSED = {
    Outcome.WRONG: Text(N_("That code is not right, or it is too old. Please look at it again, or get a new one.")),
    Outcome.OWN: Text(N_("This code comes from yourself. Please type it in the other place.")),
    Outcome.TOO_OFTEN: Text(N_("These were many codes in a short time. Please try again in an hour.")),
    Outcome.CLOSED: Text(
        N_("I can't take a code here at the moment. Please get the code here, and type it in the other place.")
    ),
}
OVER = Text(N_("That is over already: 10 minutes have passed, or the other side does not want it any more."))


async def make_code(turn: Turned) -> None:
    """Whoever had typed the code before this one is told that it is void."""
    _tell_left(turn, await joining.leave(turn.connection, turn.conversation.id, giving=True))
    digits = await joining.make_code(turn.connection, turn.conversation, turn.world.secret_key, turn.now)
    if not digits:
        _said(turn, MANY_CODES)
        return
    code = {"code": f"{digits[:3]} {digits[3:]}"}
    _said(turn, Text(MADE, code), HOW_LONG, Text(WHERE, code))


async def use_code(turn: Turned, effect: UseJoinCode) -> None:
    who, secret = turn.conversation, turn.world.secret_key
    came_to, left = await joining.use_code(turn.connection, who, effect.digits, secret, turn.now)
    _tell_left(turn, left)
    if came_to in REFUSED:
        _said(turn, REFUSED[came_to])
    turn.carried.changed = True


async def agree(turn: Turned) -> None:
    timers = await joining.agree(turn.connection, turn.conversation.id, turn.now)
    turn.carried.timers += timers
    turn.carried.changed = True
    if not timers:
        _said(turn, OVER)


async def leave(turn: Turned) -> None:
    gone = await joining.leave(turn.connection, turn.conversation.id)
    _tell_left(turn, gone)
    _said(turn, Text(N_("All right, nothing is joined.")))


def _tell_left(turn: Turned, gone: Pending | None) -> None:
    """The other of the two, as far as it has to do with it already."""
    if gone is None:
        return
    me = turn.conversation.id
    other = gone.joining_id if gone.conversation_id == me else gone.conversation_id
    if gone.agreed or other == gone.joining_id:
        turn.carried.timers.append(joining.timer(other, "left", turn.now))


async def answer(turn: Turned, effect: AnswerJoin) -> None:
    """The last word. Nothing is joined that did not ask just now."""
    connection, me = turn.connection, turn.conversation
    if not await joining.asking(connection, me.id, effect.number, turn.now):
        _said(turn, OVER)
        return
    other = await joining.person_of(connection, effect.number)
    if effect.yes and other != me.person_id:
        await hold(turn, other)
        await _join(turn, other)
        await _tell_joined(turn, effect.number)
    await joining.leave(connection, me.id, giving=True)
    turn.carried.timers.append(joining.timer(effect.number, "joined" if effect.yes else "refused", turn.now))
    if not effect.yes:
        _said(turn, Text(N_("All right, nothing is joined, and that code is void.")), KEEP_IT)


KEEP_IT = Text(N_("If it was not you, somebody else may have seen your code. Keep the next one to yourself."))


async def hold(turn: Turned, person_id: int) -> None:
    """All conversations of a person are locked by this transaction from here on."""
    held = {*turn.held, turn.conversation.id}
    if missing := set(await joining.chats_of(turn.connection, person_id)) - held:
        raise NotHeld(missing)


async def _join(turn: Turned, other: int) -> None:
    me = turn.conversation.person_id
    roles = await memberships_of(turn.connection, [other])
    codes = await joining.join(turn.connection, me, other, turn.now)
    await _know_again(turn)
    turn.record(audit.JOINED, joined=other, cases=codes, roles=len(roles.get(other, ())))
    _said(turn, Text(N_("✅ Joined. Both have one set of files from now on.")))


async def _tell_joined(turn: Turned, joining_id: int) -> None:
    """The person's other chats hear of it: whoever had one telephone for a minute could do it."""
    words = Text(
        N_("One more chat was joined with yours and sees your files. If that was not you, open “How I am told”.")
    )
    for chat in await people.chats_of(turn.connection, [turn.conversation.person_id]):
        for one in (chat, *chat.others):
            if one.id not in (turn.conversation.id, joining_id):
                said = [SendMessage((words,), links=(OPEN_REACH,))]
                turn.carried.notices.append(notice_to(turn, replace(one, others=()), said))


async def _know_again(turn: Turned) -> None:
    """Who this conversation is with now; where it stands is for the turn to say."""
    who = turn.conversation
    chat = (who.channel, who.chat_id)
    now = (await conversations_of(turn.connection, {chat: who.locale}, turn.now))[chat]
    who.person_id, who.person, who.case_count, who.covers = now.person_id, now.person, now.case_count, now.covers


NEWS = {
    "joined": Text(N_("✅ The other side has said yes. Both have one set of files from now on.")),
    "refused": Text(N_("The other side does not want to be joined, so everything is as before.")),
    "left": Text(N_("The other side does not want to be joined any more, so everything is as before.")),
    "over": Text(N_("The other side has not answered within 10 minutes, so nothing is joined.")),
}


async def tell(turn: Turned, effect: TellJoin) -> None:
    """What the other chat has done, a moment after it did; also into whatever is going on here."""
    if effect.outcome == "asked":
        turn.quiet = not await joining.ask(turn.connection, turn.conversation.id, turn.now)
        turn.carried.changed = True
        return
    if effect.outcome not in NEWS:
        raise NotPossible(effect.outcome)
    if effect.outcome == "over" and not await joining.over(turn.connection, turn.conversation.id, turn.now):
        turn.quiet = True
        return
    _said(turn, NEWS[effect.outcome])


async def split(turn: Turned) -> None:
    """The other chats of the person hear of it: whoever has the telephone could do it."""
    who = turn.conversation
    if who.person.chats < 2:
        raise NotPossible("split")
    await hold(turn, who.person_id)
    before = who.person_id
    await joining.split(turn.connection, who, turn.now)
    who.state = State(at="menu/", turn=who.state.turn)
    turn.carried.timers.clear()
    turn.record("split_identity")
    await _know_again(turn)
    words = Text(
        N_("I have split off %(channel)s. Your files are not seen there any more."),
        {"channel": channel_words(who.channel)},
    )
    for chat in await people.chats_of(turn.connection, [before]):
        turn.carried.notices.append(notice_to(turn, chat, [SendMessage((words,), links=(OPEN_REACH,))]))
    _said(turn, Text(N_("Done. This is a chat of its own again.")))


# ---------------------------------------------------------------- order and hours


async def tell_first(turn: Turned, effect: TellFirst) -> None:
    """The others follow in the order they had."""
    connection, me = turn.connection, turn.conversation.person_id
    channels = await reach.channels_of(connection, me)
    named: dict[str, Value] = {"channel": channel_words(effect.channel)}
    if effect.channel not in channels:
        if effect.channel not in CHANNEL_WORDS:
            raise NotPossible(effect.channel)
        _said(turn, Text(N_("I do not know you on %(channel)s yet. You can join it here."), named))
        return
    order = [effect.channel, *(channel for channel in channels if channel != effect.channel)]
    await reach.set_reach(connection, me, order=order)
    _said(turn, Text(N_("Noted. I try %(channel)s first."), named))


async def tell_between(turn: Turned, effect: TellBetween) -> None:
    if not turn.conversation.person.memberships or not _sensible(effect.hours):
        raise NotPossible("hours")
    await reach.set_reach(turn.connection, turn.conversation.person_id, hours=effect.hours)
    _said(turn, Text(N_("Noted. What comes outside these hours waits.")))


def _sensible(hours: tuple[int, int] | None) -> bool:
    return hours is None or (hours[0] >= 0 and hours[1] <= 24 * 60 and hours[1] - hours[0] >= SHORTEST_MINUTES)


# ---------------------------------------------------------------- e-mail

LETTER_HEAD = N_("Your code for news by e-mail: %(code)s")
LETTER_REST = Text(N_("Type it into the chat with the OCOP assistant. If you did not ask for it, you need do nothing."))
MANY_LETTERS = Text(N_("These were many codes in a short time. Please try again in an hour."))
PROVED = {
    Proof.RIGHT: Text(N_("✅ The address is yours. News that reaches you nowhere else goes there.")),
    Proof.WRONG: Text(N_("That code is not right. Please look at the e-mail again.")),
    Proof.OVER: Text(N_("This code does not work any more. Please give the address again, and I send a new one.")),
}


async def give_address(turn: Turned, effect: GiveAddress) -> None:
    """A letter with a code, in the language of this chat, and nothing else in it."""
    connection, who = turn.connection, turn.conversation
    if "email" not in turn.world.channels or not effect.address:
        raise NotPossible("e-mail")
    digits = await reach.address_code(connection, who.id, effect.address, turn.world.secret_key, turn.now)
    if not digits:
        _said(turn, MANY_LETTERS)
        return
    to = await reach.unproved_address(connection, who.person_id, "email", effect.address, who.locale, turn.now)
    head = Text(LETTER_HEAD, {"code": f"{digits[:3]} {digits[3:]}"})
    letter = compose([SendMessage((head, LETTER_REST))], turn.world.catalog(who.locale), LETTER)
    turn.carried.notices.append(outbox_row(to, "reply", composed_body(letter, []), turn.now))
    turn.carried.changed = True


async def prove_address(turn: Turned, effect: ProveAddress) -> None:
    connection, who = turn.connection, turn.conversation
    came_to, address = await reach.prove(connection, who.id, effect.digits, turn.world.secret_key, turn.now)
    if came_to is Proof.RIGHT:
        await reach.add_address(connection, who.person_id, "email", address, who.locale, turn.now)
    _said(turn, PROVED[came_to])


async def drop_address(turn: Turned) -> None:
    who = turn.conversation
    await reach.drop_email(turn.connection, who.person_id, who.id, turn.now)
    _said(turn, Text(N_("All right, nothing goes by e-mail.")))
