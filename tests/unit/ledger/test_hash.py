"""The hash covers everything an entry says, and the order in which entries came."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.ledger.entries import NEVER, Cause, Line, LotMove, MemberId, Telling
from shared.ledger.hash import genesis, hash_v1
from shared.ledger.vectors import main
from tests.unit.ledger.lives import Life, Step, lives, new_book

bigints = st.integers(-(2**63), 2**63 - 1)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
instants = st.datetimes(datetime(1900, 1, 1), datetime(9998, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants naive bounds
digests = st.binary(min_size=32, max_size=32)
tellings = st.builds(
    Telling,
    cause=texts.map(Cause),
    fingerprint=digests,
    occurred_at=instants,
    revision=st.none() | st.integers(-(2**31), 2**31 - 1),
)
lines = st.builds(
    Line,
    seq=bigints,
    telling=tellings,
    kind=st.sampled_from(("earned", "reversed", "returned")),
    points=bigints,
    balance=bigints,
    moves=st.lists(
        st.builds(LotMove, st.dates() | st.just(NEVER), st.integers(-1000, 1000)), max_size=3
    ).map(tuple),
    reason=texts,
    posted_at=instants,
)


@given(lines, lines, digests, digests)
def test_what_differs_hashes_differently(
    one: Line, other: Line, previous: bytes, another: bytes
) -> None:
    hashes = {
        (head, line[:1] + line.telling[:4] + line[2:]): hash_v1(head, line)
        for head in (previous, another)
        for line in (one, other)
    }
    assert len(set(hashes.values())) == len(hashes)


@given(lines, digests)
def test_any_change_of_any_field_shows(line: Line, previous: bytes) -> None:
    hashes = [hash_v1(previous, changed) for changed in (line, *changes(line))]
    assert len(set(hashes)) == len(hashes)


def changes(line: Line) -> Iterator[Line]:
    told, one_us = line.telling, timedelta(microseconds=1)
    yield line._replace(seq=line.seq ^ 1)
    yield line._replace(points=line.points ^ 1)
    yield line._replace(balance=line.balance ^ 1)
    yield line._replace(posted_at=line.posted_at + one_us)
    yield line._replace(kind="adjusted")
    yield line._replace(reason=line.reason + " ")
    yield line._replace(moves=(*line.moves, LotMove(date(2024, 1, 1), 0)))
    yield line._replace(telling=told._replace(cause=Cause(told.cause + "x")))
    yield line._replace(telling=told._replace(fingerprint=sha256(told.fingerprint).digest()))
    yield line._replace(telling=told._replace(occurred_at=told.occurred_at + one_us))
    yield line._replace(telling=told._replace(revision=None if told.revision else 1))


LINE = Line(
    1,
    Telling(Cause("c"), bytes(32), datetime(2026, 1, 1, tzinfo=UTC), None),
    "earned",
    5,
    5,
    (LotMove(date(2027, 1, 31), 2), LotMove(NEVER, 3)),
    "{}",
    datetime(2026, 1, 1, tzinfo=UTC),
)


@pytest.mark.parametrize("revision", [0, -1, 1, -(2**31)])
def test_no_revision_is_like_no_number(revision: int) -> None:
    numbered = LINE._replace(telling=LINE.telling._replace(revision=revision))
    assert hash_v1(bytes(32), LINE) != hash_v1(bytes(32), numbered)


def test_text_that_moves_between_fields_shows() -> None:
    moved = LINE._replace(telling=LINE.telling._replace(cause=Cause("")), reason="c{}")
    assert hash_v1(bytes(32), moved) != hash_v1(bytes(32), LINE)


def test_the_order_of_lots_counts() -> None:
    swapped = LINE._replace(moves=LINE.moves[::-1])
    assert hash_v1(bytes(32), swapped) != hash_v1(bytes(32), LINE)


def test_the_trace_is_no_part_of_the_entry() -> None:
    traced = LINE._replace(telling=LINE.telling._replace(traceparent="00-1-1-01"))
    assert hash_v1(bytes(32), traced) == hash_v1(bytes(32), LINE)


@given(lives)
def test_every_entry_is_chained_to_the_one_before(steps: list[Step]) -> None:
    book, life = new_book(), Life()
    for step in steps:
        life.live(book, step)
    head = genesis(book.member_id)
    for line, version, told in book.entries:
        head = hash_v1(head, line)
        assert (told, version) == (head, 1)
    assert book.head == head


def test_members_have_chains_of_their_own() -> None:
    assert genesis(MemberId("ann")) != genesis(MemberId("bob"))


def test_the_vectors_did_not_drift(
    request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    published = request.config.rootpath / "docs" / "ledger" / "hash-vectors.json"
    assert main(["--check", str(published)]) == 0
    copy = tmp_path / "vectors.json"
    assert main(["--check", str(copy)]) == 1
    assert main([str(copy)]) == 0
    assert main(["--check", str(copy)]) == 0
    copy.write_text("[]")
    assert main(["--check", str(copy)]) == 1
    assert capsys.readouterr().err == f"{copy}: differs from the code\n" * 2
