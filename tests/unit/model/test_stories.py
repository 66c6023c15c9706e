"""The made-up stories are repeatable, varied, and real records on the wire."""

import json
from collections import Counter, defaultdict
from datetime import UTC, datetime

from tests.support.model import Rules, World, encode, shuffled, stories, topic_of
from tests.support.model.stories import Story

NOW = datetime(2025, 9, 1, tzinfo=UTC)


def test_a_seed_tells_the_same_stories_and_another_seed_shares_no_id() -> None:
    assert stories(1, 9, 500) == stories(1, 9, 500)
    assert _ids(stories(1, 9, 500)).isdisjoint(_ids(stories(2, 9, 500)))


def _ids(stream: list[Story]) -> set[str]:
    named = ("member_id", "order_id", "refund_id", "share_id")
    return {data[name] for _, data in stream for name in named if name in data}


def test_the_stories_hold_everything_that_can_happen() -> None:
    world = World(Rules())
    stream = stories(1, members=40, events=12_000)
    for kind, data in stream:
        world.tell({"type": kind, "data": data}, NOW)
    assert len(stream) == 12_000
    assert {reason for _, reason in world.dead} == {
        "conflict",
        "order-of-another-member",
        "time-out-of-range",
        "unknown-line",
    }
    assert world.duplicates
    assert world.parked
    entries = [entry for account in world.accounts().values() for entry in account.entries]
    assert {entry.why for entry in entries} == {
        "",
        "currency-not-in-program",
        "friend-already-rewarded",
        "order-refunded",
        "self-referral",
    }
    kinds = Counter(entry.kind for entry in entries)
    assert min(kinds[kind] for kind in ("earned", "reversed", "expired")) > 500
    assert any("/corrected/" in entry.cause for entry in entries)
    assert any("/reversed" in entry.cause for entry in entries)
    assert any(e.cause.startswith("check-in/") and e.points > 50 for e in entries)


def test_shuffling_keeps_each_members_order() -> None:
    stream = stories(3, members=5, events=300)
    mixed = shuffled(3, stream)
    assert mixed != stream
    assert _by_member(mixed) == _by_member(stream)


def _by_member(stream: list[Story]) -> dict[str, list[Story]]:
    queues = defaultdict(list)
    for story in stream:
        queues[story[1]["member_id"]].append(story)
    return queues


def test_a_record_is_a_binary_cloud_event() -> None:
    data = {"member_id": "ann", "made_at": "2024-01-01T00:00:00Z"}
    key, value, headers = encode("check-in.made.v1", data, "e1")
    assert (key, json.loads(value)) == (b"ann", data)
    assert dict(headers) == {
        "ce_specversion": b"1.0",
        "ce_id": b"e1",
        "ce_source": b"/stories",
        "ce_type": b"check-in.made.v1",
        "content-type": b"application/json",
    }
    assert topic_of("check-in.made.v1") == "check-ins.v1"
