"""Tokens for tests: good ones, and the means to make bad ones."""

import json
from base64 import urlsafe_b64encode
from typing import Any, Final

from joserfc import jws
from joserfc.jwk import Key, OctKey

from shared.platform.auth.issue import issue
from shared.platform.auth.principal import Principal, Role
from shared.platform.auth.settings import AuthSettings
from shared.platform.auth.verifier import Verifier, make_verifier
from shared.platform.clock import unix_seconds

SECRET: Final = "a secret of the suite, long enough to be one"  # noqa: S105  # of tests alone
SETTINGS: Final = AuthSettings.model_validate({"secret": SECRET})
_HOUR_SECONDS = 3_600


def verifier() -> Verifier:
    """Make a verifier that believes the suite's tokens."""
    return make_verifier(SETTINGS)


def token(role: Role, name: str = "somebody", *, ttl_seconds: int = _HOUR_SECONDS) -> str:
    """Return a good token."""
    principal = Principal(role=role, name=name)
    now = unix_seconds()
    return issue(SECRET.encode(), principal, SETTINGS, now=now, ttl_seconds=ttl_seconds)


def bearer(role: Role, name: str = "somebody") -> dict[str, str]:
    """Return the header that carries a good token."""
    return {"Authorization": f"Bearer {token(role, name)}"}


def signed(claims: object, key: Key | None = None, **header: Any) -> bytes:
    """Return any claims, signed by a key (the suite's secret unless another is given)."""
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    told = {"alg": "HS256", **header}
    signer = OctKey.import_key(SECRET) if key is None else key
    return jws.serialize_compact(told, payload, signer, [told["alg"]]).encode()


def encoded(part: object) -> bytes:
    """Return one part of a token: bytes as they are, anything else as JSON."""
    text = part if isinstance(part, bytes) else json.dumps(part).encode()
    return urlsafe_b64encode(text).rstrip(b"=")
