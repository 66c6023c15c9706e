"""docs/events as text: JSON Schemas, AsyncAPI, fingerprint vectors and a page to read."""

import json
from collections.abc import Mapping

import yaml
from typing_extensions import override

from shared.contract.asyncapi import asyncapi, summary
from shared.contract.codec import MAX_VALUE_BYTES
from shared.contract.golden import golden_path
from shared.contract.registry import TYPES_BY_TOPIC
from shared.contract.schemas import json_schema, schema_path
from shared.contract.topics import (
    CONSUMED_BY,
    DAY_MS,
    DEAD_LETTER_RETENTION_MS,
    INPUT_TOPICS,
    INTERNAL_TOPICS,
    OUTPUT_TOPICS,
    Topic,
)
from shared.contract.types import MAX_LINES, MAX_MINOR, MAX_POINTS
from shared.contract.vectors import vectors
from shared.contract.wire import Wire, fields_of

Json = dict[str, object]


def documents(golden: Mapping[type[Wire], bytes]) -> dict[str, str]:
    """Return {path below docs/events: text}, from the registry and the golden examples alone."""
    examples: dict[type[Wire], Json] = {wire: json.loads(text) for wire, text in golden.items()}
    schemas = {
        schema_path(wire): _json(json_schema(wire, example["data"]))
        for wire, example in examples.items()
    }
    return {
        **schemas,
        "asyncapi.yaml": yaml.dump(
            asyncapi(examples), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=100
        ),
        "fingerprints.json": _json({"version": 1, "vectors": vectors(examples)}),
        "README.md": _readme(),
    }


class _Plain(yaml.SafeDumper):
    """YAML without anchors: what is said twice is written twice."""

    @override
    def ignore_aliases(self, data: object) -> bool:
        """Never alias."""
        del data
        return True


def _json(document: object) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _readme() -> str:
    return (
        "\n\n".join(
            [
                _INTRODUCTION,
                "## Topics that come in",
                _topic_table(INPUT_TOPICS),
                "## Topics that go out",
                _topic_table(OUTPUT_TOPICS),
                "## Internal",
                _topic_table(INTERNAL_TOPICS),
                _DEAD_LETTERS,
                "## Types",
                *(_types(topic) for topic in INPUT_TOPICS + OUTPUT_TOPICS + INTERNAL_TOPICS),
                _FINGERPRINTS,
            ]
        )
        + "\n"
    )


def _topic_table(topics: tuple[Topic, ...]) -> str:
    head = "| topic | partitions | kept | largest record | read by |\n|---|---|---|---|---|"
    rows = [
        f"| `{topic.name}` | {topic.partitions} | {topic.retention_ms // DAY_MS} days "
        f"| {topic.max_message_bytes // 2**20} MiB | {_readers(topic.name)} |"
        for topic in topics
    ]
    return "\n".join([head, *rows])


def _readers(topic: str) -> str:
    groups = [f"`{group}`" for group, topics in CONSUMED_BY.items() if topic in topics]
    return ", ".join(groups) or "others"


def _types(topic: Topic) -> str:
    head = "| type | what happened | data | fingerprint |\n|---|---|---|---|"
    rows = [_type_row(wire) for wire in TYPES_BY_TOPIC[topic.name].values()]
    return "\n".join([f"### {topic.name}", "", head, *rows])


def _type_row(wire: type[Wire]) -> str:
    links = f"[`{wire.type_name}`]({schema_path(wire)}) ([example](../../{golden_path(wire)}))"
    fields = ", ".join(
        (field.alias or name) + ("" if field.is_required() else "?")
        for name, field in fields_of(wire).items()
    )
    identity = ", ".join(fields_of(wire)[name].alias or name for name in wire.fingerprint_fields)
    return f"| {links} | {summary(wire)} | {fields} | {identity} |"


_INTRODUCTION = f"""# Events

Generated from `shared/contract`: `python -m shared.contract.generate docs/events`. Don't edit.

CloudEvents 1.0 on Kafka with JSON data. We send binary mode and take structured mode too
(`content-type: application/cloudevents+json`).

- The record's key is the `member_id`. Where it differs it is ignored; which partition a key lands
  in doesn't matter.
- Headers: `ce_specversion` (1.0), `ce_id`, `ce_source`, `ce_type` are required, `ce_time`,
  `ce_subject`, `ce_partitionkey`, `content-type`, `traceparent` optional. An optional one that is
  no good is dropped, other headers aren't looked at. Of a header sent twice the last counts.
- Ids are 1 to 64 characters of `A-Za-z0-9._:@-`. `order_id` is unique in a deployment: several
  shops prefix theirs.
- Times are RFC 3339 with a zone, fractions are cut to microseconds.
- Money is an integer of minor units from 0 to {MAX_MINOR}, an order's total included; points are
  integers up to {MAX_POINTS}. `5.0` is no integer.
- Text has no control characters. An order has 1 to {MAX_LINES} lines, each `line_id` once.
- A value is at most {MAX_VALUE_BYTES} bytes. Of a JSON name that comes twice the last counts.
- Unknown fields are ignored; an unknown type, or a type on another topic than its own, is a dead
  letter. A published type never changes: a breaking change is a new type.
- At least once: `points.v1` carries `seq` per member, `redemption-events.v1` a `version` per
  redemption. Drop what is not newer than what you have seen; a gap is no loss.
- After a restore numbers are used again: the last part of the `ce_id` of `points.v1`, behind the
  last `/`, is an epoch. Newer is a higher epoch, and within one a higher `seq`.

[asyncapi.yaml](asyncapi.yaml) says the same for programs."""

_DEAD_LETTERS = f"""## Dead letters

`<topic>.<group>.dlq`, one partition, kept {DEAD_LETTER_RETENTION_MS // DAY_MS} days: the original
key, value and headers, with `jifen-dlq-reason`, `-topic`, `-partition`, `-offset`, `-group` and
`-at` added. Reasons of the contract:

| reason | what to mend |
|---|---|
| `tombstone` | a record without value says nothing here |
| `too-large` | the value is over {MAX_VALUE_BYTES} bytes |
| `unsupported-content-type` | a CloudEvents format other than JSON, or a batch |
| `missing-attribute` | a required attribute is absent or has no value |
| `header-not-text` | a required header is not UTF-8 |
| `invalid-attribute` | a required attribute isn't 1 to 255 plain characters, or not version 1.0 |
| `unknown-type` | the topic doesn't carry this type |
| `not-json` | the value is not JSON (RFC 8259) |
| `invalid-data` | the data breaks its schema; the detail lists `path: expected …, got …` |"""

_FINGERPRINTS = """## Fingerprints

Two tellings of one thing must agree on the fields of the last column above: SHA-256 of the byte
`0x01` and compact UTF-8 JSON of `[type, field, field, …]` in that order. Times are integer
microseconds since 1970 UTC, an absent field is `null`, lines are arrays sorted by `line_id` (code
points): `[line_id, sku, quantity, paid_minor]` for a paid order, `[line_id, paid_minor]` for a
refund. Only `"` and `\\` are escaped. Vectors: [fingerprints.json](fingerprints.json)."""
