"""What queries name is there, with its labels; what panels show is explained and links a page."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from prometheus_client import CollectorRegistry

from deploy.grafana import generate
from shared.platform.metrics import Metrics
from tests.support.promql import exposed, series_of, unknown_series
from tests.unit.house.repository import ROOT

FOLDER = ROOT / "deploy" / "grafana"
BOARDS = {name: json.loads(text) for name, text in generate.files().items()}
# What Prometheus adds to every series, and what a histogram's buckets have.
OF_PROMETHEUS = {"instance", "job", "le"}

_SELECTED = re.compile(r"([a-zA-Z_:][\w:]*)\{([^{}]*)\}")
_NAMED = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"')
_GROUPED = re.compile(r"\bby\s*\(([^()]*)\)")
_SHOWN = re.compile(r"\{\{(\w+)\}\}")
_VARIABLE = re.compile(r"\$\{?(\w+)")


class Shown(NamedTuple):
    """One query of one panel."""

    board: str
    panel: str
    expr: str
    legend: str


def panels() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, board in BOARDS.items():
        yield from ((name, panel) for panel in board["panels"] if panel["type"] != "row")


def queries() -> Iterator[Shown]:
    for board, panel in panels():
        for target in panel["targets"]:
            yield Shown(board, panel["title"], target["expr"], target["legendFormat"])


def registry() -> CollectorRegistry:
    found = CollectorRegistry()
    Metrics(found, "any")
    return found


def labels() -> dict[str, set[str]]:
    """Say which labels each series has."""
    described = {one.name: set(one.labels) for one in Metrics(CollectorRegistry(), "any").described}
    parts = re.compile(r"_(bucket|count|sum)$")
    known = {
        name: described.get(name, described.get(parts.sub("", name), set())) | OF_PROMETHEUS
        for name in exposed(registry())
    }
    return known | {"up": OF_PROMETHEUS}


def test_the_committed_files_are_what_the_boards_say() -> None:
    assert generate.stale() == []


def test_drift_is_noticed(tmp_path: Path) -> None:
    generate.write(tmp_path)
    assert generate.stale(tmp_path) == []
    (tmp_path / "earn.json").write_text("{}\n")
    (tmp_path / "redeem.json").unlink()
    (tmp_path / "left-over.json").write_text("{}\n")
    assert generate.stale(tmp_path) == ["earn.json", "left-over.json", "redeem.json"]
    generate.write(tmp_path)
    assert generate.stale(tmp_path) == []


def test_every_series_is_one_that_a_service_registers() -> None:
    assert not unknown_series((one.expr for one in queries()), registry())


def test_series_are_asked_for_by_labels_that_they_have() -> None:
    known = labels()
    wrong = [
        (one.board, one.panel, name, label)
        for one in queries()
        for name, selector in _SELECTED.findall(one.expr)
        for label in _NAMED.findall(selector)
        if label not in known[name]
    ]
    assert not wrong


def test_lines_are_told_apart_by_labels_that_they_have() -> None:
    known = labels()
    for one in queries():
        there = set().union(*(known[name] for name in series_of(one.expr)))
        grouped = {
            label.strip() for group in _GROUPED.findall(one.expr) for label in group.split(",")
        }
        assert grouped <= there, one
        left = grouped if _GROUPED.search(one.expr) else there
        assert set(_SHOWN.findall(one.legend)) <= left, one


def test_what_can_be_chosen_is_there() -> None:
    known = labels()
    for name, board in BOARDS.items():
        chosen = {one["name"]: one for one in board["templating"]["list"]}
        used = {
            var for one in queries() if one.board == name for var in _VARIABLE.findall(one.expr)
        }
        assert used - {"__rate_interval"} == chosen.keys() - {"runbooks"}, name
        for variable in chosen.keys() - {"runbooks"}:
            asked = re.fullmatch(
                r"label_values\((\w+)(?:\{.*\})?, (\w+)\)", chosen[variable]["query"]
            )
            assert asked
            assert asked[2] in known[asked[1]]


def test_every_panel_says_what_to_do_and_in_which_unit() -> None:
    for board, panel in panels():
        assert re.fullmatch(r"\S.{20,}\.", panel["description"]), (board, panel["title"])
        assert panel["fieldConfig"]["defaults"]["unit"], (board, panel["title"])
        assert panel["targets"], (board, panel["title"])


def test_every_link_leads_to_a_runbook() -> None:
    links = {link["url"] for _, panel in panels() for link in panel.get("links", [])}
    assert links
    pages = {re.fullmatch(r"\$\{runbooks\}/([\w-]+\.md)", url) for url in links}
    assert None not in pages
    missing = {page[1] for page in pages if page} - {
        path.name for path in (ROOT / "docs" / "runbooks").glob("*.md")
    }
    assert not missing


def test_names_are_unique() -> None:
    uids = [board["uid"] for board in BOARDS.values()]
    titles = [board["title"] for board in BOARDS.values()]
    assert len({*uids}) == len({*titles}) == len(BOARDS)
    assert all(re.fullmatch(r"jifen-[a-z]+", uid) for uid in uids)
    for name, board in BOARDS.items():
        shown = [panel["title"] for panel in board["panels"]]
        assert sorted({*shown}) == sorted(shown), name


def test_panels_do_not_overlap() -> None:
    for name, board in BOARDS.items():
        taken: set[tuple[int, int]] = set()
        for panel in board["panels"]:
            at = panel["gridPos"]
            rows, columns = range(at["y"], at["y"] + at["h"]), range(at["x"], at["x"] + at["w"])
            cells = {(row, column) for row in rows for column in columns}
            assert not taken & cells, (name, panel["title"])
            assert at["x"] + at["w"] <= 24, (name, panel["title"])
            taken |= cells


def test_panels_ask_the_source_that_is_provisioned() -> None:
    [source] = _read("datasources/prometheus.yaml")["datasources"]
    asked = {panel["datasource"]["uid"] for _, panel in panels()}
    assert asked == {source["uid"]}
    assert source["type"] == "prometheus"


def test_the_folder_that_is_provisioned_is_the_one_to_mount() -> None:
    [provider] = _read("dashboards/jifen.yaml")["providers"]
    assert provider["options"]["path"] in (FOLDER / "README.md").read_text()


@pytest.mark.skipif(
    shutil.which("promtool") is None, reason="no promtool: it comes with Prometheus"
)
def test_prometheus_understands_every_query(tmp_path: Path) -> None:
    filled = [one.expr.replace("$__rate_interval", "5m").replace("$", "") for one in queries()]
    rules = [{"record": f"query:{n}", "expr": expr} for n, expr in enumerate(filled)]
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "queries", "rules": rules}]}))
    done = subprocess.run(
        ["promtool", "check", "rules", str(file)],  # noqa: S607
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _read(file: str) -> Any:
    return yaml.safe_load((FOLDER / "provisioning" / file).read_text())
