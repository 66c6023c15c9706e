"""The histogram that takes thousands at once is the library's, as far as a scraper can see."""

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as open_metrics

from shared.platform.measures import Many

BOUNDS = (0.1, 0.5, 1.0, 3600.0)
VALUES = [0.0, 0.1, 0.1000001, 0.5, 0.7, 1.0, 99.0, 3600.0, 1e9]


def told(registry: CollectorRegistry) -> tuple[set[str], set[str]]:
    """Return what is exposed in both formats, without the time of creation."""
    first, second = (
        {line for line in form(registry).decode().splitlines() if "_created" not in line}
        for form in (generate_latest, open_metrics)
    )
    return first, second


def test_many_values_are_exposed_as_the_library_exposes_them_one_by_one() -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    many = Many("points_age_seconds", "How old.", ("service", "topic"), BOUNDS)
    ours.register(many)
    one = Histogram(
        "points_age_seconds", "How old.", ("service", "topic"), buckets=BOUNDS, registry=theirs
    )
    for labels in (("earn", "orders.v1"), ("earn", "shares.v1")):
        many.observe(labels, VALUES[:4])
        many.observe(labels, VALUES[4:])
        for value in VALUES:
            one.labels(*labels).observe(value)
    assert told(ours) == told(theirs)


def test_nothing_is_exposed_before_anything_was_observed() -> None:
    registry = CollectorRegistry()
    registry.register(Many("points_age_seconds", "How old.", ("topic",), BOUNDS))
    assert not [sample for family in registry.collect() for sample in family.samples]
