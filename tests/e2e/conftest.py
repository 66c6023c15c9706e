"""The whole system, embedded or in containers; without an engine those are skipped, saying why."""

from collections.abc import AsyncIterator

import pytest

from jifen.testing import Embedded, JifenStack
from jifen.testing.containers import Containers
from jifen.testing.fixtures import pytest_runtest_makereport
from tests.e2e.outside import MUG, Outside, document
from tests.support.backend import Backend
from tests.support.images import engine, names
from tests.support.images.names import Image

__all__ = ["pytest_runtest_makereport"]  # logs in the reports of tests that fail


@pytest.fixture(scope="session")
def image() -> Image:
    """The image of this checkout, on the official base where that can be pulled."""
    if (why := engine.problem()) is not None:
        pytest.skip(f"no containers here: {why}")
    return names.jifen()


@pytest.fixture(scope="session")
async def stack(backend: Backend, request: pytest.FixtureRequest) -> AsyncIterator[JifenStack]:
    """One system for all journeys; each test has members of its own."""
    if backend.backend == "testcontainers":
        stack = JifenStack(in_containers(request.getfixturevalue("image")))
    else:
        stack = JifenStack(Embedded())
    async with stack as started:
        yield started


@pytest.fixture(scope="session")
async def outside(stack: JifenStack) -> Outside:
    """The system as foreign programs see it, with one reward on offer."""
    outside = Outside(stack=stack)
    await outside.apply_rewards(document(MUG))
    return outside


def in_containers(image: Image) -> Containers:
    """Make a system of the suite's images, not started."""
    engine.remove_ourselves()
    return Containers(
        image=image.tag,
        kafka_image=names.kafka().tag,
        postgres_image=names.postgres().tag,
        # A group notices sooner that a reader died.
        environment={"JIFEN_KAFKA_SESSION_TIMEOUT_MS": "6000"},
    )
