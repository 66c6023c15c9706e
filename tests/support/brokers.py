"""One broker for the suite, and topics that no two tests share."""

import asyncio
import secrets
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient, NewTopic


@dataclass(frozen=True, kw_only=True, slots=True)
class KafkaHandle:
    """The broker that tests share."""

    bootstrap: str

    @staticmethod
    def unique(name: str = "t") -> str:
        """Return a name, of a topic or a group, that nobody else has."""
        return f"{name}-{secrets.token_hex(6)}"

    async def create_topics(self, *names: str, partitions: int = 1) -> None:
        """Create topics and wait until the broker leads each of their partitions."""
        client = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await client.start()
        try:
            await client.create_topics(
                [NewTopic(name, num_partitions=partitions, replication_factor=1) for name in names]
            )
            while not await _are_led(client, names, partitions):  # noqa: ASYNC110  # asked only
                await asyncio.sleep(0.02)
        finally:
            await client.close()

    async def fresh_topics(self, *names: str, partitions: int = 8) -> None:
        """Empty topics whose names can't be a test's own: delete them and create them anew."""
        client = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await client.start()
        try:
            there = set(names) & set(await client.list_topics())
            if there:
                await client.delete_topics(sorted(there))
            while there & set(await client.list_topics()):  # noqa: ASYNC110  # asked only
                await asyncio.sleep(0.05)
        finally:
            await client.close()
        await self.create_topics(*names, partitions=partitions)

    async def topic(self, name: str = "t", *, partitions: int = 1) -> str:
        """Create a topic under a unique name and return that."""
        unique = self.unique(name)
        await self.create_topics(unique, partitions=partitions)
        return unique


async def _are_led(client: AIOKafkaAdminClient, names: tuple[str, ...], partitions: int) -> bool:
    described = await client.describe_topics(list(names))
    return all(
        len(topic["partitions"]) == partitions
        and all(partition["leader"] >= 0 for partition in topic["partitions"])
        for topic in described
    )
