"""What the settings take for a key, and what they say of the rest."""

import json
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey
from pydantic import ValidationError

from shared.platform.auth.errors import KeysError
from shared.platform.auth.keys import load_keys
from shared.platform.auth.settings import AuthSettings
from tests.support.tokens import SECRET

EC = ECKey.generate_key("P-256", {"kid": "1", "use": "sig"})
PUBLIC = EC.as_dict(private=False)


def load(**settings: object) -> object:
    return load_keys(AuthSettings.model_validate(settings))


def key_set(folder: Path, *keys: Any) -> Path:
    file = folder / "keys.json"
    file.write_text(json.dumps({"keys": keys}))
    return file


def test_a_secret_is_a_value_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET + "\n")
    assert load_keys(AuthSettings.model_validate({"secret": SECRET})).secret
    kept = load_keys(AuthSettings.model_validate({"secret_file": file})).secret
    assert kept is not None
    assert kept.raw_value == SECRET.encode()


@pytest.mark.parametrize("secret", ["x", "x" * 31, "\r\n" * 40])
def test_a_short_secret_is_refused_with_the_numbers(tmp_path: Path, secret: str) -> None:
    file = tmp_path / "secret"
    file.write_text(secret)
    with pytest.raises(KeysError, match=r"holds a secret of \d+ bytes, and 32 are needed"):
        load(secret_file=file)


def test_a_public_key_is_no_secret(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_bytes(EC.as_pem(private=False))
    with pytest.raises(KeysError, match="JIFEN_AUTH_JWKS_FILE"):
        load(secret_file=file)


@pytest.mark.parametrize("name", ["secret_file", "jwks_file"])
def test_a_file_that_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(KeysError, match=r"nothing can't be read: No such file"):
        load(**{name: tmp_path / "nothing"})


def test_no_key_says_what_to_set() -> None:
    with pytest.raises(KeysError, match="set one of JIFEN_AUTH_SECRET, JIFEN_AUTH_SECRET_FILE or"):
        load()


@pytest.mark.parametrize(
    "settings",
    [
        {"secret": SECRET, "jwks_file": "keys.json"},
        {"secret": SECRET, "secret_file": "secret"},
        {"secret": SECRET, "algorithms": "RS256"},
        {"secret": SECRET, "algorithms": "HS256,RS256"},
        {"secret": SECRET, "algorithms": "none"},
        {"jwks_file": "keys.json", "algorithms": "HS256"},
        {"jwks_file": "keys.json", "algorithms": "RS256, HS256"},
        {"secret": SECRET, "skew_seconds": 301},
        {"secret": SECRET, "skew_seconds": -1},
        {"secret": SECRET, "cached_tokens": 0},
    ],
)
def test_settings_that_do_not_go_together(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as error:
        AuthSettings.model_validate(settings)
    assert SECRET not in str(error.value)


def test_public_keys_are_found_by_their_ids(tmp_path: Path) -> None:
    other = ECKey.generate_key("P-256", {"kid": "2", "alg": "ES256"})
    file = key_set(tmp_path, PUBLIC, other.as_dict(private=False))
    keys = load_keys(AuthSettings.model_validate({"jwks_file": file}))
    assert set(keys.public) == {"1", "2"}
    assert keys.secret is None


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ([], "at least 1 item"),
        ([{**PUBLIC, "kid": None}], r"keys.0.kid"),
        ([{name: PUBLIC[name] for name in PUBLIC if name != "kid"}], r"keys.0.kid"),
        ([PUBLIC, PUBLIC], "two keys of one `kid`"),
        ([EC.as_dict(private=True)], "is a private key"),
        ([{**OctKey.import_key(SECRET).as_dict(), "kid": "1"}], r"keys.0.kty"),
        ([{**PUBLIC, "use": "enc"}], r"keys.0.use"),
        ([{**PUBLIC, "x": "AAAA"}], "'1' of .* can't be read"),
        ([{"kty": "EC", "kid": "1"}], "'1' of .* can't be read"),
        ([{**PUBLIC, "crv": "P-1"}], "'1' of .* can't be read"),
    ],
)
def test_a_key_that_nobody_should_be_let_in_by(tmp_path: Path, keys: list[Any], said: str) -> None:
    with pytest.raises(KeysError, match=said):
        load(jwks_file=key_set(tmp_path, *keys))


@pytest.mark.filterwarnings("ignore:Key size")
def test_a_short_rsa_key_is_refused(tmp_path: Path) -> None:
    short = RSAKey.generate_key(1024, {"kid": "1"}).as_dict(private=False)
    with pytest.raises(KeysError, match="2048 bits or more"):
        load(jwks_file=key_set(tmp_path, short))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"keys": {}}', "\ufeff"])
def test_a_file_that_is_no_key_set(tmp_path: Path, text: str) -> None:
    file = tmp_path / "keys.json"
    file.write_text(text)
    with pytest.raises(KeysError, match=r"is no set of public keys"):
        load(jwks_file=file)
