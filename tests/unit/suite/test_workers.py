"""Small suites on several workers: what holds for all of them together is found, or missed."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.backend import Backend
from tests.support.workers import sensible_number

pytestmark = pytest.mark.timeout(240)

_ROOT = Path(__file__).parents[3]
_CONFTEST = """
import pytest
from tests.conftest import *
from tests.support import workers

@pytest.fixture(scope="session")
def called(request):
    called = set()
    yield called
    workers.tell_functions(request.config, {"post", "audit"}, called)
"""
# What is logged is part of the report, and is no text that could be sent as it is.
_TEST = """
import logging

def test_one(called):
    logging.warning("\\udcff")
    called.add("FUNCTION")
"""


def run(folder: Path, functions: list[str], workers: int) -> subprocess.CompletedProcess[str]:
    """Run a suite of a file per function, each on a worker of its own."""
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "conftest.py").write_text(_CONFTEST)
    for number, function in enumerate(functions):
        (folder / f"test_{number}.py").write_text(_TEST.replace("FUNCTION", function))
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", str(folder), "-c", str(folder / "pytest.ini")),
            *("--whole", "-n", str(workers), "--dist=loadfile"),
            # Others take seconds to load in each process, and have no part in this.
            *("--disable-plugin-autoload", "-p", "xdist"),
        ],
        cwd=_ROOT,
        check=False,
        capture_output=True,
        text=True,
    )


def test_what_all_workers_called_is_called(tmp_path: Path) -> None:
    done = run(tmp_path, ["post", "audit"], 2)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout.splitlines()[-1]


@pytest.mark.parametrize("workers", [0, 2])
def test_what_no_worker_called_fails_the_run(tmp_path: Path, workers: int) -> None:
    done = run(tmp_path, ["post", "post"], workers)
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    assert "functions of the ledger that no test called: ['audit']" in done.stdout
    assert "2 passed, 1 error" in done.stdout.splitlines()[-1]


def test_external_servers_are_for_one_process() -> None:
    assert sensible_number(Backend(backend="external")) == 0
