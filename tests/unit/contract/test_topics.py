"""The topics hold every type once, and each group has its dead letters."""

from shared.contract.codec import MAX_VALUE_BYTES
from shared.contract.registry import WIRE_TYPES
from shared.contract.topics import (
    CONSUMED_BY,
    INPUT_TOPICS,
    TOPICS,
    dead_letter_topic,
    topics_for,
)


def test_every_type_has_its_topic() -> None:
    carried = [(topic.name, name) for topic in TOPICS for name in topic.types]
    own = [(wire.topic, wire.type_name) for wire in WIRE_TYPES]
    # Parked events of another member are sent on as commands, under the type they came with.
    sent_on = [("ledger-commands.v1", name) for name in ("order.refunded.v1", "share.ordered.v1")]
    assert sorted(carried) == sorted(own + sent_on)


def test_too_large_is_ours_to_refuse() -> None:
    for topic in INPUT_TOPICS:
        assert topic.max_message_bytes > 2 * MAX_VALUE_BYTES
        assert topic.partitions == 8


def test_dead_letters_of_a_group() -> None:
    assert dead_letter_topic("orders.v1", "points-earn") == "orders.v1.points-earn.dlq"
    names = [topic.name for topic in topics_for(["points-earn"])]
    assert names[: len(TOPICS)] == [topic.name for topic in TOPICS]
    assert names[len(TOPICS) :] == [
        "orders.v1.points-earn.dlq",
        "check-ins.v1.points-earn.dlq",
        "shares.v1.points-earn.dlq",
        "engagement.v1.points-earn.dlq",
        "ledger-commands.v1.points-earn.dlq",
    ]


def test_groups_read_topics_that_are_there() -> None:
    names = {topic.name for topic in TOPICS}
    for read in CONSUMED_BY.values():
        assert names.issuperset(read)


def test_names_fit_the_broker() -> None:
    every = topics_for(CONSUMED_BY)
    assert len({topic.name for topic in every}) == len(every)
    assert all(len(topic.name) <= 249 for topic in every)
