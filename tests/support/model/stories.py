"""Made-up lives of members: random, plausible, and the same for the same seed.

Members buy, give back, check in and share; shops tell some of it twice, late, in the wrong order,
with another body, from before time began or for the wrong member. Ids carry the seed, so that
streams don't meet each other.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from tests.support.model.records import topic_of

Story = tuple[str, dict[str, Any]]
"""The type of an event and its data, as on the wire."""

FIRST_DAY = date(2024, 1, 1)
CURRENCIES = ("CNY", "CNY", "CNY", "CNY", "USD", "EUR", "XTS")
AFTER = 200
"""An event told out of order arrives within so many others."""


def stories(
    seed: int,
    members: int,
    events: int,
    *,
    first_day: date = FIRST_DAY,
    days: int = 500,
    contested: bool = True,
) -> list[Story]:
    """Make up so many events of so many members, in the order of their arrival.

    The order is one that shops could cause: mostly by time, some early, some late. Without
    `contested` no two members claim the same thing (an order, a friend's first order), so that
    the balances at the end don't depend on the order of arrival across members or topics.
    """
    teller = _Teller(
        random=Random(seed),  # noqa: S311
        seed=seed,
        members=[f"m{seed}-{n}" for n in range(members)],
        events=events,
        first=datetime(first_day.year, first_day.month, first_day.day, tzinfo=UTC),
        days=days,
        contested=contested,
    )
    while len(teller.told) < events:
        teller.tell_more()
    in_order = sorted(teller.told[:events], key=lambda told: told[0])
    return [story for _, story in in_order]


def shuffled(seed: int, told: Sequence[Story], *, across_topics: bool = False) -> list[Story]:
    """Permute across members, and keep the order in which each member's own events arrive.

    With `across_topics` that order is kept per topic only: all that Kafka itself promises.
    """
    turns = [(data["member_id"], topic_of(kind) if across_topics else "") for kind, data in told]
    queues = defaultdict(list)
    for turn, story in zip(turns, told, strict=True):
        queues[turn].append(story)
    following = {turn: iter(queue) for turn, queue in queues.items()}
    Random(seed).shuffle(turns)  # noqa: S311
    return [next(following[turn]) for turn in turns]


@dataclass(slots=True, kw_only=True)
class _Teller:
    random: Random
    seed: int
    members: list[str]
    events: int
    first: datetime
    days: int
    contested: bool
    told: list[tuple[float, Story]] = field(default_factory=list)
    orders: list[dict[str, Any]] = field(default_factory=list)
    shared: set[str] = field(default_factory=set)
    streaks: Counter[str] = field(default_factory=Counter)
    ids: int = 0

    def tell_more(self) -> None:
        """Add one event, now and then with an echo of it."""
        tellers: dict[Callable[[], None], int] = {
            self.buy: 34,
            self.refund: 18,
            self.check_in: 28,
            self.click: 9,
            self.friend_orders: 6,
            self.repeat: 4,
            self.contradict: 1,
            self.tell_for_another: 1 if self.contested else 0,
        }
        tell = self.random.choices(list(tellers), weights=list(tellers.values()))[0]
        tell()

    def buy(self) -> None:
        lines = [
            {
                "line_id": f"l{n}",
                "sku": f"sku-{self.random.randrange(50)}",
                "quantity": self.random.randint(1, 5),
                "paid_minor": self.random.choice((0, 1, 99, 100)) if n else self.price(),
            }
            for n in range(self.random.randint(1, 4))
        ]
        order = {
            "order_id": self.new_id("o"),
            "member_id": self.random.choice(self.members),
            "paid_at": "1999-12-31T23:59:59Z" if self.chance(0.005) else self.moment(),
            "currency": self.random.choice(CURRENCIES),
            "lines": lines,
            "shipping_minor": self.random.choice((0, 800)),
        }
        self.orders.append(order)
        self.tell("order.paid.v1", order, late=self.chance(0.05))

    def refund(self) -> None:
        """Give money back: some of a line, whole lines, by amount, all of it, or more than all."""
        if not self.orders:
            return
        order = self.random.choice(self.orders[-AFTER:])
        whole = sum(line["paid_minor"] for line in order["lines"])
        data = {
            "refund_id": self.new_id("r"),
            "order_id": order["order_id"],
            "member_id": order["member_id"],
            "refunded_at": self.moment(),
        }
        match self.random.randrange(5):
            case 0:
                data["amount_minor"] = self.random.randint(0, whole)
            case 1:
                data["amount_minor"] = whole + self.random.choice((0, 1, 100_000))
            case 2:
                data["lines"] = [_asked(line, line["paid_minor"]) for line in order["lines"]]
            case 3:
                some = self.random.sample(
                    order["lines"], self.random.randint(1, len(order["lines"]))
                )
                data["lines"] = [_asked(line, self.price()) for line in some]
            case _:
                line = self.random.choice(order["lines"])
                data["lines"] = [_asked(line, self.random.randint(0, line["paid_minor"]))]
        if self.chance(0.02) and "lines" in data:
            data["lines"].append({"line_id": "no-such-line", "paid_minor": 1})
        self.tell("order.refunded.v1", data)

    def check_in(self) -> None:
        """Come by on a day; a small circle comes nearly daily, so that streaks and months fill."""
        regulars = self.members[: 1 + len(self.members) // 10]
        member = self.random.choice(regulars if self.chance(0.7) else self.members)
        made_at = self.moment()
        if member in regulars:
            made_at = min(self.next_day(member), made_at)
        self.tell(
            "check-in.made.v1",
            {"member_id": member, "made_at": made_at},
            late=self.chance(0.1),
        )

    def next_day(self, member: str) -> str:
        """The day after the last one, rarely the one after that."""
        self.streaks[member] += 2 if self.chance(0.01) else 1
        hour = self.random.randrange(16)  # the same day in Shanghai as in UTC
        day = self.first + timedelta(days=self.streaks[member], hours=hour)
        return day.replace(tzinfo=None).isoformat() + "Z"

    def click(self) -> None:
        sharer, friend = self.random.choices(self.members, k=2)
        data = {
            "share_id": self.new_id("s"),
            "member_id": sharer,
            "friend_id": friend if self.chance(0.5) else f"guest{self.seed}-{friend}",
            "clicked_at": self.moment(),
        }
        self.tell("share.clicked.v1", data)

    def friend_orders(self) -> None:
        """Tell of a friend's order: sometimes not theirs, one's own, or not the first."""
        if not self.orders:
            return
        order = self.random.choice(self.orders[-AFTER:])
        friend = order["member_id"]
        if friend in self.shared and not self.contested:
            return
        self.shared.add(friend)
        if self.contested and self.chance(0.05):
            friend = self.random.choice(self.members)
        data = {
            "share_id": self.new_id("s"),
            "member_id": self.random.choice(self.members),
            "friend_id": friend,
            "order_id": order["order_id"],
            "ordered_at": order["paid_at"],
        }
        self.tell("share.ordered.v1", data)

    def repeat(self) -> None:
        """Tell something again: the same thing, perhaps with what doesn't matter changed."""
        if not self.told:
            return
        kind, data = self.random.choice(self.told[-AFTER:])[1]
        if kind == "order.paid.v1" and self.chance(0.5):
            data = {**data, "channel": "retold", "lines": data["lines"][::-1]}
        self.tell(kind, data, late=True)

    def contradict(self) -> None:
        """Tell an order again with another price."""
        if not self.orders:
            return
        order = self.random.choice(self.orders[-AFTER:])
        first, *others = order["lines"]
        dearer = {**first, "paid_minor": first["paid_minor"] + 1}
        self.tell("order.paid.v1", {**order, "lines": [dearer, *others]}, after=2 * AFTER)

    def tell_for_another(self) -> None:
        """Tell an order for the wrong member; which telling is first decides whose it is."""
        if self.orders:
            order = self.random.choice(self.orders[-AFTER:])
            wrong = {**order, "member_id": self.random.choice(self.members)}
            self.tell("order.paid.v1", wrong)

    def tell(
        self, kind: str, data: dict[str, Any], *, late: bool = False, after: float = 0
    ) -> None:
        """Put it in the stream: here or a little further on."""
        place = len(self.told) + after + (self.random.uniform(0, AFTER) if late else 0)
        self.told.append((place, (kind, data)))

    def moment(self) -> str:
        """Move through the days as the stream grows, a little to and fro; zones differ."""
        passed = len(self.told) / self.events * self.days + self.random.uniform(-1.5, 1.5)
        at = self.first + timedelta(seconds=int(passed * 86_400))
        zone = self.random.choice(("Z", "Z", "+08:00", "-05:30"))
        return at.replace(tzinfo=None).isoformat() + zone

    def price(self) -> int:
        """Prices that end on any minor unit, many of them small."""
        return int(self.random.lognormvariate(8, 1.5))

    def new_id(self, prefix: str) -> str:
        self.ids += 1
        return f"{prefix}{self.seed}-{self.ids}"

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability


def _asked(line: dict[str, Any], minor: int) -> dict[str, Any]:
    return {"line_id": line["line_id"], "paid_minor": minor}
