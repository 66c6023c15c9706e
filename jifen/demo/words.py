"""Why an entry of the ledger is what it is, in plain words."""

from collections.abc import Callable, Mapping
from typing import Final

from pydantic import JsonValue

from jifen.client.mall import Entry

_ZERO: Final = {
    "below-one-point": "too little for a point",
    "currency-not-in-program": "the program does not list this currency",
    "friend-already-rewarded": "this friend's first order was rewarded before",
    "nothing-awarded": "the order had earned nothing",
    "nothing-left": "all of it had been given back before",
    "not-in-program": "the program gives nothing for it",
    "order-refunded": "the order was given back",
    "self-referral": "nobody is their own friend",
}

Reason = Mapping[str, JsonValue]


def why(entry: Entry, *, minor_digits: int = 2) -> str:
    """Say what happened and how its points came about."""
    head, _, rest = entry.cause.partition("/")
    say = _SAYINGS.get(head, _something)
    said = [say(rest, entry.reason, minor_digits)]
    if "zero" in entry.reason:
        word = str(entry.reason["zero"])
        said.append(_ZERO.get(word, word))
    for name, words in _ASIDES.items():
        if name in entry.reason:
            said.append(f"{entry.reason[name]} {words}")
    return "; ".join(said)


_ASIDES: Final = {
    "debt_repaid": "of it repaid a debt",
    "covered_by_expiry": "had expired already and were not taken again",
    "debt_added": "were spent already and are owed now",
    "forgiven": "were spent already and are forgiven",
}


def _order(rest: str, reason: Reason, digits: int) -> str:
    order_id, _, refund = rest.partition("/")
    currency = reason.get("currency")
    if refund != "paid":
        return (
            f"{_money(reason, 'applied_minor', digits)} {currency} of order {order_id} given back:"
            f" of its {reason.get('awarded')} points {reason.get('taken_back')} are taken by now"
        )
    said = f"order {order_id}: {_money(reason, 'base_minor', digits)} {currency} paid"
    match reason.get("rate"):
        case [int(points), int(per_minor)]:
            unit = "point" if points == 1 else "points"
            per = _decimal(per_minor, digits)
            rounding = reason.get("rounding")
            return f"{said}, {points} {unit} for each {per}, rounded {rounding}"
        case _:
            return said


def _check_in(rest: str, reason: Reason, _digits: int) -> str:
    day, _, corrected = rest.partition("/")
    if corrected:
        late, was, now = (reason.get(name) for name in ("late_day", "was", "is"))
        return f"check-in of {late} came late: {day} was worth {was}, is worth {now}"
    bonus = reason.get("full_attendance")
    whole_month = f", and {bonus} for a month without a gap" if bonus else ""
    return f"check-in, day {reason.get('position')} of a streak{whole_month}"


def _share(rest: str, _reason: Reason, _digits: int) -> str:
    what, _, about = rest.partition("/")
    name, _, detail = about.partition("/")
    if what == "click":
        return f"friend {name} opened what was shared"
    if detail == "reversed":
        return f"the friend's order {name} was given back, and the bonus with it"
    return f"a friend's first order, {name}"


def _expiry(rest: str, _reason: Reason, _digits: int) -> str:
    return f"could be spent until {rest.partition('/')[0]}, and was not"


def _redemption(rest: str, reason: Reason, _digits: int) -> str:
    what = f"{reason.get('quantity', '')} {reason.get('reward_id')}".strip()
    if rest.endswith("/reserve"):
        return f"redeemed {what} for {reason.get('price')} each"
    return f"{what} was not taken after all: {reason.get('why')}"


def _something(_rest: str, reason: Reason, _digits: int) -> str:
    return ", ".join([f"{name} {value}" for name, value in reason.items()])


_SAYINGS: Final[Mapping[str, Callable[[str, Reason, int], str]]] = {
    "order": _order,
    "check-in": _check_in,
    "share": _share,
    "expiry": _expiry,
    "redemption": _redemption,
}


def _money(reason: Reason, name: str, digits: int) -> str:
    minor = reason.get(name)
    return _decimal(minor, digits) if isinstance(minor, int) else "?"


def _decimal(minor: int, digits: int) -> str:
    """Write minor units as money, with integers alone."""
    if digits == 0:
        return f"{minor:,}"
    whole, rest = divmod(minor, 10**digits)
    return f"{whole:,}.{rest:0{digits}d}"
