"""Tokens of the stack: a key of its own, unless the environment names another."""

import secrets
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from jifen.stack.errors import StackError
from shared.platform.auth.errors import KeysError
from shared.platform.auth.issue import issue
from shared.platform.auth.keys import load_secret
from shared.platform.auth.principal import Principal
from shared.platform.auth.settings import AuthSettings
from shared.platform.clock import unix_seconds

FILE: Final = "token.key"
_KEY_BYTES = 32


def environment(home: Path) -> dict[str, str]:
    """Return what tells services which tokens to believe; a stack without a key gets one."""
    settings = _settings()
    if not settings.has_key:
        file = home / FILE
        if not file.exists():
            _make(file)
        settings = settings.model_copy(update={"secret_file": file})
    return settings.environment()


def sign(home: Path, principal: Principal, *, ttl_seconds: int) -> str:
    """Return a token that the stack's services believe; StackError where there is no secret."""
    settings = _settings()
    if settings.jwks_file is not None:
        raise StackError(
            "JIFEN_AUTH_JWKS_FILE names public keys, which sign nothing: whoever has the private "
            "ones gives out tokens"
        )
    if not settings.has_key:
        settings = settings.model_copy(update={"secret_file": _own(home)})
    try:
        secret = load_secret(settings)
    except KeysError as error:
        raise StackError(str(error)) from error
    return issue(secret, principal, settings, now=unix_seconds(), ttl_seconds=ttl_seconds)


def _settings() -> AuthSettings:
    try:
        return AuthSettings()
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        names = ", ".join(f"JIFEN_AUTH_{str(part).upper()}" for part in first["loc"][:1])
        raise StackError(f"{names or 'JIFEN_AUTH_...'}: {first['msg']}") from None


def _own(home: Path) -> Path:
    file = home / FILE
    if not file.exists():
        raise StackError(
            "there is no key to sign with: start the stack with `jifen up`, which makes one, or "
            "set JIFEN_AUTH_SECRET_FILE"
        )
    return file


def _make(file: Path) -> None:
    """Write a fresh key that its owner alone may read, whole or not at all."""
    fresh = file.with_name(f"{FILE}.new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text(secrets.token_hex(_KEY_BYTES) + "\n")
    fresh.rename(file)
