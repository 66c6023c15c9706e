"""The published schemas and the codec agree on what is good."""

import json
from collections.abc import Iterator

import pytest
from jsonschema import Draft7Validator

from shared.contract.codec import ContractError, decode
from shared.contract.golden import golden_bytes
from shared.contract.orders import OrderRefunded
from shared.contract.registry import WIRE_TYPES
from shared.contract.schemas import json_schema
from shared.contract.wire import Wire
from tests.contract.records import REFUND, headers, record
from tests.contract.test_golden import each_type

JUNK: tuple[object, ...] = (
    None, True, -1, 0, 1, 5.5, 10**9 + 1, 10**12 + 1, 10**18, 2**63, "", " ", "x", "a b", "é",
    "x" * 65, "x" * 257, "CNY", "a\u0000b", "a\u0085b", "12", "2026-01-31", "2026-01-31T00:00:00",
    "2026-01-31T00:00:00Z", "m/1", "m/0", [], ["x"], [{}], {}, {"a": [1.5, None]},
)  # fmt: skip


def example(wire: type[Wire]) -> dict[str, object]:
    data: dict[str, object] = json.loads(golden_bytes(wire))["data"]
    return data


def validator(wire: type[Wire]) -> Draft7Validator:
    schema = json_schema(wire, example(wire))
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema)


def mutants(data: dict[str, object]) -> Iterator[dict[str, object]]:
    """Yield the data with each field missing, and with each field replaced by junk."""
    for name in data:
        yield {key: value for key, value in data.items() if key != name}
        for junk in JUNK:
            yield {**data, name: junk}


def decodes(wire: type[Wire], data: object) -> bool:
    value = json.dumps(data).encode()
    try:
        decode(record(value, headers(wire.type_name), wire.topic))
    except ContractError:
        return False
    return True


@each_type
def test_schema_accepts_the_example(wire: type[Wire]) -> None:
    validator(wire).validate(example(wire))


@each_type
def test_schema_ignores_unknown_fields(wire: type[Wire]) -> None:
    assert validator(wire).is_valid({**example(wire), "a_field_of_tomorrow": 1})
    assert decodes(wire, {**example(wire), "a_field_of_tomorrow": 1})


@each_type
def test_schema_and_codec_refuse_the_same(wire: type[Wire]) -> None:
    check = validator(wire)
    disagreed = [
        data for data in mutants(example(wire)) if check.is_valid(data) != decodes(wire, data)
    ]
    assert disagreed == []


@pytest.mark.parametrize(
    "ways",
    [
        {},
        {"lines": None},
        {"amount_minor": None},
        {"amount_minor": 5},
        {"lines": None, "amount_minor": 5},
        {"lines": [{"line_id": "1", "paid_minor": 5}]},
        {"lines": [{"line_id": "1", "paid_minor": 5}], "amount_minor": None},
        {"lines": [{"line_id": "1", "paid_minor": 5}], "amount_minor": 5},
    ],
)
def test_refund_says_how_much_in_one_way(ways: dict[str, object]) -> None:
    told = [value for value in ways.values() if value is not None]
    assert decodes(OrderRefunded, REFUND | ways) is (len(told) == 1)
    assert validator(OrderRefunded).is_valid(REFUND | ways) is (len(told) == 1)


def test_every_type_has_one_home() -> None:
    homes = [(wire.topic, wire.type_name) for wire in WIRE_TYPES]
    assert len(homes) == len(set(homes))
