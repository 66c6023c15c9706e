"""Gauges when partitions go elsewhere, and while the broker does not say where they end."""

from aiokafka import ConsumerRecord, TopicPartition
from prometheus_client import CollectorRegistry

from shared.pipeline.gauges import Gauges
from shared.pipeline.store import Partition
from shared.platform.clock import unix_seconds
from shared.platform.metrics import Metrics

HERE, ELSEWHERE = Partition("orders.v1", 0), Partition("orders.v1", 1)


def lags(registry: CollectorRegistry) -> dict[int, float]:
    return {
        int(sample.labels["partition"]): sample.value
        for metric in registry.collect()
        if metric.name == "points_consumer_lag_messages"
        for sample in metric.samples
    }


def old_record() -> "ConsumerRecord[bytes, bytes]":
    return ConsumerRecord("orders.v1", 0, 0, 1_000, 0, b"ann", b"{}", None, 3, 2, ())


def seconds(registry: CollectorRegistry) -> float:
    labels = {"topic": "orders.v1", "consumer_group": "g"}
    return registry.get_sample_value("points_consumer_lag_seconds", labels) or 0.0


def test_a_partition_that_went_elsewhere_is_not_shown_any_more() -> None:
    registry = CollectorRegistry()
    gauges = Gauges(Metrics(registry, "earn"), "g", ["orders.v1"])
    gauges.behind({HERE: 3, ELSEWHERE: 0}, lambda _: 10)
    assert lags(registry) == {0: 7, 1: 10}
    gauges.behind({HERE: 10}, lambda _: 10)
    assert lags(registry) == {0: 0}


def test_what_was_read_stays_old_until_it_is_known_to_be_done() -> None:
    registry = CollectorRegistry()
    gauges = Gauges(Metrics(registry, "earn"), "g", ["orders.v1"])
    gauges.received([old_record()])
    for ends in ({}, {TopicPartition(*HERE): 1}):
        gauges.behind({HERE: 0}, ends.get)
        assert seconds(registry) > 1_000_000_000
    gauges.behind({HERE: 1}, {TopicPartition(*HERE): 1}.get)
    assert seconds(registry) == 0


def test_a_poll_shows_even_if_it_brings_nothing() -> None:
    registry = CollectorRegistry()
    gauges = Gauges(Metrics(registry, "earn"), "g", ["orders.v1"])
    name, labels = "points_consumer_last_poll_timestamp_seconds", {"consumer_group": "g"}
    assert not registry.get_sample_value(name, labels)
    began = unix_seconds()
    gauges.polled()
    assert began <= (registry.get_sample_value(name, labels) or 0) <= unix_seconds()
