"""Fingerprint vectors for other implementations: data in, canonical bytes and digest out."""

from collections.abc import Iterator, Mapping

import orjson
from pydantic import TypeAdapter

from shared.contract.fingerprint import canonical, fingerprint
from shared.contract.orders import OrderPaid, OrderRefunded
from shared.contract.wire import Wire

Json = dict[str, object]

# What the golden examples don't show: order of lines, zones, fractions, text beyond ASCII.
_CORNERS: tuple[tuple[type[Wire], str, Json], ...] = (
    (
        OrderPaid,
        "lines told in another order, a zone east, a fraction cut to microseconds, quotes",
        {
            "order_id": "o-1",
            "member_id": "m-1",
            "paid_at": "2026-01-31T23:59:59.123456789+08:00",
            "currency": "CNY",
            "lines": [
                {"line_id": "b", "sku": '茶"\\/é', "quantity": 1, "paid_minor": 0},
                {"line_id": "B", "sku": "\U0001f9cb", "quantity": 2, "paid_minor": 10**12},
                {"line_id": "10", "sku": "x", "quantity": 10**9, "paid_minor": 0},
            ],
        },
    ),
    (
        OrderRefunded,
        "by amount: the lines are null",
        {
            "refund_id": "r-1",
            "order_id": "o-1",
            "member_id": "m-1",
            "refunded_at": "1969-12-31T23:59:59.999999Z",
            "amount_minor": 100,
        },
    ),
)


def vectors(examples: Mapping[type[Wire], Json]) -> list[Json]:
    """Return one vector per type, from its golden example, and the corners."""
    return [_vector(wire, note, data) for wire, note, data in _cases(examples)]


def _cases(examples: Mapping[type[Wire], Json]) -> Iterator[tuple[type[Wire], str, object]]:
    for wire, example in examples.items():
        yield wire, "golden example", example["data"]
    yield from _CORNERS


def _vector(wire: type[Wire], note: str, data: object) -> Json:
    model = TypeAdapter(wire).validate_json(orjson.dumps(data))
    return {
        "topic": wire.topic,
        "type": wire.type_name,
        "note": note,
        "data": data,
        "canonical": canonical(model).decode(),
        "sha256": fingerprint(model).hex(),
    }
