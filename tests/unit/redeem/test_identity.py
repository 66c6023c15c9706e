"""Ids from keys, and a word for every reason."""

from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from services.redeem.domain.answer import Reason
from services.redeem.domain.identity import redemption_id
from services.redeem.domain.words import TITLES
from shared.ledger.entries import MemberId

keys = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=255)
members = st.text("abcdefgh0123.:@_-", min_size=1, max_size=64).map(MemberId)


@given(members, keys, members, keys)
def test_an_id_is_of_one_member_and_one_key(
    member: MemberId, key: str, other: MemberId, other_key: str
) -> None:
    same = (member, key) == (other, other_key)
    assert (redemption_id(member, key) == redemption_id(other, other_key)) is same


def test_an_id_never_changes() -> None:
    assert redemption_id(MemberId("ann"), "k1") == "72a7696b-10af-5d7d-a312-3db526ece2cb"


def test_every_reason_has_words_for_people() -> None:
    assert set(TITLES) == set(get_args(Reason))
