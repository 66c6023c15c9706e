"""`jifen rewards` and `jifen redemptions`: checked without a stack, applied, and listed."""

from pathlib import Path

import asyncpg
import pytest

from shared.rewards.load import example_text
from tests.integration.cli.conftest import Jifen
from tests.integration.stack.command import Command
from tests.support.databases import Database

# Each command is a process of its own, and the machine may be busy.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

_REDEEM = """
    INSERT INTO redeem.redemption (
        member_id, redemption_id, reward_id, kind, quantity, points, balance, status, version,
        rewards_revision, lot_dates, lot_points, counted_on, requested_at, reserved_until,
        changed_at, carrier
    )
    SELECT 'ann', 'r' || n, 'mug', 'goods', 1, 1000, 0, s.status, 1, 1, '{}', '{}', current_date,
        '2026-03-01T00:00:00Z', now(), '2026-03-01T00:00:00Z'::timestamptz - n * interval '1 h',
        '=1+1'
    FROM unnest(ARRAY['to-ship', 'shipped', 'to-ship']) WITH ORDINALITY AS s (status, n)
"""


@pytest.fixture
def example(tmp_path: Path) -> Path:
    file = tmp_path / "rewards.yaml"
    file.write_text(example_text(), "utf-8")
    return file


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    file = tmp_path / "broken.yaml"
    file.write_text("version: 1\nrewards: [3]\n")
    return file


def test_check_needs_no_stack(tmp_path: Path, example: Path, broken: Path) -> None:
    command = Command(home=tmp_path / "stack")
    done = command.run("rewards", "check", str(example))
    assert (done.returncode, done.stdout) == (0, f"{example} states 3 rewards.\n")
    done = command.run("rewards", "check", str(broken))
    assert (done.returncode, done.stdout) == (
        1,
        "rewards.0: expected a mapping, got 3 (line 2)\n",
    )


async def test_applied_rewards_are_shown_with_their_stock(
    jifen: Jifen, example: Path, broken: Path
) -> None:
    assert "no rewards yet" in await jifen.complains("rewards", "show")
    said = await jifen.prints("rewards", "apply", str(example), "--by", "ann")
    assert said == "Revision 1 is in force, with 3 rewards.\n"
    shown = await jifen.prints("rewards", "show")
    assert "by ann\n" in shown
    assert shown.endswith(example_text())
    stock = await jifen.prints("rewards", "show", "--stock")
    assert stock.splitlines()[1].split() == ["mug", "200", "0", "0", "200", "yes"]
    assert "can't be applied:\nrewards.0: expected" in await jifen.complains(
        "rewards", "apply", str(broken)
    )


async def test_what_is_to_be_sent_is_a_list_the_oldest_first(
    jifen: Jifen, example: Path, database: Database
) -> None:
    await jifen.prints("rewards", "apply", str(example))
    owner = await asyncpg.connect(database.dsn())
    await owner.execute(_REDEEM)
    await owner.close()
    listed = await jifen.prints("redemptions", "list", "--state", "to-ship")
    assert [line.split()[3] for line in listed.splitlines()[1:]] == ["r3", "r1"]
    header, first, *_ = (await jifen.prints("redemptions", "list", "--csv")).splitlines()
    assert header.startswith("member_id,redemption_id,reward_id,title,")
    assert first.startswith("ann,r3,mug,Mug / 马克杯,1,1000,to-ship,")
    assert first.endswith(",'=1+1,")
    assert "expected one of" in await jifen.complains(
        "redemptions", "list", "--state", "lost", code=2
    )
