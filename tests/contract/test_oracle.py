"""The CloudEvents SDK reads what we write, and we read what it writes."""

from collections.abc import Callable

import pytest
from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings.kafka import (
    KafkaMessage,
    from_kafka,
    to_binary,
    to_structured,
)
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from shared.contract.codec import Event, Record, decode, encode_binary, encode_structured
from shared.contract.golden import golden_record
from shared.contract.registry import WIRE_TYPES
from shared.contract.wire import Wire
from tests.contract.test_golden import each_type

Encode = Callable[[Event], tuple[bytes, list[tuple[str, bytes]]]]
Tell = Callable[[BaseCloudEvent, JSONFormat], KafkaMessage]

each_encoding = pytest.mark.parametrize("encode", [encode_binary, encode_structured])
each_telling = pytest.mark.parametrize("tell", [to_binary, to_structured])


def as_sdk(wire: type[Wire], encode: Encode) -> BaseCloudEvent:
    value, headers = encode(decode(golden_record(wire)))
    message = KafkaMessage(headers=dict(headers), key=None, value=value)
    return from_kafka(message, JSONFormat())


@each_type
@each_encoding
def test_sdk_reads_ours(wire: type[Wire], encode: Encode) -> None:
    event = decode(golden_record(wire))
    read = as_sdk(wire, encode)
    assert (read.get_id(), read.get_source(), read.get_type()) == (
        event.id,
        event.source,
        event.type,
    )
    assert read.get_time() == event.time
    assert read.get_subject() == event.subject
    assert read.get_datacontenttype() == "application/json"
    assert read.get_extension("partitionkey") == event.data.member_id


@each_type
@each_telling
def test_we_read_the_sdks(wire: type[Wire], tell: Tell) -> None:
    event = decode(golden_record(wire))
    message = tell(as_sdk(wire, encode_structured), JSONFormat())
    told = golden_record(wire)._replace(value=message.value, headers=tuple(message.headers.items()))
    # The SDK's binary mode has the trace as an extension, ce_traceparent.
    assert decode(told) == event


@each_telling
def test_sdks_default_content_is_read(tell: Tell) -> None:
    wire = WIRE_TYPES[0]
    data = as_sdk(wire, encode_binary).get_data()
    attributes = {"type": wire.type_name, "source": "/shop", "id": "1", "specversion": "1.0"}
    message = tell(CloudEvent(attributes=attributes, data=data), JSONFormat())
    told = golden_record(wire)._replace(value=message.value, headers=tuple(message.headers.items()))
    assert isinstance(told, Record)
    assert decode(told).data == decode(golden_record(wire)).data
