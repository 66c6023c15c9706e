"""Quotes read from the database: one snapshot, no lock, nothing written."""

from services.redeem import store
from services.redeem.domain.limits import Asked, Policy
from services.redeem.domain.quote import Quote, quote
from services.redeem.store import Needs
from shared.ledger import store as ledger
from shared.ledger.entries import MemberId
from shared.pipeline.moment import moment_at
from shared.platform.postgres import Connection
from shared.program.revisions import Revisions


async def read_quote(
    connection: Connection,
    *,
    member_id: MemberId,
    reward_id: str,
    quantity: int,
    revisions: Revisions,
    policy: Policy,
) -> Quote:
    """Say what a request for a reservation would come to at this moment."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        # The clock first: what is due by it is looked for later, and so is all of it found.
        now = await ledger.read_clock(connection)
        book = await store.read_book(connection, member_id)
        await ledger.load(connection, {member_id: book}, [])
        desk = await store.read(connection, Needs(members=[member_id], rewards=[reward_id]))
        await store.load(connection, [], [(member_id, reward_id)], revisions.zone, desk)
    asked = Asked(member_id=member_id, reward_id=reward_id, quantity=quantity, holds=True, at=now)
    return quote(asked, book, desk, moment_at(now, revisions), policy=policy)
