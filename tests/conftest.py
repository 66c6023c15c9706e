"""What every test may ask for: a database of its own, a broker, and servers to break."""

from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import settings

from tests.support.backend import Backend
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database, PostgresHandle
from tests.support.servers import kafka_of, postgres_of
from tests.support.stack import Home

# How long an example takes is the machine's business: a busy one would fail what is right.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--whole",
        action="store_true",
        help="this run is the whole suite: every ledger function must have been called",
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in which form the fault tests ran: nobody should take the short one for the full."""
    expression = terminalreporter.config.getoption("markexpr")
    form = "full" if expression == "soak" else "short, seeded (`make soak` runs the full one)"
    terminalreporter.write_line(f"form of the fault tests in this run: {form}")


@pytest.fixture(scope="session")
def backend() -> Backend:
    """Which servers the suite runs on."""
    return Backend()


@pytest.fixture(scope="session")
def home() -> Iterator[Home]:
    """The run's own folder; everything in it, and every process naming it, goes at the end."""
    home = Home()
    yield home
    home.leave()


@pytest.fixture(scope="session")
async def postgres(
    backend: Backend, request: pytest.FixtureRequest
) -> AsyncIterator[PostgresHandle]:
    """The server that tests share, started when the first of them asks."""
    with postgres_of(backend, lambda: request.getfixturevalue("home")) as handle:
        yield handle
        functions = await handle.ledger_functions()
        await handle.forget()
    # Locks are always taken in one order; a deadlock anywhere in the suite is a bug.
    assert handle.deadlocks == 0, f"{handle.deadlocks} deadlocks in the suite's databases"
    if request.config.getoption("--whole"):
        never = functions - handle.functions_called
        assert not never, f"functions of the ledger that no test called: {sorted(never)}"


@pytest.fixture
async def database(postgres: PostgresHandle) -> AsyncIterator[Database]:
    """A database with every migration applied, for one test."""
    async with postgres.database() as database:
        yield database


@pytest.fixture(scope="session")
async def kafka(backend: Backend, request: pytest.FixtureRequest) -> AsyncIterator[KafkaHandle]:
    """The broker that tests share, started when the first of them asks."""
    async with kafka_of(backend, lambda: request.getfixturevalue("home")) as handle:
        yield handle
