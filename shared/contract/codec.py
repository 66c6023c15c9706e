"""Records to events and back: CloudEvents 1.0 on Kafka, binary and structured mode."""

import base64
import binascii
from datetime import datetime
from typing import NamedTuple

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from shared.contract.attributes import (
    SPEC_VERSION,
    check_version,
    checked,
    header_text,
    instant_text,
    member_text,
    optional_header,
    text_or_none,
    time_or_none,
    traceparent_or_none,
)
from shared.contract.refusal import ContractError, refuse_data, shown
from shared.contract.registry import TYPES_BY_TOPIC
from shared.contract.wire import Wire

__all__ = [
    "ContractError",
    "Event",
    "Record",
    "binary_headers",
    "decode",
    "encode_binary",
    "encode_data",
    "encode_structured",
]

MAX_VALUE_BYTES = 1_048_576  # 1 MiB: some 10,000 order lines, ten times what the contract allows
JSON = b"application/json"
STRUCTURED_JSON = b"application/cloudevents+json"
STRUCTURED = b"application/cloudevents"

_ADAPTERS: dict[str, dict[str, TypeAdapter[Wire]]] = {
    topic: {name: TypeAdapter(wire) for name, wire in wires.items()}
    for topic, wires in TYPES_BY_TOPIC.items()
}


class Record(NamedTuple):
    """A Kafka record as it came, header values not yet text."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


class Event(NamedTuple):
    """A CloudEvent with checked data; the type is the data's."""

    id: str
    source: str
    data: Wire
    time: datetime | None = None
    subject: str | None = None
    traceparent: str | None = None

    @property
    def type(self) -> str:
        """The published name of the data's type."""
        return self.data.type_name


def decode(record: Record) -> Event:
    """Return the event a record carries; raise ContractError, and nothing else, for any bytes.

    The record's key is not looked at, and neither is a header the contract does not name; of a
    header that comes twice the last counts. An optional attribute that is no good is dropped: it
    must not cost the member their points.
    """
    value = record.value
    if value is None:
        raise ContractError("tombstone", "expected a value, got none")
    if len(value) > MAX_VALUE_BYTES:
        raise ContractError(
            "too-large", f"expected at most {MAX_VALUE_BYTES} bytes, got {len(value)}"
        )
    headers = dict(record.headers)
    if _is_structured(headers.get("content-type")):
        return _decode_structured(record.topic, value)
    return _decode_binary(record.topic, value, headers)


def encode_binary(event: Event) -> tuple[bytes, list[tuple[str, bytes]]]:
    """Return the value and headers of a record in binary mode; its key is the member's id."""
    headers = binary_headers(
        event_id=event.id,
        source=event.source,
        type_name=event.type,
        member_id=event.data.member_id,
        time=None if event.time is None else instant_text(event.time),
        subject=event.subject,
        traceparent=event.traceparent,
    )
    return encode_data(event.data), headers


def encode_structured(event: Event) -> tuple[bytes, list[tuple[str, bytes]]]:
    """Return the value and headers of a record in structured mode."""
    attributes = {
        "specversion": SPEC_VERSION,
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "time": None if event.time is None else instant_text(event.time),
        "subject": event.subject,
        "partitionkey": event.data.member_id,
        "traceparent": event.traceparent,
        "datacontenttype": JSON.decode(),
    }
    present = {name: value for name, value in attributes.items() if value is not None}
    envelope = to_json(present)[:-1] + b',"data":' + encode_data(event.data) + b"}"
    return envelope, [("content-type", STRUCTURED_JSON)]


def encode_data(data: Wire) -> bytes:
    """Return the data as JSON, without the optional fields that were not given."""
    return _ADAPTERS[data.topic][data.type_name].dump_json(
        data, by_alias=True, exclude_defaults=True
    )


