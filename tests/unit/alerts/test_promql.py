"""Reading which series an expression names."""

import pytest
from prometheus_client import CollectorRegistry, Counter, Histogram, Info

from tests.support.promql import exposed, series_of, unknown_series


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("up", {"up"}),
        ("1 - 0.5e3", set()),
        ('sum by (job, le) (rate(a_bucket{b="c",d=~"e|{f}"}[5m])) > 2', {"a_bucket"}),
        ("a unless on (b) max without(c) (d) == 1 or absent(e)", {"a", "d", "e"}),
        ("a * on (b) group_left (c) d", {"a", "d"}),
        ("points:x:ratio_rate5m > 14.4 * 0.01\nand\npoints:x:ratio_rate1h > bool 1", None),
        ('label_replace(a, "to", "points-$1", "from", "(.+)")', {"a"}),
        ("a offset 5m - A[1h:5m] @ 3 # b", {"a", "A"}),
        ("sum(rate(a[$__rate_interval])) by (topic)", {"a"}),
        ("{{x}} or Inf", set()),
    ],
)
def test_series_are_told_from_what_surrounds_them(expression: str, names: set[str] | None) -> None:
    wanted = {"points:x:ratio_rate5m", "points:x:ratio_rate1h"} if names is None else names
    assert series_of(expression) == wanted


def test_what_a_registry_exposes_has_the_names_that_queries_use() -> None:
    registry = CollectorRegistry()
    Counter("things_total", "Things.", ["kind"], registry=registry)
    Histogram("work_seconds", "Work.", [], registry=registry)
    Info("build", "It.", registry=registry)
    assert set(exposed(registry)) == {
        "things_total",
        "work_seconds_bucket",
        "work_seconds_count",
        "work_seconds_sum",
        "build_info",
    }


def test_an_unknown_name_is_found() -> None:
    registry = CollectorRegistry()
    Counter("things_total", "Things.", registry=registry)
    said = ["rate(things_total[5m]) > recorded:it", "things > 1", "up == 0"]
    assert unknown_series(said, registry, ["recorded:it"]) == {"things"}
