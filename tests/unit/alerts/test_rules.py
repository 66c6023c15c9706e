"""What the rules name is there: series, pages, tests; and what they tell is told as agreed."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from prometheus_client import CollectorRegistry

from deploy.prometheus import generate
from deploy.prometheus.catalogue import JOBS, alerts
from deploy.prometheus.objectives import BURNS, OBJECTIVES, WINDOWS
from deploy.prometheus.rules import HOUR, MINUTE, Pace
from shared.platform.generated import keep
from shared.platform.metrics import Metrics
from tests.support.promql import unknown_series
from tests.unit.house.repository import ROOT, anchors

FOLDER = ROOT / "deploy" / "prometheus"
TESTS = sorted(Path(__file__).parent.glob("*.yml"))

TOLD = [*alerts(Pace()), *[alert for one in OBJECTIVES for alert in one.alerts()]]
RECORDED = [one for objective in OBJECTIVES for one in objective.recordings(Pace())]


def test_the_committed_files_are_what_the_code_makes() -> None:
    assert generate.main(["--check"]) == 0


def test_drift_is_noticed(tmp_path: Path) -> None:
    keep(generate.files(Pace(), tmp_path), check=False)
    assert generate.main(["--check", str(tmp_path)]) == 0
    (tmp_path / "alerts.yml").write_text("groups: []\n")
    assert generate.main(["--check", str(tmp_path)]) == 1
    (tmp_path / "rules.yml").unlink()
    assert generate.main(["--check", str(tmp_path)]) == 1


def test_every_series_is_one_that_a_service_registers() -> None:
    registry = CollectorRegistry()
    Metrics(registry, "any")
    expressions = [*(one.expr for one in TOLD), *(one.expr for one in RECORDED)]
    assert not unknown_series(expressions, registry, [one.record for one in RECORDED])


def test_every_alert_leads_to_a_heading_that_is_there() -> None:
    wanted = {alert.runbook.partition("#")[::2] for alert in TOLD}
    assert not {(page, heading) for page, heading in wanted if heading not in anchors(ROOT / page)}


def test_every_alert_is_named_and_worded_as_agreed() -> None:
    assert not [one.name for one in TOLD if not re.fullmatch(r"Points([A-Z][a-z]+)+", one.name)]
    assert not [one.summary for one in TOLD if not re.fullmatch(r"[A-Z][^{}]*\.", one.summary)]
    assert not [one.description for one in TOLD if not one.description.endswith(".")]


def test_every_alert_is_in_the_index_of_runbooks() -> None:
    index = (ROOT / "docs" / "runbooks" / "README.md").read_text()
    assert not {alert.name for alert in TOLD if f"`{alert.name}`" not in index}


def test_every_alert_has_a_test_in_which_it_fires_and_one_in_which_it_does_not() -> None:
    tested = list(_tested())
    names = {alert.name for alert in TOLD}
    assert {name for name, fires in tested if fires} == names
    assert {name for name, fires in tested if not fires} == names


def test_every_pair_of_windows_has_a_test_in_which_it_fires() -> None:
    fired = {alert["exp_labels"].get("window") for test in _entries() for alert in _expected(test)}
    assert {Pace().span(burn.long) for burn in BURNS} <= fired
    assert {window for burn in BURNS for window in (burn.long, burn.short)} == set(WINDOWS)


@pytest.mark.parametrize("job", sorted(job for jobs in JOBS.values() for job in jobs))
def test_every_job_is_scraped(job: str) -> None:
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    assert job in {one["job_name"] for one in config["scrape_configs"]}


def test_a_pace_makes_seconds_of_minutes() -> None:
    pace = Pace(1 / 60)
    assert (pace.span(5 * MINUTE), pace.span(HOUR), pace.span(30)) == ("5s", "1m", "500ms")
    assert pace.seconds(90) == "1.5"


@pytest.mark.parametrize("pace", [Pace(), Pace(1 / 60)], ids=["production", "fast"])
def test_promtool_takes_the_rules(promtool: str, tmp_path: Path, pace: Pace) -> None:
    keep(generate.files(pace, tmp_path), check=False)
    run(promtool, "check", "rules", *map(str, sorted(tmp_path.iterdir())))


def test_promtool_takes_the_configuration(promtool: str) -> None:
    run(promtool, "check", "config", str(FOLDER / "prometheus.yml"))


@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.stem)
def test_alerts_fire_when_they_should(promtool: str, file: Path) -> None:
    run(promtool, "test", "rules", str(file))


def test_amtool_takes_the_configuration() -> None:
    amtool = shutil.which("amtool")
    if amtool is None:
        pytest.skip("amtool is not installed (Debian: prometheus-alertmanager)")
    run(amtool, "check-config", str(FOLDER / "alertmanager.yml"))


@pytest.fixture
def promtool() -> str:
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    return found


def run(*command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def _entries() -> Iterator[dict[str, object]]:
    for file in TESTS:
        for test in yaml.safe_load(file.read_text())["tests"]:
            yield from test["alert_rule_test"]


def _expected(entry: dict[str, object]) -> list[dict[str, dict[str, str]]]:
    expected = entry["exp_alerts"]
    assert isinstance(expected, list)
    return expected


def _tested() -> Iterator[tuple[object, bool]]:
    for entry in _entries():
        yield entry["alertname"], bool(_expected(entry))
