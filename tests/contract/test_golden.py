"""Each published type has an example that decodes in both modes and comes back the same."""

import json

import pytest

from shared.contract.codec import decode, encode_binary, encode_structured
from shared.contract.golden import golden_bytes, golden_path, golden_record
from shared.contract.registry import WIRE_TYPES
from shared.contract.wire import Wire, fields_of


def name_of(wire: type[Wire]) -> str:
    return f"{wire.topic}:{wire.type_name}"


each_type = pytest.mark.parametrize("wire", WIRE_TYPES, ids=name_of)


@each_type
def test_example_is_of_its_type(wire: type[Wire]) -> None:
    event = decode(golden_record(wire))
    assert type(event.data) is wire
    assert event.time is not None
    assert event.data.member_id == json.loads(golden_bytes(wire))["partitionkey"]


@each_type
def test_example_comes_back_in_binary_mode(wire: type[Wire]) -> None:
    event = decode(golden_record(wire))
    value, headers = encode_binary(event)
    assert decode(golden_record(wire)._replace(value=value, headers=tuple(headers))) == event


@each_type
def test_example_comes_back_in_structured_mode(wire: type[Wire]) -> None:
    event = decode(golden_record(wire))
    value, headers = encode_structured(event)
    assert decode(golden_record(wire)._replace(value=value, headers=tuple(headers))) == event


@each_type
def test_example_names_only_fields_of_its_type(wire: type[Wire]) -> None:
    fields = {field.alias or name for name, field in fields_of(wire).items()}
    assert json.loads(golden_bytes(wire))["data"].keys() <= fields


@each_type
def test_example_is_where_the_documents_say(
    wire: type[Wire], request: pytest.FixtureRequest
) -> None:
    assert (request.config.rootpath / golden_path(wire)).read_bytes() == golden_bytes(wire)


@each_type
def test_type_says_when_and_what_it_is(wire: type[Wire]) -> None:
    data = decode(golden_record(wire)).data
    assert data.occurred_at == getattr(data, wire.time_field)
    assert wire.fingerprint_fields
    assert set(wire.fingerprint_fields) <= fields_of(wire).keys()
    assert "member_id" in wire.fingerprint_fields or wire.type_name == "event.abandoned.v1"
