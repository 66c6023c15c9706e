"""A whole Jifen for a test: where it is, sending it events, and waiting for what they earn."""

import asyncio
import secrets
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from types import TracebackType
from typing import Final, Self

import httpx
from pydantic import SecretStr

from jifen.client.asked import Asked, asked
from jifen.client.mall import Entry, Mall
from jifen.stack.errors import StackError
from jifen.testing import sending
from jifen.testing.backend import Backend, Running
from jifen.testing.embedded import Embedded
from jifen.testing.errors import NoStackError, WrongPointsError
from jifen.testing.settings import BackendSettings
from shared.contract.codec import Event
from shared.contract.orders import OrderLine, OrderPaid
from shared.contract.wire import Wire
from shared.pipeline import operator
from shared.pipeline.operator import Choice, DeadLetter
from shared.platform import postgres
from shared.platform.auth.principal import Principal, Role
from shared.platform.clock import monotonic, utc_now
from shared.platform.settings import DatabaseSettings

_PAUSE_SECONDS: Final = 0.1
_SHOWN: Final = 10  # entries and dead letters in what a failed wait says
_LOG_LINES: Final = 12


class JifenStack:
    """Kafka, PostgreSQL and every service, with empty topics, the default program and no members.

    An asynchronous context manager: entering starts all of it and returns when it is ready,
    leaving ends it and removes what it held. Nothing is bound to an event loop, so that tests with
    loops of their own may share one.
    """

    def __init__(self, backend: Backend | None = None) -> None:
        """Take where it runs: what JIFEN_TEST_BACKEND says, unless told otherwise."""
        self._backend = backend or chosen(BackendSettings())
        self._running: Running | None = None

    async def __aenter__(self) -> Self:
        """Start all of it; raises StackError, with the last words of what failed."""
        try:
            self._running = await self._backend.start()
        except BaseException:
            await self._backend.stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it."""
        self._running = None
        await self._backend.stop()

    @property
    def bootstrap(self) -> str:
        """Where Kafka is, as host:port, for any client on this machine; without TLS."""
        return self._there.bootstrap

    @property
    def database_url(self) -> str:
        """The owner's URL of the database, to look into it; services must not be given it."""
        return self._there.database_url

    @property
    def processes(self) -> Sequence[str]:
        """What has a log: kafka, postgres, and each service by its name."""
        return self._backend.processes()

    def url(self, service: str) -> str:
        """Return where a service listens, as http://host:port; NoStackError names those there."""
        urls = self._there.urls
        if service not in urls:
            raise NoStackError(f"there is no service {service!r}: there are {', '.join(urls)}")
        return urls[service]

    def token(self, role: Role = "service", name: str = "test", *, ttl_seconds: int = 3600) -> str:
        """Return a bearer token; of a `member`, the name is its id."""
        return self._there.sign(Principal(role=role, name=name), ttl_seconds)

    def http(self, service: str, role: Role = "service", name: str = "test") -> httpx.AsyncClient:
        """Return a client of a service's routes that has a token; whoever asks closes it."""
        return httpx.AsyncClient(
            base_url=self.url(service),
            headers={"Authorization": f"Bearer {self.token(role, name)}"},
            trust_env=False,
        )

    def logs(self, process: str, lines: int = 40) -> str:
        """Return the last lines of a process's log."""
        return self._backend.logs(process, lines)

    async def send(self, *events: Wire | Event) -> None:
        """Send events through Kafka, in order, keyed by member; they are there when this returns.

        An event is its data (`shared.contract`, such as `OrderPaid`), which then gets an id of its
        own, or an `Event` that has one. Raises NotTakenError when Kafka did not take one in 30 s.
        """
        await sending.send(self.bootstrap, events)

    async def send_order(
        self,
        member_id: str,
        paid_minor: int,
        *,
        order_id: str | None = None,
        currency: str = "CNY",
        paid_at: datetime | None = None,
    ) -> OrderPaid:
        """Send an order of one line, and return it.

        `paid_minor` is the line's money in the smallest unit (fen, cents): of the default program
        100 are a point. The order is paid now and has an id of its own, unless told otherwise.
        """
        line = OrderLine(line_id="1", sku="test", quantity=1, paid_minor=paid_minor)
        order = OrderPaid(
            order_id=order_id or f"order-{secrets.token_hex(8)}",
            member_id=member_id,
            paid_at=paid_at or utc_now(),
            currency=currency,
            lines=(line,),
        )
        await self.send(order)
        return order

    async def points_of(self, member_id: str) -> int:
        """Return a member's balance, as the mall shows it: 0 for whom nobody knows."""
        async with self._mall() as mall:
            return (await Mall(mall).account(member_id)).balance

    async def entries_of(self, member_id: str) -> list[Entry]:
        """Return a member's entries, newest first: cause, points and why."""
        async with self._mall() as mall:
            return await Mall(mall).entries(member_id)

    async def wait_for_points(
        self, member_id: str, points: int, *, timeout_seconds: float = 30
    ) -> None:
        """Return as soon as a member has just so many points.

        Raises WrongPointsError when that has not come in time; it says what the member has and
        from what, which records were refused and why, and the last words of who counts.
        """
        deadline = monotonic() + timeout_seconds
        async with self._mall() as mall:
            while (found := await _balance(mall, member_id)) != points:
                if monotonic() > deadline:
                    break
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                return
        raise WrongPointsError(
            f"{member_id}: expected {points} points, found {found} after {timeout_seconds:g} s\n"
            + await self._what_came(member_id)
        )

    async def dead_letters(self) -> list[DeadLetter]:
        """Return the records that were refused, newest first, each with its reason in words."""
        settings = DatabaseSettings(url=SecretStr(self.database_url))
        connection = await postgres.connect(settings, application_name="jifen-testing")
        try:
            return await operator.list_dead_letters(connection, Choice(), limit=1_000)
        finally:
            await postgres.close(connection)

    @property
    def _there(self) -> Running:
        if self._running is None:
            raise NoStackError("the stack is not up: enter it with `async with`")
        return self._running

    def _mall(self) -> AbstractAsyncContextManager[Asked]:
        return asked("mall", self.url("mall"), self.token())

    async def _what_came(self, member_id: str) -> str:
        """Say what became of a member's events; what can't be asked is said as well."""
        try:
            entries = await self.entries_of(member_id)
            letters = await self.dead_letters()
        except (StackError, OSError) as error:
            told = [f"neither entries nor dead letters can be read: {error}"]
        else:
            told = [f"entry: {one.points:+} for {one.cause}" for one in entries[:_SHOWN]]
            told += [f"refused: {one.reason}: {one.detail}" for one in letters[:_SHOWN]]
        said = f"earn said last:\n{self.logs('earn', _LOG_LINES)}"
        return "\n".join([*(told or ["no entry, and no record was refused"]), said])


async def _balance(mall: Asked, member_id: str) -> int | str:
    """Return a member's balance, or why it can't be read: it may be what a test has just killed."""
    try:
        return (await Mall(mall).account(member_id)).balance
    except StackError as error:
        return str(error)


def chosen(settings: BackendSettings) -> Backend:
    """Make what the settings name; NoStackError where something for it is not installed."""
    if settings.backend == "embedded":
        return Embedded()
    try:
        from jifen.testing.containers import Containers  # noqa: PLC0415  # an extra, `testing`
    except ImportError as error:
        raise NoStackError(
            f"containers want {error.name}, which is not installed: pip install 'jifen[testing]'"
        ) from None
    return Containers(
        image=settings.image,
        kafka_image=settings.kafka_image,
        postgres_image=settings.postgres_image,
    )
