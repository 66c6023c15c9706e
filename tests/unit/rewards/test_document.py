"""A rewards document: read strictly, and refused in words its author understands."""

from datetime import UTC, datetime

import pytest

from shared.rewards.errors import RewardsError
from shared.rewards.load import example_text, parse
from shared.rewards.models import Goods, Window

MUG = "{id: mug, kind: goods, title: Mug, points: 1000, stock: 5}"


def document(*rewards: str) -> str:
    return "\n".join(["version: 1", "rewards:", *[f"  - {one}" for one in rewards]])


def faults(*rewards: str) -> list[str]:
    with pytest.raises(RewardsError) as raised:
        parse(document(*rewards))
    return [str(fault) for fault in raised.value.faults]


def test_the_example_has_the_guides_prices() -> None:
    prices = {one.id: one.points for one in parse(example_text()).rewards}
    assert prices == {"mug": 1_000, "power-bank": 5_000, "spring-tea": 500}


def test_what_is_left_out_does_not_limit() -> None:
    (mug,) = parse(document(MUG)).rewards
    assert mug == Goods(id="mug", kind="goods", title="Mug", points=1_000, stock=5)
    assert (mug.daily_limit, mug.monthly_limit, mug.on_sale, mug.tiers) == (
        None,
        None,
        Window(),
        (),
    )


def test_a_window_may_be_open_at_one_end() -> None:
    (tea,) = parse(
        document(MUG.replace("}", ", on_sale: {from: 2026-03-01T00:00:00+08:00}}"))
    ).rewards
    assert tea.on_sale.from_ == datetime(2026, 2, 28, 16, tzinfo=UTC)
    assert tea.on_sale.until is None


def test_a_reward_keeps_all_it_says_on_its_way_through_the_database() -> None:
    for reward in parse(example_text()).rewards:
        assert Goods.model_validate_json(reward.model_dump_json(by_alias=True)) == reward


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ("kind: coupon", "rewards.0.kind: expected 'goods', got 'coupon' (line 3)"),
        ("points: 0", "rewards.0.points: expected an integer from 1 to 1000000000, got 0 (line 3)"),
        ("stock: six", "rewards.0.stock: expected an integer from 0 to 1000000000, got 'six'"),
        ("id: a b", "rewards.0.id: expected 1 to 64 characters of A-Za-z0-9._:@-, got 'a b'"),
        ("dayly_limit: 3", "rewards.0.dayly_limit: unknown key; did you mean 'daily_limit'?"),
        ("tiers: [Gold]", "rewards.0.tiers.0: expected 1 to 64 characters of lower-case words"),
        (
            "on_sale: {from: 2026-01-01}",
            "rewards.0.on_sale.from: expected a time with a zone such as",
        ),
        (
            "on_sale: {from: 2026-01-02T00:00:00Z, until: 2026-01-02T00:00:00Z}",
            "rewards.0.on_sale.until: expected a time after 2026-01-02T00:00:00+00:00",
        ),
    ],
)
def test_each_fault_names_its_place_what_was_expected_and_what_came(wrong: str, fault: str) -> None:
    key = wrong.partition(":")[0]
    kept = [part for part in MUG[1:-1].split(", ") if not part.startswith(f"{key}:")]
    (found,) = faults(f"{{{', '.join([*kept, wrong])}}}")
    assert found.startswith(fault)


def test_all_faults_are_told_at_once() -> None:
    assert [fault.partition(":")[0] for fault in faults("{id: mug}", MUG, MUG)] == [
        "rewards.0.title",
        "rewards.0.points",
        "rewards.0.stock",
        "rewards.0.kind",
    ]


def test_an_id_is_one_rewards_own() -> None:
    assert faults(MUG, MUG) == [
        "rewards.1.id: expected an id of its own, got 'mug', which is rewards.0's (line 4)"
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "expected rewards, got nothing"),
        ("a: [", "not YAML: "),
        ("version: 1", "rewards: required, but missing"),
    ],
)
def test_what_is_no_document(text: str, fault: str) -> None:
    with pytest.raises(RewardsError, match=fault):
        parse(text)
