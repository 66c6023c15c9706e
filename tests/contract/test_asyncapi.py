"""The AsyncAPI document has the shape it should, and its references lead somewhere."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft7Validator

from shared.contract.registry import WIRE_TYPES
from shared.contract.topics import TOPICS

Json = dict[str, object]


@pytest.fixture(scope="module")
def folder(request: pytest.FixtureRequest) -> Path:
    return request.config.rootpath / "docs" / "events"


@pytest.fixture(scope="module")
def document(folder: Path) -> Json:
    loaded: Json = yaml.safe_load((folder / "asyncapi.yaml").read_text(encoding="utf-8"))
    return loaded


def part(node: object, *path: str) -> Json:
    """Return an object below a node."""
    for step in path:
        assert isinstance(node, dict), path
        node = node[step]
    assert isinstance(node, dict), path
    return node


def references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield str(node["$ref"])
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from references(child)


def test_head(document: Json) -> None:
    assert document.keys() == {
        "asyncapi", "info", "defaultContentType", "channels", "operations", "components",
    }  # fmt: skip
    assert document["asyncapi"] == "3.0.0"
    assert part(document, "info").keys() >= {"title", "version"}


def test_every_reference_leads_somewhere(document: Json, folder: Path) -> None:
    found = list(references(document))
    assert found
    for reference in found:
        if reference.startswith("#/"):
            part(document, *reference.removeprefix("#/").split("/"))
        else:
            assert (folder / reference).is_file(), reference


def test_every_type_is_a_message_with_its_schema(document: Json) -> None:
    for wire in WIRE_TYPES:
        message = part(document, "channels", wire.topic, "messages", wire.type_name)
        assert message["name"] == wire.type_name
        assert (
            part(message, "payload")["schemaFormat"] == "application/schema+json;version=draft-07"
        )


def test_every_channel_is_the_topic_as_created(document: Json) -> None:
    for topic in TOPICS:
        channel = part(document, "channels", topic.name)
        binding = part(channel, "bindings", "kafka")
        assert channel["address"] == binding["topic"] == topic.name
        assert binding["partitions"] == topic.partitions
        assert part(binding, "topicConfiguration")["retention.ms"] == topic.retention_ms
        assert tuple(part(channel, "messages")) == topic.types


def test_every_channel_has_an_operation(document: Json) -> None:
    used = set()
    for operation in part(document, "operations").values():
        assert part(operation)["action"] in {"send", "receive"}
        used.add(str(part(operation, "channel")["$ref"]).removeprefix("#/channels/"))
    assert used == part(document, "channels").keys()


def test_examples_keep_the_rules_for_headers(document: Json) -> None:
    headers = Draft7Validator(part(document, "components", "schemas", "cloudEventHeaders"))
    for wire in WIRE_TYPES:
        message = part(document, "channels", wire.topic, "messages", wire.type_name)
        examples = message["examples"]
        assert isinstance(examples, list)
        for example in examples:
            headers.validate(example["headers"])
            assert example["payload"]["member_id"] == example["headers"]["ce_partitionkey"]


def test_parameters_of_the_dead_letter_address(document: Json) -> None:
    channel = part(document, "channels", "dead-letters")
    assert channel["address"] == "{topic}.{group}.dlq"
    assert part(channel, "parameters").keys() == {"topic", "group"}
