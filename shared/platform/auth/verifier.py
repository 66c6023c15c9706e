"""Verifying tokens (RFC 7519, RFC 8725), each once until it expires."""

import json
from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256
from typing import Final, NamedTuple

from joserfc import jws
from joserfc.errors import ClaimError, ExpiredTokenError, InvalidClaimError, JoseError
from joserfc.jwk import Key
from joserfc.jwt import ClaimsOption, JWTClaimsRegistry
from pydantic import BaseModel, ConfigDict, ValidationError

from shared.platform.auth.errors import REASON_OF_CLAIM, TokenError
from shared.platform.auth.keys import ChangedKeys, Keys, load_keys
from shared.platform.auth.principal import Name, Principal, Role
from shared.platform.auth.settings import AuthSettings
from shared.platform.clock import unix_seconds

# Tokens have a few hundred bytes; reading a longer one is work for a stranger.
MAX_TOKEN_BYTES: Final = 4_096
# How long a key that was taken out of the file may still be believed.
LOOK_SECONDS: Final = 5.0
# What the library and its JSON reader raise for parts that are not what they should be.
_UNREADABLE: Final = (JoseError, ValueError, TypeError, AttributeError, RecursionError)


class _Claims(BaseModel):
    """What a token must say besides what the library checks."""

    model_config = ConfigDict(strict=True, extra="ignore")

    sub: Name
    role: Role
    exp: float


class _Known(NamedTuple):
    principal: Principal
    until: float


class Verifier:
    """Tells who a token speaks for.

    `changed` returns other keys where there are some by now; it is asked every few seconds, and
    for a token whose key is not known.
    """

    def __init__(
        self,
        keys: Keys,
        settings: AuthSettings,
        *,
        changed: Callable[[], Keys | None] = lambda: None,
        now: Callable[[], float] = unix_seconds,
    ) -> None:
        self._keys, self._changed, self._look_at = keys, changed, 0.0
        self._allowed = frozenset(settings.allowed)
        self._skew = settings.skew_seconds
        self._expected: dict[str, ClaimsOption] = {
            name: {"essential": True, "value": value}
            for name, value in (("aud", settings.audience), ("iss", settings.issuer))
            if value is not None
        }
        self._now = now
        self._limit = settings.cached_tokens
        # Oldest use first. By hash, so that a dump of this process holds no tokens from here.
        self._known: OrderedDict[bytes, _Known] = OrderedDict()

    def verify(self, token: bytes) -> Principal:
        """Return who a token speaks for; raises TokenError.

        A token that was verified before costs a hash and a look (1.2 us measured, 60 the first
        time); it is forgotten when it expires.
        """
        if len(token) > MAX_TOKEN_BYTES:
            raise TokenError("too-long")
        digest = sha256(token).digest()
        now = self._now()
        if now >= self._look_at:
            self._look(now)
        known = self._known.get(digest) or self._learn(digest, token, now)
        if now >= known.until:
            del self._known[digest]
            raise TokenError("expired")
        self._known.move_to_end(digest)
        return known.principal

    def _learn(self, digest: bytes, token: bytes, now: float) -> _Known:
        known = self._known[digest] = self._read(token, now)
        if len(self._known) > self._limit:
            self._known.popitem(last=False)
        return known

    def _look(self, now: float) -> None:
        """Take other keys where there are some: what those before have proved counts no more."""
        self._look_at = now + LOOK_SECONDS
        if (keys := self._changed()) is not None:
            self._keys = keys
            self._known.clear()

    def _read(self, token: bytes, now: float) -> _Known:
        claims = self._signed(token)
        self._check(claims, int(now))
        try:
            told = _Claims.model_validate(claims)
        except ValidationError as error:
            raise TokenError("claims") from error
        principal = Principal(role=told.role, name=told.sub)
        return _Known(principal, told.exp + self._skew)

    def _signed(self, token: bytes) -> dict[str, object]:
        """Return what a token claims, once its signature was found good."""
        try:
            read = jws.extract_compact(token)
            algorithm: object = read.headers().get("alg")
            kid: object = read.headers().get("kid")
        # The header may be any JSON so far, such as a text or a list.
        except _UNREADABLE as error:
            raise TokenError("malformed") from error
        if not isinstance(algorithm, str) or algorithm not in self._allowed:
            raise TokenError("algorithm")
        key = self._key(algorithm, kid)
        try:
            if not jws.validate_compact(read, key, algorithms=[algorithm]):
                raise TokenError("signature")
            claims = json.loads(read.payload)
        except _UNREADABLE as error:
            raise TokenError("malformed") from error
        if not isinstance(claims, dict):
            raise TokenError("claims")
        return claims

    def _key(self, algorithm: str, kid: object) -> Key:
        try:
            return self._keys.find(algorithm, kid)
        except TokenError as error:
            if error.reason != "unknown-key":
                raise
        self._look(self._now())
        return self._keys.find(algorithm, kid)

    def _check(self, claims: dict[str, object], now: int) -> None:
        registry = JWTClaimsRegistry(
            now=now, leeway=self._skew, exp={"essential": True}, **self._expected
        )
        try:
            registry.validate(claims)
        except ExpiredTokenError as error:
            raise TokenError("expired") from error
        except InvalidClaimError as error:
            raise TokenError(REASON_OF_CLAIM.get(error.claim, "claims")) from error
        except ClaimError as error:
            raise TokenError("claims") from error


def make_verifier(settings: AuthSettings) -> Verifier:
    """Make the verifier that the settings ask for; raises KeysError."""
    changed = ChangedKeys(settings)
    return Verifier(load_keys(settings), settings, changed=changed)
