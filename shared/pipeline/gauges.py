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
        self.caught_up()

    def received(self, read: Sequence[Read]) -> None:
        """Count a poll's records; the oldest of a topic says how late it is being read."""
        now = unix_seconds()
        self._metrics.consumer_last_poll_timestamp_seconds.labels(self._group).set(now)
        for topic in {one.topic for one in read}:
            stamps = [one.timestamp for one in read if one.topic == topic]
            self._metrics.events_received.labels(self._metrics.service, topic).inc(len(stamps))
            self._seconds(topic, max(0.0, now - min(stamps) / 1000))

    def behind(
        self, positions: Mapping[Partition, int], end: Callable[[TopicPartition], int | None]
    ) -> None:
        """Show how many records of each partition are not committed yet."""
        for at, offset in positions.items():
            last = end(TopicPartition(*at))
            if last is not None:
                self._metrics.consumer_lag_messages.labels(
                    at.topic, str(at.partition), self._group
                ).set(max(0, last - offset))

    def caught_up(self) -> None:
        """Show that nothing waits."""
        for topic in self._topics:
            self._seconds(topic, 0.0)

    def _seconds(self, topic: str, seconds: float) -> None:
        self._metrics.consumer_lag_seconds.labels(topic, self._group).set(seconds)
