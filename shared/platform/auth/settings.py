"""What an operator may say about tokens, through the environment."""

from pathlib import Path
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Algorithm: TypeAlias = Literal[
    "HS256",
    "HS384",
    "HS512",
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "Ed25519",
]

SHARED: Final[tuple[Algorithm, ...]] = ("HS256", "HS384", "HS512")
# What identity providers use; longer hashes on request.
_PUBLIC_BY_DEFAULT: Final[tuple[Algorithm, ...]] = ("RS256", "PS256", "ES256", "Ed25519")
_SOURCES = "JIFEN_AUTH_SECRET, JIFEN_AUTH_SECRET_FILE or JIFEN_AUTH_JWKS_FILE"


class AuthSettings(BaseSettings):
    """Which tokens are believed (JIFEN_AUTH_...)."""

    model_config = SettingsConfigDict(
        env_prefix="JIFEN_AUTH_",
        title="JIFEN_AUTH_",
        frozen=True,
        extra="forbid",
        env_ignore_empty=True,
        hide_input_in_errors=True,  # it holds the secret
    )

    secret: SecretStr | None = Field(
        default=None,
        description="The secret that tokens are signed with, as text: 32 bytes or more.",
    )
    secret_file: Path | None = Field(
        default=None, description="A file that holds the secret; the line's end is not part of it."
    )
    jwks_file: Path | None = Field(
        default=None,
        description="Public keys (RFC 7517, each with a `kid`) of who signs tokens; read again when"
        " the file changes.",
    )
    algorithms: Annotated[tuple[Algorithm, ...], NoDecode] = Field(
        default=(),
        description="The only ones believed, separated by commas; by default HS256 for a secret,"
        " RS256, PS256, ES256 and Ed25519 for public keys.",
    )
    audience: str | None = Field(
        default=None, description="Where set, a token's `aud` must name it."
    )
    issuer: str | None = Field(default=None, description="Where set, a token's `iss` must be it.")
    skew_seconds: int = Field(
        default=30,
        ge=0,
        le=300,
        description="By how much the signer's clock may differ; so long an expired token lives on.",
    )
    cached_tokens: int = Field(
        default=10_000,
        ge=1,
        le=1_000_000,
        description="Verified tokens that are remembered, at some 300 bytes each.",
    )

    @property
    def allowed(self) -> tuple[Algorithm, ...]:
        """Return the algorithms to believe."""
        if self.algorithms:
            return self.algorithms
        return ("HS256",) if self.jwks_file is None else _PUBLIC_BY_DEFAULT

    @property
    def has_key(self) -> bool:
        """Tell whether a key is named at all."""
        return not (self.secret is None and self.secret_file is None and self.jwks_file is None)

    def environment(self) -> dict[str, str]:
        """Return the variables that say the same to another process, the secret among them."""
        said = {
            **self.model_dump(exclude={"secret", "algorithms"}),
            "secret": self.secret and self.secret.get_secret_value(),
            "algorithms": ",".join(self.algorithms),
        }
        # Empty is unset, so that nothing the process inherits besides is believed.
        return {
            f"JIFEN_AUTH_{name.upper()}": "" if value is None else str(value)
            for name, value in said.items()
        }

    @field_validator("algorithms", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(name.strip() for name in value.split(","))

    @field_validator("secret_file", "jwks_file")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return None if value is None else value.expanduser().resolve()

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if [self.secret, self.secret_file, self.jwks_file].count(None) < 2:  # noqa: PLR2004
            raise ValueError(f"expected one of {_SOURCES}, got more")
        # Whoever knows a public key could sign with it as if it were a secret (RFC 8725, 3.1).
        shared = {name in SHARED for name in self.allowed}
        if shared != {self.jwks_file is None}:
            raise ValueError(
                "a secret goes with HS256, HS384 and HS512 alone, public keys with all others"
            )
        return self


def no_key() -> str:
    """Return what to say where no key is named."""
    return f"there is no key to check tokens with: set one of {_SOURCES}"
