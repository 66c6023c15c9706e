"""The broker's topics, made to be what the contract says; never deleted, never shrunk."""

from collections.abc import Iterable, Mapping

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code
from aiokafka.protocol.api import Response

from jifen.stack.errors import StackError
from shared.contract.topics import CONSUMED_BY, Topic, topics_for

_GIVEN_TO_THE_TOPIC = 1  # Kafka's number for the source of a setting
_REPLICAS = 3  # as many as a cluster of somebody else's has brokers, up to this


async def ensure_topics(bootstrap: str, topics: Iterable[Topic] | None = None) -> None:
    """Create what is missing, add partitions that are missing, set what differs."""
    wanted = {topic.name: topic for topic in topics or topics_for(CONSUMED_BY)}
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await client.start()
    try:
        present = wanted.keys() & set(await client.list_topics())
        await _create(client, [wanted[name] for name in wanted.keys() - present])
        if present:
            await _grow(client, {name: wanted[name] for name in present})
            await _configure(client, {name: wanted[name] for name in present})
    finally:
        await client.close()


def _settings(topic: Topic) -> dict[str, str]:
    return {
        "retention.ms": str(topic.retention_ms),
        "max.message.bytes": str(topic.max_message_bytes),
    }


async def _create(client: AIOKafkaAdminClient, topics: list[Topic]) -> None:
    if not topics:
        return
    cluster = await client.describe_cluster()
    replicas = min(_REPLICAS, len(cluster["brokers"]))
    answer = await client.create_topics(
        [
            NewTopic(
                topic.name,
                num_partitions=topic.partitions,
                replication_factor=replicas,
                topic_configs=_settings(topic),
            )
            for topic in topics
        ]
    )
    # Somebody else may have been quicker: then the topic is there, which is what we want.
    _check(answer, "create topics", but=TopicAlreadyExistsError)


async def _grow(client: AIOKafkaAdminClient, topics: Mapping[str, Topic]) -> None:
    described = await client.describe_topics(list(topics))
    short = {
        found["topic"]: NewPartitions(topics[found["topic"]].partitions)
        for found in described
        if len(found["partitions"]) < topics[found["topic"]].partitions
    }
    if short:
        _check(await client.create_partitions(short), "add partitions")


async def _configure(client: AIOKafkaAdminClient, topics: Mapping[str, Topic]) -> None:
    given = await _given_settings(client, list(topics))
    differing = {
        name: given[name] | _settings(topic)
        for name, topic in topics.items()
        if not _settings(topic).items() <= given[name].items()
    }
    if differing:
        # The request replaces all of a topic's own settings: an operator's others go along.
        answers = await client.alter_configs(
            [
                ConfigResource(ConfigResourceType.TOPIC, name, configs=settings)
                for name, settings in differing.items()
            ]
        )
        for answer in answers:
            _check(answer, "configure topics")


async def _given_settings(
    client: AIOKafkaAdminClient, names: list[str]
) -> dict[str, dict[str, str]]:
    """Return the settings that were given to each topic itself."""
    answers = await client.describe_configs(
        [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    )
    return {
        resource["resource_name"]: {
            entry["config_names"]: entry["config_value"]
            for entry in resource["config_entries"]
            if entry["config_source"] == _GIVEN_TO_THE_TOPIC
        }
        for answer in answers
        for resource in answer.to_object()["resources"]
    }


def _check(answer: Response, what: str, but: type[KafkaError] | None = None) -> None:
    """Raise what the broker refused; its answers carry an error code per topic."""
    told = answer.to_object()
    for row in told.get("topic_errors") or told.get("resources") or ():
        error = for_code(row["error_code"])
        if row["error_code"] and error is not but:
            name = row.get("topic") or row.get("resource_name")
            raise StackError(f"Kafka refused to {what}: {name}: {error.__name__}")
