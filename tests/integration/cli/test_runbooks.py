"""The runbooks name only metrics and commands that exist."""

import re
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from typer.testing import CliRunner

from jifen.cli.main import build
from shared.platform.metrics import Metrics
from tests.integration.stack.command import PROJECT

RUNBOOKS = sorted((PROJECT / "docs" / "runbooks").glob("*.md"))


@pytest.mark.parametrize("page", RUNBOOKS, ids=lambda page: page.stem)
def test_every_metric_exists(page: Path) -> None:
    registry = CollectorRegistry()
    Metrics(registry, "earn")
    names = {metric.name for metric in registry.collect()}
    known = names | {f"{name}_{part}" for name in names for part in ("total", "bucket")}
    assert set(re.findall(r"\bpoints_\w+", page.read_text())) <= known


@pytest.mark.parametrize("page", RUNBOOKS, ids=lambda page: page.stem)
def test_every_command_exists(page: Path) -> None:
    words = r"jifen ((?:dead-letters|brake|parked|program) [a-z]+|[a-z][a-z-]*)"
    commands = set(re.findall(words, page.read_text()))
    for command in commands:
        result = CliRunner().invoke(build(), [*command.split(), "--help"])
        assert result.exit_code == 0, command


@pytest.mark.parametrize("page", RUNBOOKS, ids=lambda page: page.stem)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        assert (page.parent / target).is_file(), target
