"""What rules are made of: spans of time that can be scaled, recordings, alerts, groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Severity: TypeAlias = Literal["critical", "warning"]
"""`critical` wakes somebody, `warning` is looked at on the next working day."""

MINUTE: Final = 60
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

_UNITS: Final = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1))


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast time goes: tests run the rules of hours in minutes."""

    factor: float = 1.0

    def span(self, seconds: float) -> str:
        """Return a duration as Prometheus writes it, such as 5m."""
        milliseconds = max(1, round(seconds * self.factor * 1000))
        unit, size = next(one for one in _UNITS if milliseconds % one[1] == 0)
        return f"{milliseconds // size}{unit}"

    def seconds(self, seconds: float) -> str:
        """Return a number of seconds to compare with, such as 300."""
        return f"{seconds * self.factor:.10g}"


def name_of(seconds: int) -> str:
    """Return how a window is called in the names of rules, whatever the pace."""
    return Pace().span(seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A series that Prometheus computes and keeps."""

    record: str
    expr: str

    def document(self, _pace: Pace) -> Mapping[str, object]:
        """Return the rule as Prometheus reads it."""
        return {"record": self.record, "expr": self.expr}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Something that somebody is told about."""

    name: str
    severity: Severity
    expr: str
    after_seconds: float = 0
    """How long it must have been so: what mends itself by then is nobody's business."""
    summary: str
    description: str
    page: str
    labels: Mapping[str, str] | None = None

    @property
    def runbook(self) -> str:
        """Return the page and heading that say what to do, from the top of this repository."""
        return f"docs/runbooks/{self.page}#{self.name.lower()}"

    def document(self, pace: Pace) -> Mapping[str, object]:
        """Return the rule as Prometheus reads it."""
        return {
            "alert": self.name,
            "expr": self.expr,
            **({"for": pace.span(self.after_seconds)} if self.after_seconds else {}),
            "labels": {"severity": self.severity, **(self.labels or {})},
            "annotations": {
                "summary": self.summary,
                "description": self.description,
                "runbook_url": self.runbook,
            },
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rules that are evaluated together, in this order."""

    name: str
    rules: Sequence[Recording | Alert]

    def document(self, pace: Pace) -> Mapping[str, object]:
        """Return the group as Prometheus reads it."""
        return {"name": self.name, "rules": [rule.document(pace) for rule in self.rules]}
