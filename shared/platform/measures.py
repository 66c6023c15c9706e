"""How metrics are made and described; which there are is in metrics.py."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import inf, isinf
from typing import Final, Literal, TypeAlias

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector
from typing_extensions import override

Kind: TypeAlias = Literal["counter", "gauge", "histogram", "info"]

LABELS: Final = {
    "answer": "class of the answer's status, or why there is none",
    "cause": "why, a fixed word of the code",
    "channel": "`inbox` and the channels of settings",
    "check": "what is recomputed, see docs/decisions/truth-collector.md",
    "consumer_group": "Kafka's consumer group, one per consuming service",
    "kind": "kind of a ledger entry, or the template of a message",
    "method": "HTTP method",
    "outcome": "what came of it, a fixed word of the code",
    "partition": "number of a Kafka partition",
    "reason": "why, a fixed word of the code",
    "route": "route template, never a path; `unknown` for what matched none",
    "service": "the service that says it",
    "stage": "stage of a batch, or days before a date",
    "state": "state of a connection",
    "status_class": "2xx to 5xx",
    "topic": "topic of docs/events; `(call)` for what came by HTTP",
    "version": "installed version",
}
"""All labels there are, and what bounds their values: never a member, an order or an event id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What the documentation says of a metric: `services` are those that ever set it."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    text: str
    services: tuple[str, ...]


class Catalogue:
    """Makes metrics in one registry and keeps what they are.

    A text says what the metric means and then, in a sentence, what to do when it is off.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        """Begin without any."""
        self._registry = registry
        self.described: list[Described] = []

    def counter(self, name: str, labels: str, services: Sequence[str], text: str) -> Counter:
        """Make a counter; `labels` are separated by spaces, here and below."""
        return Counter(*self.note("counter", name, labels, services, text), registry=self._registry)

    def gauge(self, name: str, labels: str, services: Sequence[str], text: str) -> Gauge:
        """Make a gauge."""
        return Gauge(*self.note("gauge", name, labels, services, text), registry=self._registry)

    def histogram(
        self, name: str, labels: str, services: Sequence[str], text: str, buckets: Sequence[float]
    ) -> Histogram:
        """Make a histogram."""
        noted = self.note("histogram", name, labels, services, text)
        return Histogram(*noted, buckets=buckets, registry=self._registry)

    def many(
        self, name: str, labels: str, services: Sequence[str], text: str, buckets: Sequence[float]
    ) -> "Many":
        """Make a histogram for what comes by the thousand."""
        many = Many(*self.note("histogram", name, labels, services, text), buckets)
        self._registry.register(many)
        return many

    def note(
        self, kind: Kind, name: str, labels: str, services: Sequence[str], text: str
    ) -> tuple[str, str, tuple[str, ...]]:
        """Keep what a metric is; return its name, text and labels."""
        names = tuple(labels.split())
        self.described.append(
            Described(name=name, kind=kind, labels=names, text=text, services=tuple(services))
        )
        return name, text, names


class Many(Collector):
    """A histogram that is told many values at a time, at a sixth of what each costs alone."""

    def __init__(
        self, name: str, text: str, labels: Sequence[str], buckets: Sequence[float]
    ) -> None:
        """Begin empty; `buckets` are the upper bounds but for the last, which is infinite."""
        self._name, self._text, self._labels = name, text, labels
        self._bounds = [*buckets, inf]
        self._counts: dict[tuple[str, ...], list[int]] = {}
        self._sums: dict[tuple[str, ...], float] = {}

    def observe(self, labels: tuple[str, ...], values: Iterable[float]) -> None:
        """Take values under the same labels."""
        counts = self._counts.setdefault(labels, [0] * len(self._bounds))
        total = self._sums.get(labels, 0.0)
        bounds = self._bounds
        for value in values:
            counts[bisect_left(bounds, value)] += 1
            total += value
        self._sums[labels] = total

    @override
    def collect(self) -> Iterator[HistogramMetricFamily]:
        """Expose what was taken so far."""
        family = HistogramMetricFamily(self._name, self._text, labels=self._labels)
        for labels, counts in self._counts.items():
            running, buckets = 0, []
            for bound, count in zip(self._bounds, counts, strict=True):
                running += count
                buckets.append(("+Inf" if isinf(bound) else str(bound), float(running)))
            family.add_metric(labels, buckets, self._sums[labels])
        yield family
