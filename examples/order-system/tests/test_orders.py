"""What the shop promises: whoever orders gets points, and nothing it says is refused."""

import httpx
from jifen.testing import JifenStack


async def test_whoever_orders_gets_points(shop: httpx.AsyncClient, jifen_stack: JifenStack) -> None:
    mugs = {"sku": "mug", "quantity": 2, "paid_fen": 12_800}
    for _ in range(2):
        answer = await shop.post("/orders", json={"member_id": "m-1", "lines": [mugs]})
        assert answer.status_code == 201
    await jifen_stack.wait_for_points("m-1", 256)
    assert await jifen_stack.dead_letters() == []


async def test_a_long_order_is_one_order(shop: httpx.AsyncClient, jifen_stack: JifenStack) -> None:
    teas = [{"sku": f"tea-{n}", "quantity": 1, "paid_fen": 99} for n in range(50)]
    answer = await shop.post("/orders", json={"member_id": "m-2", "lines": teas})
    await jifen_stack.wait_for_points("m-2", 49)
    (entry,) = await jifen_stack.entries_of("m-2")
    assert entry.cause == f"order/{answer.json()['order_id']}/paid"
