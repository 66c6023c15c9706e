"""What every command needs: where the database and the broker are, and how to fail clearly."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, TypeVar

import asyncpg
from aiokafka.errors import KafkaError
from pydantic import SecretStr
from rich.console import Console

from jifen.stack import health, state
from jifen.stack.errors import StackError
from jifen.stack.settings import StackSettings
from shared.expiry.forecast import NoProgramError
from shared.platform import postgres
from shared.platform.postgres import Connection
from shared.platform.settings import DatabaseSettings, KafkaSettings

P = ParamSpec("P")
T = TypeVar("T")

# Results go to standard output, what is said about the work to standard error.
output = Console(soft_wrap=True)
messages = Console(stderr=True, soft_wrap=True)


class CommandError(StackError):
    """A command can't do what it was asked; the sentence says why and what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoints:
    """Where things are: from the environment where that says so, else from the stack's state."""

    database_url: str  # the owner's
    kafka_bootstrap: str
    service_urls: dict[str, str]


def endpoints() -> Endpoints:
    """Return where the stack's parts are; raise CommandError when there is no stack."""
    settings = StackSettings()
    memory = state.load(settings.home)
    url = settings.external_database()
    bootstrap = settings.kafka_bootstrap
    if memory is None and not (url and bootstrap):
        raise CommandError("the stack is not up: start it with `jifen up`")
    return Endpoints(
        database_url=url or (health.database_url(memory) if memory else ""),
        kafka_bootstrap=bootstrap or (health.bootstrap(memory) if memory else ""),
        service_urls=health.service_urls(memory) if memory else {},
    )


def kafka() -> KafkaSettings:
    """Return how to reach the broker."""
    return KafkaSettings(bootstrap=endpoints().kafka_bootstrap)


def on_database(
    work: Callable[Concatenate[Connection, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Run a command's work on a connection of the database's owner, as `run` does."""
    settings = DatabaseSettings(url=SecretStr(endpoints().database_url))

    async def connected() -> T:
        connection = await postgres.connect(settings, application_name="jifen-cli")
        try:
            return await work(connection, *args, **kwargs)
        finally:
            await postgres.close(connection)

    return run(connected())


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's work; trouble with a server becomes a sentence that says which."""
    try:
        return asyncio.run(work)
    except KafkaError as error:
        raise CommandError(
            f"Kafka does not answer ({type(error).__name__}): see `jifen status`"
        ) from error
    except (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, OSError) as error:
        raise CommandError(
            f"PostgreSQL does not answer ({type(error).__name__}): see `jifen status`"
        ) from error
    except NoProgramError as error:
        raise CommandError(str(error)) from None
    except asyncpg.PostgresError as error:
        raise CommandError(f"PostgreSQL refuses: {error}") from error
