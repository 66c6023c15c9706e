"""Fixtures for pytest, with pytest-asyncio.

A suite names this module in `pytest_plugins` of its topmost conftest.py; a test of it then asks
for `jifen_stack`.
"""

from collections.abc import AsyncIterator, Generator

import pytest
import pytest_asyncio

from jifen.testing.backend import Backend
from jifen.testing.settings import BackendSettings
from jifen.testing.stack import JifenStack, chosen

_LINES = 60


@pytest.fixture(scope="session")
def jifen_backend() -> Backend:
    """Where the stack runs: as JIFEN_TEST_BACKEND says; override it to say so yourself."""
    return chosen(BackendSettings())


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def jifen_stack(jifen_backend: Backend) -> AsyncIterator[JifenStack]:
    """One running stack for all tests of a run: give each test members of its own."""
    async with JifenStack(jifen_backend) as stack:
        yield stack


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add what every process said last to the report of a test that failed on a stack."""
    report = yield
    if report.failed:
        for stack in getattr(item, "funcargs", {}).values():
            if isinstance(stack, JifenStack):
                report.sections += [
                    (f"last lines of {name}", stack.logs(name, _LINES)) for name in stack.processes
                ]
    return report
