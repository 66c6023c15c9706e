"""What a consumer shows of its reading: what it received, how far behind it is."""

from collections.abc import Callable, Mapping, Sequence

from aiokafka import TopicPartition

from shared.pipeline.reader import Read
from shared.pipeline.store import Partition
from shared.platform.clock import unix_seconds
from shared.platform.metrics import Metrics


class Gauges:
    """The metrics of one consumer of one group."""

    def __init__(self, metrics: Metrics, group: str, topics: Sequence[str]) -> None:
        """Begin with every topic caught up, so that each has a value."""
        self._metrics, self._group, self._topics = metrics, group, topics
        self._shown: set[Partition] = set()
        # When the oldest record was written that a topic waits with, in seconds since 1970.
        self._oldest: dict[str, float] = {}
        self.caught_up()

    def polled(self) -> None:
        """Show that Kafka was asked just now, whether it had anything or not."""
        self._metrics.consumer_last_poll_timestamp_seconds.labels(self._group).set(unix_seconds())

    def received(self, read: Sequence[Read]) -> None:
        """Count a poll's records; the oldest of a topic says how late it is being read."""
        for topic in {one.topic for one in read}:
            stamps = [one.timestamp for one in read if one.topic == topic]
            self._metrics.events_received.labels(self._metrics.service, topic).inc(len(stamps))
            self._oldest[topic] = min(stamps) / 1000
        self._show_ages()

    def behind(
        self, positions: Mapping[Partition, int], end: Callable[[TopicPartition], int | None]
    ) -> None:
        """Show how many records of each partition are not committed yet, and how old they get.

        Partitions that are not ours any more are shown by whoever reads them now.
        """
        waiting = set()
        for at, offset in positions.items():
            last = end(TopicPartition(*at))
            if last is not None:
                self._metrics.consumer_lag_messages.labels(*self._labels(at)).set(
                    max(0, last - offset)
                )
                self._shown.add(at)
            if last is None or last > offset:
                waiting.add(at.topic)
        for at in self._shown - positions.keys():
            self._metrics.consumer_lag_messages.remove(*self._labels(at))
        self._shown &= positions.keys()
        self._oldest = {topic: at for topic, at in self._oldest.items() if topic in waiting}
        self._show_ages()

    def caught_up(self) -> None:
        """Show that nothing waits."""
        self._oldest.clear()
        self._show_ages()

    def _labels(self, at: Partition) -> tuple[str, str, str]:
        return at.topic, str(at.partition), self._group

    def _show_ages(self) -> None:
        now = unix_seconds()
        for topic in self._topics:
            seconds = max(0.0, now - self._oldest.get(topic, now))
            self._metrics.consumer_lag_seconds.labels(topic, self._group).set(seconds)
