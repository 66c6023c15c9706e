"""Is it up: what runs, where it is, and whether it is ready."""

import asyncio
import http.client
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from pydantic import BaseModel, ValidationError

from jifen.stack import kafka, state
from jifen.stack.layout import DATABASE
from jifen.stack.ports import HOST
from jifen.stack.postgres import owner_url
from jifen.stack.state import State
from jifen.stack.supervisor import ProcessInfo, Supervisor

_TIMEOUT_SECONDS = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceStatus:
    """One service process."""

    url: str
    pid: int | None
    problem: str  # empty when it is ready


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """The whole stack."""

    bootstrap: str | None
    kafka_answers: bool
    database_url: str | None
    database_answers: bool
    services: dict[str, ServiceStatus]

    @property
    def ready(self) -> bool:
        """Tell whether all of it is ready."""
        return (
            self.kafka_answers
            and self.database_answers
            and not any(service.problem for service in self.services.values())
        )

    @property
    def anything_up(self) -> bool:
        """Tell whether any of it runs or answers."""
        running = any(service.pid for service in self.services.values())
        return self.kafka_answers or self.database_answers or running


class _Readiness(BaseModel):
    """What /readyz answers."""

    checks: dict[str, str]


def database_url(memory: State) -> str:
    """Return the owner's URL of a stack's database."""
    if memory.database_url is not None:
        return memory.database_url
    return owner_url(memory.ports["postgres"], memory.owner_password, DATABASE)


def bootstrap(memory: State) -> str:
    """Return where a stack's Kafka is."""
    return memory.kafka_bootstrap or f"{HOST}:{memory.ports['kafka']}"


def service_urls(memory: State) -> dict[str, str]:
    """Return where a stack's services listen."""
    return {name: f"http://{HOST}:{memory.ports[name]}" for name in memory.services}


async def status(home: Path) -> Status:
    """Look at every part of a stack."""
    memory = state.load(home)
    if memory is None:
        return Status(
            bootstrap=None,
            kafka_answers=False,
            database_url=None,
            database_answers=False,
            services={},
        )
    broker, database = bootstrap(memory), database_url(memory)
    processes = await asyncio.to_thread(_processes, memory)
    urls = service_urls(memory)
    kafka_answers, database_answers, *problems = await asyncio.gather(
        kafka.answers(broker),
        _database_answers(database),
        *(service_problem(url) for url in urls.values()),
    )
    return Status(
        bootstrap=broker,
        kafka_answers=bool(kafka_answers),
        database_url=database,
        database_answers=bool(database_answers),
        services={
            name: ServiceStatus(url=url, pid=_pid(processes, name), problem=str(problem))
            for (name, url), problem in zip(urls.items(), problems, strict=True)
        },
    )


def _pid(processes: dict[str, ProcessInfo], name: str) -> int | None:
    return processes[name].pid if name in processes else None


def _processes(memory: State) -> dict[str, ProcessInfo]:
    if memory.control_socket is None:
        return {}
    keeper = Supervisor(memory.control_socket)
    return keeper.processes() if keeper.is_up() else {}


async def service_problem(url: str) -> str:
    """Return why a service is not ready, empty when it is."""
    return await asyncio.to_thread(_problem, url)


def _problem(url: str) -> str:
    # The plain client of the library: an asynchronous one costs more to import than to wait.
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException):
        return "does not answer"
    finally:
        connection.close()
    return "" if answer.status == http.HTTPStatus.OK else _missing(answer.status, body)


def _missing(status_code: int, body: bytes) -> str:
    """Return the checks that fail, out of a readiness answer."""
    try:
        checks = _Readiness.model_validate_json(body).checks
    except ValidationError:
        return f"answers {status_code}"
    return "; ".join(f"{name}: {said}" for name, said in checks.items() if said != "ok")


async def _database_answers(url: str) -> bool:
    try:
        connection = await asyncpg.connect(url, timeout=_TIMEOUT_SECONDS)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    await connection.close()
    return True
