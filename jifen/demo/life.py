"""What becomes of a member's points: spent, given back, sent for, lost, and told of."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from pydantic import BaseModel, SecretStr

from jifen.client.asked import Asked, RefusedError
from jifen.client.mall import Lot, Mall
from jifen.client.redeem import Counter
from jifen.demo import events
from jifen.demo.meter import Meter
from jifen.demo.orders import Line, Order
from jifen.demo.page import Page
from jifen.demo.tell import open_teller
from jifen.demo.telling import Place, check, tell_and_see
from shared.platform import postgres
from shared.platform.clock import monotonic, utc_now
from shared.platform.settings import DatabaseSettings
from shared.rewards import store
from shared.rewards.load import example_text, parse
from shared.rewards.models import Reward, Window

_PATIENCE_SECONDS: Final = 30.0
_NOTICES: Final = 6
# Money of each order that is about to be lost, in minor units.
_OLD_MINOR: Final = 120_000


class _Run(BaseModel):
    """What expiry answers."""

    run_id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Life:
    """A member's later days, at a place."""

    place: Place
    mall: Mall
    redeem: Asked
    expiry: Asked
    meter: Meter
    page: Page

    async def show(self, member: str) -> None:
        """Show all of it."""
        await self._lose(member)
        await self._warn(member)
        await self._spend(member)
        await self._notices(member)

    async def _spend(self, member: str) -> None:
        """Buy one piece and have it sent; reserve another and change one's mind."""
        self.page.title(f"What points buy: {member} at the counter")
        counter = Counter(self.redeem, member)
        reward = await self._reward()
        quote = await counter.quote(reward.id)
        self.page.say(f"{reward.title} for {reward.points:,} points.")
        if quote.reason is None:
            self.page.say(f"It would spend {_spell(quote.lots)} and leave {quote.balance_after:,}.")
        try:
            await self._buy(member, counter, reward.id)
        except RefusedError as error:
            self.page.say(f"Refused: {error}.")

    async def _buy(self, member: str, counter: Counter, reward_id: str) -> None:
        doubted = await counter.take(reward_id, f"demo-doubt-{reward_id}")
        self.page.say("Reserved: stock and points were taken in one transaction.")
        back = await counter.cancel(doubted.redemption_id)
        self.page.say(f"Cancelled: {_spell(back.lots)} went back where they came from.")
        bought = await counter.take(reward_id, f"demo-buy-{reward_id}")
        await counter.confirm(bought.redemption_id)
        await self._send(member, bought.redemption_id)
        await self._until(lambda: self._arrived(counter, bought.redemption_id))
        self.page.say("Reserved again, confirmed, sent and delivered: each step is an event.")

    async def _lose(self, member: str) -> None:
        """Tell of two orders of last year: one whose points are gone, one whose soon will be."""
        self.page.title("What is lost when it is not spent, and the warning before")
        told = [events.paid(one, "GBP") for one in _old_orders(member, utc_now())]
        telling = await tell_and_see(told, self.place, self.meter)
        check(telling)
        self.page.say("Two orders of last year come in late. Points are good for twelve months:")
        entries = await self.mall.entries(member)
        lost = [one for one in entries if one.kind == "expired"]
        for entry in lost[:1]:
            self.page.say(f"{-entry.points:,} of them had expired, and are taken at once.")
        for lot in (await self.mall.account(member)).expiring[:1]:
            self.page.say(f"{lot.points:,} points can be spent until {lot.expires_on}.")

    async def _warn(self, member: str) -> None:
        """Have today's reminders planned again, as an operator may: the points have just come."""
        await self.expiry.post(_Run, "/v1/expiry/runs", {"remind_now": True})
        await self._until(lambda: self._reminded(member))
        told = await self._reminded(member)
        self.page.say(
            "The warning is planned, announced, and in the inbox below."
            if told
            else "No warning has come yet: see `jifen expiry status`."
        )

    async def _notices(self, member: str) -> None:
        """Show what the member was told."""
        self.page.title(f"The inbox of {member}")
        await self._until(lambda: self._told(member))
        notices = await self.mall.notices(member)
        for notice in notices[:_NOTICES]:
            self.page.say(f"{notice.title}: {notice.body}")

    async def _reward(self) -> Reward:
        """Return the cheapest reward on sale, of the example if the shop has stated none yet."""
        settings = DatabaseSettings(url=SecretStr(self.place.database_url))
        connection = await postgres.connect(settings, application_name="jifen-demo")
        try:
            applied = await store.read_document(connection, None)
            if applied is None:
                await store.apply(connection, example_text(), by="jifen demo")
            text = example_text() if applied is None else applied.document
        finally:
            await postgres.close(connection)
        if applied is None:
            self.page.say("No rewards were stated yet: the example is applied.")
        rewards = [one for one in parse(text).rewards if one.on_sale == Window()]
        return min(rewards, key=lambda one: (one.points, one.id))

    async def _send(self, member: str, redemption_id: str) -> None:
        """Tell of the parcel, as the warehouse would."""
        async with open_teller(self.place.kafka_bootstrap) as teller:
            for event in events.parcel(member, redemption_id, utc_now()):
                await teller.tell(event)

    async def _arrived(self, counter: Counter, redemption_id: str) -> bool:
        return (await counter.find(redemption_id)).status == "completed"

    async def _told(self, member: str) -> bool:
        notices = await self.mall.notices(member)
        return any(notice.template == "redemption-completed" for notice in notices)

    async def _reminded(self, member: str) -> bool:
        notices = await self.mall.notices(member)
        return any(notice.template.startswith("expiry-reminder") for notice in notices)

    async def _until(self, done: Callable[[], Awaitable[bool]]) -> None:
        deadline = monotonic() + _PATIENCE_SECONDS
        while not await done() and monotonic() < deadline:  # noqa: ASYNC110 - of other processes
            await asyncio.sleep(0.2)


def _old_orders(member: str, now: datetime) -> list[Order]:
    """Make two orders of the middle of a month, a year and a year and a month ago."""
    month = now.astimezone(UTC).replace(day=15, hour=4, minute=0, second=0, microsecond=0)
    year_ago = month.replace(year=month.year - 1)
    before = (year_ago.replace(day=1) - timedelta(days=1)).replace(day=15)
    return [_old_order(member, at) for at in (before, year_ago)]


def _old_order(member: str, at: datetime) -> Order:
    line = Line(line_id="1", sku="teapot", quantity=1, minor=_OLD_MINOR)
    order_id = f"{member}-{at:%Y-%m}"
    return Order(order_id=order_id, member_id=member, paid_at=at, lines=(line,))


def _spell(lots: list[Lot]) -> str:
    parts = [
        f"{lot.points:,} good {'for ever' if lot.expires_on is None else f'until {lot.expires_on}'}"
        for lot in lots
    ]
    return " and ".join(parts) or "nothing"
