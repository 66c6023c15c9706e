"""The keys that tokens are checked with: one secret, or public keys by their ids."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, Key, OctKey, OKPKey, RSAKey
from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, ValidationError

from shared.platform.auth.errors import KeysError, TokenError
from shared.platform.auth.settings import AuthSettings, no_key

MIN_SECRET_BYTES: Final = 32  # RFC 7518, 3.2: no shorter than SHA-256's output
_MIN_RSA_BITS = 2048  # RFC 7518, 3.3
_MAX_FILE_BYTES = 1_000_000
_log = logging.getLogger(__name__)
_FAMILIES: Final[Mapping[str, type[Key]]] = {
    "HS": OctKey,
    "RS": RSAKey,
    "PS": RSAKey,
    "ES": ECKey,
    "Ed": OKPKey,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Keys:
    """Either one secret or public keys, never both."""

    secret: OctKey | None
    public: Mapping[str, Key]

    def find(self, algorithm: str, kid: object) -> Key:
        """Return the key of a token, of the kind its algorithm wants; raises TokenError.

        A secret has no id, and a token's is no business of its own then. Among public keys the id
        is required and decides alone: a token is not tried on one key after the other.
        """
        key = self.secret or (self.public.get(kid) if isinstance(kid, str) else None)
        if key is None:
            raise TokenError("unknown-key")
        if not isinstance(key, _FAMILIES[algorithm[:2]]) or key.alg not in {None, algorithm}:
            raise TokenError("algorithm")
        return key


def load_keys(settings: AuthSettings) -> Keys:
    """Read the keys that the settings name; raises KeysError, whose sentence says what to do."""
    if settings.jwks_file is not None:
        return Keys(secret=None, public=_public(settings.jwks_file))
    return Keys(secret=OctKey.import_key(load_secret(settings)), public={})


class ChangedKeys:
    """Reads public keys again when their file has changed.

    What can't be read then changes nothing: whoever writes the file may not be through.
    """

    def __init__(self, settings: AuthSettings) -> None:
        """Look at the file as it is; raises nothing where there is none."""
        self._settings = settings
        self._seen = self._look()

    def __call__(self) -> Keys | None:
        """Return the keys where they have changed since the last look."""
        before, self._seen = self._seen, self._look()
        if self._seen == before:
            return None
        try:
            return load_keys(self._settings)
        except KeysError as error:
            _log.warning("keys can't be read, those before hold", extra={"error": str(error)})
            return None

    def _look(self) -> tuple[int, int, int] | None:
        if self._settings.jwks_file is None:
            return None
        try:
            found = self._settings.jwks_file.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size


def load_secret(settings: AuthSettings) -> bytes:
    """Read the secret that the settings name; raises KeysError."""
    if settings.secret is not None:
        name, secret = "JIFEN_AUTH_SECRET", settings.secret.get_secret_value().encode()
    elif settings.secret_file is not None:
        name, secret = str(settings.secret_file), _read(settings.secret_file).rstrip(b"\r\n")
    else:
        raise KeysError(no_key())
    if len(secret) < MIN_SECRET_BYTES:
        raise KeysError(
            f"{name} holds a secret of {len(secret)} bytes, and {MIN_SECRET_BYTES} are needed: "
            "`openssl rand -hex 32` makes one"
        )
    try:
        OctKey.import_key(secret)
    except ValueError as error:
        raise KeysError(
            f"{name} holds a public key, which is no secret: name it in JIFEN_AUTH_JWKS_FILE"
        ) from error
    return secret


class _Jwk(BaseModel):
    """What we need of a key before the library reads it."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, JsonValue]

    kty: Literal["RSA", "EC", "OKP"]
    kid: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    use: Literal["sig"] | None = None


class _KeySet(BaseModel):
    keys: list[_Jwk] = Field(min_length=1, max_length=100)


def _public(file: Path) -> Mapping[str, Key]:
    try:
        described = _KeySet.model_validate_json(_read(file)).keys
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise KeysError(
            f"{file} is no set of public keys (RFC 7517): {where}: {first['msg']}"
        ) from None
    keys = {one.kid: _import(file, one) for one in described}
    if len(keys) < len(described):
        raise KeysError(f"{file} has two keys of one `kid`")
    return keys


def _import(file: Path, described: _Jwk) -> Key:
    name = f"the key {described.kid!r} of {file}"
    try:
        key = JWKRegistry.import_key(described.model_dump(exclude_none=True))
        private = key.is_private
    except (JoseError, ValueError, LookupError) as error:
        raise KeysError(f"{name} can't be read: {error}") from None
    if private:
        raise KeysError(f"{name} is a private key: who only checks tokens should not have it")
    if isinstance(key, RSAKey) and key.raw_value.key_size < _MIN_RSA_BITS:
        raise KeysError(f"{name} is too short: RSA keys have {_MIN_RSA_BITS} bits or more")
    return key


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(_MAX_FILE_BYTES)
    except OSError as error:
        raise KeysError(f"{file} can't be read: {error.strerror}") from error
