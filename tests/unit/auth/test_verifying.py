"""Which tokens let somebody in, and until when."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import OctKey

from shared.platform.auth.errors import TokenError
from shared.platform.auth.keys import load_keys
from shared.platform.auth.principal import Principal, Role
from shared.platform.auth.settings import AuthSettings
from shared.platform.auth.verifier import MAX_TOKEN_BYTES, Verifier
from tests.support.tokens import SECRET, SETTINGS, signed

NOW = 1_800_000_000
SKEW = SETTINGS.skew_seconds
EXPIRES = NOW + 60
GOOD: dict[str, object] = {"sub": "m-1", "role": "member", "exp": EXPIRES}


@dataclass
class Clock:
    now: float = NOW

    def __call__(self) -> float:
        return self.now


def verifier(clock: Clock | None = None, **settings: object) -> Verifier:
    chosen = AuthSettings.model_validate({"secret": SECRET, **settings})
    return Verifier(load_keys(chosen), chosen, now=clock or Clock())


def refusal(token: bytes, by: Verifier | None = None) -> str:
    with pytest.raises(TokenError) as error:
        (by or verifier()).verify(token)
    return error.value.reason


@pytest.mark.parametrize("role", ["member", "service", "operator"])
def test_a_token_says_who_asks(role: Role) -> None:
    principal = verifier().verify(signed({**GOOD, "role": role}))
    assert principal == Principal(role=role, name="m-1")
    assert principal.is_member("m-1") is (role == "member")
    assert not principal.is_member("m-2")


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": None}, "claims"),
        ({"exp": str(NOW + 60)}, "claims"),
        ({"exp": True}, "claims"),
        ({"exp": float("nan")}, "claims"),
        ({"exp": float("inf")}, "claims"),
        ({"exp": 10**400}, "claims"),
        ({"exp": NOW - SKEW}, "expired"),
        ({"exp": NOW - 86_400}, "expired"),
        ({"exp": -1}, "expired"),
        ({"nbf": NOW + SKEW + 1}, "not-yet"),
        ({"iat": NOW + SKEW + 1}, "not-yet"),
        ({"sub": None}, "claims"),
        ({"sub": ""}, "claims"),
        ({"sub": "m 1"}, "claims"),
        ({"sub": "m-1\n"}, "claims"),
        ({"sub": "m" * 65}, "claims"),
        ({"sub": 1}, "claims"),
        ({"sub": ["m-1"]}, "claims"),
        ({"role": None}, "claims"),
        ({"role": "admin"}, "claims"),
        ({"role": "Member"}, "claims"),
        ({"role": ["member", "operator"]}, "claims"),
    ],
)
def test_what_a_token_must_say(claims: dict[str, object], reason: str) -> None:
    assert refusal(signed({**GOOD, **claims})) == reason


@pytest.mark.parametrize("name", GOOD)
def test_nothing_of_it_may_be_missing(name: str) -> None:
    assert refusal(signed({key: GOOD[key] for key in GOOD if key != name})) == "claims"


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b"null", b'"member"', b"\xff", b"[" * 2_000])
def test_claims_that_are_no_object(payload: bytes) -> None:
    assert refusal(signed(payload)) in {"malformed", "claims"}


def test_the_skew_lets_in_and_ends() -> None:
    assert (
        verifier().verify(signed({**GOOD, "exp": NOW - SKEW + 1, "nbf": NOW + SKEW})).name == "m-1"
    )
    assert refusal(signed({**GOOD, "exp": NOW}), verifier(skew_seconds=0)) == "expired"


def test_audience_and_issuer_count_where_they_are_set() -> None:
    choosy = verifier(audience="jifen", issuer="https://id.example")
    right = {**GOOD, "aud": "jifen", "iss": "https://id.example"}
    assert choosy.verify(signed(right)).name == "m-1"
    assert choosy.verify(signed({**right, "aud": ["shop", "jifen"]})).name == "m-1"
    assert refusal(signed({**right, "aud": "shop"}), choosy) == "audience"
    assert refusal(signed({**right, "aud": []}), choosy) == "audience"
    assert refusal(signed({**right, "iss": "https://id.example.evil"}), choosy) == "issuer"
    assert refusal(signed({**GOOD, "iss": "https://id.example"}), choosy) == "claims"
    assert refusal(signed({**GOOD, "aud": "jifen"}), choosy) == "claims"
    assert verifier().verify(signed({**right, "aud": "anybody"})).name == "m-1"


def test_a_foreign_secret_is_refused() -> None:
    foreign = OctKey.import_key("another secret, long enough to be one")
    assert refusal(signed(GOOD, foreign)) == "signature"


def test_a_huge_token_is_not_even_read() -> None:
    assert refusal(signed({**GOOD, "more": "x" * MAX_TOKEN_BYTES})) == "too-long"
    assert refusal(b"x" * 10_000_000) == "too-long"


def test_a_cached_token_still_expires() -> None:
    clock = Clock()
    one, token = verifier(clock), signed(GOOD)
    assert one.verify(token) is one.verify(token)
    clock.now = EXPIRES + SKEW - 0.001
    assert one.verify(token).name == "m-1"
    clock.now = EXPIRES + SKEW
    assert [refusal(token, one) for _ in range(2)] == ["expired", "expired"]


def test_the_cache_is_bounded_and_keeps_what_is_used() -> None:
    one = verifier(cached_tokens=3)
    tokens = [signed({**GOOD, "sub": f"m-{number}"}) for number in range(5)]
    kept = one.verify(tokens[0])
    for token in tokens:
        one.verify(token)
        assert one.verify(tokens[0]) is kept
        assert len(one._known) <= 3
    assert one.verify(tokens[1]).name == "m-1"


@given(
    exp=st.integers(NOW - 1_000, NOW + 1_000),
    nbf=st.integers(NOW - 1_000, NOW + 1_000),
    skew=st.integers(0, 300),
    later=st.floats(0, 2_000),
)
def test_it_lets_in_from_not_before_to_expiry(exp: int, nbf: int, skew: int, later: float) -> None:
    clock = Clock()
    one, token = verifier(clock, skew_seconds=skew), signed({**GOOD, "exp": exp, "nbf": nbf})
    valid = nbf - skew <= NOW < exp + skew
    for _ in range(2):
        assert _lets_in(one, token) is valid
    clock.now = NOW + later
    assert _lets_in(one, token) is (int(clock.now) >= nbf - skew and clock.now < exp + skew)


def _lets_in(one: Verifier, token: bytes) -> bool:
    try:
        one.verify(token)
    except TokenError:
        return False
    return True
