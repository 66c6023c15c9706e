"""Running a service as a process: event loop, signals, version."""

import asyncio
import gc
import logging
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from importlib import metadata
from typing import Final, TypeVar

import uvloop

from shared.platform import log
from shared.platform.settings import ServiceSettings, SettingsError, read_settings

S = TypeVar("S", bound=ServiceSettings)

# Batches make tens of thousands of objects without cycles and drop them together; two of them and
# what a poll brought are fewer than 100,000. Looking through 50,000 takes a twentieth of a second
# and finds nothing: at that threshold the collector took a tenth of earn's CPU.
_YOUNG_OBJECTS = 200_000

_UNUSABLE: Final = 2

_log = logging.getLogger(__name__)


def run_service(
    service: str,
    kind: type[S],
    serve: Callable[[S, asyncio.Event], Coroutine[object, object, None]],
) -> None:
    """Run a service with its settings, as `run` does; exit 2 where they can't be used."""
    log.configure(service)
    try:
        settings = read_settings(kind)
        log.configure(service, settings.log_level)
        run(lambda stop: serve(settings, stop))
    except SettingsError as error:
        _log.critical("settings can't be used", extra={"error": str(error)})
        sys.exit(_UNUSABLE)


def run(serve: Callable[[asyncio.Event], Coroutine[object, object, None]]) -> None:
    """Run to the end; SIGTERM or SIGINT sets the event that asks it to stop."""
    calm_collector()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_until_stopped(serve))


@asynccontextmanager
async def beside(
    *work: Coroutine[object, object, None],
) -> AsyncIterator[list["asyncio.Task[None]"]]:
    """Run these while a block runs, then end them; one that raises ends the block as well."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one) for one in work]
        try:
            yield tasks
        finally:
            for task in tasks:
                task.cancel()


def calm_collector() -> None:
    """Keep the garbage collector from looking at every batch many times."""
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, 20, 20)


def installed_version() -> str:
    """Return the version of the installed package, "dev" where it runs from a checkout."""
    try:
        return metadata.version("jifen")
    except metadata.PackageNotFoundError:
        return "dev"


async def _until_stopped(serve: Callable[[asyncio.Event], Coroutine[object, object, None]]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await serve(stop)