def binary_headers(
    *,
    event_id: str,
    source: str,
    type_name: str,
    member_id: str,
    time: str | None = None,
    subject: str | None = None,
    traceparent: str | None = None,
) -> list[tuple[str, bytes]]:
    """Return the headers of binary mode for data that is JSON already."""
    headers = [
        ("ce_specversion", SPEC_VERSION.encode()),
        ("ce_id", event_id.encode()),
        ("ce_source", source.encode()),
        ("ce_type", type_name.encode()),
        ("ce_partitionkey", member_id.encode()),
        ("content-type", JSON),
    ]
    optional = (("ce_time", time), ("ce_subject", subject), ("traceparent", traceparent))
    headers.extend((name, value.encode()) for name, value in optional if value is not None)
    return headers


def _is_structured(content_type: bytes | None) -> bool:
    """Tell the mode, as the Kafka binding does; in binary mode the value must just be JSON."""
    if content_type is None or content_type == JSON:
        return False
    media_type = content_type.split(b";")[0].strip().lower()
    if not media_type.startswith(STRUCTURED):
        return False
    if media_type != STRUCTURED_JSON:
        raise ContractError(
            "unsupported-content-type",
            f"expected {STRUCTURED_JSON.decode()}, got {shown(content_type.decode('latin-1'))}",
        )
    return True


def _decode_binary(topic: str, value: bytes, headers: dict[str, bytes | None]) -> Event:
    check_version("ce_specversion", header_text(headers, "ce_specversion"))
    event_id = checked("ce_id", header_text(headers, "ce_id"))
    source = checked("ce_source", header_text(headers, "ce_source"))
    adapter = _adapter(topic, header_text(headers, "ce_type"))
    traceparent = headers.get("traceparent") or headers.get("ce_traceparent")
    return Event(
        id=event_id,
        source=source,
        data=_validate(adapter, value),
        time=time_or_none(optional_header(headers.get("ce_time"))),
        subject=text_or_none(optional_header(headers.get("ce_subject"))),
        traceparent=traceparent_or_none(optional_header(traceparent)),
    )


def _decode_structured(topic: str, value: bytes) -> Event:
    envelope = _envelope(value)
    check_version("specversion", member_text(envelope, "specversion"))
    event_id = checked("id", member_text(envelope, "id"))
    source = checked("source", member_text(envelope, "source"))
    adapter = _adapter(topic, member_text(envelope, "type"))
    return Event(
        id=event_id,
        source=source,
        data=_validate(adapter, _data_of(envelope)),
        time=time_or_none(envelope.get("time")),
        subject=text_or_none(envelope.get("subject")),
        traceparent=traceparent_or_none(envelope.get("traceparent")),
    )


def _validate(adapter: TypeAdapter[Wire], value: bytes) -> Wire:
    # The parser lets NaN and Infinity pass where nobody looks; JSON has neither.
    if b"NaN" in value or b"Infinity" in value:
        _parse(value)
    try:
        return adapter.validate_json(value)
    except ValidationError as error:
        raise refuse_data(error) from None


def _parse(value: bytes) -> object:
    try:
        return from_json(value, allow_inf_nan=False)
    except ValueError as error:
        raise ContractError("not-json", str(error)) from None


def _envelope(value: bytes) -> dict[str, object]:
    envelope = _parse(value)
    if not isinstance(envelope, dict):
        raise ContractError("invalid-data", f"event: expected an object, got {shown(envelope)}")
    return envelope


def _data_of(envelope: dict[str, object]) -> bytes:
    if "data_base64" in envelope:
        return _from_base64(envelope["data_base64"])
    if "data" not in envelope:
        raise ContractError("invalid-data", "data: expected an object, got nothing")
    # Text again, so that both modes meet the same strict rules; 1e999 must not turn into null.
    return to_json(envelope["data"], inf_nan_mode="constants")


def _from_base64(text: object) -> bytes:
    try:
        return base64.b64decode(str(text), validate=True)
    except (ValueError, binascii.Error):
        raise ContractError(
            "invalid-data", f"data_base64: expected base64, got {shown(text)}"
        ) from None


def _adapter(topic: str, type_name: str) -> TypeAdapter[Wire]:
    try:
        return _ADAPTERS[topic][type_name]
    except KeyError:
        known = ", ".join(_ADAPTERS.get(topic, ())) or "none"
        raise ContractError(
            "unknown-type", f"expected one of {topic} ({known}), got {shown(type_name)}"
        ) from None
