"""`jifen brake`: seen and released, with the name of who did it."""

import pytest

from services.earn.handlers import GROUP
from shared.pipeline.store import is_braked, trip_brake
from tests.integration.cli.conftest import Jifen
from tests.support.databases import Database, owner_of

# Each command is a process of its own, and the machine may be busy.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]


async def test_show_and_release(database: Database, jifen: Jifen) -> None:
    assert await jifen.prints("brake", "show") == "No brake was ever tripped.\n"
    assert await jifen.prints_json("brake", "show") == []
    async with owner_of(database) as owner:
        await trip_brake(owner, GROUP, "21 records isolated in the last minute (limit 20)")
        shown = await jifen.prints("brake", "show")
        assert "state        ENGAGED: nothing is consumed" in shown
        assert "why          21 records isolated" in shown
        [brake] = await jifen.prints_json("brake", "show")
        assert (brake["group"], brake["engaged"], brake["released_at"]) == (GROUP, True, None)
        await jifen.complains("brake", "release", "points-earm", "--by", "ann", code=2)
        await jifen.complains("brake", "release", GROUP, code=2)
        assert await is_braked(owner, GROUP)
        said = await jifen.prints("brake", "release", GROUP, "--by", "ann")
        assert said == f"The brake of {GROUP} is released.\n"
        assert not await is_braked(owner, GROUP)
    assert " by ann\n" in await jifen.prints("brake", "show")
    said = await jifen.prints("brake", "release", GROUP, "--by", "bob")
    assert said == f"The brake of {GROUP} is not engaged: nothing to release.\n"
