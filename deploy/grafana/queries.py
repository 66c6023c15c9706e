"""PromQL as boards say it: rates, percentiles and what several processes report alike."""

from typing import Final

_WINDOW: Final = "[$__rate_interval]"
INSTANCE: Final = 'instance=~"$instance"'
"""The processes that were chosen at the top of a board."""
ASKED: Final = 'route!~"/healthz|/readyz|/metrics"'
"""Requests of callers: probes and Prometheus come all day."""
FAILED: Final = 'status_class="5xx"'


def rate(metric: str, *by: str, where: str = "") -> str:
    """Add up a counter's rates per second, by labels."""
    return f"sum{_by(by)} (rate({metric}{_where(where)}{_WINDOW}))"


def increase(metric: str, *by: str, where: str = "", over: str = "1h") -> str:
    """Add up how often something was counted within a time, by labels."""
    return f"sum{_by(by)} (increase({metric}{_where(where)}[{over}]))"


def quantile(share: float, histogram: str, *by: str, where: str = "") -> str:
    """Estimate a percentile from a histogram's buckets, by labels."""
    return f"histogram_quantile({share}, {buckets(histogram, *by, where=where)})"


def buckets(histogram: str, *by: str, where: str = "") -> str:
    """Add up a histogram's buckets, by labels."""
    return rate(f"{histogram}_bucket", *by, "le", where=where)


def share(part: str, whole: str) -> str:
    """Divide; nothing of something is 0, where a part that never came has no series."""
    return f"({part} or vector(0)) / {whole}"


def most(gauge: str, *by: str, where: str = "") -> str:
    """Take the largest of what processes say, by labels: each may count the same table."""
    return f"max{_by(by)} ({gauge}{_where(where)})"


def total(gauge: str, *by: str, where: str = "") -> str:
    """Add up what processes say, each of its own part, by labels."""
    return f"sum{_by(by)} ({gauge}{_where(where)})"


def age(timestamp: str, *by: str, where: str = "") -> str:
    """Tell how many seconds ago the last of several was."""
    return f"time() - {most(timestamp, *by, where=where)}"


def _by(labels: tuple[str, ...]) -> str:
    return f" by ({', '.join(labels)})" if labels else ""


def _where(selector: str) -> str:
    return f"{{{selector}}}" if selector else ""
