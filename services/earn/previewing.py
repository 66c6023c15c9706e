"""Previews: what a cart would earn, by the function that awards orders; nothing is written."""

from services.earn.bodies import CartBody, PreviewBody
from services.earn.domain.purchase import award_order
from services.earn.posting import Rules
from shared.platform.postgres import Connection
from shared.program.dates import NEVER, expires_on


async def preview(connection: Connection, rules: Rules, cart: CartBody) -> PreviewBody:
    """Say what the cart would earn were it paid now; raises NotStartedError."""
    moment = await rules.moment(connection)
    today = moment.today
    revision, program = moment.rules_at(today.now)
    gain, _ = award_order(
        program=program,
        revision=revision,
        currency=cart.currency,
        lines=[(str(number), line.paid_minor) for number, line in enumerate(cart.lines, start=1)],
        day=today.day,
    )
    until = expires_on(program.expiry, today.day)
    return PreviewBody.model_validate(
        {
            "points": gain.points,
            "expires_on": None if until == NEVER or not gain.points else until,
            "explanation": {**gain.explanation, "revision": revision},
            "revision": revision,
            "zone": program.zone,
        }
    )
