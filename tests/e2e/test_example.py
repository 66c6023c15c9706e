"""The example's own suite, run as whoever copies it would."""

import os
import subprocess
import sys

import pytest

from tests.unit.house.repository import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

EXAMPLE = ROOT / "examples" / "order-system"


def test_the_suite_of_the_order_system_passes() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"],
        check=False,
        cwd=EXAMPLE,
        # The rest of the environment goes along: PATH and the cache folder are the machine's.
        env={**os.environ, "JIFEN_TEST_BACKEND": "embedded", "PYTHONPATH": str(ROOT)},  # noqa: TID251
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
