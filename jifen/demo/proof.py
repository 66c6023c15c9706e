"""What must agree at the end of the demonstration, each found in two ways."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydantic import SecretStr

from jifen.demo.cast import Cast
from jifen.demo.ledger import Standing
from jifen.demo.meter import Meter
from jifen.demo.orders import Order
from jifen.demo.reckon import Reckoning, reckon
from jifen.demo.returns import Refund
from jifen.demo.telling import Telling
from shared.ledger.audit import SESSION, Audit, verify
from shared.platform import postgres
from shared.platform.settings import DatabaseSettings
from shared.program.revisions import Revisions


@dataclass(frozen=True, kw_only=True, slots=True)
class Agreement:
    """Two ways to the same number; `ways` says which."""

    name: str
    expected: int
    found: int
    ways: str

    @property
    def holds(self) -> bool:
        """Tell whether they meet."""
        return self.expected == self.found


def reckoned(
    orders: Sequence[Order],
    refunds: Sequence[Refund],
    chosen: Cast,
    revisions: Revisions,
    currency: str,
) -> Reckoning:
    """Work out, from the file alone, what all that was told must come to."""
    return reckon(
        orders,
        [*refunds, chosen.line_refund],
        chosen.amounts,
        revisions=revisions,
        currency=currency,
    )


def of_points(expected: Reckoning, orders: Telling, partly: Telling) -> list[Agreement]:
    """Compare points with the file's own sums."""
    ways = "worked out from the file, found in the ledger"
    found = [orders.outcomes, partly.outcomes]
    taken_back = sum([one.taken_back + one.withheld for one in found])
    return [
        Agreement(
            name="points awarded for orders",
            expected=expected.awarded,
            found=sum([one.awarded for one in found]),
            ways=ways,
        ),
        Agreement(
            name="points taken back for refunds",
            expected=expected.taken_back,
            found=taken_back,
            ways=ways,
        ),
    ]


def of_tellings(tellings: Iterable[Telling]) -> list[Agreement]:
    """Compare what was told with the entries it left, one for each."""
    all_of_them = list(tellings)
    return [
        Agreement(
            name="things told",
            expected=sum([len(one.told) for one in all_of_them]),
            found=sum([one.outcomes.entries for one in all_of_them]),
            ways="told through Kafka, entries in the ledger",
        )
    ]


def of_standing(standing: Standing) -> list[Agreement]:
    """Compare balances with entries and with lots."""
    return [
        Agreement(
            name="balances of these members",
            expected=standing.balance,
            found=standing.entry_points,
            ways="balances, sums of entries",
        ),
        Agreement(
            name="points in their lots",
            expected=standing.balance,
            found=standing.lot_points - standing.debt,
            ways="balances, lots less debts",
        ),
        Agreement(
            name="members where these differ",
            expected=0,
            found=standing.wrong,
            ways="none may, one by one",
        ),
    ]


def of_audit(audit: Audit) -> Agreement:
    """Report the auditor's verdict on the whole ledger."""
    return Agreement(
        name="audit: wrong members",
        expected=0,
        found=audit.wrong,
        ways=f"{audit.entries:,} entries of {audit.members:,} members recomputed, hash by hash",
    )


async def audit(database_url: str, meter: Meter) -> Audit:
    """Recompute the whole ledger."""
    settings = DatabaseSettings(url=SecretStr(database_url))

    async def connect() -> postgres.Connection:
        return await postgres.connect(
            settings, application_name="jifen-demo", server_settings=SESSION
        )

    with meter.measure("auditing", None) as say:
        return await verify(connect, told=lambda so_far: say(so_far.entries))
