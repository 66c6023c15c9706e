"""Up and down: from nothing, from a stopped stack, or from one that was killed."""

import asyncio
import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path

from jifen.stack import build, database, orphans, state, supervisor
from jifen.stack.errors import StackError
from jifen.stack.health import service_problem
from jifen.stack.kafka import wait_for_broker
from jifen.stack.layout import Layout
from jifen.stack.lock import only_one
from jifen.stack.logs import last_lines
from jifen.stack.postgres import Postgres
from jifen.stack.programs import programs_of
from jifen.stack.progress import Progress
from jifen.stack.settings import StackSettings
from jifen.stack.supervisor import Supervisor
from jifen.stack.topics import ensure_topics
from shared.platform.clock import monotonic

# A killed server reads its log again before it serves; with a full one that takes a while.
_SERVER_SECONDS = 180
_SERVICE_SECONDS = 90
_LAST_LINES = 5
# What a stack puts into its folders.
_OURS = (
    "postgres",
    "postgres-*",
    "kafka",
    "logs",
    "lock",
    "state.json*",
    "supervisor*",
    "replays.json",
    "token.key*",
)
_PAUSE_SECONDS = 0.2


def up(settings: StackSettings, progress: Progress, on_wait: Callable[[], None]) -> None:
    """Bring the stack up, or bring one that is up to what the settings and the code say."""
    with only_one(settings.home, on_wait):
        asyncio.run(_up(settings, progress))


async def _up(settings: StackSettings, progress: Progress) -> None:
    known = state.load(settings.home)
    running = _is_running(known)
    if not running:
        orphans.end_all(settings.home, known)
    memory = build.remember(settings, known, running=running)
    layout = await build.make(settings, memory, progress, running=running)
    keeper = _start_servers(layout, running=running)
    await asyncio.gather(
        _prepare_database(layout, progress),
        _prepare_broker(layout, progress),
    )
    keeper.ensure_running([service.name for service in layout.services])
    await asyncio.gather(*(_wait_for_service(layout, name, progress) for name in memory.services))


def down(
    settings: StackSettings, on_wait: Callable[[], None], *, delete_data: bool = False
) -> bool:
    """End the stack in order, services first; return whether anything was running."""
    with only_one(settings.home, on_wait):
        known = state.load(settings.home)
        was_running = _is_running(known)
        if was_running and known is not None and known.control_socket is not None:
            Supervisor(known.control_socket).shut_down(settings.home)
        was_running |= orphans.end_all(settings.home, known)
        if delete_data:
            _delete(settings.home, known)
        return was_running


def _delete(home: Path, known: state.State | None) -> None:
    """Delete what a stack holds, by name: the folder may be somebody's, with more in it."""
    folders = {home}
    if known is not None and known.postgres_home is not None:
        folders.add(known.postgres_home)
    if known is not None and known.control_socket is not None:
        folders.add(known.control_socket.parent)
    for folder in folders:
        for path in (path for pattern in _OURS for path in folder.glob(pattern)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        with contextlib.suppress(OSError):  # not empty, or gone: then it stays as it is
            folder.rmdir()


def _is_running(known: state.State | None) -> bool:
    if known is None or known.control_socket is None:
        return False
    return Supervisor(known.control_socket).is_up()


def _start_servers(layout: Layout, *, running: bool) -> Supervisor:
    """Write supervisor's configuration, and start it or have it take over what changed."""
    control = layout.state.control_socket
    assert control is not None, "remember() gives every stack one"  # noqa: S101
    layout.logs.mkdir(mode=0o700, exist_ok=True)
    keeper = Supervisor(control)
    text = supervisor.config_text(layout.home, control, programs_of(layout))
    changed = supervisor.write_config(layout.home, text)
    if not running:
        supervisor.start(layout.home, control)
    elif changed:
        keeper.update()
    if servers := [
        name for name, one in (("postgres", layout.postgres), ("kafka", layout.kafka)) if one
    ]:
        keeper.ensure_running(servers)
    return keeper


async def _prepare_database(layout: Layout, progress: Progress) -> None:
    if layout.postgres is not None:
        with progress.step("PostgreSQL up"):
            await _wait_for_postgres(layout.postgres)
    with progress.step("Database migrated"):
        await database.prepare(layout.database_url, layout.state.role_passwords, by="jifen up")


async def _wait_for_postgres(postgres: Postgres) -> None:
    deadline = monotonic() + _SERVER_SECONDS
    while not await asyncio.to_thread(postgres.is_ready):
        if monotonic() > deadline:
            raise StackError(f"PostgreSQL did not start in {_SERVER_SECONDS} s: see its log")
        await asyncio.sleep(_PAUSE_SECONDS)


async def _prepare_broker(layout: Layout, progress: Progress) -> None:
    with progress.step("Kafka up"):
        await wait_for_broker(layout.bootstrap, patience_seconds=_SERVER_SECONDS)
    with progress.step("Topics there"):
        await ensure_topics(layout.bootstrap)


async def _wait_for_service(layout: Layout, name: str, progress: Progress) -> None:
    service = next(one for one in layout.services if one.name == name)
    deadline = monotonic() + _SERVICE_SECONDS
    with progress.step(f"{name} ready") as say:
        while problem := await service_problem(service.url):
            say(f"({problem})")
            if monotonic() > deadline:
                raise StackError(
                    f"{name} did not get ready in {_SERVICE_SECONDS} s: {problem}. "
                    f"`jifen logs {name}` ends with:\n{_last_words(layout, name)}"
                )
            await asyncio.sleep(_PAUSE_SECONDS)


def _last_words(layout: Layout, name: str) -> str:
    file = layout.logs / f"{name}.log"
    return last_lines(file, _LAST_LINES)[0] if file.exists() else "(nothing)"
