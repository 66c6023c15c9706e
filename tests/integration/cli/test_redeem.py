"""`jifen redeem`: at a counter, asked first, once per id, refused with reasons."""

import asyncio
import subprocess
from pathlib import Path

import pytest

from tests.integration.redeem.doors import furnish, opened, place_of
from tests.integration.stack.command import Command
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database
from tests.support.model import Reward
from tests.support.tokens import SECRET

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]


async def test_a_reward_is_taken_at_the_counter(
    database: Database, kafka: KafkaHandle, tmp_path: Path
) -> None:
    await furnish(database, kafka, Reward(id="mug", points=100, stock=5), ann=60)
    command = Command(home=tmp_path / "stack")

    async def redeem(*arguments: str) -> subprocess.CompletedProcess[str]:
        return await asyncio.to_thread(
            command.run, "redeem", *arguments, "--url", url, JIFEN_AUTH_SECRET=SECRET
        )

    async with opened(place_of(database, kafka.bootstrap, tmp_path)) as door:
        url = str(door.client.base_url)
        # Nobody answers the question: nothing is done.
        asked = await redeem("ann", "mug")
        assert asked.returncode == 1
        assert "mug: 100 points, balance after it 80" in asked.stderr
        done = await redeem("ann", "mug", "--yes")
        assert done.stdout.endswith(" is to-ship: 100 points, balance 80.\n"), done.stderr
        again = await redeem("ann", "mug", "--id", done.stderr.removeprefix("request ").strip())
        assert again.stdout == done.stdout
        refused = await redeem("ann", "mug", "--yes")
        assert refused.returncode == 1
        assert "not enough points: needs 100, has 80, owes 0" in refused.stderr
        assert "it would be refused: insufficient-points" in (await redeem("ann", "mug")).stderr
