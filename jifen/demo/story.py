"""The demonstration: real orders, check-ins and shares, told, told again, and checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from jifen.client.mall import Mall
from jifen.demo import cast, ledger, proof
from jifen.demo.cast import Cast
from jifen.demo.errors import ReplayError
from jifen.demo.form import Form
from jifen.demo.ledger import Standing
from jifen.demo.life import Life
from jifen.demo.meter import Meter
from jifen.demo.orders import Order
from jifen.demo.page import Page
from jifen.demo.replay import Plan, Summary, plan, replay
from jifen.demo.report import lines
from jifen.demo.returns import Refund
from jifen.demo.telling import Place, Telling, check, tell_and_see
from shared.platform import postgres

DATA: Final = Path(__file__).parent / "data" / "online_retail_part.csv"
# Ids of its own, so that whoever replays the whole file on this stack meets no demonstration.
FORM: Final = Form(member_prefix="demo-", order_prefix="demo-")


class Told(NamedTuple):
    """The tellings of a demonstration, for comparing them with the ledger."""

    orders: Telling
    others: Telling
    partly: Telling


@dataclass(frozen=True, kw_only=True, slots=True)
class Story:
    """A demonstration at a place."""

    place: Place
    mall: Mall
    meter: Meter
    page: Page
    life: Life | None = None

    async def tell(self, path: Path = DATA, form: Form = FORM) -> None:
        """Tell all of it; raises ReplayError when anything does not agree."""
        planned = plan(path, form, self.place.home, self.meter, shift_to_now=True)
        conversion = planned.conversion()
        orders, refunds = list(conversion.orders()), list(conversion.refunds())
        chosen = cast.choose(orders, refunds)
        summary = await self._orders(planned)
        others = await self._others(chosen)
        await self._again(planned, summary.telling.members)
        partly = await self._partly(chosen)
        if self.life is not None:
            await self.life.show(chosen.star)
        await self._member(chosen)
        told = Told(orders=summary.telling, others=others, partly=partly)
        await self._proof(told, orders, refunds, chosen, form)

    async def _orders(self, planned: Plan) -> Summary:
        self.page.title("Real orders of a web shop, told through Kafka")
        summary = await replay(planned, self.place, self.meter)
        for text in lines(summary):
            self.page.say(text)
        self._check(summary.telling)
        return summary

    async def _others(self, chosen: Cast) -> Telling:
        self.page.title("Check-ins and shares")
        friend = chosen.friend_order.member_id
        self.page.say(f"{chosen.star} checks in on seven days and misses one in between.")
        self.page.say(f"Friend {friend} opens what {chosen.star} shared, and orders.")
        telling = await tell_and_see([*chosen.check_ins, *chosen.shares], self.place, self.meter)
        self.page.say(f"{telling.outcomes.awarded:,} points for that.")
        self._check(telling)
        return telling

    async def _again(self, planned: Plan, members: Sequence[str]) -> None:
        self.page.title("The same orders again")
        before = await self._standing(members)
        telling = (await replay(planned, self.place, self.meter)).telling
        after = await self._standing(members)
        self.page.say(
            f"{len(telling.told):,} events told again, {telling.outcomes.repeats:,} recognised."
        )
        if not telling.all_repeats or after != before:
            raise ReplayError("telling the same orders again changed the ledger")
        self.page.say(
            f"Nothing changed: {after.entries:,} entries of {after.members:,} members, "
            "every hash chain ends where it did."
        )

    async def _partly(self, chosen: Cast) -> Telling:
        self.page.title("Some orders, given back in part")
        orders = [order_id for order_id, _ in chosen.refunds]
        told = [event for _, event in chosen.refunds]
        telling = await tell_and_see(told, self.place, self.meter)
        back = telling.outcomes.taken_back
        self.page.say(
            f"Half of the dearest line of {orders[0]}, a quarter each of {', '.join(orders[1:])}."
        )
        self.page.say(f"{back:,} points taken back.")
        self._check(telling)
        return telling

    async def _member(self, chosen: Cast) -> None:
        self.page.title(f"The ledger of {chosen.star}, as the mall shows it")
        entries = await self.mall.entries(chosen.star)
        self.page.ledger(entries[::-1])
        self.page.account(await self.mall.account(chosen.star))

    async def _proof(
        self,
        told: Told,
        orders: Sequence[Order],
        refunds: Sequence[Refund],
        chosen: Cast,
        form: Form,
    ) -> None:
        self.page.title("Does it all agree?")
        connection = await ledger.connect(self.place.database_url)
        try:
            revisions = await ledger.revisions(connection)
        finally:
            await postgres.close(connection)
        expected = proof.reckoned(orders, refunds, chosen, revisions, form.currency)
        standing = await self._standing(told.orders.members)
        agreements = [
            *proof.of_points(expected, told.orders, told.partly),
            *proof.of_tellings(told),
            *proof.of_standing(standing),
        ]
        audit = await proof.audit(self.place.database_url, self.meter)
        agreements.append(proof.of_audit(audit))
        self.page.agreements(agreements)
        if audit.findings:
            self.page.say(f"The first finding of `jifen audit verify`: {audit.findings[0]}")
        wrong = [one.name for one in agreements if not one.holds]
        if wrong:
            raise ReplayError(f"this does not agree: {'; '.join(wrong)}")

    async def _standing(self, members: Sequence[str]) -> Standing:
        connection = await ledger.connect(self.place.database_url)
        try:
            return await ledger.standing(connection, members)
        finally:
            await postgres.close(connection)

    def _check(self, telling: Telling) -> None:
        check(telling)
        if telling.all_repeats:
            self.page.say("All of it was told before: a repeat, nothing was counted twice.")
