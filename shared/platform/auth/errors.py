"""What is wrong with a token, and what is wrong with the keys."""

from typing import Final, Literal, TypeAlias

from shared.platform.settings import SettingsError

# Bounded, for a metric's label; what the caller hears is less.
Reason: TypeAlias = Literal[
    "missing",
    "too-long",
    "malformed",
    "algorithm",
    "unknown-key",
    "signature",
    "expired",
    "not-yet",
    "audience",
    "issuer",
    "claims",
]

REASON_OF_CLAIM: Final[dict[str, Reason]] = {
    "nbf": "not-yet",
    "iat": "not-yet",
    "aud": "audience",
    "iss": "issuer",
}


class TokenError(Exception):
    """A token that lets nobody in; get another."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Final = reason


class KeysError(SettingsError):
    """Keys nobody should be let in by; the sentence says what to set."""
