"""An open loop: sends orders at a steady rate, whatever becomes of them.

Run as `python -m tests.bench.pacer BOOTSTRAP RATE SECONDS SEED`, or until SIGTERM; prints the share
of a core it used. Each order's id ends in the microseconds since 1970 at which it was to be sent,
so that the wait of one that was sent late counts too.
"""

import signal
import sys
import threading
import time
from datetime import UTC, datetime
from random import Random

from confluent_kafka import Producer

from tests.bench.load import MEMBERS, order

TICK_SECONDS = 0.005
LINGER_MS = 50
"""Both count as part of an order's wait: a wake-up and a request for each would take a core."""


def main() -> None:
    bootstrap, rate, seconds, seed = sys.argv[1], *map(int, sys.argv[2:5])
    random, stop = Random(seed), threading.Event()  # noqa: S311
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": LINGER_MS})
    wall, start = time.time(), time.monotonic()  # noqa: TID251 - this is the world outside
    for number in range(rate * seconds):
        due = number / rate
        while time.monotonic() - start < due:
            producer.poll(0)
            time.sleep(TICK_SECONDS)
        if stop.is_set():
            break
        intended = int((wall + due) * 1e6)
        at = datetime.fromtimestamp(intended / 1e6, UTC)
        order_id = f"p{seed}-{number}-{intended}"
        key, value, headers = order(order_id, f"m{random.randrange(MEMBERS)}", at, random)
        producer.produce("orders.v1", value, key, headers=dict(headers))
    assert producer.flush(60) == 0
    print(time.process_time() / (time.monotonic() - start))  # noqa: T201


if __name__ == "__main__":
    main()
