"""What a writer shows of its batches: how many, how long, what came of them, how old it was."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final, Literal

from shared.pipeline.command import Command, Item
from shared.pipeline.fold import Folded, count_results
from shared.pipeline.stages import Stages
from shared.platform.metrics import Metrics

HISTORY_SECONDS: Final = 86_400.0
"""What is told longer after it happened is history being loaded, and says nothing about us."""


class Tally:
    """The metrics of one group's writer."""

    def __init__(self, metrics: Metrics, group: str) -> None:
        """Begin with the brake released, so that it has a value."""
        self.metrics, self._group, self._service = metrics, group, metrics.service
        self._in_process = metrics.events_in_process.labels(self._service)
        self.writes(0)
        self.brake(engaged=False)

    def writes(self, items: int) -> None:
        """Show how many items are being written, 0 once they are not any more."""
        self._in_process.set(items)

    def brake(self, *, engaged: bool) -> None:
        """Show whether the brake holds the group."""
        self.metrics.brake_engaged.labels(self._group).set(engaged)

    def retried(self, cause: Literal["trouble", "halved"]) -> None:
        """Count a batch that was rolled back."""
        self.metrics.batch_retries.labels(self._service, cause).inc()

    def committed(
        self, items: Sequence[Item], folded: Folded, stages: Stages, *, now: float
    ) -> None:
        """Count a batch that committed at `now`, in seconds since 1970."""
        metrics, service = self.metrics, self._service
        for stage, seconds in stages.laps.items():
            metrics.batch_stage_seconds.labels(service, stage).observe(seconds)
        metrics.batch_size.labels(service).observe(len(items))
        for (topic, result), count in count_results(folded).items():
            metrics.events_processed.labels(service, topic, result).inc(count)
        for refused in folded.dead:
            metrics.dead_letters.labels(refused.record.topic, self._group, refused.reason).inc()
        for kind, points in folded.posted.items():
            metrics.posted_points.labels(service, kind).inc(points)
        for topic in {item.record.topic for item in items if item.record is not None}:
            metrics.event_processing_duration_seconds.labels(service, topic).observe(
                stages.total_seconds
            )
        self._show_ages(folded, now)

    def _show_ages(self, folded: Folded, now: float) -> None:
        """Show how old what was applied is now, since it happened; history is only counted."""
        ages, late = defaultdict[str, list[float]](list), defaultdict[str, int](int)
        for item, result in folded.results:
            if result != "applied" or not isinstance(item, Command) or item.record is None:
                continue
            told_at = item.record.timestamp_ms / 1000
            time = item.event.time
            happened_at = told_at if time is None else time.timestamp()
            if told_at - happened_at > HISTORY_SECONDS:
                late[item.record.topic] += 1
            else:
                ages[item.record.topic].append(max(0.0, now - happened_at))
        for topic, seconds in ages.items():
            self.metrics.event_end_to_end_seconds.observe((self._service, topic), seconds)
        for topic, count in late.items():
            self.metrics.events_late.labels(self._service, topic).inc(count)
