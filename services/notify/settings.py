"""Settings of notify."""

from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.platform.auth.settings import AuthSettings
from shared.platform.settings import ConsumerSettings, SettingsError

MIN_SECRET_BYTES: Final = 32
"""As long as SHA-256's output: a shorter key is easier to guess than the signature."""


class WebhookSettings(BaseSettings):
    """Where messages are sent besides the inbox (JIFEN_WEBHOOK_...); without a URL nowhere."""

    model_config = SettingsConfigDict(
        env_prefix="JIFEN_WEBHOOK_",
        title="JIFEN_WEBHOOK_",
        frozen=True,
        extra="forbid",
        env_ignore_empty=True,
        hide_input_in_errors=True,  # it holds the secret
    )

    url: str | None = Field(
        default=None, description="https:// address that messages are posted to; http:// works too."
    )
    secret: SecretStr | None = Field(
        default=None, description="The secret that messages are signed with: 32 bytes or more."
    )
    secret_file: Path | None = Field(
        default=None, description="A file that holds the secret; the line's end is not part of it."
    )
    concurrency: int = Field(
        default=8, ge=1, le=256, description="Messages that may be under way at once, per process."
    )
    timeout_seconds: float = Field(
        default=10.0, gt=0, le=60, description="How long one attempt may take, from end to end."
    )
    attempts: int = Field(
        default=16,
        ge=1,
        le=100,
        description="Attempts before a message is given up; 16 take 9 to 18 hours.",
    )

    @field_validator("url")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
            raise ValueError("expected an address as in https://shop.example/jifen, without a user")
        return value

    @model_validator(mode="after")
    def _signed(self) -> Self:
        given = [self.secret, self.secret_file].count(None)
        if self.url is not None and given != 1:
            raise ValueError(
                "a webhook wants one of JIFEN_WEBHOOK_SECRET and JIFEN_WEBHOOK_SECRET_FILE:"
                " its receiver could not tell our messages from anybody's"
            )
        return self

    def key(self) -> bytes:
        """Return the secret, read from its file where it is in one; raises SettingsError."""
        if self.secret_file is not None:
            try:
                key = self.secret_file.expanduser().read_bytes().rstrip(b"\r\n")
            except OSError as error:
                raise SettingsError(f"JIFEN_WEBHOOK_SECRET_FILE: {error}") from None
        else:
            key = self.secret.get_secret_value().encode() if self.secret else b""
        if len(key) < MIN_SECRET_BYTES:
            raise SettingsError(
                f"the webhook's secret has {len(key)} bytes, and {MIN_SECRET_BYTES} are needed:"
                " `openssl rand -hex 32` makes one"
            )
        return key


class NotifySettings(ConsumerSettings):
    """What notify may be told besides where things are (JIFEN_...)."""

    auth: AuthSettings = Field(default_factory=AuthSettings)
    webhook: WebhookSettings = Field(default_factory=WebhookSettings)
    notify_pool_size: int = Field(
        default=4, ge=1, le=100, description="Connections for marking messages as read."
    )
