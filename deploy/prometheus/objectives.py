"""What members are promised, and how fast the room for exceptions is being used up.

Four pairs of windows, after the SRE workbook (chapter 5): the long one says that it matters, the
short one that it still goes on.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from deploy.prometheus.rules import DAY, HOUR, MINUTE, Alert, Pace, Recording, Severity, name_of

WINDOWS: Final = (5 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 6 * HOUR, DAY, 3 * DAY)

LEAST: Final = 20
"""Of fewer events or requests in a window nothing is said: one in ten would look like a fire."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """A promise, and the recording of which part of what happened broke it."""

    name: str
    alert: str
    kept: float
    """The part of all that keeps the promise over 30 days."""
    bad: str
    """The rate of what broke it over a [window]."""
    total: str
    """The counter of all that happened."""
    summary: str
    promise: str
    page: str

    def series(self, window: int) -> str:
        """Return the name of the recording over a window."""
        return f"points:{self.name}:ratio_rate{name_of(window)}"

    def recordings(self, pace: Pace) -> Iterator[Recording]:
        """Record the part of what broke the promise, where enough happened to say."""
        for window in WINDOWS:
            span = pace.span(window)
            yield Recording(
                record=self.series(window),
                expr=f"{self.bad.replace('window', span)}\n/\nsum(rate({self.total}[{span}]))\n"
                f"and\nsum(increase({self.total}[{span}])) >= {LEAST}",
            )

    def alerts(self) -> Iterator[Alert]:
        """Compare the recordings with what may be broken at most."""
        for burn in BURNS:
            limit = f"{burn.rate:g} * {1 - self.kept:g}"
            long, short = self.series(burn.long), self.series(burn.short)
            yield Alert(
                name=self.alert,
                severity=burn.severity,
                expr=f"{long} > {limit}\nand\n{short} > {limit}",
                after_seconds=burn.after_seconds,
                labels={"window": name_of(burn.long)},
                summary=self.summary,
                description=f"{{{{ $value | humanizePercentage }}}} in {name_of(burn.long)} did "
                f"not keep the promise: {self.promise}.",
                page=self.page,
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Burn:
    """How many times too fast the exceptions of 30 days go, over which windows."""

    long: int
    short: int
    rate: float
    after_seconds: int
    severity: Severity


BURNS: Final[Sequence[Burn]] = (
    Burn(long=HOUR, short=5 * MINUTE, rate=14.4, after_seconds=2 * MINUTE, severity="critical"),
    Burn(
        long=6 * HOUR,
        short=30 * MINUTE,
        rate=6,
        after_seconds=15 * MINUTE,
        severity="critical",
    ),
    Burn(long=DAY, short=2 * HOUR, rate=3, after_seconds=HOUR, severity="warning"),
    Burn(long=3 * DAY, short=6 * HOUR, rate=1, after_seconds=3 * HOUR, severity="warning"),
)


_EVENTS: Final = 'service="earn"'
_REQUESTS: Final = 'job="redeem",route!~"/healthz|/readyz|/metrics"'
_ANSWERED: Final = f'{_REQUESTS},status_class!="5xx"'


def _longer(histogram: str, selector: str, limit_seconds: float) -> str:
    """Return the rate of what took longer than one of the histogram's limits."""
    within = f'{histogram}_bucket{{{selector},le="{limit_seconds}"}}'
    count = f"{histogram}_count{{{selector}}}"
    return f"(\n  sum(rate({count}[window]))\n  - sum(rate({within}[window]))\n)"


OBJECTIVES: Final[Sequence[Objective]] = (
    Objective(
        name="earn_late",
        alert="PointsEarnFreshnessBudgetBurn",
        kept=0.99,
        bad=_longer("points_event_end_to_end_seconds", _EVENTS, 10.0),
        total=f"points_event_end_to_end_seconds_count{{{_EVENTS}}}",
        summary="Members get their points late.",
        promise="99% of events become points within 10 s of what happened",
        page="freshness.md",
    ),
    Objective(
        name="redeem_errors",
        alert="PointsRedeemErrorBudgetBurn",
        kept=0.999,
        bad=f'sum(rate(http_server_request_duration_seconds_count{{{_REQUESTS},status_class="5xx"}}'
        "[window]))",
        total=f"http_server_request_duration_seconds_count{{{_REQUESTS}}}",
        summary="Requests for rewards fail.",
        promise="99.9% of requests to redeem are answered without an error of ours",
        page="redeem.md",
    ),
    Objective(
        name="redeem_slow",
        alert="PointsRedeemLatencyBudgetBurn",
        kept=0.99,
        bad=_longer("http_server_request_duration_seconds", _ANSWERED, 0.5),
        total=f"http_server_request_duration_seconds_count{{{_ANSWERED}}}",
        summary="Requests for rewards take long.",
        promise="99% of requests to redeem are answered within 0.5 s",
        page="redeem.md",
    ),
)
