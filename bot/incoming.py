"""What a channel brings, webhook or polling: updates go to the intake, the rest is noted at once."""

from bot.channels.base import Incoming, Left, Receipt, Update
from bot.handle import Intake
from storage import notices, people
from storage.database import reading, writing


async def take(intake: Intake, incoming: Incoming) -> None:
    """Returns once it is committed; raises what Intake.submit or the database raises."""
    match incoming:
        case Update():
            await intake.submit(incoming)
        case Receipt():
            await _note(intake, incoming)
        case Left(channel, chat_id, at):
            async with writing(intake.engine) as connection:
                await people.close_chat(connection, channel, chat_id, at)


async def _note(intake: Intake, receipt: Receipt) -> None:
    """Most receipts are of replies, which nobody waits for a proof of: those cost one look."""
    async with reading(intake.engine) as connection:
        if not await notices.concerns(connection, receipt):
            return
    async with writing(intake.engine) as connection:
        await notices.note_receipt(connection, receipt, intake.world.clock())
