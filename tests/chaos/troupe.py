"""Services that are started again whenever they were killed, as a supervisor would."""

import asyncio
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from shared.platform.clock import monotonic
from tests.chaos.kills import PATIENCE_SECONDS
from tests.integration.consuming.crew import Place, Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Troupe:
    """One service of each name, and the one of them that runs now."""

    place: Place
    settings: Mapping[str, Mapping[str, str]]
    now: dict[str, Service] = field(default_factory=dict)

    async def keep(self, name: str) -> None:
        """Have it run until cancelled; one that ends without being killed is a bug."""
        while True:
            async with self.place.service(name, **self.settings.get(name, {})) as service:
                self.now[name] = service
                code = await service.process.wait()
                assert code == -signal.SIGKILL, f"{name} ended, {code}; {service.lines[-20:]}"

    async def started(self, name: str) -> Service:
        """Wait until it runs and says so, and return it."""
        deadline = monotonic() + PATIENCE_SECONDS
        while True:
            service = self.now.get(name)
            if service is not None and service.running and service.count("started"):
                return service
            assert monotonic() < deadline, f"{name} did not start; {service}"
            await asyncio.sleep(0.05)


@asynccontextmanager
async def supervised(
    place: Place, names: Sequence[str], settings: Mapping[str, Mapping[str, str]]
) -> AsyncIterator[Troupe]:
    """Run services as long as the context lasts."""
    troupe = Troupe(place=place, settings=settings)
    async with asyncio.TaskGroup() as group:
        keeping = [group.create_task(troupe.keep(name)) for name in names]
        for name in names:
            await troupe.started(name)
        yield troupe
        for task in keeping:
            task.cancel()
