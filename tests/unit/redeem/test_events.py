"""What is announced is what the contract's models would write, byte for byte."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from services.redeem.domain.desk import StatusEvent
from services.redeem.domain.events import data_of, type_of
from shared.contract.codec import encode_data
from shared.contract.registry import TYPES_BY_TOPIC
from shared.ledger.entries import MemberId

WIRES = TYPES_BY_TOPIC["redemption-events.v1"]
ids = st.from_regex(r"[A-Za-z0-9._:@-]{1,64}", fullmatch=True)
counts = st.integers(1, 10**6)
told = st.builds(
    StatusEvent,
    member_id=ids.map(MemberId),
    redemption_id=ids,
    status=st.sampled_from(sorted(WIRES)).map(lambda name: name.split(".")[1]),
    version=counts,
    reward_id=ids,
    quantity=st.integers(1, 1_000),
    points=counts,
    at=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    reason=st.sampled_from(["by-request", "out-of-stock"]),
    figures=st.sampled_from([{}, {"left": 2, "from": None, "tiers": ["gold"]}]),
)


@given(told, st.sampled_from(["given-up", "sold"]))
def test_a_status_reads_as_the_contract_writes_it(event: StatusEvent, how: str) -> None:
    if event.status != "rejected":
        event = event._replace(figures=None, reason=event.reason if how == "given-up" else None)
    wire = TypeAdapter(WIRES[type_of(event)]).validate_json(data_of(event))
    assert encode_data(wire).decode() == data_of(event)


def test_each_published_status_can_be_announced() -> None:
    statuses = {"reserved", "awaiting-payment", "to-ship", "shipped", "completed", "cancelled"}
    assert set(WIRES) == {f"redemption.{one}.v1" for one in (*statuses, "rejected")}
