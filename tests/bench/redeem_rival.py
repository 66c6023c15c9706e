"""The other way to redeem: the same server and route, one transaction and row locks per request.

Run as `python -m tests.bench.redeem_rival DSN CONNECTIONS`; prints its address, then serves until
it is killed. It writes the same rows; accounts are locked first and the stock last, for as short as
that can be, and every statement is prepared.
"""

import asyncio
import sys
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import asyncpg
import orjson
from prometheus_client import CollectorRegistry
from typing_extensions import override

from services.redeem import api
from services.redeem.app import make_app
from services.redeem.domain.answer import Answer, Spelt, to_json
from services.redeem.domain.quote import Quote
from shared.contract.fingerprint import fingerprint
from shared.contract.wire import Wire
from shared.ledger.entries import MemberId
from shared.pipeline.command import APPLIED, Reply
from shared.platform.health import Readiness
from shared.platform.http import Server
from shared.platform.metrics import Metrics
from shared.platform.process import run
from tests.support.tokens import verifier

_ACCOUNT = "SELECT balance, seq, head_hash FROM ledger.account WHERE member_id = $1 FOR UPDATE"
_SEEN = "SELECT seq FROM ledger.entry WHERE member_id = $1 AND cause = $2"
_LOT = """
SELECT expires_on, points FROM ledger.lot WHERE member_id = $1 AND points > 0
ORDER BY expires_on
"""
_PRICE = """
SELECT (body ->> 'points')::bigint AS points, revision FROM redeem.reward WHERE reward_id = $1
"""
_STOCK = """
SELECT total - reserved - sold AS left FROM redeem.stock WHERE reward_id = $1 FOR UPDATE
"""
_SELL = "UPDATE redeem.stock SET sold = sold + 1 WHERE reward_id = $1"
_SPEND = "UPDATE ledger.lot SET points = points - $3 WHERE member_id = $1 AND expires_on = $2"
_ENTRY = """
INSERT INTO ledger.entry
SELECT $1, $2, $3, $4, 'redeemed', -$5::bigint, $6, $7::date[], $8::bigint[], $9, 1, now(), now(),
    1, $10
"""
_CHARGE = """
UPDATE ledger.account
SET balance = balance - $2, redeemed = redeemed - $2, seq = seq + 1, head_hash = $3
WHERE member_id = $1
"""
_REDEMPTION = """
INSERT INTO redeem.redemption
SELECT $1, $2, $3, 'goods', 1, $4, $8, 'to-ship', 1, NULL, $5, $6::date[], $7::bigint[],
    current_date, now(), now(), NULL, NULL, now()
"""
_OUTBOX = """
INSERT INTO messaging.outbox (event_id, aggregatetype, aggregateid, type, payload)
VALUES ($1, 'points.v1', $2, 'points.redeemed.v1', $3),
    ($4, 'redemption-events.v1', $2, 'redemption.to-ship.v1', $3)
"""


class Rival(api.Counter):
    """A counter that serves one request at a time, on whichever connection is free."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    @override
    async def tell(self, data: Wire, traceparent: str | None) -> Reply:
        async with self._pool.acquire() as connection, connection.transaction():
            return Reply(APPLIED, await self._redeem(connection, data))

    @override
    async def quote(self, member_id: MemberId, reward_id: str, quantity: int) -> Quote:
        raise NotImplementedError

    @override
    async def find(self, member_id: MemberId, redemption_id: str) -> Answer | None:
        raise NotImplementedError

    async def _redeem(self, connection: Any, data: Any) -> Spelt:
        member, cause = data.member_id, f"redemption/{data.redemption_id}/reserve"
        balance, seq, head = await connection.fetchrow(_ACCOUNT, member)
        if await connection.fetchval(_SEEN, member, cause) is not None:
            raise LookupError("the bench asks nothing twice")
        price, revision = await connection.fetchrow(_PRICE, data.reward_id)
        expires_on, _ = (await connection.fetch(_LOT, member))[0]
        if await connection.fetchval(_STOCK, data.reward_id) < 1 or balance < price:
            raise LookupError("the bench gives enough of both")
        told = orjson.dumps({"rules": ["redemption"], "reward_id": data.reward_id}).decode()
        answer = self._answer(data, price, balance - price)
        print_ = fingerprint(data)
        hashed = sha256(head + print_).digest()
        dates, points = [expires_on], [-price]
        await connection.execute(_SELL, data.reward_id)
        await connection.execute(_SPEND, member, expires_on, price)
        values = (member, seq + 1, cause, print_, price, balance - price, dates, points, told)
        await connection.execute(_ENTRY, *values, hashed)
        await connection.execute(_CHARGE, member, price, hashed)
        named = (member, data.redemption_id, data.reward_id)
        spent = (price, revision, dates, [price], balance - price)
        await connection.execute(_REDEMPTION, *named, *spent)
        text = to_json(answer).decode()
        await connection.execute(_OUTBOX, f"{member}/{seq + 1}", member, text, cause)
        return answer

    def _answer(self, data: Any, points: int, balance: int) -> Spelt:
        return {
            "redemption_id": data.redemption_id,
            "status": "to-ship",
            "reward_id": data.reward_id,
            "quantity": 1,
            "points": points,
            "version": 1,
            "balance": balance,
            "reserved_until": datetime.now(UTC),  # noqa: TID251 - as long as ours
        }


async def serve(stop: asyncio.Event) -> None:
    dsn, connections = sys.argv[1], int(sys.argv[2])
    async with asyncpg.create_pool(dsn, min_size=connections, max_size=connections) as pool:
        metrics = Metrics(CollectorRegistry(), "redeem")
        app = make_app(Rival(pool), Readiness({}), metrics, verifier())
        server = Server(app, host="127.0.0.1", port=0)
        await server.start()
        print(server.url, flush=True)  # noqa: T201
        await stop.wait()
        await server.stop()


if __name__ == "__main__":
    run(serve)
