"""What the registry promises: documented, bounded, and set by the services it names."""

import ast
from collections.abc import Mapping
from pathlib import Path

import grimp
import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from shared.platform.measures import LABELS, Described, Many
from shared.platform.metrics import Metrics
from shared.platform.metrics_page import document, main

ROOT = Path(__file__).parents[3]
UNBOUNDED = ("member", "order_id", "event_id", "user", "path", "cause_id", "token")


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(CollectorRegistry(), "earn", version="1.2.3")


def attributes(metrics: Metrics) -> Mapping[str, str]:
    """Return the attribute that holds each metric, by the metric's name as it is exposed."""
    return {
        family.name + ("_total" if family.type == "counter" else ""): name
        for name, held in vars(metrics).items()
        if isinstance(held, Counter | Gauge | Histogram | Many)
        for family in held.collect()
    }


def users() -> Mapping[str, set[str]]:
    """Return the modules that mention an attribute, by the attribute's name."""
    found: dict[str, set[str]] = {}
    for path in [*(ROOT / "services").rglob("*.py"), *(ROOT / "shared").rglob("*.py")]:
        if path.name in {"metrics.py", "metrics_page.py"}:
            continue
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                found.setdefault(node.attr, set()).add(module)
    return found


def test_what_is_described_is_what_is_registered(metrics: Metrics) -> None:
    info = {one.name for one in metrics.described if one.kind == "info"}
    assert info == {"points_build_info"}
    assert {one.name for one in metrics.described} - info == set(attributes(metrics))
    labels = {"service": "earn", "version": "1.2.3"}
    assert metrics.registry.get_sample_value("points_build_info", labels) == 1


def test_each_is_set_by_the_services_it_names(metrics: Metrics) -> None:
    """A metric that nothing sets, or that a service can't set, looks like all being well."""
    graph, used, held = grimp.build_graph("services", "shared"), users(), attributes(metrics)
    lost: list[tuple[str, str]] = []
    for one in metrics.described:
        if one.kind == "info":
            continue
        setters = used.get(held[one.name], set())
        for service in one.services:
            app = f"services.{service}.app"
            if not setters & {app, *graph.find_upstream_modules(app)}:
                lost.append((one.name, service))
    assert lost == []


def test_the_check_sees_a_metric_that_nothing_sets(metrics: Metrics) -> None:
    graph = grimp.build_graph("services", "shared")
    mall = graph.find_upstream_modules("services.mall.app")
    assert not users()["expiry_leader"] & mall
    assert "events_lost" not in users()
    assert attributes(metrics)["points_events_late_total"] == "events_late"


@pytest.mark.parametrize("one", Metrics(CollectorRegistry(), "x").described, ids=lambda it: it.name)
def test_each_is_bounded_and_says_what_to_do(one: Described) -> None:
    assert set(one.labels) <= set(LABELS)
    assert not [label for label in one.labels if label.startswith(UNBOUNDED)]
    assert set(one.services) <= {path.parent.name for path in ROOT.glob("services/*/app.py")}
    assert one.text.endswith(".")
    assert one.text.count(". ") >= 1 or one.kind == "info", "expected a meaning and what to do"
    assert len(one.text) <= 300


def test_no_label_is_left_over(metrics: Metrics) -> None:
    assert {label for one in metrics.described for label in one.labels} == set(LABELS)


def test_two_processes_worth_of_metrics_do_not_meet() -> None:
    first, second = (Metrics(CollectorRegistry(), name) for name in ("earn", "relay"))
    first.outbox_leader.labels("earn").set(1)
    assert second.registry.get_sample_value("points_outbox_leader", {"service": "earn"}) is None


def test_the_committed_page_is_current(metrics: Metrics, tmp_path: Path) -> None:
    assert main(["--check", str(ROOT / "docs" / "metrics.md")]) == 0
    stale = tmp_path / "metrics.md"
    assert main(["--check", str(stale)]) == 1
    stale.write_text(document(metrics.described[1:]), encoding="utf-8")
    assert main(["--check", str(stale)]) == 1
