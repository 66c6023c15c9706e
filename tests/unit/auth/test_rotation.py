"""Public keys that come and go while a service runs."""

import json
from pathlib import Path

import pytest
from joserfc.jwk import ECKey

from shared.platform.auth.errors import TokenError
from shared.platform.auth.keys import ChangedKeys, load_keys
from shared.platform.auth.settings import AuthSettings
from shared.platform.auth.verifier import LOOK_SECONDS, Verifier
from tests.support.tokens import signed

NOW = 1_800_000_000
CLAIMS = {"sub": "m-1", "role": "member", "exp": NOW + 3_600}
OLD, NEW = (ECKey.generate_key("P-256", {"kid": kid}) for kid in ("old", "new"))


def token(key: ECKey) -> bytes:
    return signed(CLAIMS, key, alg="ES256", kid=key.kid)


class Rotation:
    """A verifier over a file of keys, and a clock that is set."""

    def __init__(self, file: Path) -> None:
        self.now, self._file = float(NOW), file
        self.publish(OLD)
        settings = AuthSettings.model_validate({"jwks_file": file})
        self.verifier = Verifier(
            load_keys(settings), settings, changed=ChangedKeys(settings), now=lambda: self.now
        )
        self.verifier.verify(token(OLD))

    def publish(self, *keys: ECKey) -> None:
        self.write(json.dumps({"keys": [key.as_dict(private=False) for key in keys]}))

    def write(self, text: str) -> None:
        """Replace the file, as who writes files that others read does."""
        new = self._file.with_suffix(".new")
        new.write_text(text)
        new.replace(self._file)

    def refuses(self, key: ECKey) -> bool:
        try:
            self.verifier.verify(token(key))
        except TokenError as error:
            return error.reason == "unknown-key"
        return False


@pytest.fixture
def rotation(tmp_path: Path) -> Rotation:
    return Rotation(tmp_path / "keys.json")


def test_a_new_key_is_believed_at_once(rotation: Rotation) -> None:
    assert rotation.refuses(NEW)
    rotation.publish(OLD, NEW)
    assert not rotation.refuses(NEW)
    assert not rotation.refuses(OLD)


def test_a_key_that_is_gone_is_believed_a_few_seconds_longer(rotation: Rotation) -> None:
    rotation.publish(NEW)
    assert not rotation.refuses(OLD)
    rotation.now += LOOK_SECONDS
    assert rotation.refuses(OLD)


@pytest.mark.parametrize("text", ["", "{", '{"keys": []}'])
def test_a_file_that_is_not_whole_changes_nothing(rotation: Rotation, text: str) -> None:
    rotation.write(text)
    rotation.now += LOOK_SECONDS
    assert not rotation.refuses(OLD)
    assert rotation.refuses(NEW)
    rotation.publish(NEW)
    assert not rotation.refuses(NEW)
