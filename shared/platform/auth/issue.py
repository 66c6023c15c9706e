"""Signing tokens with a shared secret: for the embedded stack, the command and tests."""

from joserfc import jwt
from joserfc.jwk import OctKey

from shared.platform.auth.principal import Principal
from shared.platform.auth.settings import AuthSettings


def issue(
    secret: bytes, principal: Principal, settings: AuthSettings, *, now: float, ttl_seconds: int
) -> str:
    """Return a token that the settings' verifier believes until it expires."""
    claims = {
        "sub": principal.name,
        "role": principal.role,
        "iat": int(now),
        "exp": int(now) + ttl_seconds,
    }
    wanted = {"aud": settings.audience, "iss": settings.issuer}
    claims |= {name: value for name, value in wanted.items() if value is not None}
    algorithm = settings.allowed[0]
    return jwt.encode({"alg": algorithm}, claims, OctKey.import_key(secret), [algorithm])
