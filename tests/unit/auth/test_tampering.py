"""No token passes that its signer did not make, however it was changed."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from shared.platform.auth.errors import TokenError
from shared.platform.auth.keys import Keys
from shared.platform.auth.settings import SHARED, AuthSettings
from shared.platform.auth.verifier import Verifier
from tests.support.tokens import SECRET, encoded, signed
from tests.unit.auth.test_verifying import GOOD, NOW, refusal, verifier

TOKEN = signed(GOOD)
ROLES = ("member", "service", "operator")
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
PRIVATE: dict[str, Key] = {
    "rsa": RSAKey.generate_key(2048, {"kid": "rsa"}),
    "ec": ECKey.generate_key("P-256", {"kid": "ec"}),
    "ed": OKPKey.generate_key("Ed25519", {"kid": "ed"}),
}
ALGORITHMS = {"rsa": "RS256", "ec": "ES256", "ed": "Ed25519"}


def public_verifier() -> Verifier:
    """Return one that knows three public keys."""
    settings = AuthSettings.model_construct(
        algorithms=("RS256", "ES256", "Ed25519"), jwks_file=None, skew_seconds=30
    )
    public = {kid: key.import_key(key.as_dict(private=False)) for kid, key in PRIVATE.items()}
    return Verifier(Keys(secret=None, public=public), settings, now=lambda: NOW)


def passes(token: bytes, one: Verifier) -> bool:
    try:
        one.verify(token)
    except TokenError:
        return False
    return True


@given(st.integers(0, len(TOKEN) - 1), st.integers(0, 255))
def test_no_byte_may_change(place: int, byte: int) -> None:
    changed = TOKEN[:place] + bytes([byte]) + TOKEN[place + 1 :]
    assert passes(changed, verifier()) is (changed == TOKEN)


@given(st.integers(0, len(TOKEN)), st.binary(min_size=1, max_size=5))
def test_nothing_may_be_put_in(place: int, more: bytes) -> None:
    assert not passes(TOKEN[:place] + more + TOKEN[place:], verifier())


@given(st.integers(0, len(TOKEN)), st.integers(0, len(TOKEN)))
def test_nothing_may_be_left_out(start: int, end: int) -> None:
    part = TOKEN[start:end]
    assert passes(part, verifier()) is (part == TOKEN)


@given(st.binary(max_size=300))
@example(b"..")
@example(b"")
def test_no_bytes_are_a_token(token: bytes) -> None:
    assert not passes(token, verifier())
    assert not passes(token, public_verifier())


@given(json_values | st.just("alg"), json_values, st.binary(max_size=40))
@example(["alg"], GOOD, b"")
@example({"alg": ["HS256"]}, GOOD, b"")
@example({"alg": {"HS256": 1}}, GOOD, b"")
@example({"alg": "HS256", "b64": False, "crit": ["b64"]}, GOOD, b"")
@example({"alg": "HS256", "kid": {"a": 1}}, GOOD, b"")
def test_no_three_parts_are_a_token(header: Any, payload: Any, signature: bytes) -> None:
    token = b".".join((encoded(header), encoded(payload), encoded(signature)))
    assert not passes(token, verifier())
    assert not passes(token, public_verifier())


@given(st.sampled_from(ROLES), st.sampled_from(["m-2", "m-10", "operator"]))
def test_nobody_makes_themselves_somebody_else(role: str, name: str) -> None:
    head, _, signature = TOKEN.split(b".")
    other = encoded({**GOOD, "sub": name, "role": role})
    assert refusal(b".".join((head, other, signature))) == "signature"


@pytest.mark.parametrize("algorithm", ["none", "NONE", "nOnE", "", None, 0])
def test_unsigned_is_nothing(algorithm: object) -> None:
    token = b".".join((encoded({"alg": algorithm}), encoded(GOOD), b""))
    assert refusal(token) == "algorithm"
    assert refusal(token, public_verifier()) == "algorithm"


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_an_algorithm_that_is_not_allowed_is_refused_even_well_signed(algorithm: str) -> None:
    assert refusal(signed(GOOD, alg=algorithm)) == "algorithm"
    assert verifier(algorithms=algorithm).verify(signed(GOOD, alg=algorithm)).name == "m-1"


@pytest.mark.parametrize("kid", PRIVATE)
def test_each_kind_of_public_key_lets_its_own_tokens_in(kid: str) -> None:
    token = signed(GOOD, PRIVATE[kid], alg=ALGORITHMS[kid], kid=kid)
    assert public_verifier().verify(token).name == "m-1"


@pytest.mark.parametrize("kid", PRIVATE)
@pytest.mark.parametrize("algorithm", SHARED)
def test_a_public_key_is_no_secret(kid: str, algorithm: str) -> None:
    """The old trick: sign with the published key as if it were a secret."""
    key = PRIVATE[kid]
    assert not isinstance(key, OctKey)
    published = (
        json.dumps(key.as_dict(private=False)).encode(),
        key.as_pem(private=False),
        key.as_der(private=False),
    )
    for bytes_ in published:
        secret = OctKey(bytes_, bytes_)  # what the library would refuse to import
        token = signed(GOOD, secret, alg=algorithm, kid=kid)
        assert refusal(token, public_verifier()) == "algorithm"


@pytest.mark.parametrize("kid", PRIVATE)
def test_the_key_decides_what_its_id_may_sign(kid: str) -> None:
    others = [name for name in PRIVATE if name != kid]
    for other in others:
        token = signed(GOOD, PRIVATE[kid], alg=ALGORITHMS[kid], kid=other)
        assert refusal(token, public_verifier()) == "algorithm"


@pytest.mark.parametrize("header", [{}, {"kid": "nobody"}, {"kid": ""}])
def test_an_unknown_key_lets_nobody_in(header: dict[str, Any]) -> None:
    token = signed(GOOD, PRIVATE["ec"], alg="ES256", **header)
    assert refusal(token, public_verifier()) == "unknown-key"


def test_a_key_that_the_token_brings_along_is_not_asked() -> None:
    stranger = ECKey.generate_key("P-256")
    told = {"jwk": stranger.as_dict(private=False), "kid": "ec"}
    assert refusal(signed(GOOD, stranger, alg="ES256", **told), public_verifier()) == "signature"


def test_what_must_be_understood_and_is_not_refuses_the_token() -> None:
    head = encoded({"alg": "HS256", "crit": ["exp"], "exp": NOW + 60})
    token = b".".join((head, *TOKEN.split(b".")[1:]))
    assert refusal(token) == "malformed"


def test_a_secret_asks_for_no_key_id() -> None:
    assert verifier().verify(signed(GOOD, kid="whatever")).name == "m-1"
    assert refusal(signed(GOOD, OctKey.import_key(SECRET * 2), kid="whatever")) == "signature"
