"""The suite on several workers: how many there are, and what they did all together.

Each worker is a process with servers of its own; whatever holds for the suite as a whole is
gathered from what the workers say at their end.
"""

import os
from collections.abc import Iterable
from typing import Protocol

import pytest
from pydantic_settings import BaseSettings, SettingsConfigDict

from tests.support.backend import Backend

_MOST = 4  # Each has a PostgreSQL and a Kafka, and some gigabytes with all that tests start.
_CALLED = "ledger_functions_called"
_THERE = "ledger_functions_there"
_KEPT = pytest.StashKey[dict[str, set[str]]]()


class Node(Protocol):
    """A worker as the process that hands out the tests sees it."""

    config: pytest.Config


class Worker(BaseSettings):
    """Which worker this process is; the only one, if nobody says."""

    model_config = SettingsConfigDict(env_prefix="PYTEST_XDIST_", frozen=True)

    worker: str = "gw0"

    @property
    def number(self) -> int:
        return int(self.worker.removeprefix("gw"))


def sensible_number(backend: Backend) -> int:
    """Return how many workers this machine has room for; 0 is pytest's own process."""
    if backend.backend == "external":
        return 0
    cores = min(len(os.sched_getaffinity(0)), _MOST)
    return cores if cores > 1 else 0


def longest_first(items: list[pytest.Item]) -> None:
    """Put the files first whose tests may take longest: no worker should begin one at the end."""
    allowed: dict[object, float] = {}
    for item in items:
        mark = item.get_closest_marker("timeout")
        allowed[item.path] = max(allowed.get(item.path, 0), mark.args[0] if mark else 0)
    items.sort(key=lambda item: allowed[item.path], reverse=True)


def sendable(value: object) -> object:
    """Return what a report holds as what a worker can send: text that UTF-8 can't say is escaped.

    Tests of strange messages leave such text in the log, which is part of their reports.
    """
    match value:
        case str():
            return value.encode(errors="backslashreplace").decode()
        case dict():
            return {key: sendable(one) for key, one in value.items()}
        case list():
            return [sendable(one) for one in value]
        case tuple():
            return tuple(sendable(one) for one in value)
        case _:
            return value


def tell_functions(config: pytest.Config, there: Iterable[str], called: Iterable[str]) -> None:
    """Say which functions the ledger has, and which of them this process saw called."""
    output: dict[str, list[str]] | None = getattr(config, "workeroutput", None)
    if output is None:
        _keep(config, there, called)
    else:
        output.update({_THERE: sorted(there), _CALLED: sorted(called)})


def hear_functions(node: Node) -> None:
    """Take over what a worker told; one that died told nothing."""
    output = getattr(node, "workeroutput", {})
    _keep(node.config, output.get(_THERE, ()), output.get(_CALLED, ()))


def _keep(config: pytest.Config, there: Iterable[str], called: Iterable[str]) -> None:
    nothing: dict[str, set[str]] = {_THERE: set(), _CALLED: set()}
    kept = config.stash.setdefault(_KEPT, nothing)
    kept[_THERE].update(there)
    kept[_CALLED].update(called)


def fail_if_never_called(session: pytest.Session) -> None:
    """Make the run a failed one if there is a function of the ledger that no test called."""
    kept = session.config.stash.get(_KEPT, {_THERE: {"(none was looked at)"}, _CALLED: set()})
    if never := kept[_THERE] - kept[_CALLED]:
        report = pytest.TestReport(
            nodeid="the whole suite",
            location=("tests", None, "the whole suite"),
            keywords={},
            outcome="failed",
            longrepr=f"functions of the ledger that no test called: {sorted(never)}",
            when="teardown",
        )
        session.config.hook.pytest_runtest_logreport(report=report)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
