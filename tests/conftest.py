"""What every test may ask for: a database of its own, a broker, and servers to break."""

from collections.abc import AsyncIterator, Generator, Iterator

import pytest
from hypothesis import settings

from tests.support import workers
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


def pytest_configure(config: pytest.Config) -> None:
    if len(config.getoption("tx")) > 1 and Backend().backend == "external":
        raise pytest.UsageError("external servers are for one worker: it empties the topics")


def pytest_xdist_auto_num_workers() -> int:
    return workers.sensible_number(Backend())


@pytest.hookimpl(trylast=True)  # what is equally long stays shuffled
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        workers.longest_first(items)


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, object, object]:
    return workers.sendable((yield))


def pytest_testnodedown(node: workers.Node) -> None:
    workers.hear_functions(node)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hold what all workers did together against what the whole suite must do."""
    ended = session.exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}
    if ended and session.config.getoption("--whole") and not hasattr(session.config, "workerinput"):
        workers.fail_if_never_called(session)


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
        there = await handle.ledger_functions()
        await handle.forget()
    workers.tell_functions(request.config, there, handle.functions_called)
    # Locks are always taken in one order; a deadlock anywhere in the suite is a bug.
    assert handle.deadlocks == 0, f"{handle.deadlocks} deadlocks in the suite's databases"


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
