"""Runs one service's consumption from the first connection to the last commit."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Generic

from shared.pipeline.batch import Batch
from shared.pipeline.command import Command, Reply
from shared.pipeline.consumer import Consumer
from shared.pipeline.domain import Domain, State
from shared.pipeline.errors import NotStartedError
from shared.pipeline.fetch import PROMPT, Fetch
from shared.pipeline.offsets import Offsets, read_cluster_id
from shared.pipeline.plain import Plain, PlainBatch
from shared.pipeline.size import BatchSize
from shared.pipeline.unit import Unit
from shared.pipeline.writer import Writer
from shared.platform import postgres
from shared.platform.health import Check
from shared.platform.kafka import BrokerCheck
from shared.platform.log import describe
from shared.platform.metrics import Metrics
from shared.platform.postgres import DATABASE_ERRORS, Connection
from shared.platform.settings import ConsumerSettings
from shared.program.errors import ProgramError
from shared.program.revisions import Revisions
from shared.program.store import read_newer

PROGRAM_POLL_SECONDS: Final = 0.5

# Batches look rows up by key, and their plans are cached while tables may still be empty. Planning
# anew for each batch finds the same, and takes longer than a batch of one.
_PLANNER: Final = {"enable_seqscan": "off", "plan_cache_mode": "force_generic_plan"}

_log = logging.getLogger(__name__)


class Runner(Generic[State]):
    """Waits for program, database and broker, then consumes until it is told to stop."""

    def __init__(
        self,
        make_domain: Callable[[Revisions], Domain[State] | Plain[State]],
        *,
        topics: Sequence[str],
        settings: ConsumerSettings,
        metrics: Metrics,
        fetch: Fetch = PROMPT,
        answer: Callable[[Command, State], object] | None = None,
    ) -> None:
        """Take the parts; nothing is connected before `run`.

        `answer` says what callers of `ask` are told; without it nobody may call.
        """
        self._make_domain, self._topics, self._fetch = make_domain, topics, fetch
        self._database, self._kafka, self._metrics = settings.database, settings.kafka, metrics
        self._size = BatchSize(
            target_seconds=settings.batch_target_seconds, start=settings.batch_start
        )
        self._broker = BrokerCheck(settings.kafka, client_id=f"jifen-{metrics.service}-check")
        self._program: str | None = "no program revision read yet"
        self._consumer: Consumer[State] | None = None
        self._writer: Writer[State] | None = None
        self._answer = answer
        self._serving: asyncio.Task[None] | None = None

    async def ask(self, command: Command, *, patience_seconds: float) -> Reply:
        """Apply a command that somebody waits for, as `Writer.ask` does.

        Raises NotStartedError before database, broker and program were there.
        """
        if self._serving is None or self._writer is None:
            raise NotStartedError("database, broker and program were not all there yet")
        return await self._writer.ask(command, patience_seconds=patience_seconds)

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until `stop` is set; the batch in flight is finished first."""
        starting = asyncio.create_task(self._start(), name="start-consumer")
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            starting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await starting
        else:
            starting.result()
        await stopping
        if self._serving is not None:
            self._serving.cancel()
            await asyncio.wait({self._serving})
        if self._consumer is not None:
            await self._consumer.stop()
        await self._broker.close()

    @property
    def checks(self) -> Mapping[str, Check]:
        """What it needs in order to consume, as readiness checks."""
        return {
            "broker": self._broker,
            "program": self._program_problem,
            "consumer": self._consumer_problem,
        }

    async def _program_problem(self) -> str | None:
        return self._program

    async def _consumer_problem(self) -> str | None:
        if self._consumer is None:
            return "not started yet"
        return await self._consumer.problem()

    async def _start(self) -> None:
        revisions = await self._read_program()
        cluster_id = await read_cluster_id(self._kafka)
        batch = self._make_batch(cluster_id, revisions)
        writer: Writer[State] = Writer(batch, self._connect, self._metrics, self._size)
        self._writer = writer
        if self._answer is not None:
            self._serving = asyncio.create_task(writer.serve(), name="serve-calls")
        offsets = Offsets(batch.group, cluster_id, self._connect)
        self._consumer = Consumer(
            self._kafka, self._topics, writer, offsets, self._metrics, fetch=self._fetch
        )
        await self._consumer.start()

    def _make_batch(self, cluster_id: str, revisions: Revisions) -> Unit:
        domain = self._make_domain(revisions)
        if isinstance(domain, Plain):
            return PlainBatch(domain=domain, cluster_id=cluster_id)
        return Batch(domain=domain, cluster_id=cluster_id, revisions=revisions, answer=self._answer)

    async def _read_program(self) -> Revisions:
        """Read all revisions, however long the database and revision 1 take to be there."""
        while True:
            connection = await self._connect()
            try:
                revisions = Revisions(await read_newer(connection, 0))
            except (*DATABASE_ERRORS, ProgramError) as error:  # type: ignore[misc]
                self._program = describe(error)
            else:
                if revisions.newest:
                    self._program = None
                    return revisions
                self._program = "the database holds no program revision"
            finally:
                await postgres.close(connection)
            _log.warning("waiting for the program", extra={"error": self._program})
            await asyncio.sleep(PROGRAM_POLL_SECONDS)

    async def _connect(self) -> Connection:
        return await postgres.wait_connect(
            self._database,
            application_name=f"jifen-{self._metrics.service}",
            server_settings=_PLANNER,
        )
