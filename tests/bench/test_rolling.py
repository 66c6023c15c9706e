"""Every service restarted, one process after the other, under orders and redemptions."""

import os
from collections.abc import Sequence

import pytest

from shared.platform.clock import monotonic
from tests.bench.pauses import watching
from tests.bench.report import say
from tests.bench.steady import percentile, tracking_server, waits
from tests.chaos.balancer import Tale
from tests.chaos.fleet import DRAIN_SECONDS, asking, crowd_of, fleet, open_deployment, ordering
from tests.chaos.sums import orders_add_up, redemptions_add_up
from tests.integration.consuming.shop import Books
from tests.support.brokers import KafkaHandle
from tests.support.stack import Home

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]

SERVICES = ("relay", "earn", "redeem", "expiry", "notify", "mall")
BUYERS = [f"m{n}" for n in range(2_000)]
RATE, REDEMPTIONS, LOOKS = 2_000, 200, 50
SEED = 71
COLD, CALM = 5 * RATE, 15 * RATE
"""Orders sent while caches are cold, and until the restarts begin."""

SETTLE_SECONDS = 4.0
"""How long a process is ready before the next one goes, so that pauses of a group don't add up."""

P99_MILLISECONDS = 2_000


async def test_rolling_restart(kafka: KafkaHandle, home: Home) -> None:
    async with tracking_server(home) as server, server.database() as database:
        books = await open_deployment(database, kafka, BUYERS)
        async with fleet(books, home, SERVICES) as services:
            crowd = crowd_of(services, BUYERS, redemptions=REDEMPTIONS, looks=LOOKS)
            async with (
                ordering(books, rate=RATE, seed=SEED) as pacer,
                asking(crowd) as tales,
                watching(books) as pauses,
            ):
                await books.until_read(CALM)
                started = monotonic()
                for replicas in services.values():
                    await replicas.restart(settle_seconds=SETTLE_SECONDS)
                seconds = monotonic() - started
            await books.until_done()
        (tale,) = tales
        calm = await waits(books, seed=SEED, first=COLD, end=CALM)
        rolling = await waits(books, seed=SEED, first=CALM)
        say(
            "",
            f"rolling restart of {len(SERVICES)} services, two processes each and three of"
            f" earn, in {seconds:.0f} s,"
            f" under {RATE:,} orders/s, {REDEMPTIONS} redemptions/s and {LOOKS} looks/s;"
            f" drain {DRAIN_SECONDS:g} s; load average {os.getloadavg()[0]:.1f}",
            f"event to commit before:     {_spell(calm)}",
            f"event to commit meanwhile:  {_spell(rolling)}"
            f"   p99 is {percentile(rolling, 0.99) / percentile(calm, 0.99):.1f} x",
            pauses.spelt(),
            f"redemptions: {_spell(tale.milliseconds)}",
            f"requests by status {tale.statuses}, asked again after 503: {tale.again},"
            f" errors: {len(tale.errors)}",
            f"load generators: orders {pacer.cpu_share:.0%}, clients {tale.cpu_share:.0%}"
            " of a core",
        )
        await exact(books, tale)
    assert server.deadlocks == 0
    assert percentile(rolling, 0.99) <= P99_MILLISECONDS


async def exact(books: Books, tale: Tale) -> None:
    """No client was told of an error, and what they were told is what the books hold."""
    # First, since what a client heard nothing good of may have been done all the same.
    assert tale.errors == []
    assert tale.statuses.keys() == {"POST 201", "GET 200"}
    orders, made = await orders_add_up(books), tale.statuses["POST 201"]
    await redemptions_add_up(books.database, made)
    await books.check_published()
    say(f"{orders:,} orders and {made:,} redemptions add up, each counted and announced once")


def _spell(milliseconds: Sequence[float]) -> str:
    p50, p99, p999 = (percentile(milliseconds, share) for share in (0.5, 0.99, 0.999))
    return (
        f"p50 {p50:.0f} ms, p99 {p99:.0f} ms, p99.9 {p999:.0f} ms, most {milliseconds[-1]:.0f} ms"
    )
