"""The summary of a replay, for a person."""

from collections.abc import Iterator

from rich.console import Console

from jifen.demo.replay import Summary

_FEW = 5


def print_summary(summary: Summary, console: Console) -> None:
    """Print what was read, told, and what became of it."""
    for text in lines(summary):
        console.print(text, markup=False, highlight=False)


def lines(summary: Summary) -> Iterator[str]:
    """Say it line by line."""
    yield from _read(summary)
    yield from _became(summary)
    telling = summary.telling
    if telling.told:
        told = len(telling.told)
        yield _row(
            "events/s",
            f"{told / telling.telling_seconds:,.0f} into Kafka, "
            f"{told / telling.seconds:,.0f} into the ledger",
        )


def _read(summary: Summary) -> Iterator[str]:
    yield _row("lines read", f"{summary.rows:,}")
    yield _row("skipped", f"{summary.skipped.total():,}", 1)
    for skip, count in summary.skipped.most_common():
        yield _row(skip.value, f"{count:,}", 2)
    yield _row("orders", f"{summary.orders:,} of {len(summary.telling.members):,} members")
    if summary.shift_days:
        yield _row("dates moved by", f"{summary.shift_days:,} days", 1)
    yield _row("refunds", f"{summary.refunds:,}")
    if summary.unmatched:
        yield _row("returns unmatched", f"{len(summary.unmatched):,}, no earlier order has them:")
        for one in summary.unmatched[:_FEW]:
            yield f"    {one.invoice}: {one.quantity} x {one.sku} of {one.member_id}"
        if len(summary.unmatched) > _FEW:
            yield f"    and {len(summary.unmatched) - _FEW:,} more"


def _became(summary: Summary) -> Iterator[str]:
    telling, found = summary.telling, summary.telling.outcomes
    yield _row("events told", f"{len(telling.told):,}, {found.repeats:,} of them told before")
    for reason, count in found.refused.most_common():
        yield _row(f"refused: {reason}", f"{count:,}, see `jifen dead-letters list`", 1)
    if found.parked:
        yield _row("waiting", f"{found.parked:,}, for something not told yet", 1)
    if telling.missing:
        yield _row("not found", f"{telling.missing:,}, see `jifen dead-letters list`", 1)
    yield _row("points awarded", f"{found.awarded:,}")
    yield _row("points taken back", f"{found.taken_back:,}")


def _row(name: str, value: str, depth: int = 0) -> str:
    return f"{'  ' * depth + name:<32} {value}"
