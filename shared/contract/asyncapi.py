"""The AsyncAPI 3.0 document: channels, messages, and who sends what, from the same registry."""

from collections.abc import Mapping

from shared.contract.codec import MAX_VALUE_BYTES
from shared.contract.registry import TYPES_BY_TOPIC
from shared.contract.schemas import schema_path
from shared.contract.topics import (
    DEAD_LETTER_RETENTION_MS,
    INPUT_TOPICS,
    INTERNAL_TOPICS,
    OUTPUT_TOPICS,
    TOPICS,
    Topic,
)
from shared.contract.types import ID_PATTERN, INSTANT_PATTERN
from shared.contract.wire import Wire

VERSION = "1.0.0"
KAFKA_BINDING = "0.5.0"
SCHEMA_FORMAT = "application/schema+json;version=draft-07"
DEAD_LETTER_HEADERS = ("reason", "topic", "partition", "offset", "group", "at")

Json = dict[str, object]
Examples = Mapping[type[Wire], Json]


def asyncapi(examples: Examples) -> Json:
    """Return the document; `examples` holds a structured CloudEvent per type."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Jifen events",
            "version": VERSION,
            "description": (
                "What the points system takes and tells over Kafka: CloudEvents 1.0 with JSON "
                "data in binary mode; structured mode is accepted too. A published type never "
                f"changes; values are at most {MAX_VALUE_BYTES} bytes. `receive` is what the "
                "points system consumes, `send` what it publishes."
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {
            **{topic.name: _channel(topic, examples) for topic in TOPICS},
            "dead-letters": _dead_letters(),
        },
        "operations": _operations(),
        "components": {
            "schemas": {"cloudEventHeaders": _header_schema()},
            "messageTraits": {"cloudEvent": _trait()},
        },
    }


def _channel(topic: Topic, examples: Examples) -> Json:
    return {
        "address": topic.name,
        "messages": {
            name: _message(wire, examples[wire])
            for name, wire in TYPES_BY_TOPIC[topic.name].items()
        },
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {
                    "cleanup.policy": ["delete"],
                    "retention.ms": topic.retention_ms,
                    "max.message.bytes": topic.max_message_bytes,
                },
                "bindingVersion": KAFKA_BINDING,
            }
        },
    }


def _message(wire: type[Wire], example: Json) -> Json:
    return {
        "name": wire.type_name,
        "title": wire.type_name,
        "summary": summary(wire),
        "traits": [{"$ref": "#/components/messageTraits/cloudEvent"}],
        "payload": {
            "schemaFormat": SCHEMA_FORMAT,
            "schema": {"$ref": f"./{schema_path(wire)}"},
        },
        "examples": [
            {"name": "golden", "headers": _example_headers(example), "payload": example["data"]}
        ],
    }


def summary(wire: type[Wire]) -> str:
    """Return the first paragraph of what a type says about itself, on one line."""
    return " ".join((wire.__doc__ or "").split("\n\n")[0].split())


def _example_headers(example: Json) -> Json:
    attributes = {
        f"ce_{name}": value
        for name, value in example.items()
        if name not in {"data", "datacontenttype", "traceparent"}
    }
    trace = {"traceparent": example["traceparent"]} if "traceparent" in example else {}
    return {**attributes, **trace, "content-type": "application/json"}


def _trait() -> Json:
    return {
        "contentType": "application/json",
        "headers": {"$ref": "#/components/schemas/cloudEventHeaders"},
        "bindings": {
            "kafka": {
                "key": {
                    "type": "string",
                    "pattern": ID_PATTERN,
                    "description": "The data's member_id; ignored where it differs.",
                },
                "bindingVersion": KAFKA_BINDING,
            }
        },
    }


def _header_schema() -> Json:
    text: Json = {"type": "string", "minLength": 1, "maxLength": 255}
    return {
        "type": "object",
        "required": ["ce_specversion", "ce_id", "ce_source", "ce_type"],
        "properties": {
            "ce_specversion": {"type": "string", "const": "1.0"},
            "ce_id": text,
            "ce_source": text,
            "ce_type": text,
            "ce_time": {"type": "string", "format": "date-time", "pattern": INSTANT_PATTERN},
            "ce_subject": text,
            "ce_partitionkey": {"type": "string"},
            "content-type": {"type": "string"},
            "traceparent": {
                "type": "string",
                "pattern": "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$",
            },
        },
    }


def _dead_letters() -> Json:
    headers = {f"jifen-dlq-{name}": {"type": "string"} for name in DEAD_LETTER_HEADERS}
    return {
        "address": "{topic}.{group}.dlq",
        "description": "What a group could not use of a topic: original key, value and headers.",
        "parameters": {
            "topic": {"description": "The topic the record was read from."},
            "group": {"description": "The consumer group that could not use it."},
        },
        "messages": {
            "deadLetter": {
                "name": "deadLetter",
                "contentType": "application/octet-stream",
                "headers": {"type": "object", "properties": headers},
            }
        },
        "bindings": {
            "kafka": {
                "topicConfiguration": {
                    "cleanup.policy": ["delete"],
                    "retention.ms": DEAD_LETTER_RETENTION_MS,
                },
                "bindingVersion": KAFKA_BINDING,
            }
        },
    }


def _operations() -> Json:
    received = {
        f"receive-{topic.name}": _operation("receive", topic.name, topic.types)
        for topic in INPUT_TOPICS + INTERNAL_TOPICS
    }
    sent = {
        f"send-{topic.name}": _operation("send", topic.name, topic.types)
        for topic in OUTPUT_TOPICS + INTERNAL_TOPICS
    }
    return {
        **received,
        **sent,
        "send-dead-letters": _operation("send", "dead-letters", ("deadLetter",)),
    }


def _operation(action: str, channel: str, messages: tuple[str, ...]) -> Json:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in messages],
    }
